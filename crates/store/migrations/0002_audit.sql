-- The audit trail: a chain of entries for each app, and one of app 0 for what belongs to no app. What an
-- entry's hash covers is in audit.rs.

create table audit (
    app {int} not null,
    seq {int} not null,                   -- without gaps
    at {int} not null,
    actor text not null,                  -- app, operator, cli, job
    actor_name text not null,
    address text not null,
    request_id text not null,
    operation text not null,
    user_id text not null,                -- whom it changed; empty for none
    state_before text not null,           -- JSON; empty for nothing
    state_after text not null,
    hash {bytes} not null,
    primary key (app, seq)
){table};
create index audit_by_user on audit (app, user_id, seq) where user_id <> '';
create index audit_by_name on audit (app, actor_name, seq) where actor_name <> '';

create table audit_heads (
    app {int} not null primary key,
    seq {int} not null,                   -- of the last entry
    hash {bytes} not null
){table};

-- What the oldest entry that is kept hangs on: the last one that was let go.
create table audit_anchors (
    app {int} not null primary key,
    seq {int} not null,
    hash {bytes} not null
){table};
