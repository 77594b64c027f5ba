//! Moving what the write-ahead log holds into the database file, beside the writer and not on its time.
//!
//! SQLite would do it within the commit that makes the log too long, and everything that waits for the writer would
//! wait for thousands of pages. Here a thread of its own copies them while the writer goes on. What is written in
//! the meantime is left over, so that the log would never come to its end; the writer copies that little rest
//! itself, and with its next transaction begins the log anew.

use std::ffi::c_int;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use rusqlite::Connection;
use rusqlite::hooks::Wal;

use crate::error::StoreError;

/// Pages from which on the log is copied.
const LONG: c_int = 4000;
/// Pages that may be left for the writer.
const REST: i64 = 256;
/// How often to copy what came while copying, until so little is left.
const PASSES: usize = 4;

/// Copies the log of `writer`, whose database is at `path`, for as long as that connection is open.
pub(super) fn beside(writer: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let connection = Connection::open(path)?;
    super::prepare(&connection)?;
    let copied = Arc::new(AtomicBool::new(false));
    let (wake, woken) = mpsc::sync_channel(1);
    let tell = Arc::clone(&copied);
    std::thread::Builder::new()
        .name("checkpoint".to_owned())
        .spawn(move || {
            while woken.recv().is_ok() {
                if let Err(error) = copy(&connection) {
                    tracing::warn!("the write-ahead log cannot be copied for now: {error}");
                }
                tell.store(true, Ordering::Release);
            }
        })
        .map_err(|e| StoreError::Unavailable(e.to_string()))?;
    let (mut copying, mut next) = (false, LONG);
    let after_commit = move |log: &mut Wal, pages: c_int| {
        if copying {
            if copied.swap(false, Ordering::Acquire) {
                copying = false;
                // Where a reader holds on to the log, it grows, and is tried again later.
                next = pages.saturating_add(LONG);
                // The commit stands whatever becomes of this.
                if let Err(error) = log.checkpoint() {
                    tracing::debug!("the rest of the write-ahead log stays for now: {error}");
                }
            }
            return Ok(());
        }
        if pages < LONG {
            next = LONG;
        }
        if pages >= next {
            copying = wake.try_send(()).is_ok();
        }
        Ok(())
    };
    writer.wal_hook(Some(after_commit))?;
    Ok(())
}

fn copy(connection: &Connection) -> rusqlite::Result<()> {
    for _ in 0..PASSES {
        let left: i64 = connection
            .prepare_cached("pragma wal_checkpoint(passive)")?
            .query_row([], |row| Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?))?;
        if left <= REST {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_begins_anew_while_the_writer_never_rests() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.db");
        let mut writer = Connection::open(&path).unwrap();
        writer.execute_batch("pragma journal_mode = wal; create table t (a)").unwrap();
        beside(&mut writer, &path).unwrap();
        let pages = 20 * LONG;
        let page = vec![7_u8; 4000];
        for _ in 0..pages {
            writer.execute("insert into t values (?1)", [&page]).unwrap();
        }
        let size = std::fs::metadata(path.with_extension("db-wal")).unwrap().len();
        let written = u64::try_from(pages).unwrap() * 4096;
        assert!(size < written / 4, "{size} bytes of log for {written} bytes written");
        let count: c_int =
            writer.query_row("select count(*) from t", [], |row| row.get(0)).unwrap();
        assert_eq!(count, pages);
    }
}
