//! The engine in the process: one thread owns the writing connection and commits in groups; a few
//! read-only connections serve reads on their callers' threads.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use tokio::sync::mpsc;

use super::tx::{On, Tx};
use super::{Shared, Work, run_now, stopped};
use crate::error::StoreError;
use crate::{audit, migrations};

/// Units that one transaction takes at most.
const BATCH: usize = 512;
/// Units that may wait; past that, callers wait to be let in.
const QUEUE: usize = 8192;
/// Statements that each connection keeps prepared.
const STATEMENTS: usize = 256;
/// How long to wait for another process, such as `nuncio app create`, that is writing.
const BUSY: Duration = Duration::from_secs(10);

pub(super) struct Sqlite {
    queue: mpsc::Sender<Box<dyn Work>>,
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
             pragma wal_autocheckpoint = 4000;
             pragma cache_size = -16000;
             pragma temp_store = memory;",
        )?;
        migrations::sqlite(&mut connection)?;
        let (queue, waiting) = mpsc::channel(QUEUE);
        let writer = Writer { connection, shared: shared.clone() };
        std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || writer.work(waiting))
            .map_err(|e| StoreError::Unavailable(e.to_string()))?;
        Ok(Self { queue, readers: Mutex::default(), path: path.to_owned(), shared })
    }

    pub(super) async fn write(&self, unit: Box<dyn Work>) -> Result<(), StoreError> {
        self.shared.metrics.queue_depth.inc();
        self.queue.send(unit).await.map_err(|_| stopped())
    }

    pub(super) fn read<T, F>(&self, unit: &F) -> Result<T, StoreError>
    where
        F: AsyncFn(&mut Tx<'_>) -> Result<T, StoreError>,
    {
        let idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.reader()?,
        };
        let outcome = run_now(unit, &mut Tx::new(On::Sqlite(&connection), &self.shared));
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        outcome
    }

    fn reader(&self) -> Result<Connection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        prepare(&connection)?;
        connection.execute_batch("pragma cache_size = -4000;")?;
        Ok(connection)
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

struct Writer {
    connection: Connection,
    shared: Shared,
}

impl Writer {
    fn work(self, mut waiting: mpsc::Receiver<Box<dyn Work>>) {
        let mut batch = Vec::with_capacity(BATCH);
        while waiting.blocking_recv_many(&mut batch, BATCH) > 0 {
            let count = batch.len();
            self.shared.metrics.queue_depth.dec_by(i64::try_from(count).unwrap_or(i64::MAX));
            self.shared.metrics.batch_size.observe(count as f64);
            self.run(&mut batch);
        }
    }

    fn run(&self, batch: &mut Vec<Box<dyn Work>>) {
        if let Err(error) = self.connection.execute_batch("begin immediate") {
            for unit in batch.drain(..) {
                unit.answer(Err(StoreError::Unavailable(error.to_string())));
            }
            return;
        }
        let mut tx = Tx::new(On::Sqlite(&self.connection), &self.shared);
        for unit in &mut *batch {
            let mark = tx.mark();
            // A savepoint per unit: one that fails takes none of its batch with it.
            let outcome = self.statement("savepoint unit").and_then(|()| {
                if unit.run_now(&mut tx).is_ok() {
                    self.statement("release unit")
                } else {
                    tx.back_to(mark);
                    self.statement("rollback to unit").and_then(|()| self.statement("release unit"))
                }
            });
            if let Err(error) = outcome {
                fatal("a savepoint failed", &error);
            }
        }
        let nudges = std::mem::take(&mut tx.nudges);
        let started = Instant::now();
        let commit = match run_now(&audit::append, &mut tx) {
            Ok(()) => self.commit().map_err(|error| error.to_string()),
            Err(error) => {
                self.roll_back();
                Err(error.to_string())
            }
        };
        self.shared.metrics.commit_seconds.observe(started.elapsed().as_secs_f64());
        match commit {
            Ok(()) => {
                self.shared.tell(nudges, tx.posted);
                for unit in batch.drain(..) {
                    unit.answer(Ok(()));
                }
            }
            Err(error) => {
                for unit in batch.drain(..) {
                    unit.answer(Err(StoreError::Unavailable(error.clone())));
                }
            }
        }
    }

    fn statement(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute([]).map(|_| ())
    }

    fn commit(&self) -> rusqlite::Result<()> {
        let Err(error) = self.statement("commit") else { return Ok(()) };
        if error.sqlite_error_code() != Some(ErrorCode::DiskFull) {
            fatal("a commit failed", &error);
        }
        self.roll_back();
        Err(error)
    }

    fn roll_back(&self) {
        if !self.connection.is_autocommit() {
            self.statement("rollback").unwrap_or_else(|error| fatal("a rollback failed", &error));
        }
    }
}

/// After a failed flush nobody can say what is on disk: only a restart, which reads it, can.
fn fatal(what: &str, error: &rusqlite::Error) -> ! {
    tracing::error!("{what}: {error}; stopping, to recover from what is on disk");
    std::process::abort()
}
