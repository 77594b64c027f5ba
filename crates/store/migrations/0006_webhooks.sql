-- Webhooks: the addresses of app servers, and what is on its way to them. A delivery is written in the
-- transaction of the change that it tells of. A lane is there while a user's deliveries to a webhook
-- wait; they go one after the other.

alter table apps add column webhook_events {int} not null default 0; -- bits of events.rs that a webhook wants

create table webhooks (
    app {int} not null,
    id {int} not null,
    name text not null,
    url text not null,
    secret {bytes} not null,              -- sealed with the master key
    events {int} not null,                -- bits of events.rs
    active {int} not null,
    is_full {int} not null default 0,     -- too much waits: nothing is added until less does
    timeout_ms {int} not null,            -- for an answer about a message before it is sent
    pass_when_silent {int} not null,      -- what becomes of the message without one
    created_at {int} not null,
    delivered {int} not null default 0,
    failed {int} not null default 0,      -- attempts, not deliveries
    delivered_at {int} not null default 0, -- the last time that one arrived
    last_error text not null default '',
    last_error_at {int} not null default 0,
    primary key (app, id)
){table};

create table webhook_lanes (
    app {int} not null,
    webhook {int} not null,
    user_id text not null,
    head {int} not null,                  -- number of the last delivery
    next_at {int} not null,               -- when to try; while somebody does, when to stop waiting for them
    primary key (app, webhook, user_id)
){table};
create index webhook_lanes_due on webhook_lanes (app, webhook, next_at);

create table webhook_deliveries (
    app {int} not null,
    webhook {int} not null,
    id {int} not null,                    -- of the event
    user_id text not null,
    seq {int} not null,                   -- its place in the lane
    event {int} not null,                 -- a bit of events.rs
    body text not null,
    queued_at {int} not null,
    state {int} not null default 0,       -- 0 waits, 1 delivered, 2 given up
    attempts {int} not null default 0,
    tried_at {int} not null default 0,
    status {int} not null default 0,      -- HTTP status of the last answer; 0: there was none
    excerpt text not null default '',     -- how that answer begins, or why there was none
    primary key (app, webhook, id)
){table};
create index webhook_deliveries_waiting on webhook_deliveries (app, webhook, user_id, seq) where state = 0;

-- Devices that an app server believes to be connected, so that it hears of their end even when the node dies.
create table webhook_sessions (
    app {int} not null,
    user_id text not null,
    session text not null,
    node {int} not null,
    primary key (app, user_id, session)
){table};
create index webhook_sessions_by_node on webhook_sessions (node);
