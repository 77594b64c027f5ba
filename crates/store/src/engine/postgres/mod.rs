//! The engine on a PostgreSQL server: several connections, each of which commits in groups.
//!
//! All connections live on one thread with its own small runtime, because a unit of work stays on the
//! thread where it began. Units of one user, or of one group, go to the same connection, so their order is kept.
//! Direct messages that come together are appended as a set ([`appending`]).

mod appending;
mod link;
mod tls;

use std::cell::Cell;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher, Hash};
use std::rc::Rc;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use nuncio_protocol::Refusal;
use nuncio_protocol::ids::MessageIds;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::task::LocalSet;

use self::appending::Facts;
pub(in crate::engine) use self::link::Link;
use self::tls::Target;
use super::staging::{Append, Appended, Staging};
use super::tx::{On, Tx};
use super::{Failed, Locks, Shared, Work, stopped};
use crate::error::{StoreError, is_about_the_server};
use crate::{audit, migrations};

/// A unit of work and the rows that it changes.
type Unit = (Locks, Box<dyn Work>);

/// What waits for a connection.
enum Queued {
    Unit(Unit),
    Append(Box<Append>),
}

/// Connections that write for users; one more is for what concerns none.
const WRITERS: usize = 4;
/// Connections that append direct messages.
const APPENDERS: usize = 1;
/// Settings of these. All that their statements read is found by its key: to read a whole table, which PostgreSQL may
/// choose to do while it is small, costs more for what is updated as often as users are, and more the larger it gets.
const BY_KEY: &str =
    "set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off";
/// Connections that read; each carries many reads at once.
const READERS: usize = 2;
/// Units that one transaction takes at most.
const BATCH: usize = 128;
/// Units that may wait for one connection; past that, callers wait to be let in.
const QUEUE: usize = 2048;
/// When a sender may try again who was told that too many messages wait: the queue is empty by then.
const WAIT_MS: u64 = 500;
/// Tries of a unit that other transactions stood in the way of.
const TRIES: u32 = 10;
/// How long a transaction or a read may take: longer, and the way to the server has fallen silent.
const DEADLINE: Duration = Duration::from_secs(15);
/// After how much silence of the server's machine a connection counts as broken.
const SILENCE: Duration = Duration::from_secs(10);

/// What callers are told then.
const SILENT: &str = "the server has fallen silent";

pub(super) struct Postgres {
    writers: Vec<mpsc::Sender<Queued>>,
    readers: mpsc::Sender<Box<dyn Work>>,
    shared: Shared,
}

impl Postgres {
    pub(super) async fn open(url: &str, shared: Shared) -> Result<Self, StoreError> {
        let mut target = Target::parse(url)?;
        if target.config.get_tcp_user_timeout().is_none() {
            target.config.tcp_user_timeout(SILENCE);
        }
        target.config.keepalives_idle(SILENCE);
        let (writers, queues): (Vec<_>, Vec<_>) =
            (0..=WRITERS + APPENDERS).map(|_| mpsc::channel(QUEUE)).unzip();
        let (readers, reads) = mpsc::channel(QUEUE);
        let (opened, outcome) = oneshot::channel();
        let of_thread = shared.clone();
        std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || {
                let runtime =
                    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                        Ok(runtime) => runtime,
                        Err(error) => {
                            let _ = opened.send(Err(StoreError::Unavailable(error.to_string())));
                            return;
                        }
                    };
                LocalSet::new().block_on(&runtime, run(target, of_thread, queues, reads, opened));
            })
            .map_err(|e| StoreError::Unavailable(e.to_string()))?;
        outcome.await.map_err(|_| stopped())??;
        Ok(Self { writers, readers, shared })
    }

    pub(super) fn ids(&self) -> &Mutex<MessageIds> {
        &self.shared.ids
    }

    pub(super) async fn write(&self, locks: Locks, unit: Box<dyn Work>) -> Result<(), StoreError> {
        let writer = match (locks.groups.first(), locks.users.first()) {
            (Some(group), _) => &self.writers[one_of(WRITERS, group)],
            (None, Some(user)) => &self.writers[one_of(WRITERS, user)],
            // What locks nothing waits for nobody who does: a node's lease must be renewed in time.
            (None, None) => &self.writers[WRITERS],
        };
        self.shared.metrics.queue_depth.inc();
        writer.send(Queued::Unit((locks, unit))).await.map_err(|_| stopped())
    }

    /// Queues a message, unless too many wait.
    pub(super) fn append(&self, append: Append) -> Result<(), StoreError> {
        let appender = one_of(APPENDERS, &(append.draft.app, &append.draft.sender));
        match self.writers[WRITERS + 1 + appender].try_send(Queued::Append(Box::new(append))) {
            Ok(()) => {
                self.shared.metrics.queue_depth.inc();
                Ok(())
            }
            Err(TrySendError::Full(_)) => Err(Refusal::SendingTooFast { wait_ms: WAIT_MS }.into()),
            Err(TrySendError::Closed(_)) => Err(stopped()),
        }
    }

    pub(super) async fn read(&self, unit: Box<dyn Work>) -> Result<(), StoreError> {
        self.readers.send(unit).await.map_err(|_| stopped())
    }
}

/// Which of `count` connections is whose.
fn one_of(count: usize, key: &impl Hash) -> usize {
    let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(key);
    #[expect(clippy::cast_possible_truncation, reason = "only the remainder matters")]
    let place = hash as usize % count;
    place
}

/// Migrates, then serves the queues until all their senders have gone.
async fn run(
    target: Target,
    shared: Shared,
    queues: Vec<mpsc::Receiver<Queued>>,
    mut reads: mpsc::Receiver<Box<dyn Work>>,
    opened: oneshot::Sender<Result<(), StoreError>>,
) {
    let migrated = async {
        let link = Link::connect(&target, "").await?;
        migrations::postgres(&link.client).await
    };
    let outcome = migrated.await;
    let ok = outcome.is_ok();
    let _ = opened.send(outcome);
    if !ok {
        return;
    }
    let mut tasks = Vec::new();
    for (place, queue) in queues.into_iter().enumerate() {
        let settings = if place > WRITERS { BY_KEY } else { "" };
        let writer =
            Writer { target: target.clone(), settings, shared: shared.clone(), link: None };
        tasks.push(tokio::task::spawn_local(writer.work(queue)));
    }
    let mut links: Vec<Option<Rc<Link>>> = vec![None; READERS];
    let mut turn = 0;
    while let Some(mut unit) = reads.recv().await {
        turn = (turn + 1) % READERS;
        if links[turn].as_ref().is_none_or(|link| !link.works()) {
            links[turn] = None;
            match Link::connect(&target, "").await {
                Ok(link) => links[turn] = Some(Rc::new(link)),
                Err(error) => {
                    unit.answer(Err(error));
                    continue;
                }
            }
        }
        let Some(link) = links[turn].clone() else { continue };
        let shared = shared.clone();
        tokio::task::spawn_local(async move {
            let mut tx = Tx::new(On::Postgres(&link), &shared);
            let run = tokio::time::timeout(DEADLINE, unit.run(&mut tx)).await;
            drop(tx);
            unit.answer(run.map(drop).map_err(|_| {
                link.silent.set(true);
                StoreError::Unavailable(SILENT.to_owned())
            }));
        });
    }
    for task in tasks {
        let _ = task.await;
    }
}

/// What one transaction does: units first, so that what they decide holds for the messages.
#[derive(Default)]
struct Batch {
    units: Vec<Unit>,
    appends: Vec<Append>,
}

impl Batch {
    fn of(queued: impl Iterator<Item = Queued>) -> Self {
        let mut batch = Self::default();
        for queued in queued {
            match queued {
                Queued::Unit(unit) => batch.units.push(unit),
                Queued::Append(append) => batch.appends.push(*append),
            }
        }
        batch
    }

    /// Tells all callers.
    fn answer(self, outcome: &Result<(), Stopped>) {
        let outcome = || match outcome {
            Ok(()) => Ok(()),
            Err(Stopped::Conflict) => {
                Err(StoreError::Conflict(format!("others stood in the way {TRIES} times")))
            }
            Err(Stopped::Before(why)) => Err(StoreError::Unavailable(why.clone())),
            Err(Stopped::InCommit(why)) => Err(StoreError::OutcomeUnknown(why.clone())),
        };
        for (_, unit) in self.units {
            unit.answer(outcome());
        }
        for append in self.appends {
            append.answer(outcome());
        }
    }
}

struct Writer {
    target: Target,
    /// Of its sessions.
    settings: &'static str,
    shared: Shared,
    link: Option<Link>,
}

impl Writer {
    async fn work(mut self, mut queue: mpsc::Receiver<Queued>) {
        let mut queued = Vec::with_capacity(BATCH);
        while queue.recv_many(&mut queued, BATCH).await > 0 {
            let count = queued.len();
            self.shared.metrics.queue_depth.dec_by(i64::try_from(count).unwrap_or(i64::MAX));
            self.shared.metrics.batch_size.observe(count as f64);
            let mut batch = Batch::of(queued.drain(..));
            match self.transaction(&mut batch).await {
                Err(Stopped::Conflict) => {
                    let Batch { units, appends } = batch;
                    for unit in units {
                        self.repeated(Batch { units: vec![unit], appends: Vec::new() }).await;
                    }
                    self.repeated(Batch { units: Vec::new(), appends }).await;
                }
                // One of the messages may be to blame.
                Err(Stopped::Before(_)) if batch.appends.len() > 1 => {
                    let Batch { units, appends } = batch;
                    self.repeated(Batch { units, appends: Vec::new() }).await;
                    for append in appends {
                        self.repeated(Batch { units: Vec::new(), appends: vec![append] }).await;
                    }
                }
                outcome => batch.answer(&outcome),
            }
        }
    }

    /// Gives transactions to a part of a batch, until nothing stands in its way.
    async fn repeated(&mut self, mut batch: Batch) {
        let mut outcome = Err(Stopped::Conflict);
        for attempt in 0..TRIES {
            outcome = self.transaction(&mut batch).await;
            if !matches!(outcome, Err(Stopped::Conflict)) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(u64::from(attempt * attempt))).await;
        }
        batch.answer(&outcome);
    }

    /// Runs a batch in one transaction and commits it.
    async fn transaction(&mut self, batch: &mut Batch) -> Result<(), Stopped> {
        if batch.units.is_empty() && batch.appends.is_empty() {
            return Ok(());
        }
        let link = match self.link.take().filter(Link::works) {
            Some(link) => link,
            None => Link::connect(&self.target, self.settings).await.map_err(Stopped::before)?,
        };
        let link = self.link.insert(link);
        let committing = Cell::new(false);
        let attempt = attempt(link, &self.shared, batch, &committing);
        let Ok(outcome) = tokio::time::timeout(DEADLINE, attempt).await else {
            self.link = None;
            let stopped = if committing.get() { Stopped::InCommit } else { Stopped::Before };
            return Err(stopped(SILENT.to_owned()));
        };
        match outcome {
            Ok((nudges, posted)) => {
                self.shared.tell(nudges, posted);
                Ok(())
            }
            Err(stopped) => {
                let undone = link.client.batch_execute("rollback").await.is_ok();
                if !undone || matches!(stopped, Stopped::InCommit(_)) {
                    self.link = None;
                }
                Err(stopped)
            }
        }
    }
}

/// Where a transaction ended that was not committed.
enum Stopped {
    /// Another transaction stood in the way.
    Conflict,
    /// Before the commit was sent: nothing was changed.
    Before(String),
    /// After the commit was sent: nobody knows.
    InCommit(String),
}

impl Stopped {
    fn before(error: impl Into<StoreError>) -> Self {
        match error.into() {
            StoreError::Conflict(_) => Self::Conflict,
            error => Self::Before(error.to_string()),
        }
    }
}

async fn attempt(
    link: &Link,
    shared: &Shared,
    batch: &mut Batch,
    committing: &Cell<bool>,
) -> Result<(Vec<super::Nudge>, bool), Stopped> {
    let Batch { units, appends } = batch;
    link.client.batch_execute("begin").await.map_err(Stopped::before)?;
    let locks = || units.iter().map(|(locks, _)| locks);
    let groups = locks().flat_map(|locks| &locks.groups).map(|(app, group)| (*app, group));
    link.lock_groups(groups).await.map_err(Stopped::before)?;
    let users = locks().flat_map(|locks| &locks.users).map(|(app, user)| (*app, user));
    link.lock_users(users.chain(appending::users(appends))).await.map_err(Stopped::before)?;
    let mut tx = Tx::new(On::Postgres(link), shared);
    for (_, unit) in units {
        let mark = tx.mark();
        link.client.batch_execute("savepoint unit").await.map_err(Stopped::before)?;
        let end = match unit.run(&mut tx).await {
            Ok(()) => "release unit",
            Err(Failed { conflict: true }) => return Err(Stopped::Conflict),
            Err(Failed { conflict: false }) => {
                tx.back_to(mark);
                "rollback to unit; release unit"
            }
        };
        link.client.batch_execute(end).await.map_err(Stopped::before)?;
    }
    append(link, &mut tx, appends).await.map_err(Stopped::before)?;
    audit::append(&mut tx).await.map_err(Stopped::before)?;
    let started = Instant::now();
    committing.set(true);
    let commit = link.client.batch_execute("commit").await;
    shared.metrics.commit_seconds.observe(started.elapsed().as_secs_f64());
    match commit {
        Ok(()) => Ok((tx.nudges, tx.posted)),
        // The server itself said no: then nothing was committed. That it goes down is no such answer: it may
        // have committed before.
        Err(error) if error.code().is_some_and(|code| !is_about_the_server(code)) => {
            Err(Stopped::before(error))
        }
        Err(error) => Err(Stopped::InCommit(error.to_string())),
    }
}

/// Appends messages in a transaction that has locked their users.
async fn append(link: &Link, tx: &mut Tx<'_>, appends: &mut [Append]) -> Result<(), StoreError> {
    if appends.is_empty() {
        return Ok(());
    }
    let mut facts = Facts::look(link, appends).await?;
    let mut staging = Staging::default();
    for append in appends {
        staging.append(tx, &mut facts, append).await?;
    }
    appending::write(link, &staging).await?;
    tx.nudges.extend(staging.messages.iter().flat_map(Appended::nudges));
    Ok(())
}
