//! The thread that owns the writing connection. It takes what waits into one transaction: users' tails are
//! filed, units run, messages are appended, and all is committed with one flush. In between it files what
//! has waited long enough, in small steps.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use nuncio_protocol::Refusal;
use nuncio_protocol::ids::MessageId;
use rusqlite::{Connection, ErrorCode};

use super::appending::{self, Tables};
use super::filing::{Filing, reload};
use super::local::{Local, Wants, owner, statement};
use super::queue::{Batch, Queue, Taken, WAIT_MS};
use super::rules::Rules;
use super::tail::Tail;
use crate::audit;
use crate::engine::staging::{Key, Staging};
use crate::engine::tx::{On, Tx};
use crate::engine::{Nudge, Shared, Work, at_once};
use crate::error::StoreError;

/// How often to look whether something in the tail has waited long enough, while nothing else happens.
const LOOK: Duration = Duration::from_millis(500);

pub(super) struct Writer {
    connection: Connection,
    tail: Arc<Tail>,
    shared: Shared,
    staging: Staging,
    rules: Rules,
    /// New messages come after this one: it, or a later one, was appended by another store.
    floor: MessageId,
}

/// What a transaction has done that counts once it is committed.
struct Done {
    filing: Filing,
    nudges: Vec<Nudge>,
    /// Whether something was put into the outbox.
    posted: bool,
}

impl Writer {
    pub(super) fn new(connection: Connection, tail: Arc<Tail>, shared: Shared) -> Self {
        Self {
            connection,
            tail,
            shared,
            staging: Staging::default(),
            rules: Rules::default(),
            floor: MessageId(0),
        }
    }

    pub(super) fn work(mut self, queue: &Queue) {
        let mut batch = Batch::default();
        loop {
            let patience = (!self.tail.is_empty()).then_some(LOOK);
            match queue.take(&mut batch, patience) {
                Taken::Work => self.run(&mut batch),
                Taken::Nothing => {}
                Taken::Closed => return,
            }
            let due = self.tail.due();
            if due > 0
                && let Err(error) = self.file(due)
            {
                tracing::error!("messages cannot be filed for now: {error}");
            }
        }
    }

    fn run(&mut self, batch: &mut Batch) {
        let mut staging = std::mem::take(&mut self.staging);
        let outcome = match self.transact(batch, &mut staging) {
            Ok(Done { filing, mut nudges, posted }) => {
                filing.committed(&self.tail);
                nudges.extend(appending::committed(&mut staging, &self.tail, &mut self.rules));
                self.shared.tell(nudges, posted);
                Ok(())
            }
            Err(error) => {
                self.rules.forget();
                Err(error.to_string())
            }
        };
        staging.clear();
        self.staging = staging;
        let outcome = || outcome.clone().map_err(StoreError::Unavailable);
        for (_, unit) in batch.units.drain(..) {
            unit.answer(outcome());
        }
        for append in batch.appends.drain(..) {
            append.answer(outcome());
        }
    }

    fn transact(&mut self, batch: &mut Batch, staging: &mut Staging) -> Result<Done, StoreError> {
        self.statement("begin immediate")?;
        match self.fill(batch, staging) {
            Ok(done) => {
                let started = Instant::now();
                self.commit()?;
                self.shared.metrics.commit_seconds.observe(started.elapsed().as_secs_f64());
                Ok(done)
            }
            Err(error) => {
                self.roll_back();
                Err(error)
            }
        }
    }

    fn fill(&mut self, batch: &mut Batch, staging: &mut Staging) -> Result<Done, StoreError> {
        let mut local = Local::of_writer(&self.connection, &self.tail);
        if !batch.appends.is_empty() || batch.units.iter().any(|(locks, _)| !locks.is_empty()) {
            self.floor = self.floor.max(own(&mut local, &self.tail)?);
        }
        let mut filing = Filing::default();
        let users = batch.units.iter().flat_map(|(locks, _)| locks).cloned().collect();
        settle(&mut local, &mut filing, &self.tail, Wants { users, everybody: false })?;
        let mut tx = Tx::new(On::Sqlite(local), &self.shared);
        for (_, unit) in &mut batch.units {
            let floor = run_unit(unit.as_mut(), &mut tx, &mut filing, &self.tail)?;
            self.floor = self.floor.max(floor);
        }
        if matches!(&tx.on, On::Sqlite(local) if local.wrote()) {
            self.rules.forget();
        }
        if !batch.appends.is_empty() {
            self.rules.refresh(&self.connection)?;
            let full = self.tail.is_full();
            let (connection, tail, rules) = (&self.connection, &self.tail, &mut self.rules);
            let mut tables = Tables::new(connection, tail, rules, self.floor)?;
            for append in &mut batch.appends {
                if full {
                    append.refuse(Refusal::SendingTooFast { wait_ms: WAIT_MS });
                    continue;
                }
                at_once(staging.append(&mut tx, &mut tables, append))?;
            }
            appending::write(staging, connection)?;
        }
        let nudges = std::mem::take(&mut tx.nudges);
        at_once(audit::append(&mut tx))?;
        filing.finish(&self.connection, &self.tail)?;
        Ok(Done { filing, nudges, posted: tx.posted })
    }

    /// Files some of what has waited longest, about so many entries. Nobody can see it happen, so it is not
    /// flushed to disk by itself.
    fn file(&mut self, most: usize) -> Result<(), StoreError> {
        self.statement("pragma synchronous = normal")?;
        let outcome = self.file_unflushed(most);
        self.statement("pragma synchronous = full")?;
        outcome
    }

    fn file_unflushed(&mut self, most: usize) -> Result<(), StoreError> {
        self.statement("begin immediate")?;
        let mut filing = Filing::default();
        let filed = owner(&self.connection).map_err(StoreError::from).and_then(|owner| {
            if owner != self.tail.owner {
                // Somebody else has taken the tail over; what is in memory is out of date.
                self.tail.forget();
                return Ok(());
            }
            filing.file(&self.connection, &self.tail, self.tail.oldest(most), most)?;
            filing.finish(&self.connection, &self.tail)
        });
        if let Err(error) = filed {
            self.roll_back();
            return Err(error);
        }
        self.commit()?;
        filing.committed(&self.tail);
        Ok(())
    }

    fn statement(&self, sql: &str) -> rusqlite::Result<()> {
        statement(&self.connection, sql)
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

/// Makes the tail in memory what the table holds, if another store has changed that, and our own from now on.
/// Returns an id after which new messages come.
fn own(local: &mut Local<'_>, tail: &Tail) -> Result<MessageId, StoreError> {
    let mut floor = MessageId(0);
    if local.is_known_to_be_ours() {
        return Ok(floor);
    }
    if owner(local.connection)? != tail.owner {
        floor = reload(local.connection, tail)?;
        local
            .connection
            .prepare_cached("update tail_state set owner = ?1 where id = 1")?
            .execute([tail.owner])?;
    }
    local.know_to_be_ours();
    Ok(floor)
}

/// Files those who are wanted, as far as they are not filed in this transaction.
fn settle(
    local: &mut Local<'_>,
    filing: &mut Filing,
    tail: &Tail,
    wants: Wants,
) -> Result<(), StoreError> {
    let mut users = if wants.everybody { tail.everybody() } else { wants.users };
    users.retain(|key| !local.is_settled(key));
    let unfiled: Vec<Key> = users.iter().filter(|key| tail.head(key).is_some()).cloned().collect();
    filing.file(local.connection, tail, unfiled, usize::MAX)?;
    local.settle(users);
    if wants.everybody {
        local.settle_everybody();
    }
    Ok(())
}

/// Runs a unit, again as long as it finds that somebody must be filed first. Returns like [`own`].
fn run_unit(
    unit: &mut dyn Work,
    tx: &mut Tx<'_>,
    filing: &mut Filing,
    tail: &Tail,
) -> Result<MessageId, StoreError> {
    let mut floor = MessageId(0);
    loop {
        let mark = tx.mark();
        let On::Sqlite(local) = &tx.on else { return Ok(floor) };
        local.begin_unit();
        // Nothing is waited for here.
        let stays = unit.run(tx).now_or_never().is_some_and(|outcome| outcome.is_ok());
        if !stays {
            tx.back_to(mark);
        }
        let On::Sqlite(local) = &mut tx.on else { return Ok(floor) };
        if let Err(error) = local.end_unit(stays) {
            fatal("a savepoint failed", &error);
        }
        let wants = local.take_wants();
        if wants.is_empty() {
            return Ok(floor);
        }
        floor = floor.max(own(local, tail)?);
        settle(local, filing, tail, wants)?;
    }
}

/// After a failed flush nobody can say what is on disk: only a restart, which reads it, can.
fn fatal(what: &str, error: &rusqlite::Error) -> ! {
    tracing::error!("{what}: {error}; stopping, to recover from what is on disk");
    std::process::abort()
}
