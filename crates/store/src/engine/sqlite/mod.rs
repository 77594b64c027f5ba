//! The engine in the process: one thread owns the writing connection and commits in groups; a few
//! read-only connections serve reads on their callers' threads.
//!
//! Messages take a way of their own. [`appending`] decides on those of a transaction and writes them as one
//! row; [`tail`] holds in memory what that row says; [`filing`] moves it into the tables, later and for many
//! messages at once, or as soon as anything but an append is about one of its users ([`local`]). [`queue`] is
//! what waits for the [`writer`], and [`checkpoint`] keeps its log short.

mod appending;
mod checkpoint;
mod filing;
mod local;
mod queue;
mod rules;
mod tail;
mod writer;

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nuncio_protocol::ids::MessageIds;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::staging::{Append, Key};
use super::tx::{On, Tx};
use super::{Shared, Work, at_once};
use crate::error::StoreError;
use crate::migrations;
pub(super) use local::{Local, Wants};
use queue::Queue;
use tail::Tail;
use writer::Writer;

/// Statements that each connection keeps prepared.
const STATEMENTS: usize = 256;
/// How long to wait for another process, such as `nuncio app create`, that is writing.
const BUSY: Duration = Duration::from_secs(10);

pub(super) struct Sqlite {
    queue: Arc<Queue>,
    tail: Arc<Tail>,
    readers: Mutex<Vec<Connection>>,
    path: std::path::PathBuf,
    shared: Shared,
}

impl Sqlite {
    pub(super) fn open(path: &Path, shared: Shared) -> Result<Self, StoreError> {
        let mut connection = Connection::open(path)?;
        prepare(&connection)?;
        connection.execute_batch(
            "pragma journal_mode = wal;
             pragma synchronous = full;
             pragma cache_size = -16000;
             pragma temp_store = memory;",
        )?;
        migrations::sqlite(&mut connection)?;
        checkpoint::beside(&mut connection, path)?;
        let (queue, tail) = (Arc::new(Queue::new(shared.metrics.clone())), Arc::new(Tail::new()));
        let writer = Writer::new(connection, Arc::clone(&tail), shared.clone());
        let waiting = Arc::clone(&queue);
        std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || writer.work(&waiting))
            .map_err(|e| StoreError::Unavailable(e.to_string()))?;
        Ok(Self { queue, tail, readers: Mutex::default(), path: path.to_owned(), shared })
    }

    pub(super) fn ids(&self) -> &Mutex<MessageIds> {
        &self.shared.ids
    }

    pub(super) async fn write(
        &self,
        locks: Vec<Key>,
        unit: Box<dyn Work>,
    ) -> Result<(), StoreError> {
        self.queue.push((locks, unit)).await
    }

    pub(super) fn append(&self, append: Append) -> Result<(), StoreError> {
        self.queue.push_append(append)
    }

    /// Runs a unit that changes nothing. Where it wants users filed first, its outcome counts for nothing;
    /// `settled` are those who have been filed for it.
    pub(super) fn read<T, F>(
        &self,
        unit: &F,
        settled: &HashSet<Key>,
    ) -> (Result<T, StoreError>, Wants)
    where
        F: AsyncFn(&mut Tx<'_>) -> Result<T, StoreError>,
    {
        let idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle.map_or_else(|| self.reader(), Ok) {
            Ok(connection) => connection,
            Err(error) => return (Err(error), Wants::default()),
        };
        let local = Local::of_reader(&connection, &self.tail, settled);
        let mut tx = Tx::new(On::Sqlite(local), &self.shared);
        let outcome = at_once(unit(&mut tx));
        let wants = tx.take_wants();
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        (outcome, wants)
    }

    fn reader(&self) -> Result<Connection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        prepare(&connection)?;
        connection.execute_batch("pragma cache_size = -4000;")?;
        Ok(connection)
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.queue.close();
    }
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Plans shall not depend on bound values: else SQLite compiles a statement anew for each value that
    // it compares with a partial index's condition, which costs more than running it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}
