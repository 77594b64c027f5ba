//! Whom to look at: users with registered devices for whom something has come.
//!
//! Who has devices is remembered by hash, so that a message to who has none costs a look into memory. What is remembered
//! may be too much or, for a moment, too little: the truth is in the store, where the scan finds whoever is behind.

use std::collections::{BTreeSet, HashMap, HashSet};
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
    due: Mutex<Queue>,
    /// Rings when a moment in `due` is a new first.
    pub(super) wake: Notify,
}

/// Users to be looked at, each once, in the order of their moments.
#[derive(Default)]
struct Queue {
    of: HashMap<Key, Due>,
    order: BTreeSet<(Instant, Key)>,
}

impl Queue {
    fn set(&mut self, key: Key, due: Due) {
        if let Some(before) = self.of.insert(key.clone(), due) {
            self.order.remove(&(before.at, key.clone()));
        }
        self.order.insert((due.at, key));
    }
}

/// When a user is to be looked at.
#[derive(Clone, Copy)]
struct Due {
    at: Instant,
    /// The last look found the user connected: then what comes meanwhile is no reason to look earlier.
    connected: bool,
}

impl Hints {
    fn due(&self) -> MutexGuard<'_, Queue> {
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
        self.add(key, Due { at: Instant::now() + after, connected: false });
    }

    /// Has a user looked at again after a while who is connected.
    pub(super) fn look_again(&self, key: Key, after: Duration) {
        self.add(key, Due { at: Instant::now() + after, connected: true });
    }

    /// Something has come for a user.
    pub(super) fn arrived(&self, key: Key) {
        if self.due().of.get(&key).is_none_or(|due| !due.connected) {
            self.look(key, Duration::ZERO);
        }
    }

    fn add(&self, key: Key, new: Due) {
        let mut all = self.due();
        match all.of.get(&key) {
            Some(due) if due.at <= new.at => return,
            None if all.of.len() >= WAITING => return,
            _ => all.set(key, new),
        }
        drop(all);
        self.wake.notify_one();
    }

    /// At most `most` users whose moment has come, and the first moment of the others.
    pub(super) fn take(&self, most: usize) -> (Vec<Key>, Option<Instant>) {
        let now = Instant::now();
        let mut due = self.due();
        let mut ready = Vec::new();
        while ready.len() < most
            && due.order.first().is_some_and(|(at, _)| *at <= now)
            && let Some((_, key)) = due.order.pop_first()
        {
            due.of.remove(&key);
            ready.push(key);
        }
        (ready, due.order.first().map(|(at, _)| *at))
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
                    hints.arrived((nudge.app, nudge.user.clone()));
                }
            }
        }
        self.on.nudge(nudges);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(user: &str) -> Key {
        (AppId(1), UserId::try_from(user).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_connected_is_not_looked_at_for_each_message() {
        let hints = Hints::default();
        hints.arrived(key("ada"));
        assert_eq!(hints.take(9), (vec![key("ada")], None));
        let later = Duration::from_secs(10);
        hints.look_again(key("ada"), later);
        hints.arrived(key("ada"));
        let (ready, next) = hints.take(9);
        assert_eq!((ready, next), (Vec::new(), Some(Instant::now() + later)));
        // The connection has ended: now what comes counts.
        hints.look(key("ada"), Duration::from_secs(1));
        hints.arrived(key("ada"));
        assert_eq!(hints.take(9).0, [key("ada")]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_earliest_moment_counts_and_no_more_are_taken_than_there_are_hands() {
        let hints = Hints::default();
        for (user, seconds) in [("a", 3), ("b", 1), ("a", 2), ("b", 9)] {
            hints.look(key(user), Duration::from_secs(seconds));
        }
        assert_eq!(hints.take(9).0, []);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(hints.take(9).0, [key("b")]);
        tokio::time::advance(Duration::from_secs(1)).await;
        hints.arrived(key("b"));
        assert_eq!(hints.take(1).0.len(), 1);
        assert_eq!(hints.take(9).0.len(), 1);
    }

    #[test]
    fn only_who_has_devices_is_known() {
        let hints = Hints::default();
        assert!(!hints.knows(AppId(1), &key("ada").1));
        hints.learn(AppId(1), &key("ada").1);
        assert!(hints.knows(AppId(1), &key("ada").1) && !hints.knows(AppId(2), &key("ada").1));
        hints.forget(AppId(1), &key("ada").1);
        assert!(!hints.knows(AppId(1), &key("ada").1));
    }
}
