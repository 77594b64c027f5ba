-- Users who ask to join a group, and users who are invited into one.
create table group_applications (
    app {int} not null,
    group_id text not null,
    user_id text not null,                -- who is to join
    inviter_id text not null,             -- empty: the user asked
    approver {int} not null,              -- the least role that may approve; 0: nobody has to
    status {int} not null,                -- numbers of GroupApplication.Status
    operator_id text not null default '', -- who answered last
    reason text not null default '',
    at {int} not null,                    -- of the last change
    primary key (app, group_id, user_id, inviter_id)
){table};
create index group_applications_by_user on group_applications (app, user_id, at);
create index group_applications_by_inviter on group_applications (app, inviter_id, at) where inviter_id <> '';
create index group_applications_by_age on group_applications (at);
