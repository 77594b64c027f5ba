create table groups (
    app {int} not null,
    id text not null,
    name text not null,
    owner text not null,
    creator text not null,
    profile text not null,                -- JSON: introduction, announcement, portraitUrl
    ext text not null,                    -- JSON: extension pairs
    permissions text not null,            -- JSON: those that are not the strictest
    member_count {int} not null,
    frozen {int} not null default 0,      -- only those in group_allowed_senders may send
    created_at {int} not null,
    primary key (app, id)
){table};
create index groups_by_age on groups (app, created_at, id);
create index groups_frozen on groups (app, id) where frozen = 1;

create table group_members (
    app {int} not null,
    group_id text not null,
    user_id text not null,
    role {int} not null,                  -- 1 member, 2 admin, 3 owner
    nickname text not null default '',
    extra text not null default '',
    alias text not null default '',       -- what the member calls the group
    joined_at {int} not null,
    history_from {int} not null,          -- message ids below this one are not the member's to read
    primary key (app, group_id, user_id)
){table};
create index group_members_by_age on group_members (app, group_id, joined_at, user_id);
create index group_members_by_user on group_members (app, user_id, joined_at, group_id);

create table group_mutes (
    app {int} not null,
    group_id text not null,               -- empty: in all groups of the app
    user_id text not null,
    muted_at {int} not null,
    until {int} not null,
    primary key (app, group_id, user_id)
){table};

create table group_allowed_senders (
    app {int} not null,
    group_id text not null,
    user_id text not null,
    added_at {int} not null,
    primary key (app, group_id, user_id)
){table};

-- Members of a group whom another member follows.
create table group_favorites (
    app {int} not null,
    group_id text not null,
    user_id text not null,
    favorite_id text not null,
    added_at {int} not null,
    primary key (app, group_id, user_id, favorite_id)
){table};
create index group_favorites_by_favorite on group_favorites (app, group_id, favorite_id);
