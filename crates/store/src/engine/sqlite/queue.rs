//! What waits for the writing thread: messages to append in one lane, all other units in another, so that a
//! flood of messages holds up no ban.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nuncio_protocol::Refusal;
use tokio::sync::Semaphore;

use crate::engine::staging::{Append, Key};
use crate::engine::{StoreMetrics, Work, stopped};
use crate::error::StoreError;

/// Units, and messages, that one transaction takes at most.
const BATCH: usize = 512;
/// Messages that may wait; past that, their senders are told to slow down.
const APPENDS: usize = 4096;
/// Bytes of their contents.
const BYTES: usize = 64 * 1024 * 1024;
/// Other units that may wait; past that, callers wait to be let in.
const UNITS: usize = 4096;
/// When a sender who was told to slow down may try again: the queue is empty by then.
pub(super) const WAIT_MS: u64 = 500;

/// A unit of work and the users whose rows it changes.
pub(super) type Unit = (Vec<Key>, Box<dyn Work>);

/// What one transaction does: units first, so that what they decide holds for the messages.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) units: Vec<Unit>,
    pub(super) appends: Vec<Append>,
    /// Bytes of the messages that wait.
    bytes: usize,
}

/// What a look into the queue found.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Taken {
    Work,
    /// Nothing came for a while.
    Nothing,
    /// Nothing will come any more.
    Closed,
}

pub(super) struct Queue {
    lanes: Mutex<Lanes>,
    ready: Condvar,
    room: Semaphore,
    metrics: StoreMetrics,
}

#[derive(Default)]
struct Lanes {
    waiting: Batch,
    closed: bool,
    /// The thread sleeps and must be woken.
    asleep: bool,
}

impl Queue {
    pub(super) fn new(metrics: StoreMetrics) -> Self {
        Self {
            lanes: Mutex::default(),
            ready: Condvar::new(),
            room: Semaphore::new(UNITS),
            metrics,
        }
    }

    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a unit, once there is room.
    pub(super) async fn push(&self, unit: Unit) -> Result<(), StoreError> {
        self.room.acquire().await.map_err(|_| stopped())?.forget();
        self.put(|waiting| {
            waiting.units.push(unit);
            Ok(())
        })
    }

    /// Queues a message, unless too many wait.
    pub(super) fn push_append(&self, append: Append) -> Result<(), StoreError> {
        self.put(|waiting| {
            if waiting.appends.len() >= APPENDS || waiting.bytes >= BYTES {
                return Err(Refusal::SendingTooFast { wait_ms: WAIT_MS }.into());
            }
            waiting.bytes += append.bytes();
            waiting.appends.push(append);
            Ok(())
        })
    }

    fn put(
        &self,
        put: impl FnOnce(&mut Batch) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut lanes = self.lanes();
        if lanes.closed {
            return Err(stopped());
        }
        put(&mut lanes.waiting)?;
        self.metrics.queue_depth.inc();
        let asleep = std::mem::replace(&mut lanes.asleep, false);
        drop(lanes);
        if asleep {
            self.ready.notify_one();
        }
        Ok(())
    }

    /// Moves what waits into `batch`, which is empty; sleeps until there is something, or for `patience`.
    pub(super) fn take(&self, batch: &mut Batch, patience: Option<Duration>) -> Taken {
        let mut lanes = self.lanes();
        while lanes.waiting.units.is_empty() && lanes.waiting.appends.is_empty() {
            if lanes.closed {
                return Taken::Closed;
            }
            lanes.asleep = true;
            lanes = match patience {
                None => self.ready.wait(lanes).unwrap_or_else(PoisonError::into_inner),
                Some(patience) => {
                    let (mut lanes, timeout) = self
                        .ready
                        .wait_timeout(lanes, patience)
                        .unwrap_or_else(PoisonError::into_inner);
                    if timeout.timed_out() && lanes.asleep {
                        lanes.asleep = false;
                        return Taken::Nothing;
                    }
                    lanes
                }
            };
        }
        take_some(&mut lanes.waiting.units, &mut batch.units);
        take_some(&mut lanes.waiting.appends, &mut batch.appends);
        let taken: usize = batch.appends.iter().map(Append::bytes).sum();
        lanes.waiting.bytes -= taken;
        drop(lanes);
        self.room.add_permits(batch.units.len());
        let count = batch.units.len() + batch.appends.len();
        self.metrics.queue_depth.dec_by(i64::try_from(count).unwrap_or(i64::MAX));
        self.metrics.batch_size.observe(count as f64);
        Taken::Work
    }

    /// Nothing is taken in any more.
    pub(super) fn close(&self) {
        self.lanes().closed = true;
        self.ready.notify_one();
    }
}

/// Moves at most a transaction's worth, and leaves the emptied vector's memory to be filled again.
fn take_some<T>(from: &mut Vec<T>, to: &mut Vec<T>) {
    if from.len() <= BATCH {
        std::mem::swap(from, to);
    } else {
        to.extend(from.drain(..BATCH));
    }
}
