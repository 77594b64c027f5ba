//! Imports of users: a file comes in by pieces, is looked through without changing anything, and is then
//! imported, with what became of each row.
//!
//! A step is some hundred rows in one transaction, together with where it stands afterwards and what became of
//! them. So an import that is cut short goes on with the very next row, and none is done twice.

mod rows;

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use nuncio_protocol::Refusal;
use nuncio_protocol::ids::AppId;
use nuncio_store::imports::{Imported, Outcome};
pub use nuncio_store::jobs::{Job, Part, State};
use nuncio_store::jobs::{Kind, Step};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::Notify;

use crate::{Core, Error};
pub use rows::Format;
use rows::{Columns, Parsed};

/// Bytes of one piece of a file.
pub const PIECE_BYTES: usize = 256 * 1024;
/// Bytes of a file.
pub const FILE_BYTES: i64 = 64 * 1024 * 1024;
/// Rows of a file.
pub const ROWS: i64 = 200_000;
/// Rows of one step.
const STEP: usize = 500;
/// Pieces that are read at once.
const READ: i64 = 4;
/// Characters of a file's name.
const NAME_CHARS: usize = 100;
/// How long an import is kept.
const KEPT_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// How many rows became what.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct Counts {
    /// Would be registered.
    pub new: i64,
    /// Are registered already.
    pub existing: i64,
    /// Cannot be taken.
    pub faulty: i64,
    /// Were registered.
    pub registered: i64,
    /// Were registered before, and have the row's name and avatar now.
    pub updated: i64,
}

/// Where an import stands.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// How the file is written.
    pub format: Format,
    /// Bytes that have come in.
    pub received: i64,
    /// Pieces that have come in.
    pieces: i64,
    /// Rows of the file, once it was looked through.
    pub rows: i64,
    /// Rows that were looked at, or imported.
    pub done: i64,
    /// What became of them.
    pub counts: Counts,
    /// Why it could not go on.
    pub problem: Option<String>,
    /// The piece in which the next row begins, and where in it.
    piece: i64,
    offset: usize,
    /// Pieces of results.
    results: i64,
    /// The CSV's columns, once its header was read.
    columns: Option<Columns>,
}

impl Progress {
    fn new(format: Format) -> Self {
        Self {
            format,
            received: 0,
            pieces: 0,
            rows: 0,
            done: 0,
            counts: Counts::default(),
            problem: None,
            piece: 0,
            offset: 0,
            results: 0,
            columns: None,
        }
    }

    /// What a job's row says.
    pub fn of(job: &Job) -> Result<Self, Error> {
        serde_json::from_str(&job.progress).map_err(|error| corrupt(&error))
    }

    /// The same from its first row on.
    fn begun_anew(&self) -> Self {
        let Self { format, received, pieces, rows, .. } = *self;
        Self { received, pieces, rows, ..Self::new(format) }
    }

    fn step(&self, state: State) -> Step {
        let progress = serde_json::to_string(self).unwrap_or_default();
        Step { state, progress, parts: Vec::new() }
    }
}

fn corrupt(error: &serde_json::Error) -> Error {
    Error::Internal(format!("an import's progress: {error}"))
}

fn not_now(sentence: &str) -> Refusal {
    Refusal::NotNow(sentence.to_owned())
}

impl Core {
    /// Begins an import, whose file comes in by [`Core::upload_import`].
    pub async fn add_import(
        &self,
        app: AppId,
        file_name: &str,
        format: Format,
        origin: nuncio_protocol::Origin,
    ) -> Result<Job, Error> {
        let about = file_name.chars().filter(|c| !c.is_control()).take(NAME_CHARS).collect();
        let progress = Progress::new(format).step(State::Uploading).progress;
        let job = Job {
            app,
            id: format!("{:016x}", rand::random::<u64>()),
            kind: Kind::Import,
            about,
            state: State::Uploading,
            progress,
            origin,
            created_at: self.now(),
            finished_at: nuncio_protocol::Timestamp(0),
        };
        self.store.add_job(job.clone()).await?;
        Ok(job)
    }

    /// An app's newest imports.
    pub async fn imports(&self, app: AppId) -> Result<Vec<Job>, Error> {
        Ok(self.store.jobs(app, Kind::Import).await?)
    }

    /// An import.
    pub async fn import(&self, app: AppId, id: &str) -> Result<Job, Error> {
        Ok(self.store.job(app, Kind::Import, id.to_owned()).await?)
    }

    /// Takes the file's next piece in, which begins at byte `offset`; after the last one it is looked through.
    ///
    /// Refused when the piece is not the next, or the file gets too large.
    pub async fn upload_import(
        &self,
        app: AppId,
        id: &str,
        offset: i64,
        piece: String,
        last: bool,
    ) -> Result<Job, Error> {
        if piece.len() > PIECE_BYTES {
            let sentence = format!("`text` has more than {PIECE_BYTES} bytes");
            return Err(Refusal::BadParameter(sentence).into());
        }
        let job = self.import(app, id).await?;
        Progress::of(&job)?;
        let changed = self.store.change_job(app, job.id, self.now(), move |job| {
            let mut progress: Progress = serde_json::from_str(&job.progress)
                .map_err(|_| not_now("the import cannot be read"))?;
            if job.state != State::Uploading {
                return Err(not_now("the file is complete"));
            }
            if offset != progress.received {
                return Err(not_now("go on where `received` says"));
            }
            let bytes = i64::try_from(piece.len()).unwrap_or(i64::MAX);
            if progress.received + bytes > FILE_BYTES {
                let sentence = format!("the file has more than {FILE_BYTES} bytes: split it");
                return Err(Refusal::BadParameter(sentence));
            }
            let no = progress.pieces;
            progress.received += bytes;
            let mut parts = Vec::new();
            if bytes > 0 {
                progress.pieces += 1;
                parts.push((Part::Input, no, piece.clone().into_bytes()));
            }
            let state = if last { State::Checking } else { State::Uploading };
            Ok(Step { parts, ..progress.step(state) })
        });
        let changed = changed.await?;
        self.parts.imports.notify_one();
        Ok(changed)
    }

    /// Imports what was looked through.
    pub async fn run_import(&self, app: AppId, id: &str) -> Result<Job, Error> {
        let job = self.import(app, id).await?;
        let next = Progress::of(&job)?.begun_anew();
        let changed = self.store.change_job(app, job.id, self.now(), move |job| match job.state {
            State::Checked => Ok(next.step(State::Running)),
            _ => Err(not_now("only what was looked through can be imported")),
        });
        let changed = changed.await?;
        self.parts.imports.notify_one();
        Ok(changed)
    }

    /// Ends an import as it is: rows that were imported stay so.
    pub async fn cancel_import(&self, app: AppId, id: &str) -> Result<Job, Error> {
        let job = self.import(app, id).await?;
        let changed = self.store.change_job(app, job.id, self.now(), |job| {
            if job.state.is_over() {
                return Err(not_now("it is over already"));
            }
            let progress = job.progress.clone();
            Ok(Step { state: State::Cancelled, progress, parts: Vec::new() })
        });
        Ok(changed.await?)
    }

    /// Pieces of what became of an import's rows, JSON lines, from number `from` on.
    pub async fn import_results(&self, job: &Job, from: i64) -> Result<Vec<Vec<u8>>, Error> {
        let part = match job.state {
            State::Uploading | State::Checking | State::Checked => Part::Checked,
            // One that was cancelled or failed before it ran has the others alone.
            _ => Part::Done,
        };
        let id = job.id.clone();
        let mut found = self.store.job_parts(job.app, id.clone(), part, from, READ).await?;
        if found.is_empty() && from == 0 && part == Part::Done {
            found = self.store.job_parts(job.app, id, Part::Checked, from, READ).await?;
        }
        Ok(found)
    }

    /// Rings when there is something for [`Core::run_imports`] to do.
    #[must_use]
    pub fn imports_nudge(&self) -> Arc<Notify> {
        Arc::clone(&self.parts.imports)
    }

    /// Works on imports until none waits, and lets go of old ones. `stopping` tells when to stop between two steps.
    pub async fn run_imports(&self, stopping: impl Fn() -> bool) -> Result<(), Error> {
        let lease = format!("{:016x}", rand::random::<u64>());
        while !stopping() {
            let claimed = self.store.claim_job(Kind::Import, lease.clone(), self.now()).await?;
            let Some(job) = claimed else { break };
            let core = self.by(job.origin.clone());
            match core.go_on_importing(&job, &lease, &stopping).await {
                // The claim is lost, the import was cancelled, or its app was deleted.
                Ok(()) | Err(Error::Refused(Refusal::NotNow(_) | Refusal::AppNotFound)) => {}
                Err(error) => return Err(error),
            }
        }
        while self.store.prune_jobs(Kind::Import, self.now().plus_ms(-KEPT_MS)).await? > 0 {}
        Ok(())
    }

    async fn go_on_importing(
        &self,
        job: &Job,
        lease: &str,
        stopping: &impl Fn() -> bool,
    ) -> Result<(), Error> {
        let mut progress = Progress::of(job)?;
        let checking = job.state == State::Checking;
        // Which ids the look has seen is known to this worker alone: another one begins anew.
        let (mut seen, hasher) = (HashSet::new(), RandomState::new());
        if checking {
            progress = progress.begun_anew();
        }
        while !stopping() {
            let parsed = self.next_rows(job, &mut progress).await;
            let rows = match parsed {
                Ok(rows) => rows,
                Err(Error::Refused(Refusal::BadParameter(problem))) => {
                    progress.problem = Some(problem);
                    let step = progress.step(State::Failed);
                    self.store.step_job(job, lease.to_owned(), step, self.now()).await?;
                    return Ok(());
                }
                Err(error) => return Err(error),
            };
            let over = rows.is_empty();
            if checking {
                let outcomes =
                    self.try_rows(job, &rows, &progress, |id| seen.insert(hasher.hash_one(id)));
                let outcomes = outcomes.await?;
                let state = if over { State::Checked } else { State::Checking };
                let step = result(&mut progress, &rows, &outcomes, state);
                self.store.step_job(job, lease.to_owned(), step, self.now()).await?;
            } else {
                let users = rows.iter().filter_map(|row| row.user.as_ref().ok().cloned()).collect();
                let state = if over { State::Done } else { State::Running };
                let (rows, before) = (Arc::new(rows), progress.clone());
                let after = Arc::new(std::sync::Mutex::new(progress.clone()));
                let told = Arc::clone(&after);
                let step = move |outcomes: &[Outcome]| {
                    let mut progress = before.clone();
                    let step = result(&mut progress, &rows, &with_faults(&rows, outcomes), state);
                    *told.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = progress;
                    step
                };
                self.store.import_step(job, lease.to_owned(), users, step, self.now()).await?;
                progress = after.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
            }
            if over {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The next rows of the file, and moves on behind them; none at its end.
    async fn next_rows(&self, job: &Job, progress: &mut Progress) -> Result<Vec<Parsed>, Error> {
        let mut text = Vec::new();
        let mut lengths = Vec::new();
        let id = job.id.clone();
        for piece in self.store.job_parts(job.app, id, Part::Input, progress.piece, READ).await? {
            lengths.push(piece.len());
            text.extend(piece);
        }
        let read = i64::try_from(lengths.len()).unwrap_or(0);
        let whole = progress.piece + read >= progress.pieces;
        let start = progress.offset;
        let rest = text.get(start..).unwrap_or_default();
        let first = progress.piece == 0 && start == 0;
        let number = progress.done + 1;
        let (rows, used) =
            rows::read(progress.format, rest, first, whole, &mut progress.columns, number, STEP)?;
        let mut end = start + used;
        for length in lengths {
            if end < length {
                break;
            }
            end -= length;
            progress.piece += 1;
        }
        progress.offset = end;
        let done = progress.done + i64::try_from(rows.len()).unwrap_or(i64::MAX);
        if done > ROWS {
            let sentence = format!("the file has more than {ROWS} rows: split it");
            return Err(Refusal::BadParameter(sentence).into());
        }
        Ok(rows)
    }

    /// What would become of rows. `is_new` tells whether an id has not come before.
    async fn try_rows(
        &self,
        job: &Job,
        rows: &[Parsed],
        progress: &Progress,
        mut is_new: impl FnMut(&nuncio_protocol::UserId) -> bool,
    ) -> Result<Vec<Result<Outcome, String>>, Error> {
        let users: Vec<Imported> =
            rows.iter().filter_map(|row| row.user.as_ref().ok().cloned()).collect();
        let first_time: Vec<bool> = users.iter().map(|user| is_new(&user.id)).collect();
        let tried: Vec<_> = users
            .into_iter()
            .zip(&first_time)
            .filter(|(_, first)| **first)
            .map(|(user, _)| user)
            .collect();
        let more = progress.counts.new;
        let mut tried = self.store.try_import(job.app, tried, more).await?.into_iter();
        let outcomes: Vec<_> = first_time
            .into_iter()
            // Who comes a second time is there by then.
            .map(|first| if first { tried.next() } else { None }.unwrap_or(Outcome::Existing))
            .collect();
        Ok(with_faults(rows, &outcomes))
    }
}

/// The outcomes of rows that are users, and the faults of the others, in the rows' order.
fn with_faults(rows: &[Parsed], outcomes: &[Outcome]) -> Vec<Result<Outcome, String>> {
    let mut outcomes = outcomes.iter().cloned();
    rows.iter()
        .map(|row| match &row.user {
            Err(fault) => Err(fault.clone()),
            Ok(_) => outcomes.next().ok_or_else(|| "was not looked at".to_owned()),
        })
        .collect()
}

/// Counts what became of rows, and writes it down.
fn result(
    progress: &mut Progress,
    rows: &[Parsed],
    outcomes: &[Result<Outcome, String>],
    state: State,
) -> Step {
    let running = matches!(state, State::Running | State::Done);
    let mut lines = String::new();
    for (row, outcome) in rows.iter().zip(outcomes) {
        let counts = &mut progress.counts;
        let (word, fault) = match outcome {
            Ok(Outcome::New) if running => {
                counts.registered += 1;
                ("registered", None)
            }
            Ok(Outcome::Existing) if running => {
                counts.updated += 1;
                ("updated", None)
            }
            Ok(Outcome::New) => {
                counts.new += 1;
                ("new", None)
            }
            Ok(Outcome::Existing) => {
                counts.existing += 1;
                ("existing", None)
            }
            Ok(Outcome::Refused(refusal)) => {
                counts.faulty += 1;
                ("faulty", Some(refusal.to_string()))
            }
            Err(fault) => {
                counts.faulty += 1;
                ("faulty", Some(fault.clone()))
            }
        };
        let mut line = json!({ "row": row.number, "userId": row.id, "outcome": word });
        if let Some(fault) = fault {
            line["fault"] = fault.into();
        }
        lines.push_str(&line.to_string());
        lines.push('\n');
    }
    progress.done += i64::try_from(rows.len()).unwrap_or(0);
    progress.rows = progress.rows.max(progress.done);
    let mut parts = Vec::new();
    if !rows.is_empty() {
        let part = if running { Part::Done } else { Part::Checked };
        parts.push((part, progress.results, lines.into_bytes()));
        progress.results += 1;
    }
    Step { parts, ..progress.step(state) }
}
