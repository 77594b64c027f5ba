//! Exports of one user's data: everything that is held, read in pages and written into a ZIP file as it is read.
//!
//! The file is kept in pieces, so that neither a user with a million messages nor the file takes memory. What a worker
//! has not written down yet is known to it alone: another one begins anew, and writes over what was there.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nuncio_protocol::ids::AppId;
use nuncio_protocol::{Origin, Refusal, Timestamp, UserId};
use nuncio_store::exports::{After, Section};
use nuncio_store::jobs::{Job, Kind, Part, State, Step};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::Notify;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

use crate::{Core, Error};

/// Bytes of one piece of a file.
const PIECE_BYTES: usize = 256 * 1024;
/// Bytes of a file.
pub const FILE_BYTES: i64 = 512 * 1024 * 1024;
/// Rows that are read at once; of those with contents fewer.
const PAGE: i64 = 500;
const PAGE_OF_CONTENTS: i64 = 100;
/// How often it is written down how far an export is, at least.
const STEP: Duration = Duration::from_secs(5);
/// Pieces that are read at once.
const READ: i64 = 4;
/// How long an export is kept.
pub const KEPT_MS: i64 = 24 * 60 * 60 * 1000;

/// Where an export stands.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// Rows that were written.
    pub rows: i64,
    /// Bytes of the file.
    pub bytes: i64,
    /// What is written now; empty at the beginning and the end.
    pub section: String,
    /// Why it could not go on.
    pub problem: Option<String>,
    /// Pieces of the file.
    pieces: i64,
}

impl Progress {
    /// What a job's row says.
    pub fn of(job: &Job) -> Result<Self, Error> {
        serde_json::from_str(&job.progress)
            .map_err(|error| Error::Internal(format!("an export's progress: {error}")))
    }

    fn step(&self, state: State) -> Step {
        let progress = serde_json::to_string(self).unwrap_or_default();
        Step { state, progress, parts: Vec::new() }
    }
}

/// What of the file is not written down yet.
#[derive(Clone, Default)]
struct Pending(Arc<Mutex<Vec<u8>>>);

impl Pending {
    fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Takes the first piece away, or with `all` whatever there is.
    fn take(&self, all: bool) -> Option<Vec<u8>> {
        let mut bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if bytes.is_empty() || (!all && bytes.len() < PIECE_BYTES) {
            return None;
        }
        let size = bytes.len().min(PIECE_BYTES);
        let rest = bytes.split_off(size);
        Some(std::mem::replace(&mut *bytes, rest))
    }
}

impl Write for Pending {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The file that is written.
struct Archive {
    zip: ZipWriter<StreamWriter<Pending>>,
    pending: Pending,
}

fn broken(error: impl std::fmt::Display) -> Error {
    Error::Internal(format!("an export could not be written: {error}"))
}

impl Archive {
    fn new() -> Self {
        let pending = Pending::default();
        Self { zip: ZipWriter::new_stream(pending.clone()), pending }
    }

    /// Begins a file in it. It may be of any size.
    fn begin(&mut self, name: &str) -> Result<(), Error> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .large_file(true);
        self.zip.start_file(format!("{name}.json"), options).map_err(broken)
    }

    fn write(&mut self, text: &str) -> Result<(), Error> {
        self.zip.write_all(text.as_bytes()).map_err(broken)
    }

    /// A file with one value.
    fn one(&mut self, name: &str, value: &Value) -> Result<(), Error> {
        self.begin(name)?;
        self.write(&format!("{value:#}\n"))
    }
}

/// A worker's work on one export.
struct Work<'a> {
    core: &'a Core,
    job: &'a Job,
    lease: &'a str,
    user: UserId,
    archive: Archive,
    progress: Progress,
    stepped: Instant,
}

impl Core {
    /// Begins an export of all that is held about a user.
    pub async fn add_export(
        &self,
        app: AppId,
        user: &UserId,
        origin: Origin,
    ) -> Result<Job, Error> {
        let job = Job {
            app,
            id: format!("{:016x}", rand::random::<u64>()),
            kind: Kind::Export,
            about: user.as_str().to_owned(),
            state: State::Running,
            progress: Progress::default().step(State::Running).progress,
            origin,
            created_at: self.now(),
            finished_at: Timestamp(0),
        };
        self.store.add_job(job.clone()).await?;
        self.parts.exports.notify_one();
        Ok(job)
    }

    /// An app's newest exports; those of a user, or all.
    pub async fn exports(&self, app: AppId, user: Option<&UserId>) -> Result<Vec<Job>, Error> {
        let mut jobs = self.store.jobs(app, Kind::Export).await?;
        jobs.retain(|job| user.is_none_or(|user| user.as_str() == job.about));
        Ok(jobs)
    }

    /// An export.
    pub async fn export(&self, app: AppId, id: &str) -> Result<Job, Error> {
        Ok(self.store.job(app, Kind::Export, id.to_owned()).await?)
    }

    /// Ends an export, and deletes what there is of it.
    pub async fn remove_export(&self, app: AppId, id: &str) -> Result<(), Error> {
        Ok(self.store.remove_export(app, id.to_owned(), self.now()).await?)
    }

    /// An export that is done, to be read by [`Core::export_pieces`]. Who takes it away is written down.
    pub async fn take_export(&self, app: AppId, id: &str) -> Result<Job, Error> {
        Ok(self.store.take_export(app, id.to_owned(), self.now()).await?)
    }

    /// Pieces of an export's file from number `from` on; none behind the last one. Fails when it is gone.
    pub async fn export_pieces(&self, job: &Job, from: i64) -> Result<Vec<Vec<u8>>, Error> {
        let limit = READ.min(Progress::of(job)?.pieces - from);
        if limit <= 0 {
            return Ok(Vec::new());
        }
        let id = job.id.clone();
        let pieces = self.store.job_parts(job.app, id, Part::Done, from, limit).await?;
        if i64::try_from(pieces.len()).unwrap_or(0) < limit {
            return Err(Refusal::NotNow("there is no such job any more".to_owned()).into());
        }
        Ok(pieces)
    }

    /// Rings when there is something for [`Core::run_exports`] to do.
    #[must_use]
    pub fn exports_nudge(&self) -> Arc<Notify> {
        Arc::clone(&self.parts.exports)
    }

    /// Works on exports until none waits, and lets go of old ones. `stopping` tells when to stop between two
    /// pages.
    pub async fn run_exports(&self, stopping: impl Fn() -> bool) -> Result<(), Error> {
        let lease = format!("{:016x}", rand::random::<u64>());
        while !stopping() {
            let claimed = self.store.claim_job(Kind::Export, lease.clone(), self.now()).await?;
            let Some(job) = claimed else { break };
            match self.go_on_exporting(&job, &lease, &stopping).await {
                // The claim is lost, the export or its app was deleted.
                Ok(()) | Err(Error::Refused(Refusal::NotNow(_) | Refusal::AppNotFound)) => {}
                Err(error) => return Err(error),
            }
        }
        while self.store.prune_jobs(Kind::Export, self.now().plus_ms(-KEPT_MS)).await? > 0 {}
        Ok(())
    }

    async fn go_on_exporting(
        &self,
        job: &Job,
        lease: &str,
        stopping: &impl Fn() -> bool,
    ) -> Result<(), Error> {
        let user = UserId::try_from(job.about.as_str()).map_err(broken)?;
        let mut work = Work {
            core: self,
            job,
            lease,
            user,
            archive: Archive::new(),
            progress: Progress::default(),
            stepped: Instant::now(),
        };
        match work.go_on(stopping).await {
            Err(Error::Refused(
                refusal @ (Refusal::NotRegistered(_) | Refusal::BadParameter(_)),
            )) => {
                let failed = Progress { problem: Some(refusal.to_string()), ..work.progress };
                let step = failed.step(State::Failed);
                Ok(self.store.step_job(job, lease.to_owned(), step, self.now()).await?)
            }
            done => done,
        }
    }
}

impl Work<'_> {
    async fn go_on(&mut self, stopping: &impl Fn() -> bool) -> Result<(), Error> {
        let (core, app) = (self.core, self.job.app);
        let record = core.store.export_user(app, self.user.clone()).await?;
        let key = core.store.app_by_id(app).await?.key;
        let began = core.now().0;
        self.archive.one("user", &record)?;
        let devices = core.devices(app, &self.user).await?;
        let devices: Vec<_> = devices.iter().map(device).collect();
        self.archive.one("devices", &Value::Array(devices))?;
        let mut counts = serde_json::Map::new();
        for section in Section::ALL {
            let Some(count) = self.section(section, stopping).await? else { return Ok(()) };
            counts.insert(section.name().to_owned(), count.into());
        }
        // Last, and so with what was counted; who has this file has them all.
        let about = json!({
            "format": 1, "appKey": key.as_str(), "userId": self.user.as_str(),
            "from": began, "to": core.now().0, "rows": counts,
        });
        self.archive.one("export", &about)?;
        let Archive { zip, pending } = std::mem::replace(&mut self.archive, Archive::new());
        zip.finish().map_err(broken)?;
        self.archive.pending = pending;
        self.progress.section.clear();
        self.write_down(State::Done).await
    }

    /// Writes one section; how many rows it has. `None`: the server stops, and another worker begins anew.
    async fn section(
        &mut self,
        section: Section,
        stopping: &impl Fn() -> bool,
    ) -> Result<Option<i64>, Error> {
        section.name().clone_into(&mut self.progress.section);
        self.archive.begin(section.name())?;
        let mut count = 0;
        let mut next = Some(After::default());
        let limit = match section {
            Section::Messages | Section::WebhookDeliveries | Section::Audit => PAGE_OF_CONTENTS,
            _ => PAGE,
        };
        while let Some(after) = next {
            if stopping() {
                return Ok(None);
            }
            let (app, user) = (self.job.app, self.user.clone());
            let page = self.core.store.export_page(app, user, section, after, limit).await?;
            for row in &page.0 {
                let between = if count == 0 { "[" } else { "," };
                self.archive.write(&format!("{between}\n{row}"))?;
                count += 1;
            }
            self.progress.rows += i64::try_from(page.0.len()).unwrap_or(0);
            next = page.1;
            if self.archive.pending.len() >= PIECE_BYTES || self.stepped.elapsed() >= STEP {
                self.write_down(State::Running).await?;
            }
        }
        self.archive.write(if count == 0 { "[]\n" } else { "\n]\n" })?;
        Ok(Some(count))
    }

    /// Writes down what is pending, whole pieces of it, and at the end all of it.
    async fn write_down(&mut self, state: State) -> Result<(), Error> {
        let mut parts = Vec::new();
        while let Some(piece) = self.archive.pending.take(state == State::Done) {
            self.progress.bytes += i64::try_from(piece.len()).unwrap_or(i64::MAX);
            parts.push((Part::Done, self.progress.pieces, piece));
            self.progress.pieces += 1;
        }
        if self.progress.bytes > FILE_BYTES {
            let sentence = format!("the file has more than {FILE_BYTES} bytes");
            return Err(Refusal::BadParameter(sentence).into());
        }
        let step = Step { parts, ..self.progress.step(state) };
        let (store, lease) = (&self.core.store, self.lease.to_owned());
        store.step_job(self.job, lease, step, self.core.now()).await?;
        self.stepped = Instant::now();
        Ok(())
    }
}

fn device(device: &nuncio_bus::Device) -> Value {
    json!({
        "deviceId": device.device, "platform": device.platform, "sdkVersion": device.sdk_version,
        "since": device.since.0, "address": device.address, "node": device.node,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pending_goes_in_pieces_and_at_the_end_whole() {
        let mut pending = Pending::default();
        pending.write_all(&vec![1; PIECE_BYTES + 3]).unwrap();
        assert_eq!(pending.take(false).map(|piece| piece.len()), Some(PIECE_BYTES));
        assert_eq!(pending.take(false), None);
        assert_eq!(pending.take(true), Some(vec![1; 3]));
        assert_eq!(pending.take(true), None);
    }
}
