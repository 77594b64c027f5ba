-- An app that was deleted keeps its row, without a secret: its number is never given to another app, and its
-- audit trail, which ages like any other, still has a name.
alter table apps add column deleted_at {int} not null default 0; -- from then on nothing of it works
alter table apps add column erased_at {int} not null default 0;  -- from then on nothing of it is left
