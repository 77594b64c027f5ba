//! Whom to look at: users with registered devices for whom something has come.
//!
//! Who has devices is remembered by hash, so that a message to who has none costs a look into memory. What is remembered
//! may be too much or, for a moment, too little: the truth is in the store, where the scan finds whoever is behind.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use nuncio_protocol::UserId;
use nuncio_protocol::ids::AppId;
use nuncio_store::{Nudge, Nudges};
use tokio::sync::Notify;
use tokio::time::Instant;

/// Users that wait to be looked at; past it, the scan finds them.
const WAITING: usize = 100_000;

/// A user of an app.
pub(super) type Key = (AppId, UserId);

/// What this node remembers.
#[derive(Default)]
pub(crate) struct Hints {
    hasher: RandomState,
    /// Whether anybody has devices.
    any: AtomicBool,
    known: RwLock<HashSet<u64>>,
    due: Mutex<HashMap<Key, Instant>>,
    /// Rings when a moment in `due` is a new first.
    pub(super) wake: Notify,
}

impl Hints {
    fn due(&self) -> MutexGuard<'_, HashMap<Key, Instant>> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hash(&self, app: AppId, user: &UserId) -> u64 {
        self.hasher.hash_one((app, user))
    }

    /// A user has devices.
    pub(super) fn learn(&self, app: AppId, user: &UserId) {
        let hash = self.hash(app, user);
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(hash);
        self.any.store(true, Ordering::Release);
    }

    /// A user has none.
    pub(super) fn forget(&self, app: AppId, user: &UserId) {
        let hash = self.hash(app, user);
        self.known.write().unwrap_or_else(PoisonError::into_inner).remove(&hash);
    }

    /// Whether a user may have devices.
    pub(super) fn knows(&self, app: AppId, user: &UserId) -> bool {
        self.any.load(Ordering::Acquire)
            && self
                .known
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .contains(&self.hash(app, user))
    }

    /// Has a user looked at after a while, or earlier where that was said before.
    pub(super) fn look(&self, key: Key, after: Duration) {
        let at = Instant::now() + after;
        let mut due = self.due();
        if due.len() >= WAITING && !due.contains_key(&key) {
            return;
        }
        let moment = due.entry(key).or_insert(at);
        *moment = at.min(*moment);
        drop(due);
        self.wake.notify_one();
    }

    /// At most `most` users whose moment has come, and the first moment of the others.
    pub(super) fn take(&self, most: usize) -> (Vec<Key>, Option<Instant>) {
        let now = Instant::now();
        let mut due = self.due();
        let ready: Vec<_> = due
            .iter()
            .filter(|(_, at)| **at <= now)
            .map(|(key, _)| key.clone())
            .take(most)
            .collect();
        for key in &ready {
            due.remove(key);
        }
        (ready, due.values().min().copied())
    }
}

/// Stands between the store and the bus, and sees who may have to be pushed to. Costs nothing while nobody has devices.
pub struct PushTap {
    on: Arc<dyn Nudges>,
    hints: OnceLock<Arc<Hints>>,
}

impl PushTap {
    /// Passes all nudges on.
    #[must_use]
    pub fn new(on: Arc<dyn Nudges>) -> Self {
        Self { on, hints: OnceLock::new() }
    }

    pub(super) fn attach(&self, hints: Arc<Hints>) {
        let _ = self.hints.set(hints);
    }
}

impl Nudges for PushTap {
    fn nudge(&self, nudges: Vec<Nudge>) {
        if let Some(hints) = self.hints.get().filter(|hints| hints.any.load(Ordering::Acquire)) {
            for nudge in &nudges {
                if hints.knows(nudge.app, &nudge.user) {
                    hints.look((nudge.app, nudge.user.clone()), Duration::ZERO);
                }
            }
        }
        self.on.nudge(nudges);
    }
}
