//! What the writer has read for its checks, for as long as nothing has changed it.
//!
//! This is no cache beside the database: what is here is what a look would find. Whatever is in the tables was put
//! there by another connection or by this one. `pragma data_version`, asked inside the transaction that appends,
//! tells whether another one has committed anything; then all of this is forgotten. So it is as soon as a unit
//! of the same transaction, which run before the messages, has written anything, and when a transaction is
//! rolled back. What else the writer does, filing and appending, changes of all this the users' heads
//! only, and they are kept up here.

use std::collections::HashMap;

use nuncio_protocol::ids::AppId;
use nuncio_protocol::{Refusal, UserId};
use rusqlite::{CachedStatement, Connection, params};

use super::tail::Tail;
use crate::appends::{self, Found, Party};
use crate::engine::Row;
use crate::engine::staging::Key;
use crate::error::StoreError;

/// Pairs of users that are remembered.
const MOST: usize = 16 * 1024;

#[derive(Default)]
pub(super) struct Rules {
    version: i64,
    pairs: HashMap<Pair, Found>,
    /// How far the inboxes of those users reach, with what is not filed.
    heads: HashMap<Key, i64>,
}

/// An app, a sender and a recipient.
type Pair = (AppId, UserId, UserId);

impl Rules {
    /// Forgets everything if another connection has committed a change. Call it in the transaction.
    pub(super) fn refresh(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let version =
            connection.prepare_cached("pragma data_version")?.query_row([], |row| row.get(0))?;
        if version != self.version || self.pairs.len() >= MOST {
            self.forget();
            self.version = version;
        }
        Ok(())
    }

    pub(super) fn forget(&mut self) {
        self.pairs.clear();
        self.heads.clear();
    }

    /// All that stands for and against a message, but for an earlier one of the same client id.
    pub(super) fn look(
        &mut self,
        look: &mut CachedStatement<'_>,
        tail: &Tail,
        app: AppId,
        sender: &UserId,
        to: &UserId,
    ) -> Result<&Found, StoreError> {
        use std::collections::hash_map::Entry;
        match self.pairs.entry((app, sender.clone(), to.clone())) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(unknown) => {
                let mut rows = look.query(params![app.0, sender.as_str(), to.as_str()])?;
                let row = rows.next()?.ok_or(Refusal::AppNotFound)?;
                let found = appends::read_found(&Row::Sqlite(row))?;
                for (user, party) in [(sender, &found.sender), (to, &found.recipient)] {
                    let Some(Party { head: filed, .. }) = party else { continue };
                    let key = (app, user.clone());
                    let unfiled = tail.head(&key).unwrap_or(0);
                    // Another pair of the same user may have told already.
                    self.heads.entry(key).or_insert((*filed).max(unfiled));
                }
                Ok(unknown.insert(found))
            }
        }
    }

    /// The number of the last entry of a user who was looked at.
    pub(super) fn head(&self, key: &Key) -> i64 {
        self.heads.get(key).copied().unwrap_or(0)
    }

    /// Messages were committed: inboxes reach this far now.
    pub(super) fn committed(&mut self, heads: impl IntoIterator<Item = (Key, i64)>) {
        self.heads.extend(heads);
    }
}
