-- What a user has set for a channel of theirs; no row while nothing is.
create table channel_settings (
    app {int} not null,
    user_id text not null,
    channel_type {int} not null,
    channel_id text not null,             -- as the user sees the channel
    pinned {int} not null,
    level {int} not null,                 -- which messages notify
    removed_id {int} not null,            -- off the list until a message after this one; 0: on it
    primary key (app, user_id, channel_type, channel_id)
){table};
