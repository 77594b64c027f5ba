//! Appending to the tail: the rules are read from the tables, the numbers taken in memory, and all messages of
//! a transaction written as one row.

use std::sync::Arc;

use nuncio_protocol::ids::{AppId, MessageId};
use nuncio_protocol::{ClientMessageId, UserId};
use rusqlite::{CachedStatement, Connection, params};

use super::filing::file_message;
use super::rules::Rules;
use super::tail::{self, Tail, Unfiled};
use crate::appends::{Found, LOOK, SENT};
use crate::engine::Nudge;
use crate::engine::staging::{Appended, Ground, Key, Staging};
use crate::error::StoreError;
use crate::messages::ADD;

/// The tables and the tail, as the writing connection sees them.
pub(super) struct Tables<'a> {
    tail: &'a Tail,
    rules: &'a mut Rules,
    look: CachedStatement<'a>,
    sent: CachedStatement<'a>,
    /// New ids come after it.
    floor: MessageId,
}

impl<'a> Tables<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        tail: &'a Tail,
        rules: &'a mut Rules,
        floor: MessageId,
    ) -> Result<Self, StoreError> {
        let look = connection.prepare_cached(LOOK)?;
        let sent = connection.prepare_cached(SENT)?;
        Ok(Self { tail, rules, look, sent, floor })
    }
}

impl Ground for Tables<'_> {
    fn sent(&mut self, key: &(Key, ClientMessageId)) -> Result<Option<MessageId>, StoreError> {
        if let Some(id) = self.tail.sent(key) {
            return Ok(Some(id));
        }
        let ((app, sender), id) = key;
        let mut rows = self.sent.query(params![app.0, sender.as_str(), id.as_str()])?;
        Ok(rows.next()?.map(|row| row.get(0)).transpose()?.map(MessageId))
    }

    fn look(&mut self, app: AppId, sender: &UserId, to: &UserId) -> Result<&Found, StoreError> {
        self.rules.look(&mut self.look, self.tail, app, sender, to)
    }

    fn head(&self, key: &Key) -> i64 {
        self.rules.head(key)
    }

    /// One process appends, and its ids only grow.
    fn latest(&self, _: AppId, _: &UserId, _: &UserId) -> MessageId {
        self.floor
    }
}

/// Writes what was staged as a row.
pub(super) fn write(staging: &mut Staging, connection: &Connection) -> Result<(), StoreError> {
    let in_no_inbox = |message: &mut Appended| message.sides().next().is_none();
    for message in staging.messages.extract_if(.., in_no_inbox) {
        // Nobody's inbox would ever have it filed.
        file_message(&mut ADD.prepare(connection)?, &message)?;
    }
    let Some(last) = staging.messages.last() else { return Ok(()) };
    connection
        .prepare_cached("insert into tail (number, messages) values (?1, ?2)")?
        .execute(params![last.id.0, tail::encode(&staging.messages)])?;
    Ok(())
}

/// Hands what was written and committed to the tail; returns what the users are to be told.
pub(super) fn committed(staging: &mut Staging, tail: &Tail, rules: &mut Rules) -> Vec<Nudge> {
    rules.committed(staging.heads.drain());
    let row = staging.messages.last().map_or(0, |last| last.id.0);
    let nudges = staging.messages.iter().flat_map(Appended::nudges).collect();
    let unfiled = |message| Arc::new(Unfiled::new(message, row));
    tail.append(staging.messages.drain(..).map(unfiled).collect());
    staging.clear();
    nudges
}
