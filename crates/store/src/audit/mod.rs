//! The audit trail: who changed what, when, from where, and from what to what.
//!
//! A change that comes through [`Store::by`] leaves an entry for each user that it changes, in its own
//! transaction. What users do themselves, over their own connections, leaves none. The units of work note
//! their entries; the engine writes those of a whole batch at its end, so that an app's chain is held for as
//! short as can be, and a batch pays for the chain once.

mod chain;

use std::ops::Range;
use std::sync::Arc;

use nuncio_protocol::ids::AppId;
use nuncio_protocol::{Origin, Timestamp, UserId};
use serde_json::{Map, Value};

pub(crate) use chain::append;
pub use chain::{Break, Broken, Chain, HASH_BYTES, Hash, Verifier};

use crate::engine::{Row, Store, Tx, params};
use crate::error::StoreError;

/// The chain of what belongs to no app, such as the console's accounts.
pub const INSTALLATION: AppId = AppId(0);

/// One entry of a chain.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// Its place, counted from 1.
    pub seq: i64,
    /// When the change was made.
    pub at: Timestamp,
    /// Who made it: `app`, `operator`, `cli` or `job`.
    pub actor: String,
    /// Who of that kind; empty for the app's server.
    pub actor_name: String,
    /// The address that the request came from; empty when there was none.
    pub address: String,
    /// The request's id; empty when there was none.
    pub request_id: String,
    /// What was done, such as `user.ban`.
    pub operation: String,
    /// Whom it changed; empty for nobody.
    pub user: String,
    /// What was different before, as JSON; empty for nothing.
    pub before: String,
    /// What is different since, as JSON; empty for nothing.
    pub after: String,
    /// Over the previous entry's hash and all of the above.
    pub hash: Hash,
}

/// An entry on its way into the chain.
pub(crate) struct Noted {
    app: AppId,
    at: Timestamp,
    origin: Arc<Origin>,
    operation: &'static str,
    user: Option<UserId>,
    before: String,
    after: String,
}

/// What a change is about.
#[derive(Clone, Copy)]
pub(crate) struct Act<'a> {
    /// Whose chain it belongs to.
    pub(crate) app: AppId,
    /// What was done.
    pub(crate) operation: &'static str,
    /// Whom it changed.
    pub(crate) user: Option<&'a UserId>,
    /// When.
    pub(crate) at: Timestamp,
}

impl<'a> Act<'a> {
    pub(crate) fn on_user(
        operation: &'static str,
        app: AppId,
        user: &'a UserId,
        at: Timestamp,
    ) -> Self {
        Self { app, operation, user: Some(user), at }
    }

    pub(crate) fn on_app(operation: &'static str, app: AppId, at: Timestamp) -> Self {
        Self { app, operation, user: None, at }
    }
}

/// Notes what was done, whether it changed anything or not. `after` never holds a secret or a message.
pub(crate) fn note(tx: &mut Tx<'_>, act: Act<'_>, after: &Value) {
    enter(tx, act, String::new(), text(after));
}

/// Notes a change by what is different; nothing, when nothing is. Both states are JSON objects, and never hold
/// a secret or a message.
pub(crate) fn note_change(tx: &mut Tx<'_>, act: Act<'_>, before: Value, after: Value) {
    let (Value::Object(mut before), Value::Object(mut after)) = (before, after) else {
        debug_assert!(false, "a state is an object");
        return;
    };
    before.retain(|key, value| match after.get(key) {
        Some(same) if same == value => {
            after.remove(key);
            false
        }
        _ => true,
    });
    if !before.is_empty() || !after.is_empty() {
        let object = |members: Map<_, _>| text(&Value::Object(members));
        enter(tx, act, object(before), object(after));
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Object(members) if members.is_empty() => String::new(),
        value => value.to_string(),
    }
}

fn enter(tx: &mut Tx<'_>, act: Act<'_>, before: String, after: String) {
    let Some(origin) = tx.origin.clone() else { return };
    let Act { app, operation, user, at } = act;
    tx.noted.push(Noted { app, at, origin, operation, user: user.cloned(), before, after });
}

/// Which entries are looked for.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Filter {
    /// Those that changed this user.
    pub user: Option<UserId>,
    /// Those of this operator, account or job.
    pub actor_name: Option<String>,
    /// Those of which what was done begins so, such as `user.`.
    pub operation: Option<String>,
    /// Those made at this moment or later.
    pub from: Option<Timestamp>,
    /// Those made before this moment.
    pub to: Option<Timestamp>,
}

/// A query for entries; its tail says which.
macro_rules! select_entries {
    ($($tail:expr),+) => {
        concat!(
            "select seq, at, actor, actor_name, address, request_id, operation, user_id,
                    state_before, state_after, hash
             from audit where app = ?1 and ",
            $($tail),+
        )
    };
}

fn read_entry(row: &Row<'_>) -> Result<Entry, StoreError> {
    Ok(Entry {
        seq: row.get(0)?,
        at: row.get(1)?,
        actor: row.get(2)?,
        actor_name: row.get(3)?,
        address: row.get(4)?,
        request_id: row.get(5)?,
        operation: row.get(6)?,
        user: row.get(7)?,
        before: row.get(8)?,
        after: row.get(9)?,
        hash: chain::read_hash(row.get(10)?)?,
    })
}

/// Entries that changed a user, after the one with number `after`, in their order.
pub(crate) async fn about(
    tx: &Tx<'_>,
    app: AppId,
    user: &UserId,
    after: i64,
    limit: i64,
) -> Result<Vec<Entry>, StoreError> {
    let sql = select_entries!("user_id = ?2 and user_id <> '' and seq > ?3 order by seq limit ?4");
    tx.all(sql, params![app, user, after, limit], read_entry).await
}

impl Store {
    /// Entries of an app's chain, or of [`INSTALLATION`], whose numbers lie in `range`; the newest first.
    pub async fn audit(
        &self,
        app: AppId,
        filter: Filter,
        range: Range<i64>,
        limit: i64,
    ) -> Result<Vec<Entry>, StoreError> {
        /// What all these queries have in common: the range, what is not looked up by an index, and the order.
        macro_rules! select_filtered {
            ($by:literal) => {
                select_entries!(
                    $by,
                    "seq >= ?2 and seq < ?3 and at >= ?5 and at < ?6
                       and substr(operation, 1, length(?7)) = ?7
                     order by seq desc limit ?4"
                )
            };
        }
        self.read(async move |tx| {
            let from = filter.from.unwrap_or(Timestamp(0));
            let to = filter.to.unwrap_or(Timestamp::FOREVER);
            let operation = filter.operation.as_deref().unwrap_or_default();
            let Range { start, end } = range;
            let mut values = params![app, start, end, limit, from, to, operation].to_vec();
            match (&filter.user, &filter.actor_name) {
                (None, None) => tx.all(select_filtered!(""), &values, read_entry).await,
                (Some(user), None) => {
                    values.extend(params![user]);
                    let sql = select_filtered!("user_id = ?8 and user_id <> '' and ");
                    tx.all(sql, &values, read_entry).await
                }
                (None, Some(name)) => {
                    values.extend(params![name]);
                    let sql = select_filtered!("actor_name = ?8 and actor_name <> '' and ");
                    tx.all(sql, &values, read_entry).await
                }
                (Some(user), Some(name)) => {
                    values.extend(params![user, name]);
                    let sql =
                        select_filtered!("user_id = ?8 and user_id <> '' and actor_name = ?9 and ");
                    tx.all(sql, &values, read_entry).await
                }
            }
        })
        .await
    }

    /// The number of the first entry of a chain that was made at `moment` or later, as far as the entries' times
    /// rise with their numbers; one past the last when there is none.
    pub async fn audit_seq_at(&self, app: AppId, moment: Timestamp) -> Result<i64, StoreError> {
        self.read(async move |tx| {
            let (mut from, mut to): (i64, i64) = tx
                .one(
                    "select coalesce(min(seq), 1), coalesce(max(seq), 0) + 1 from audit where app = ?1",
                    params![app],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
                .await?;
            while from < to {
                let middle = from + (to - from) / 2;
                let earlier = tx
                    .exists(
                        "select 1 from audit where app = ?1 and seq = ?2 and at < ?3",
                        params![app, middle, moment],
                    )
                    .await?;
                if earlier { from = middle + 1 } else { to = middle }
            }
            Ok(from)
        })
        .await
    }

    /// Entries of a chain after the one with number `after`, in their order.
    pub async fn audit_after(
        &self,
        app: AppId,
        after: i64,
        limit: i64,
    ) -> Result<Vec<Entry>, StoreError> {
        self.read(async move |tx| {
            let sql = select_entries!("seq > ?2 order by seq limit ?3");
            tx.all(sql, params![app, after, limit], read_entry).await
        })
        .await
    }
}
