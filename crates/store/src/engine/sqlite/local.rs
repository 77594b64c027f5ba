//! What a unit sees of the tail: whether it may look at a user's rows already.
//!
//! A unit says whose inbox, channels or messages it looks at or changes. If the tail holds some of them, the unit
//! ends with an error; the engine files them and runs it again.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;

use nuncio_protocol::UserId;
use nuncio_protocol::ids::{AppId, MessageId};
use rusqlite::Connection;

use super::tail::Tail;
use crate::engine::staging::Key;
use crate::error::StoreError;

/// The connection that a unit runs on, and what the tail has that its tables do not.
pub(crate) struct Local<'a> {
    pub(crate) connection: &'a Connection,
    tail: &'a Tail,
    ours: Ours,
    /// Who has been filed for this unit.
    settled: HashSet<Key>,
    everybody_settled: bool,
    wants: RefCell<Wants>,
    unit: Cell<Unit>,
    wrote: Cell<bool>,
}

/// What the unit that runs has done.
#[derive(Clone, Copy, Default, Eq, PartialEq)]
enum Unit {
    /// None runs.
    #[default]
    None,
    /// It has written nothing.
    Looks,
    /// It has begun to write, under a savepoint.
    Writes,
}

/// How to know that the tail in memory is what the table holds: nobody else has changed it.
#[derive(Clone, Copy)]
enum Ours {
    /// From the table.
    Ask,
    /// The writer has looked, in the transaction that runs.
    Known(bool),
}

/// Whom a unit could not go on without.
#[derive(Debug, Default)]
pub(crate) struct Wants {
    pub(crate) users: Vec<Key>,
    pub(crate) everybody: bool,
}

impl Wants {
    pub(crate) fn is_empty(&self) -> bool {
        self.users.is_empty() && !self.everybody
    }
}

impl<'a> Local<'a> {
    pub(super) fn of_reader(
        connection: &'a Connection,
        tail: &'a Tail,
        settled: &HashSet<Key>,
    ) -> Self {
        let settled = settled.clone();
        Self { ours: Ours::Ask, settled, ..Self::of_writer(connection, tail) }
    }

    pub(super) fn of_writer(connection: &'a Connection, tail: &'a Tail) -> Self {
        Self {
            connection,
            tail,
            ours: Ours::Known(false),
            settled: HashSet::new(),
            everybody_settled: false,
            wants: RefCell::default(),
            unit: Cell::default(),
            wrote: Cell::default(),
        }
    }

    /// Fails unless these users are filed. Whose the tail is comes first: what anybody has acknowledged until
    /// then is in our memory or in the tables.
    pub(crate) fn filed(&self, app: AppId, users: &[&UserId]) -> Result<(), StoreError> {
        let keys = users.iter().map(|user| (app, UserId::clone(user)));
        let mut left: Vec<Key> = keys.filter(|key| !self.is_settled(key)).collect();
        if !left.is_empty() && self.is_ours()? {
            left.retain(|key| self.tail.head(key).is_some());
        }
        self.want(Wants { users: left, everybody: false })
    }

    /// Fails unless everything that was sent before `end` is filed.
    pub(crate) fn filed_before(&self, end: MessageId) -> Result<(), StoreError> {
        let settled = self.everybody_settled || (self.is_ours()? && !self.tail.reaches_before(end));
        self.want(Wants { users: Vec::new(), everybody: !settled })
    }

    /// The number of a user's last entry, if it is not filed.
    pub(crate) fn unfiled_head(
        &self,
        app: AppId,
        user: &UserId,
    ) -> Result<Option<u64>, StoreError> {
        let key = (app, user.clone());
        if !self.is_settled(&key) && !self.is_ours()? {
            self.want(Wants { users: vec![key.clone()], everybody: false })?;
        }
        Ok(self.tail.head(&key).map(i64::cast_unsigned))
    }

    pub(super) fn is_settled(&self, key: &Key) -> bool {
        self.everybody_settled || self.settled.contains(key)
    }

    /// These users have been filed in the transaction that runs.
    pub(super) fn settle(&mut self, users: impl IntoIterator<Item = Key>) {
        self.settled.extend(users);
    }

    /// Everybody has.
    pub(super) fn settle_everybody(&mut self) {
        self.everybody_settled = true;
    }

    /// The tail in memory is known to be what the table holds.
    pub(super) fn is_known_to_be_ours(&self) -> bool {
        matches!(self.ours, Ours::Known(true))
    }

    pub(super) fn know_to_be_ours(&mut self) {
        self.ours = Ours::Known(true);
    }

    /// What the unit that ran could not go on without.
    pub(crate) fn take_wants(&mut self) -> Wants {
        self.wants.take()
    }

    /// A unit begins.
    pub(super) fn begin_unit(&self) {
        self.unit.set(Unit::Looks);
    }

    /// Before a statement that writes: a unit that fails takes none of its batch with it.
    pub(crate) fn before_write(&self) -> rusqlite::Result<()> {
        if self.unit.get() == Unit::Looks {
            statement(self.connection, "savepoint unit")?;
            self.unit.set(Unit::Writes);
            self.wrote.set(true);
        }
        Ok(())
    }

    /// The unit has ended; what it has written stays or goes.
    pub(super) fn end_unit(&self, stays: bool) -> rusqlite::Result<()> {
        if self.unit.take() == Unit::Writes {
            if !stays {
                statement(self.connection, "rollback to unit")?;
            }
            statement(self.connection, "release unit")?;
        }
        Ok(())
    }

    /// Whether any unit has written anything.
    pub(super) fn wrote(&self) -> bool {
        self.wrote.get()
    }

    fn is_ours(&self) -> Result<bool, StoreError> {
        Ok(match self.ours {
            Ours::Known(ours) => ours,
            Ours::Ask => owner(self.connection)? == self.tail.owner,
        })
    }

    fn want(&self, wants: Wants) -> Result<(), StoreError> {
        if wants.is_empty() {
            return Ok(());
        }
        self.wants.replace(wants);
        Err(StoreError::Conflict("the tail must be filed first".to_owned()))
    }
}

/// Runs a statement without parameters.
pub(super) fn statement(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(sql)?;
    // A pragma may answer with a row.
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}

/// The store that changed the tail last.
pub(super) fn owner(connection: &Connection) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("select owner from tail_state where id = 1")?
        .query_row([], |row| row.get(0))
}
