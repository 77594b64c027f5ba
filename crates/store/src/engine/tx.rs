//! What a unit of work sees: statements with `?1` parameters, rows, and the inbox entries it adds.

use std::sync::{Arc, PoisonError};

use nuncio_protocol::ids::{AppId, MessageId};
use nuncio_protocol::{GroupId, Origin, Os, Timestamp, UserId};
use rusqlite::types::{ToSqlOutput, ValueRef};
use tokio_postgres::types::{IsNull, Type, to_sql_checked};

use super::{Nudge, Shared};
use crate::audit::Noted;
use crate::engine::postgres::Link;
use crate::engine::sqlite::{Local, Wants};
use crate::error::StoreError;
use crate::groups::GroupOptions;

/// An open transaction, or a read.
pub(crate) struct Tx<'a> {
    pub(super) on: On<'a>,
    pub(super) shared: &'a Shared,
    pub(super) nudges: Vec<Nudge>,
    /// Who makes the changes of the unit that runs, when that is to be kept.
    pub(crate) origin: Option<Arc<Origin>>,
    /// What the unit's changes are made with.
    pub(crate) os: Os,
    /// Whether a unit has put something into the outbox.
    pub(crate) posted: bool,
    /// What of the batch goes to the audit trail at its end.
    pub(crate) noted: Vec<Noted>,
}

/// A place among what units leave behind.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    nudges: usize,
    noted: usize,
}

pub(super) enum On<'a> {
    Sqlite(Local<'a>),
    Postgres(&'a Link),
}

/// A parameter. Booleans travel as 0 and 1.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    Null,
    Int(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

/// Makes a slice of [`Value`]s from anything that converts to one.
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::engine::Value::from($value)),*] };
}
pub(crate) use params;

/// Likewise an array: a row of an [`super::Insertion`].
macro_rules! row {
    ($($value:expr),* $(,)?) => { [$($crate::engine::Value::from($value)),*] };
}
pub(crate) use row;

impl<'a> Tx<'a> {
    pub(super) fn new(on: On<'a>, shared: &'a Shared) -> Self {
        Self {
            on,
            shared,
            nudges: Vec::new(),
            origin: None,
            os: Os::Server,
            posted: false,
            noted: Vec::new(),
        }
    }

    /// Runs a statement; returns how many rows it changed.
    pub(crate) async fn execute(
        &self,
        sql: &'static str,
        params: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        match &self.on {
            On::Sqlite(local) => {
                let mut statement = local.connection.prepare_cached(sql)?;
                local.before_write()?;
                Ok(statement.execute(rusqlite::params_from_iter(params))? as u64)
            }
            On::Postgres(link) => link.execute(sql, params).await,
        }
    }

    /// All rows of a query.
    pub(crate) async fn all<T>(
        &self,
        sql: &'static str,
        params: &[Value<'_>],
        read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        match &self.on {
            On::Sqlite(local) => {
                let mut statement = local.connection.prepare_cached(sql)?;
                if !statement.readonly() {
                    local.before_write()?;
                }
                let mut rows = statement.query(rusqlite::params_from_iter(params))?;
                let mut all = Vec::new();
                while let Some(row) = rows.next()? {
                    all.push(read(&Row::Sqlite(row))?);
                }
                Ok(all)
            }
            On::Postgres(link) => {
                let rows = link.query(sql, params).await?;
                rows.iter().map(|row| read(&Row::Postgres(row))).collect()
            }
        }
    }

    /// The first row of a query, if there is one.
    pub(crate) async fn opt<T>(
        &self,
        sql: &'static str,
        params: &[Value<'_>],
        read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        match &self.on {
            On::Sqlite(local) => {
                let mut statement = local.connection.prepare_cached(sql)?;
                if !statement.readonly() {
                    local.before_write()?;
                }
                let mut rows = statement.query(rusqlite::params_from_iter(params))?;
                let first = rows.next()?.map(|row| read(&Row::Sqlite(row))).transpose()?;
                // `insert ... returning` does its work row by row: see it through.
                while rows.next()?.is_some() {}
                Ok(first)
            }
            On::Postgres(link) => {
                let rows = link.query(sql, params).await?;
                rows.first().map(|row| read(&Row::Postgres(row))).transpose()
            }
        }
    }

    /// The one row that a query must have.
    pub(crate) async fn one<T>(
        &self,
        sql: &'static str,
        params: &[Value<'_>],
        read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.opt(sql, params, read)
            .await?
            .ok_or_else(|| StoreError::Database(format!("no row from: {sql}")))
    }

    /// The number that a counting query gives.
    pub(crate) async fn count(
        &self,
        sql: &'static str,
        params: &[Value<'_>],
    ) -> Result<usize, StoreError> {
        let count: i64 = self.one(sql, params, |row| row.get(0)).await?;
        usize::try_from(count).map_err(|e| StoreError::corrupt("count", e))
    }

    /// Whether a query has a row.
    pub(crate) async fn exists(
        &self,
        sql: &'static str,
        params: &[Value<'_>],
    ) -> Result<bool, StoreError> {
        Ok(self.opt(sql, params, |_| Ok(())).await?.is_some())
    }

    /// The time that leases are counted by: the database server's own, or `now` where the database is a file.
    pub(crate) async fn clock(&self, now: Timestamp) -> Result<Timestamp, StoreError> {
        match &self.on {
            On::Sqlite(_) => Ok(now),
            On::Postgres(_) => {
                self.one(
                    "select (extract(epoch from clock_timestamp()) * 1000)::bigint",
                    &[],
                    |row| row.get(0),
                )
                .await
            }
        }
    }

    /// A new message id, later than `after`.
    pub(crate) fn message_id(&self, now: Timestamp, after: MessageId) -> MessageId {
        self.shared.ids.lock().unwrap_or_else(PoisonError::into_inner).next(now, after)
    }

    /// How large groups may be, and how they are kept.
    pub(crate) fn groups(&self) -> GroupOptions {
        self.shared.groups
    }

    /// How much the units so far have left to be done at the batch's end.
    pub(super) fn mark(&self) -> Mark {
        Mark { nudges: self.nudges.len(), noted: self.noted.len() }
    }

    /// Forgets what was left since `mark`, by a unit that failed.
    pub(super) fn back_to(&mut self, mark: Mark) {
        self.nudges.truncate(mark.nudges);
        self.noted.truncate(mark.noted);
    }

    /// Says that the unit looks at the inbox, channels or messages of these users, or changes them: whatever the
    /// tail holds of them must be filed. Where it is not, the error has the engine file it and run the unit
    /// again.
    pub(crate) fn filed(&self, app: AppId, users: &[&UserId]) -> Result<(), StoreError> {
        match &self.on {
            On::Sqlite(local) => local.filed(app, users),
            On::Postgres(_) => Ok(()),
        }
    }

    /// Like [`Tx::filed`], for all that was sent before `end`.
    pub(crate) fn filed_before(&self, end: MessageId) -> Result<(), StoreError> {
        match &self.on {
            On::Sqlite(local) => local.filed_before(end),
            On::Postgres(_) => Ok(()),
        }
    }

    /// Like [`Tx::filed`], for everybody.
    pub(crate) fn all_filed(&self) -> Result<(), StoreError> {
        self.filed_before(MessageId(i64::MAX))
    }

    /// How far a user's inbox reaches in the tail, if it reaches into it. Ask before the user's row is read:
    /// what is filed in between is in the row.
    pub(crate) fn unfiled_head(
        &self,
        app: AppId,
        user: &UserId,
    ) -> Result<Option<u64>, StoreError> {
        match &self.on {
            On::Sqlite(local) => local.unfiled_head(app, user),
            On::Postgres(_) => Ok(None),
        }
    }

    /// Whose rows the unit that ran could not go on without, as it said by [`Tx::filed`].
    pub(super) fn take_wants(&mut self) -> Wants {
        match &mut self.on {
            On::Sqlite(local) => local.take_wants(),
            On::Postgres(_) => Wants::default(),
        }
    }

    /// Remembers an inbox entry, to be told after the commit.
    pub(crate) fn nudge(&mut self, nudge: Nudge) {
        self.nudges.push(nudge);
    }
}

/// A row of a result.
pub(crate) enum Row<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a tokio_postgres::Row),
}

impl Row<'_> {
    /// The value of a column, counted from 0.
    pub(crate) fn get<T: Column>(&self, index: usize) -> Result<T, StoreError> {
        T::read(self, index)
    }

    /// The number of one of the protocol's enums; 0 for what is none of any.
    pub(crate) fn enum_number(&self, index: usize) -> Result<i32, StoreError> {
        Ok(i32::try_from(self.get::<i64>(index)?).unwrap_or_default())
    }

    /// The text of a column, as it lies there.
    pub(crate) fn text(&self, index: usize) -> Result<&str, StoreError> {
        let text = match self {
            Self::Sqlite(row) => row.get_ref(index).ok().and_then(|v| v.as_str().ok()),
            Self::Postgres(row) => row.try_get(index).ok(),
        };
        text.ok_or_else(|| unreadable(index, "is not text"))
    }

    /// The bytes of a column, as they lie there.
    pub(crate) fn bytes(&self, index: usize) -> Result<&[u8], StoreError> {
        let bytes = match self {
            Self::Sqlite(row) => row.get_ref(index).ok().and_then(|v| v.as_blob().ok()),
            Self::Postgres(row) => row.try_get(index).ok(),
        };
        bytes.ok_or_else(|| unreadable(index, "is not bytes"))
    }
}

/// A type that a column can be read as.
pub(crate) trait Column: Sized {
    fn read(row: &Row<'_>, index: usize) -> Result<Self, StoreError>;
}

fn unreadable(index: usize, error: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(format!("column {index}: {error}"))
}

macro_rules! plain_column {
    ($($type:ty),*) => { $(
        impl Column for $type {
            fn read(row: &Row<'_>, index: usize) -> Result<Self, StoreError> {
                match row {
                    Row::Sqlite(row) => row.get(index).map_err(|e| unreadable(index, e)),
                    Row::Postgres(row) => row.try_get(index).map_err(|e| unreadable(index, e)),
                }
            }
        }
    )* };
}
plain_column!(i64, Option<i64>, String, Option<String>, Vec<u8>, Option<Vec<u8>>);

impl Column for bool {
    fn read(row: &Row<'_>, index: usize) -> Result<Self, StoreError> {
        match row {
            Row::Postgres(row)
                if row.columns().get(index).is_some_and(|c| *c.type_() == Type::BOOL) =>
            {
                row.try_get(index).map_err(|e| unreadable(index, e))
            }
            _ => Ok(i64::read(row, index)? != 0),
        }
    }
}

impl Column for UserId {
    fn read(row: &Row<'_>, index: usize) -> Result<Self, StoreError> {
        Self::try_from(row.text(index)?).map_err(|e| unreadable(index, e))
    }
}

impl Column for GroupId {
    fn read(row: &Row<'_>, index: usize) -> Result<Self, StoreError> {
        Self::try_from(row.get::<String>(index)?).map_err(|e| unreadable(index, e))
    }
}

impl Column for Option<UserId> {
    fn read(row: &Row<'_>, index: usize) -> Result<Self, StoreError> {
        let text: Option<String> = row.get(index)?;
        text.map(|text| UserId::try_from(text).map_err(|e| unreadable(index, e))).transpose()
    }
}

impl Column for Timestamp {
    fn read(row: &Row<'_>, index: usize) -> Result<Self, StoreError> {
        row.get(index).map(Self)
    }
}

impl Column for MessageId {
    fn read(row: &Row<'_>, index: usize) -> Result<Self, StoreError> {
        row.get(index).map(Self)
    }
}

impl Column for AppId {
    fn read(row: &Row<'_>, index: usize) -> Result<Self, StoreError> {
        row.get(index).map(Self)
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Int(value.into())
    }
}

impl From<AppId> for Value<'_> {
    fn from(value: AppId) -> Self {
        Self::Int(value.0)
    }
}

impl From<MessageId> for Value<'_> {
    fn from(value: MessageId) -> Self {
        Self::Int(value.0)
    }
}

impl From<Timestamp> for Value<'_> {
    fn from(value: Timestamp) -> Self {
        Self::Int(value.0)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a UserId> for Value<'a> {
    fn from(value: &'a UserId) -> Self {
        Self::Text(value.as_str())
    }
}

impl<'a> From<&'a GroupId> for Value<'a> {
    fn from(value: &'a GroupId) -> Self {
        Self::Text(value.as_str())
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(value)
    }
}

impl<'a, T> From<Option<T>> for Value<'a>
where
    Value<'a>: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::from)
    }
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Bytes(value) => ValueRef::Blob(value),
        }))
    }
}

impl tokio_postgres::types::ToSql for Value<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut tokio_postgres::types::private::BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) => value.to_sql(ty, out),
            Self::Text(value) => value.to_sql(ty, out),
            Self::Bytes(value) => value.to_sql(ty, out),
        }
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::INT8 | Type::TEXT | Type::VARCHAR | Type::BYTEA)
    }

    to_sql_checked!();
}

impl std::fmt::Debug for Tx<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tx")
    }
}
