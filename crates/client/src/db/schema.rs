//! The local database's tables, by version.
//!
//! To change them, append a step. A database of a later version than this list is refused, so that an
//! older app never damages what a newer one has written.

use rusqlite::Connection;

use super::StoreError;

/// Step n leads from version n to version n + 1.
const STEPS: &[&str] = &["
create table meta (
    key text not null primary key,
    value text not null
) strict, without rowid;

create table messages (
    id text not null primary key,
    channel_type integer not null,
    channel_id text not null,
    sender_id text not null,
    type text not null,
    content text not null,
    sent_at integer not null,
    client_message_id text not null,
    recalled integer not null,
    counted integer not null,
    needs_receipt integer not null,
    edited_at integer not null
) strict, without rowid;
create index messages_by_channel on messages (channel_type, channel_id, id);

create table channels (
    channel_type integer not null,
    channel_id text not null,
    unread_count integer not null default 0,
    read_message_id text not null default '',
    peer_read_message_id text not null default '',
    counted_to text not null default '', -- messages up to this one are in unread_count already
    updated_at integer not null default 0,
    primary key (channel_type, channel_id)
) strict, without rowid;
create index channels_by_time on channels (updated_at);

create table profiles (
    user_id text not null primary key,
    version integer not null,
    basic text not null,
    ext text not null                    -- JSON object
) strict;

create table friends (
    user_id text not null primary key,
    name text not null,
    avatar_url text not null,
    alias text not null,
    ext_profile text not null,           -- JSON object
    added_at integer not null
) strict;

-- What the app's own user information provider has answered.
create table user_infos (
    user_id text not null primary key,
    name text not null,
    avatar_url text not null,
    extra text not null
) strict;

-- Messages without an outcome yet, in the order of sending.
create table pending_sends (
    place integer primary key autoincrement,
    client_message_id text not null unique,
    body blob not null                   -- SendMessage as protobuf
) strict;
", "
alter table messages add column to_user_ids text not null default ''; -- separated by spaces; empty: all members

-- What members of groups are called there.
create table group_members (
    group_id text not null,
    user_id text not null,
    nickname text not null,
    name text not null,
    avatar_url text not null,
    unique (group_id, user_id)
) strict;

alter table channels add column mentioned_count integer not null default 0;
alter table channels add column mentioned_me_count integer not null default 0;
"];

/// Brings the tables to this version.
pub(super) fn migrate(db: &mut Connection) -> Result<(), StoreError> {
    let tx = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let version: i64 = tx.query_row("pragma user_version", [], |row| row.get(0))?;
    let known = STEPS.len();
    let Some(steps) = usize::try_from(version).ok().and_then(|done| STEPS.get(done..)) else {
        return Err(StoreError::Newer { found: version, known });
    };
    for step in steps {
        tx.execute_batch(step)?;
    }
    let version = i64::try_from(known).unwrap_or(i64::MAX);
    tx.pragma_update(None, "user_version", version)?;
    tx.commit()?;
    Ok(())
}
