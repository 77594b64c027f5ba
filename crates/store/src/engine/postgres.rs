//! The engine on a PostgreSQL server: several connections, each of which commits in groups.
//!
//! All connections live on one thread with its own small runtime, because a unit of work stays on the
//! thread where it began. Units of one user, or of one group, go to the same connection, so their order is kept.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::rc::Rc;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use nuncio_protocol::ids::{AppId, MessageIds};
use tokio::sync::{mpsc, oneshot};
use tokio::task::LocalSet;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Statement};

use super::postgres_tls::Target;
use super::tx::{On, Tx, Value};
use super::{Failed, Locks, Shared, Work, stopped};
use crate::error::{StoreError, is_about_the_server};
use crate::{audit, migrations};

/// A unit of work and the rows that it changes.
type Queued = (Locks, Box<dyn Work>);

/// Connections that write for users; one more is for what concerns none.
const WRITERS: usize = 4;
/// Connections that read; each carries many reads at once.
const READERS: usize = 2;
/// Units that one transaction takes at most.
const BATCH: usize = 128;
/// Units that may wait for one connection; past that, callers wait to be let in.
const QUEUE: usize = 2048;
/// Tries of a unit that other transactions stood in the way of.
const TRIES: u32 = 10;
/// How long to wait for a lock before giving way; the unit is then tried again.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a transaction may stand idle before the server ends it. A node that freezes, or whose cable falls silent, in
/// the middle of one would hold its locks, and with them the other nodes, whose leases run out after that.
const IDLE: Duration = Duration::from_millis(1500);
/// Longest wait between two tries to reach the server.
const RECONNECT: Duration = Duration::from_secs(2);
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
            (0..=WRITERS).map(|_| mpsc::channel(QUEUE)).unzip();
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
        let hasher = BuildHasherDefault::<DefaultHasher>::default();
        let hash = match (locks.groups.first(), locks.users.first()) {
            (Some(group), _) => Some(hasher.hash_one(group)),
            (None, user) => user.map(|user| hasher.hash_one(user)),
        };
        let writer = match hash {
            #[expect(clippy::cast_possible_truncation, reason = "only the remainder matters")]
            Some(hash) => &self.writers[hash as usize % WRITERS],
            // What locks nothing waits for nobody who does: a node's lease must be renewed in time.
            None => &self.writers[WRITERS],
        };
        self.shared.metrics.queue_depth.inc();
        writer.send((locks, unit)).await.map_err(|_| stopped())
    }

    pub(super) async fn read(&self, unit: Box<dyn Work>) -> Result<(), StoreError> {
        self.readers.send(unit).await.map_err(|_| stopped())
    }
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
        let link = Link::connect(&target).await?;
        migrations::postgres(&link.client).await
    };
    let outcome = migrated.await;
    let ok = outcome.is_ok();
    let _ = opened.send(outcome);
    if !ok {
        return;
    }
    let mut tasks = Vec::new();
    for queue in queues {
        let writer = Writer { target: target.clone(), shared: shared.clone(), link: None };
        tasks.push(tokio::task::spawn_local(writer.work(queue)));
    }
    let mut links: Vec<Option<Rc<Link>>> = vec![None; READERS];
    let mut turn = 0;
    while let Some(mut unit) = reads.recv().await {
        turn = (turn + 1) % READERS;
        if links[turn].as_ref().is_none_or(|link| !link.works()) {
            links[turn] = None;
            match Link::connect(&target).await {
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

struct Writer {
    target: Target,
    shared: Shared,
    link: Option<Link>,
}

impl Writer {
    async fn work(mut self, mut queue: mpsc::Receiver<Queued>) {
        let mut batch = Vec::with_capacity(BATCH);
        while queue.recv_many(&mut batch, BATCH).await > 0 {
            let count = batch.len();
            self.shared.metrics.queue_depth.dec_by(i64::try_from(count).unwrap_or(i64::MAX));
            self.shared.metrics.batch_size.observe(count as f64);
            match self.transaction(&mut batch).await {
                Err(Stopped::Conflict) => {
                    for unit in batch.drain(..) {
                        self.alone(unit).await;
                    }
                }
                outcome => answer(batch.drain(..), &outcome),
            }
        }
    }

    /// Gives a unit transactions of its own, until nothing stands in its way.
    async fn alone(&mut self, unit: Queued) {
        let mut units = [unit];
        let mut outcome = Err(Stopped::Conflict);
        for attempt in 0..TRIES {
            outcome = self.transaction(&mut units).await;
            if !matches!(outcome, Err(Stopped::Conflict)) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(u64::from(attempt * attempt))).await;
        }
        answer(units, &outcome);
    }

    /// Runs units in one transaction and commits it.
    async fn transaction(&mut self, units: &mut [Queued]) -> Result<(), Stopped> {
        let link = match self.link.take().filter(Link::works) {
            Some(link) => link,
            None => Link::connect(&self.target).await.map_err(Stopped::before)?,
        };
        let link = self.link.insert(link);
        let committing = Cell::new(false);
        let attempt = attempt(link, &self.shared, units, &committing);
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
    units: &mut [Queued],
    committing: &Cell<bool>,
) -> Result<(Vec<super::Nudge>, bool), Stopped> {
    link.client.batch_execute("begin").await.map_err(Stopped::before)?;
    link.lock(units).await.map_err(Stopped::before)?;
    let mut tx = Tx::new(On::Postgres(link), shared);
    for (_, unit) in &mut *units {
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

fn answer(units: impl IntoIterator<Item = Queued>, outcome: &Result<(), Stopped>) {
    for (_, unit) in units {
        unit.answer(match outcome {
            Ok(()) => Ok(()),
            Err(Stopped::Conflict) => {
                Err(StoreError::Conflict(format!("others stood in the way {TRIES} times")))
            }
            Err(Stopped::Before(why)) => Err(StoreError::Unavailable(why.clone())),
            Err(Stopped::InCommit(why)) => Err(StoreError::OutcomeUnknown(why.clone())),
        });
    }
}

/// One connection and the statements prepared on it.
pub(super) struct Link {
    client: Client,
    /// Whether it has left somebody without an answer.
    silent: Cell<bool>,
    prepared: RefCell<HashMap<&'static str, Statement>>,
}

impl Link {
    async fn connect(target: &Target) -> Result<Self, StoreError> {
        let connecting = target.config.connect(target.tls.clone());
        let (client, connection) = tokio::time::timeout(RECONNECT * 2, connecting)
            .await
            .map_err(|_| StoreError::Unavailable("no answer in time".to_owned()))??;
        tokio::task::spawn_local(async move {
            if let Err(error) = connection.await {
                tracing::warn!("a database connection ended: {error}");
            }
        });
        let settings = format!(
            "set lock_timeout = {}; set idle_in_transaction_session_timeout = {};
             set synchronous_commit = on; set client_min_messages = warning",
            LOCK_TIMEOUT.as_millis(),
            IDLE.as_millis()
        );
        client.batch_execute(&settings).await?;
        Ok(Self { client, silent: Cell::new(false), prepared: RefCell::default() })
    }

    fn works(&self) -> bool {
        !self.client.is_closed() && !self.silent.get()
    }

    async fn lock(&self, units: &[Queued]) -> Result<(), StoreError> {
        let groups = || units.iter().flat_map(|(locks, _)| &locks.groups);
        let apps: Vec<i64> = groups().map(|(AppId(app), _)| *app).collect();
        if !apps.is_empty() {
            let groups: Vec<&str> = groups().map(|(_, group)| group.as_str()).collect();
            let statement = self
                .prepare(
                    "select 1 from groups where (app, id) in (select * from unnest($1::bigint[], $2::text[]))
                     order by app, id for update",
                )
                .await?;
            self.client.query(&statement, &[&apps, &groups]).await?;
        }
        let locks = || units.iter().flat_map(|(locks, _)| &locks.users);
        let apps: Vec<i64> = locks().map(|(AppId(app), _)| *app).collect();
        if apps.is_empty() {
            return Ok(());
        }
        let users: Vec<&str> = locks().map(|(_, user)| user.as_str()).collect();
        let statement = self
            .prepare(
                "select 1 from users where (app, id) in (select * from unnest($1::bigint[], $2::text[]))
                 order by app, id for update",
            )
            .await?;
        self.client.query(&statement, &[&apps, &users]).await?;
        Ok(())
    }

    pub(super) async fn execute(
        &self,
        sql: &'static str,
        params: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        let statement = self.prepare(sql).await?;
        Ok(self.client.execute(&statement, &by_reference(params)).await?)
    }

    pub(super) async fn query(
        &self,
        sql: &'static str,
        params: &[Value<'_>],
    ) -> Result<Vec<tokio_postgres::Row>, StoreError> {
        let statement = self.prepare(sql).await?;
        Ok(self.client.query(&statement, &by_reference(params)).await?)
    }

    async fn prepare(&self, sql: &'static str) -> Result<Statement, StoreError> {
        if let Some(statement) = self.prepared.borrow().get(sql) {
            return Ok(statement.clone());
        }
        // Our statements count their parameters as SQLite does.
        let statement = self.client.prepare(&sql.replace('?', "$")).await?;
        self.prepared.borrow_mut().insert(sql, statement.clone());
        Ok(statement)
    }
}

fn by_reference<'a>(params: &'a [Value<'_>]) -> Vec<&'a (dyn ToSql + Sync)> {
    params.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}
