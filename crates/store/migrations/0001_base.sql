-- {int} is bigint or integer, {bytes} bytea or blob; {table} ends a table: SQLite's are strict and
-- clustered by their primary key. Times are Unix milliseconds, booleans 0 or 1. Keys begin with the
-- app and the user, so that rows can be distributed by them.

create table apps (
    id {int} not null primary key,
    app_key text not null unique,
    secret {bytes} not null,              -- sealed with the master key
    secret_version {int} not null,        -- counts rotations; tokens of earlier ones are void
    name text not null,
    environment text not null,            -- development, production
    edition text not null,                -- free, flagship, premium
    locked {int} not null,
    only_friends {int} not null,          -- only friends can send direct messages to each other
    settings text not null,               -- JSON: what need not be looked at for every message
    created_at {int} not null
){table};

create table users (
    app {int} not null,
    id text not null,
    name text not null,                   -- push identity
    avatar_url text not null,
    created_at {int} not null,
    inbox_head {int} not null default 0,  -- number of the last inbox entry
    inbox_floor {int} not null default 0, -- entries up to this one are gone
    tokens_from {int} not null default 0, -- tokens issued before are void
    last_token_at {int} not null default 0, -- issue time of the newest token
    banned_until {int} not null default 0,
    ban_reason text not null default '',
    muted {int} not null default 0,       -- may not send direct messages
    deleted_at {int} not null default 0,  -- soft-deleted when not 0
    history_from {int} not null default 0, -- message ids below this are not the user's any more
    whitelist_on {int} not null default 0,
    friend_permission {int} not null default 0, -- 0: the app's default
    profile_visibility {int} not null default 0,
    primary key (app, id)
){table};
create index users_by_age on users (app, created_at, id);
create index users_banned on users (app, banned_until) where banned_until > 0;
create index users_deleted on users (app, deleted_at) where deleted_at > 0;
create index users_muted on users (app, id) where muted = 1;

create table messages (
    app {int} not null,
    channel text not null,                -- see keys.rs
    id {int} not null,
    sender text not null,
    client_id text,                       -- null when an app server sent it
    type text not null,
    content text not null,                -- empty once recalled
    flags {int} not null,                 -- see messages.rs
    edited_at {int} not null default 0,
    primary key (app, channel, id)
){table};
create unique index messages_by_client_id on messages (app, sender, client_id) where client_id is not null;

create table inbox (
    app {int} not null,
    user_id text not null,
    seq {int} not null,
    at {int} not null,
    channel text,                         -- of the message that the entry is about
    message_id {int},
    body {bytes},                         -- any other entry, as protobuf
    primary key (app, user_id, seq)
){table};

create table channels (
    app {int} not null,
    user_id text not null,
    channel text not null,
    latest_id {int} not null,
    unread {int} not null default 0,
    read_id {int} not null default 0,     -- the user has read up to here
    peer_read_id {int} not null default 0, -- the other side has read up to here
    primary key (app, user_id, channel)
){table};

create table blocklist (
    app {int} not null,
    user_id text not null,
    target_id text not null,
    added_at {int} not null,
    primary key (app, user_id, target_id)
){table};

create table whitelist (
    app {int} not null,
    user_id text not null,
    target_id text not null,
    added_at {int} not null,
    primary key (app, user_id, target_id)
){table};

-- A friendship is two rows, one for each side.
create table friends (
    app {int} not null,
    user_id text not null,
    friend_id text not null,
    alias text not null default '',
    ext text not null default '{}',
    added_at {int} not null,
    primary key (app, user_id, friend_id)
){table};

create table friend_requests (
    app {int} not null,
    user_id text not null,                -- who asked
    target_id text not null,
    extra text not null,
    status {int} not null,                -- numbers of FriendApplication.Status
    at {int} not null,
    primary key (app, user_id, target_id)
){table};
create index friend_requests_by_target on friend_requests (app, target_id);
create index friend_requests_by_age on friend_requests (at);

create table profiles (
    app {int} not null,
    user_id text not null,
    version {int} not null,               -- time of the last change
    basic text not null,
    ext text not null,
    primary key (app, user_id)
){table};

create table user_tags (
    app {int} not null,
    user_id text not null,
    tags text not null,                   -- JSON array
    primary key (app, user_id)
){table};

create table subscriptions (
    app {int} not null,
    user_id text not null,                -- who wants to know
    target_id text not null,
    type {int} not null,                  -- numbers of SubscriptionType
    subscribed_at {int} not null,
    expires_at {int} not null,
    primary key (app, user_id, type, target_id)
){table};
create index subscriptions_by_target on subscriptions (app, target_id, type);
create index subscriptions_by_age on subscriptions (expires_at);

-- Soft deletions and restorations: a row that is not finished is work to be done.
create table activations (
    app {int} not null,
    user_id text not null,
    operation_id text not null,
    kind {int} not null,                  -- 0 soft deletion, 1 restoration
    requested_at {int} not null,
    finished_at {int} not null default 0,
    primary key (app, user_id, operation_id)
){table};
create index activations_open on activations (requested_at) where finished_at = 0;

create table idempotency (
    app {int} not null,
    key text not null,
    fingerprint text not null,            -- of the path and the body
    status {int} not null,                -- HTTP status; 0 while the first request is worked on
    answer text not null,
    created_at {int} not null,
    primary key (app, key)
){table};
create index idempotency_by_age on idempotency (created_at);
