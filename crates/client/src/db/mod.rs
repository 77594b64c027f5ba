//! The local database: SQLite on a thread of its own, in a file or in memory.
//!
//! [`Db::run`] carries a closure to the thread; a closure that changes anything is one transaction.
//! [`apply`] holds what the inbox does to the tables, [`read`] what the app may ask, [`people`] profiles,
//! friends and user information, [`schema`] the tables.
//!
//! Everything here can be had again from the server except messages that were not yet accepted, so the
//! file is written with `synchronous = normal`: a crash of the app loses nothing; a power cut may lose the
//! last moments, and they are read from the server again.

pub(crate) mod apply;
pub(crate) mod people;
pub(crate) mod read;
mod schema;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use nuncio_protocol::frames::{ProtobufMessage as _, SendMessage};
use rusqlite::{Connection, OptionalExtension as _, params};
use tokio::sync::{mpsc, oneshot};

/// The local database could not do it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The file belongs to a later version of the client.
    #[error("written by a newer version (schema {found}, this one knows {known}): update the app")]
    Newer {
        /// The file's version.
        found: i64,
        /// The latest version that this client knows.
        known: usize,
    },
    /// The file holds the data of somebody else.
    #[error("belongs to `{found}`, not to `{wanted}`: use one file for each app and user")]
    SomebodyElses {
        /// App Key and user id, as the file says.
        found: String,
        /// App Key and user id of the login.
        wanted: String,
    },
    /// Another client has the file open.
    #[error("another client has the file open")]
    InUse,
    /// SQLite refused or failed.
    #[error("{0}")]
    Sqlite(Arc<rusqlite::Error>),
    /// A row cannot be read.
    #[error("unreadable row: {0}")]
    Corrupt(String),
    /// The database's thread has ended.
    #[error("closed")]
    Closed,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
                Self::InUse
            }
            _ => Self::Sqlite(Arc::new(error)),
        }
    }
}

/// How much the local database keeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keep {
    /// Messages of each channel.
    pub(crate) messages: u32,
    /// Channels, and likewise users of each kind of record.
    pub(crate) rows: u32,
}

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

#[derive(Clone, Debug)]
pub(crate) struct Db(mpsc::Sender<Job>);

impl Db {
    /// Opens the database and brings it to this version.
    pub(crate) async fn open(path: Option<PathBuf>) -> Result<Self, StoreError> {
        let (jobs, mut inbox) = mpsc::channel::<Job>(64);
        let (opened, result) = oneshot::channel();
        let thread = move || {
            let mut db = match connect(path) {
                Ok(db) => db,
                Err(error) => {
                    let _ = opened.send(Err(error));
                    return;
                }
            };
            if opened.send(Ok(())).is_err() {
                return;
            }
            while let Some(job) = inbox.blocking_recv() {
                job(&mut db);
            }
        };
        std::thread::Builder::new()
            .name("nuncio-local-db".into())
            .spawn(thread)
            .map_err(|_| StoreError::Closed)?;
        result.await.map_err(|_| StoreError::Closed)??;
        Ok(Self(jobs))
    }

    /// Runs `work` on the database's thread.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (done, result) = oneshot::channel();
        let job = Box::new(move |db: &mut Connection| {
            let _ = done.send(work(db));
        });
        self.0.send(job).await.map_err(|_| StoreError::Closed)?;
        result.await.map_err(|_| StoreError::Closed)?
    }
}

pub(crate) fn connect(path: Option<PathBuf>) -> Result<Connection, StoreError> {
    let mut db = match path {
        Some(path) => Connection::open(path)?,
        None => Connection::open_in_memory()?,
    };
    db.busy_timeout(Duration::from_millis(500))?;
    // Two clients on one file would both advance the one cursor.
    db.pragma_update(None, "locking_mode", "exclusive")?;
    db.pragma_update(None, "journal_mode", "wal")?;
    db.pragma_update(None, "synchronous", "normal")?;
    db.pragma_update(None, "cache_size", -512)?;
    db.set_prepared_statement_cache_capacity(48);
    schema::migrate(&mut db)?;
    Ok(db)
}

pub(crate) fn meta(db: &Connection, key: &str) -> Result<Option<String>, StoreError> {
    let value = db
        .prepare_cached("select value from meta where key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?;
    Ok(value)
}

pub(crate) fn set_meta(db: &Connection, key: &str, value: &str) -> Result<(), StoreError> {
    db.prepare_cached(
        "insert into meta (key, value) values (?1, ?2)
         on conflict (key) do update set value = excluded.value",
    )?
    .execute([key, value])?;
    Ok(())
}

/// The last inbox entry that has been applied; 0 for none.
pub(crate) fn cursor(db: &Connection) -> Result<u64, StoreError> {
    match meta(db, "cursor")? {
        Some(text) => text.parse().map_err(|_| StoreError::Corrupt("cursor".into())),
        None => Ok(0),
    }
}

pub(crate) fn set_cursor(db: &Connection, cursor: u64) -> Result<(), StoreError> {
    set_meta(db, "cursor", &cursor.to_string())
}

/// Notes whose data this is at the first login, checks it at each later one, and returns the cursor.
pub(crate) fn bind(db: &mut Connection, app_key: &str, user: &str) -> Result<u64, StoreError> {
    let wanted = format!("{app_key}/{user}");
    match meta(db, "owner")? {
        Some(found) if found != wanted => return Err(StoreError::SomebodyElses { found, wanted }),
        Some(_) => {}
        None => set_meta(db, "owner", &wanted)?,
    }
    cursor(db)
}

/// Keeps a message before the first try to send it; returns its place in the order of sending.
pub(crate) fn queue_send(db: &mut Connection, message: &SendMessage) -> Result<i64, StoreError> {
    db.prepare_cached("insert into pending_sends (client_message_id, body) values (?1, ?2)")?
        .execute(params![message.client_message_id, message.encode_to_vec()])?;
    Ok(db.last_insert_rowid())
}

/// Forgets a message that has an outcome or is not to be sent any more; whether it was there.
pub(crate) fn drop_send(db: &Connection, client_message_id: &str) -> Result<bool, StoreError> {
    let gone = db
        .prepare_cached("delete from pending_sends where client_message_id = ?1")?
        .execute([client_message_id])?;
    Ok(gone > 0)
}

/// Messages without an outcome, in the order of sending.
pub(crate) fn pending_sends(db: &mut Connection) -> Result<Vec<(i64, SendMessage)>, StoreError> {
    let mut statement = db.prepare("select place, body from pending_sends order by place")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?)))?;
    let mut sends = Vec::new();
    for row in rows {
        let (place, body) = row?;
        let message = SendMessage::decode(body.as_slice())
            .map_err(|e| StoreError::Corrupt(format!("pending send: {e}")))?;
        sends.push((place, message));
    }
    Ok(sends)
}
