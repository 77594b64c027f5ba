-- Since when a channel is pinned; 0: it is not, or was pinned before this was kept.
alter table channel_settings add column pinned_at {int} not null default 0;

-- Which messages notify a user, for all channels of a type that have no level of their own; no row while nothing is set.
create table channel_type_settings (
    app {int} not null,
    user_id text not null,
    channel_type {int} not null,
    level {int} not null,
    primary key (app, user_id, channel_type)
){table};

-- Words by which a user sorts channels.
create table channel_tags (
    app {int} not null,
    user_id text not null,
    id text not null,
    name text not null,
    created_at {int} not null,
    primary key (app, user_id, id)
){table};

create table tagged_channels (
    app {int} not null,
    user_id text not null,
    tag_id text not null,
    channel_type {int} not null,
    channel_id text not null,             -- as the user sees the channel
    primary key (app, user_id, tag_id, channel_type, channel_id)
){table};
create index tagged_channels_by_channel on tagged_channels (app, user_id, channel_type, channel_id);
