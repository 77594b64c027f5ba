-- Users who are to be removed from all groups that they were in at that moment; gone when it is done.
create table group_removals (
    app {int} not null,
    user_id text not null,
    requested_at {int} not null,
    primary key (app, user_id)
){table};
