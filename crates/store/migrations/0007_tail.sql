-- Messages that are committed and not filed yet: see engine/sqlite/. One row for each transaction, so that
-- what a commit writes lies together. PostgreSQL files at once and leaves it empty.
create table tail (
    number {int} not null primary key,    -- id of the row's last message
    messages {bytes} not null             -- see engine/sqlite/tail.rs
);
create table tail_state (
    id {int} not null primary key,        -- always 1
    owner {int} not null,                 -- the store that changed the tail last
    last_id {int} not null                -- no message of a row that is gone had a later id
){table};
insert into tail_state (id, owner, last_id) select 1, 0, coalesce(max(id), 0) from messages;
