-- The members of a group whom a message is for, as ` ann bob `; null: all of its channel.
alter table messages add column directed text;
-- The users whom it mentions, likewise; ` * `: everybody; null: nobody.
alter table messages add column mentioned text;

-- Unread messages that mention anybody, and those that mention the user or everybody.
alter table channels add column mentioned {int} not null default 0;
alter table channels add column mentioned_me {int} not null default 0;

-- Who has read a message of a group whose sender asked to be told.
create table message_receipts (
    app {int} not null,
    channel text not null,
    message_id {int} not null,
    user_id text not null,
    at {int} not null,
    primary key (app, channel, message_id, user_id)
){table};
create index message_receipts_by_user on message_receipts (app, user_id, channel, message_id);
