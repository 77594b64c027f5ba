-- Push: what tells users who are not connected. A device's place in its user's inbox is the queue: what lies behind
-- `cursor` is pushed, or is found not to be worth it.

-- How an app's devices are reached.
create table push_providers (
    app {int} not null,
    provider {int} not null,              -- numbers of PushProvider
    setup text not null,                  -- JSON: what is not secret
    secret {bytes} not null,              -- sealed with the master key
    active {int} not null,
    changed_at {int} not null,
    sent {int} not null default 0,
    failed {int} not null default 0,      -- attempts
    sent_at {int} not null default 0,     -- the last time that one was accepted
    last_error text not null default '',
    last_error_at {int} not null default 0,
    primary key (app, provider)
){table};

create table push_devices (
    app {int} not null,
    user_id text not null,
    device text not null,
    provider {int} not null,
    token text not null,
    p256dh text not null,                 -- of Web Push: what is encrypted for
    auth text not null,
    language text not null,
    token_issued_at {int} not null,       -- of the login that registered it
    secret_version {int} not null,
    registered_at {int} not null,
    cursor {int} not null,                -- inbox entries up to this one need no push
    next_at {int} not null default 0,     -- when to try; while somebody does, when to stop waiting for them
    failures {int} not null default 0,    -- in a row
    primary key (app, user_id, device)
){table};
create index push_devices_by_token on push_devices (app, provider, token);
create index push_devices_by_age on push_devices (registered_at);

create table push_settings (
    app {int} not null,
    user_id text not null,
    hide_content {int} not null default 0,
    language text not null default '',
    quiet_start {int} not null default 0, -- seconds after midnight
    quiet_minutes {int} not null default 0, -- 0: no quiet hours
    quiet_level {int} not null default 0,
    quiet_zone text not null default '',
    primary key (app, user_id)
){table};

-- How single messages are pushed, of those that say so.
create table push_options (
    app {int} not null,
    message_id {int} not null,
    options {bytes} not null,             -- a PushConfig, as protobuf
    primary key (app, message_id)
){table};
create index push_options_by_age on push_options (message_id);
