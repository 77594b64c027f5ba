//! The clock of a machine, as one process sees it: a test can move it while the process runs. By libfaketime, so that
//! everything in the process is deceived, whatever it asks; spans of time are left alone, as they are by a clock that
//! is set.

use std::path::{Path, PathBuf};

/// A clock that can be moved.
#[derive(Debug)]
pub struct Clock(PathBuf);

impl Clock {
    /// A clock that is right, kept in `file`.
    #[must_use]
    pub fn new(file: PathBuf) -> Self {
        let clock = Self(file);
        clock.set(0);
        clock
    }

    /// Sets it so many seconds before (less than nothing) or after the right time. A process that goes by it sees that
    /// within a second.
    pub fn set(&self, seconds: i64) {
        // A reader sees the former text or this one, but never half of it.
        let next = self.0.with_extension("next");
        std::fs::write(&next, format!("{seconds:+}\n")).unwrap();
        std::fs::rename(next, &self.0).unwrap();
    }

    /// What a process goes by it with. Panics, with a sentence, where libfaketime is not installed.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let library = library();
        let values = [
            ("LD_PRELOAD", library.display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", self.0.display().to_string()),
            ("FAKETIME_CACHE_DURATION", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ];
        values.map(|(name, value)| (name.to_owned(), value)).into()
    }
}

/// Removes what libfaketime has shared with other processes of one that is to be killed.
pub(crate) fn clean_up(process: u32) {
    for name in [format!("faketime_shm_{process}"), format!("sem.faketime_sem_{process}")] {
        let _ = std::fs::remove_file(Path::new("/dev/shm").join(name));
    }
}

fn library() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let found = folders
        .map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"))
        .find(|library| library.exists());
    found.expect("this test needs libfaketime: install Debian's package `libfaketime`")
}
