//! The two engines behind one [`Store`]: how units of work are queued, run, committed together and answered.
//!
//! A unit of work is an async closure over [`Tx`]. On SQLite it runs on the one thread that owns the
//! writing connection, together with whatever else is waiting, in one transaction and one flush to disk. On
//! PostgreSQL it runs on one of several connections, batched the same way. Either way its caller hears
//! only after the commit. A unit can run more than once (PostgreSQL may make it try again), so it may
//! change nothing but the database.

mod insertion;
mod postgres;
mod sqlite;
mod staging;
mod tx;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use nuncio_protocol::ids::{AppId, MessageId, MessageIds};
use nuncio_protocol::{GroupId, Origin, Os, Timestamp, UserId};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use tokio::sync::{Notify, oneshot};

use crate::apps::Known;
use crate::error::StoreError;
use crate::groups::GroupOptions;
use crate::messages::{Draft, Sent};
use crate::nodes::NodeId;
pub(crate) use insertion::{Insertion, Prepared};
use staging::{Append, To};
pub(crate) use tx::Row;
pub(crate) use tx::{Tx, Value, params, row};

/// Where the data lives.
#[derive(Clone, Debug)]
pub enum Place {
    /// A SQLite file, made when missing.
    File(PathBuf),
    /// A PostgreSQL database, by its connection URL.
    Postgres(String),
}

/// How a store is opened.
#[derive(Clone)]
pub struct Options {
    /// Where the data lives.
    pub place: Place,
    /// This node's number, 0 to 1023, unique among nodes that share the database.
    pub node: u16,
    /// Who hears of new inbox entries after their commit.
    pub nudges: Arc<dyn Nudges>,
    /// How large groups may be, and how they are kept.
    pub groups: GroupOptions,
}

/// One committed inbox entry, for whoever may hold a connection of its user.
#[derive(Clone, Debug)]
pub struct Nudge {
    /// The user's app.
    pub app: AppId,
    /// Whose inbox.
    pub user: UserId,
    /// The entry's number.
    pub seq: u64,
    /// The protobuf `Entry`, encoded, without its `seq`.
    pub body: Bytes,
}

/// Takes nudges. Called on an engine's thread, in commit order: it must be quick and must not block.
pub trait Nudges: Send + Sync {
    /// These entries were committed together.
    fn nudge(&self, nudges: Vec<Nudge>);
}

/// Lets every nudge go: for tools that hold no connections.
pub struct NoNudges;

impl Nudges for NoNudges {
    fn nudge(&self, _nudges: Vec<Nudge>) {}
}

/// What the engines count.
#[derive(Clone, Debug)]
pub struct StoreMetrics {
    batch_size: Histogram,
    commit_seconds: Histogram,
    queue_depth: Gauge,
}

impl StoreMetrics {
    fn new() -> Self {
        Self {
            batch_size: Histogram::new(exponential_buckets(1.0, 2.0, 11)),
            commit_seconds: Histogram::new(exponential_buckets(0.000_05, 2.0, 16)),
            queue_depth: Gauge::default(),
        }
    }

    /// Makes the store's figures part of `registry`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "store_batch_size",
            "Units of work committed together",
            self.batch_size.clone(),
        );
        registry.register(
            "store_commit_seconds",
            "Time of a commit, the flush to disk included",
            self.commit_seconds.clone(),
        );
        registry.register(
            "store_queue_depth",
            "Units of work that wait for a transaction",
            self.queue_depth.clone(),
        );
    }
}

/// The store. Cheap to clone; the last clone that goes away ends its threads.
#[derive(Clone)]
pub struct Store {
    engine: Engine,
    metrics: Arc<StoreMetrics>,
    pub(crate) known: Arc<Known>,
    place: Arc<Whereabouts>,
    /// Who makes changes through this handle, when that is to be kept.
    origin: Option<Arc<Origin>>,
    /// What they are made with.
    os: Os,
    posted: Arc<Notify>,
}

/// Which node works with the store.
#[derive(Default)]
struct Whereabouts {
    /// Its number.
    number: AtomicI64,
    /// Its life in its cluster; 0 on a single server.
    life: AtomicI64,
}

#[derive(Clone)]
enum Engine {
    Sqlite(Arc<sqlite::Sqlite>),
    Postgres(Arc<postgres::Postgres>),
}

/// What both engines give to every transaction.
#[derive(Clone)]
struct Shared {
    ids: Arc<Mutex<MessageIds>>,
    nudges: Arc<dyn Nudges>,
    groups: GroupOptions,
    /// Rings after a commit that has put something into the outbox.
    posted: Arc<Notify>,
    metrics: StoreMetrics,
}

impl Shared {
    /// Tells of what a committed batch has left.
    fn tell(&self, nudges: Vec<Nudge>, posted: bool) {
        if !nudges.is_empty() {
            self.nudges.nudge(nudges);
        }
        if posted {
            self.posted.notify_one();
        }
    }
}

/// The rows that a unit changes, or whose facts it goes by. On PostgreSQL a batch locks them all, groups before users
/// and each in order, before its first unit runs, so that two batches never wait for each other in a circle.
#[derive(Debug, Default)]
pub(crate) struct Locks {
    pub(crate) users: Vec<(AppId, UserId)>,
    pub(crate) groups: Vec<(AppId, GroupId)>,
}

impl Locks {
    /// The rows of some groups, and of users.
    pub(crate) fn of_groups(app: AppId, groups: &[GroupId], users: &[UserId]) -> Self {
        let users = users.iter().map(|user| (app, user.clone())).collect();
        Self { users, groups: groups.iter().map(|group| (app, group.clone())).collect() }
    }
}

impl Store {
    /// Opens the store and brings its schema up to date.
    ///
    /// Fails when the place cannot be reached, or was written by a newer version of the program.
    pub async fn open(options: Options) -> Result<Self, StoreError> {
        let (metrics, node) = (StoreMetrics::new(), options.node);
        let posted = Arc::<Notify>::default();
        let shared = Shared {
            ids: Arc::new(Mutex::new(MessageIds::new(node))),
            nudges: options.nudges,
            groups: options.groups,
            posted: Arc::clone(&posted),
            metrics: metrics.clone(),
        };
        let metrics = Arc::new(metrics);
        let engine = match options.place {
            Place::File(path) => Engine::Sqlite(Arc::new(sqlite::Sqlite::open(&path, shared)?)),
            Place::Postgres(url) => {
                Engine::Postgres(Arc::new(postgres::Postgres::open(&url, shared).await?))
            }
        };
        let place =
            Arc::new(Whereabouts { number: AtomicI64::new(node.into()), ..Whereabouts::default() });
        let known = Arc::default();
        Ok(Self { engine, metrics, known, place, origin: None, os: Os::Server, posted })
    }

    /// The same store for changes that `origin` makes: they leave entries in the audit trail.
    #[must_use]
    pub fn by(&self, origin: Origin) -> Self {
        Self { origin: Some(Arc::new(origin)), ..self.clone() }
    }

    /// The same store for what clients on `os` do.
    #[must_use]
    pub fn on(&self, os: Os) -> Self {
        Self { os, ..self.clone() }
    }

    /// What changes through this handle are made with.
    #[must_use]
    pub fn os(&self) -> Os {
        self.os
    }

    /// Rings after a commit that has put something into the outbox.
    #[must_use]
    pub fn posted(&self) -> Arc<Notify> {
        Arc::clone(&self.posted)
    }

    /// This node's number.
    pub(crate) fn node(&self) -> i64 {
        self.place.number.load(Ordering::Relaxed)
    }

    /// This node's life in its cluster; `None` on a single server.
    pub(crate) fn life(&self) -> Option<i64> {
        Some(self.place.life.load(Ordering::Relaxed)).filter(|life| *life != 0)
    }

    /// From now on works as a cluster's node in this life of it; see [`Options::node`] for the number.
    pub fn set_node(&self, node: u16, life: NodeId) {
        self.place.number.store(node.into(), Ordering::Relaxed);
        self.place.life.store(life.0, Ordering::Relaxed);
        let ids = match &self.engine {
            Engine::Sqlite(engine) => engine.ids(),
            Engine::Postgres(engine) => engine.ids(),
        };
        ids.lock().unwrap_or_else(PoisonError::into_inner).set_node(node);
    }

    /// What the engines count.
    #[must_use]
    pub fn metrics(&self) -> &StoreMetrics {
        &self.metrics
    }

    /// Units of work that wait for a transaction.
    #[must_use]
    pub fn backlog(&self) -> usize {
        usize::try_from(self.metrics.queue_depth.get()).unwrap_or(0)
    }

    /// Runs `unit`, which changes these users, in a transaction; returns after the commit.
    pub(crate) async fn write<T, F>(
        &self,
        users: Vec<(AppId, UserId)>,
        unit: F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.write_under(Locks { users, groups: Vec::new() }, unit).await
    }

    /// Runs `unit` in a transaction that holds these rows; returns after the commit.
    pub(crate) async fn write_under<T, F>(&self, locks: Locks, unit: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (unit, answer) = Unit::new(unit, self.origin.clone(), self.os);
        match &self.engine {
            // One writer needs no locks; it files the users before the unit looks at them.
            Engine::Sqlite(engine) => engine.write(locks.users, Box::new(unit)).await?,
            Engine::Postgres(engine) => engine.write(locks, Box::new(unit)).await?,
        }
        answer.await.map_err(|_| stopped())?
    }

    /// Appends a direct message, unless a rule stands against it. The same client message id again gets the
    /// first one's answer.
    pub async fn append(
        &self,
        draft: Draft,
        to: UserId,
        now: Timestamp,
    ) -> Result<Sent, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.stage(Append::new(draft, To::One(to, reply), self.os, now))?;
        answer.await.map_err(|_| stopped())?
    }

    /// Appends one message for each recipient, or for none: all in one transaction.
    pub async fn append_to_many(
        &self,
        draft: Draft,
        to: Vec<UserId>,
        now: Timestamp,
    ) -> Result<Vec<(UserId, MessageId)>, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.stage(Append::new(draft, To::Many(to.clone(), reply), self.os, now))?;
        let ids = answer.await.map_err(|_| stopped())??;
        Ok(to.into_iter().zip(ids).collect())
    }

    fn stage(&self, append: Append) -> Result<(), StoreError> {
        match &self.engine {
            Engine::Sqlite(engine) => engine.append(append),
            Engine::Postgres(engine) => engine.append(append),
        }
    }

    /// Runs `unit` on what is committed, without changing anything. For short reads: on SQLite it runs
    /// on the calling thread.
    pub(crate) async fn read<T, F>(&self, unit: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        match &self.engine {
            Engine::Sqlite(engine) => {
                let mut settled = HashSet::new();
                loop {
                    let (outcome, wants) = engine.read(&unit, &settled);
                    if wants.is_empty() {
                        return outcome;
                    }
                    // The locks name whom to file; there is nothing else to do.
                    self.write(wants.users.clone(), async |_| Ok(())).await?;
                    settled.extend(wants.users);
                }
            }
            Engine::Postgres(engine) => {
                let (unit, answer) = Unit::new(unit, None, self.os);
                engine.read(Box::new(unit)).await?;
                answer.await.map_err(|_| stopped())?
            }
        }
    }

    /// Files whatever waits to be filed, so that who opens the store next need not read it anew. Call it before the
    /// program ends; nothing is lost without.
    pub async fn file_all(&self) -> Result<(), StoreError> {
        self.write(Vec::new(), async |tx| tx.all_filed()).await
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.read(async |tx| tx.one("select cast(1 as bigint)", &[], |row| row.get::<i64>(0)).await)
            .await
            .map(|_| ())
    }
}

fn stopped() -> StoreError {
    StoreError::Unavailable("the store has stopped".to_owned())
}

/// A unit of work in a queue, its type hidden.
trait Work: Send {
    /// Runs it and keeps the outcome for [`Work::answer`]; the error is returned for the engine's decisions.
    fn run<'a>(&'a mut self, tx: &'a mut Tx<'_>) -> LocalFuture<'a, Result<(), Failed>>;
    /// Tells the caller: its outcome, or why the commit failed.
    fn answer(self: Box<Self>, commit: Result<(), StoreError>);
}

type LocalFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + 'a>>;

/// A unit did not succeed; its transaction's part must be undone.
struct Failed {
    /// Whether trying the unit again may help.
    conflict: bool,
}

struct Unit<F, T> {
    work: F,
    origin: Option<Arc<Origin>>,
    os: Os,
    outcome: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<F, T> Unit<F, T> {
    fn new(
        work: F,
        origin: Option<Arc<Origin>>,
        os: Os,
    ) -> (Self, oneshot::Receiver<Result<T, StoreError>>) {
        let (reply, answer) = oneshot::channel();
        (Self { work, origin, os, outcome: None, reply }, answer)
    }

    fn keep(&mut self, outcome: Result<T, StoreError>) -> Result<(), Failed> {
        let result = match &outcome {
            Ok(_) => Ok(()),
            Err(error) => Err(Failed { conflict: matches!(error, StoreError::Conflict(_)) }),
        };
        self.outcome = Some(outcome);
        result
    }
}

impl<F, T> Work for Unit<F, T>
where
    T: Send + 'static,
    F: AsyncFn(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
{
    fn run<'a>(&'a mut self, tx: &'a mut Tx<'_>) -> LocalFuture<'a, Result<(), Failed>> {
        Box::pin(async move {
            tx.origin.clone_from(&self.origin);
            tx.os = self.os;
            let outcome = (self.work)(tx).await;
            self.keep(outcome)
        })
    }

    fn answer(self: Box<Self>, commit: Result<(), StoreError>) {
        let answer = match (commit, self.outcome) {
            // A refusal stands whatever became of the others' commit.
            (_, Some(Err(error))) | (Err(error), _) => Err(error),
            (Ok(()), Some(outcome)) => outcome,
            (Ok(()), None) => Err(stopped()),
        };
        // The caller may have gone; then nobody needs the answer.
        let _ = self.reply.send(answer);
    }
}

/// Runs a unit on an engine whose statements never wait.
fn at_once<T>(future: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    futures_util::FutureExt::now_or_never(future).unwrap_or_else(|| {
        Err(StoreError::Database("a unit of work waited for something".to_owned()))
    })
}
