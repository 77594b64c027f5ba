-- A big group has a sequence of its own: what happens in it is written there once, and into the inboxes of those members
-- only who attend. Who is absent catches up later: one row then stands for a whole stretch of the sequence.
alter table groups add column big {int} not null default 0;
alter table groups add column head {int} not null default 0; -- number of the sequence's last entry

-- Of a member of a big group: up to where in the sequence the inbox had all when the member was last found absent. Null:
-- the group is not big.
alter table group_members add column caught_up {int};
-- Until when the member is taken to attend, unless its user is heard of again; 0: absent.
alter table group_members add column attends_until {int} not null default 0;
create index group_members_of_big on group_members (app, user_id, group_id) where caught_up is not null;
create index group_members_attending on group_members (app, group_id, attends_until, user_id)
    where attends_until > 0;

create table group_entries (
    app {int} not null,
    group_id text not null,
    seq {int} not null,
    at {int} not null,
    message_id {int},                     -- as in inbox
    body {bytes},
    not_for text not null,                -- the one member who has it not; empty: nobody
    only_for text not null,               -- the members who alone have it, as ` ann bob `; empty: all
    primary key (app, group_id, seq)
){table};

-- What of a sequence stands in a user's inbox, under so many numbers that end with this one.
create table group_stretches (
    app {int} not null,
    user_id text not null,
    seq {int} not null,
    entries {int} not null,
    at {int} not null,
    group_id text not null,
    from_seq {int} not null,              -- in the sequence
    to_seq {int} not null,
    primary key (app, user_id, seq)
){table};
