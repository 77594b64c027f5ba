//! Filing: writing what the tail holds of users into the tables.
//!
//! A user is filed as far as `users.inbox_head` says, which changes in the same transaction as the user's rows.
//! So a crash between any two steps leaves a tail that says the same as before, and nothing is filed twice.
//! Filing changes nothing that anybody can see, and is not flushed to disk by itself: it is lost together with
//! what it took out of the tail, or not at all.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use nuncio_protocol::ids::MessageId;
use nuncio_protocol::{ClientMessageId, UserId};
use rusqlite::{CachedStatement, Connection, params};

use super::tail::{Tail, Unfiled, decode};
use crate::appends::MOVE_CHANNEL;
use crate::engine::staging::{Appended, Key};
use crate::engine::{Prepared, Value, row};
use crate::error::StoreError;
use crate::inbox::ADD_MESSAGE;
use crate::keys::ChannelKey;
use crate::messages::{ADD, COUNTED};
use crate::push::KEEP_OPTIONS;

/// What a transaction has filed; the tail lets go of it once that is committed.
#[derive(Default)]
pub(super) struct Filing {
    /// How many entries of each user.
    users: HashMap<Key, usize>,
    messages: Vec<Arc<Unfiled>>,
    ids: HashSet<MessageId>,
    /// How many entries of each row of the tail.
    rows: HashMap<i64, usize>,
    /// The last row of the tail that was deleted; all before it went too.
    deleted: Option<i64>,
}

impl Filing {
    /// Whether what the tail holds of a user has been filed in this transaction.
    fn has(&self, key: &Key) -> bool {
        self.users.contains_key(key)
    }

    /// Files users, at most so many entries of each; who has been filed already is left out.
    pub(super) fn file(
        &mut self,
        connection: &Connection,
        tail: &Tail,
        mut users: Vec<Key>,
        most: usize,
    ) -> Result<(), StoreError> {
        // In the order of the tables' keys, so that rows that lie together are written together.
        users.sort_unstable();
        users.dedup();
        if users.is_empty() {
            return Ok(());
        }
        let mut statements = Statements::prepare(connection)?;
        for key in users {
            if self.has(&key) {
                continue;
            }
            let entries = tail.entries(&key, most);
            if !entries.is_empty() {
                self.file_user(connection, &mut statements, &key, &entries)?;
                self.users.insert(key, entries.len());
            }
        }
        Ok(())
    }

    fn file_user(
        &mut self,
        connection: &Connection,
        statements: &mut Statements<'_>,
        key: &Key,
        entries: &[Arc<Unfiled>],
    ) -> Result<(), StoreError> {
        let (app, user) = key;
        let mut channels = Channels::default();
        let mut places = Vec::with_capacity(entries.len());
        for message in entries {
            let place = channels.of(message, user);
            let channel = &mut channels.all[place];
            if message.sender != *user && message.flags & COUNTED != 0 {
                channel.unread += 1;
            }
            channel.latest = message.id;
            places.push(place);
            *self.rows.entry(message.row).or_default() += 1;
        }
        let (mut messages, mut inbox) = (Vec::new(), Vec::with_capacity(entries.len()));
        for (message, place) in entries.iter().zip(places) {
            let name = channels.all[place].key.as_str();
            if !message.filed.load(Ordering::Relaxed) && self.ids.insert(message.id) {
                messages.push(message_row(message, name));
                if let Some(push) = &message.push {
                    let values = params![key.0.0, message.id.0, &**push];
                    connection.prepare_cached(KEEP_OPTIONS)?.execute(values)?;
                }
                self.messages.push(Arc::clone(message));
            }
            let at = message.id.sent_at();
            inbox.push(row![*app, user, message.seq_of(user), at, name, message.id]);
        }
        statements.messages.run(&messages)?;
        statements.inbox.run(&inbox)?;
        for channel in channels.all {
            let Channel { key, latest, unread, .. } = channel;
            statements.channel.execute(params![
                app.0,
                user.as_str(),
                key.as_str(),
                latest.0,
                unread
            ])?;
        }
        let head = entries.last().map_or(0, |message| message.seq_of(user));
        statements.head.execute(params![app.0, user.as_str(), head])?;
        Ok(())
    }

    /// Deletes rows of the tail of which nothing is left. Call it last.
    pub(super) fn finish(
        &mut self,
        connection: &Connection,
        tail: &Tail,
    ) -> Result<(), StoreError> {
        self.deleted = tail.emptied(&self.rows);
        if let Some(last) = self.deleted {
            connection.prepare_cached("delete from tail where number <= ?1")?.execute([last])?;
            connection
                .prepare_cached("update tail_state set last_id = ?1 where last_id < ?1")?
                .execute([last])?;
        }
        Ok(())
    }

    /// Tells the tail. Call it after the commit.
    pub(super) fn committed(self, tail: &Tail) {
        if !self.users.is_empty() || self.deleted.is_some() {
            tail.filed(&self.users, &self.messages, self.deleted);
        }
    }
}

/// Writes a message's own row, by [`ADD`].
pub(super) fn file_message(
    add: &mut Prepared<'_, 8>,
    message: &Appended,
) -> Result<(), StoreError> {
    let channel = ChannelKey::direct(&message.sender, &message.recipient);
    add.run(&[message_row(message, channel.as_str())])
}

fn message_row<'a>(message: &'a Appended, channel: &'a str) -> [Value<'a>; 8] {
    row![
        message.app,
        channel,
        message.id,
        &message.sender,
        message.client_id.as_ref().map(ClientMessageId::as_str),
        message.r#type.as_str(),
        message.content.as_str(),
        message.flags,
    ]
}

struct Statements<'c> {
    messages: Prepared<'c, 8>,
    inbox: Prepared<'c, 6>,
    channel: CachedStatement<'c>,
    head: CachedStatement<'c>,
}

impl<'c> Statements<'c> {
    fn prepare(connection: &'c Connection) -> Result<Self, StoreError> {
        Ok(Self {
            messages: ADD.prepare(connection)?,
            inbox: ADD_MESSAGE.prepare(connection)?,
            channel: connection.prepare_cached(MOVE_CHANNEL)?,
            head: connection
                .prepare_cached("update users set inbox_head = ?3 where app = ?1 and id = ?2")?,
        })
    }
}

/// The channels in which a user's entries are.
#[derive(Default)]
struct Channels {
    all: Vec<Channel>,
}

struct Channel {
    peer: UserId,
    key: ChannelKey,
    latest: MessageId,
    unread: i64,
}

impl Channels {
    /// The place of a message's channel, which is made where it is missing.
    fn of(&mut self, message: &Appended, user: &UserId) -> usize {
        let peer = if message.sender == *user { &message.recipient } else { &message.sender };
        self.all.iter().rposition(|channel| channel.peer == *peer).unwrap_or_else(|| {
            let key = ChannelKey::direct(user, peer);
            self.all.push(Channel { peer: peer.clone(), key, latest: MessageId(0), unread: 0 });
            self.all.len() - 1
        })
    }
}

/// Makes the tail what the table holds; returns an id after which new messages come.
pub(super) fn reload(connection: &Connection, tail: &Tail) -> Result<MessageId, StoreError> {
    let mut last: i64 =
        connection
            .query_row("select last_id from tail_state where id = 1", [], |row| row.get(0))?;
    let mut messages = Vec::new();
    let mut rows =
        connection.prepare_cached("select number, messages from tail order by number")?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(0)?;
        let bytes = row.get_ref(1)?.as_blob().map_err(|e| StoreError::corrupt("tail", e))?;
        messages.extend(decode(number, bytes)?);
        last = last.max(number);
    }
    let mut heads: HashMap<Key, i64> = HashMap::new();
    let mut select =
        connection.prepare_cached("select inbox_head from users where app = ?1 and id = ?2")?;
    for message in &messages {
        for (user, _) in message.sides() {
            if let Entry::Vacant(unknown) = heads.entry((message.app, user.clone())) {
                let mut rows = select.query(params![message.app.0, user.as_str()])?;
                // Nobody files for a user who is gone.
                unknown.insert(rows.next()?.map_or(Ok(i64::MAX), |row| row.get(0))?);
            }
        }
    }
    tail.reload(messages, |key| heads.get(key).copied().unwrap_or(i64::MAX));
    Ok(MessageId(last))
}
