//! Refusing a signed request that comes a second time.
//!
//! Each node remembers what it has seen, in memory: a request played against another node, or after a
//! restart, is not recognised. The stronger signature narrows what such a replay can do to the very same
//! call, and an `Idempotency-Key` makes that harmless.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::{Mutex, PoisonError};

use nuncio_protocol::Timestamp;
use nuncio_protocol::ids::AppId;

/// Parts of the window that are forgotten together.
const BUCKETS_PER_WINDOW: i64 = 10;

/// The requests of the last minutes, as keyed 64-bit hashes.
pub(super) struct Replays {
    window_ms: i64,
    most: usize,
    /// Unpredictable, so that nobody can make two requests collide.
    hasher: RandomState,
    seen: Mutex<HashMap<AppId, Seen>>,
}

/// One app's requests, by the part of time in which they were signed.
#[derive(Default)]
struct Seen {
    buckets: BTreeMap<i64, HashSet<u64>>,
    count: usize,
}

impl Seen {
    fn forget_oldest(&mut self) {
        if let Some((_, bucket)) = self.buckets.pop_first() {
            self.count -= bucket.len();
        }
    }

    fn forget_before(&mut self, first: i64) {
        while self.buckets.first_key_value().is_some_and(|(bucket, _)| *bucket < first) {
            self.forget_oldest();
        }
    }
}

impl Replays {
    /// For a window of so many seconds to either side, and so many requests of one app.
    pub(super) fn new(window_seconds: u32, most: usize) -> Self {
        Self {
            window_ms: i64::from(window_seconds).max(1) * 1000,
            most,
            hasher: RandomState::new(),
            seen: Mutex::default(),
        }
    }

    /// Whether the request is seen for the first time; from now on it is not. `signed_at` lies within the
    /// window around `now`.
    pub(super) fn is_new(
        &self,
        app: AppId,
        request: impl Hash,
        signed_at: Timestamp,
        now: Timestamp,
    ) -> bool {
        let hash = self.hasher.hash_one(request);
        let bucket_ms = (self.window_ms / BUCKETS_PER_WINDOW).max(1);
        // Whatever was signed earlier than this is refused for its age.
        let first = (now.0 - self.window_ms).div_euclid(bucket_ms);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first_of_app = !seen.contains_key(&app);
        if is_first_of_app {
            // A good moment to let go of apps that have gone quiet.
            seen.retain(|_, seen| {
                seen.forget_before(first);
                seen.count > 0
            });
        }
        let seen = seen.entry(app).or_default();
        seen.forget_before(first);
        let bucket = seen.buckets.entry(signed_at.0.div_euclid(bucket_ms)).or_default();
        if !bucket.insert(hash) {
            return false;
        }
        seen.count += 1;
        while seen.count > self.most && seen.buckets.len() > 1 {
            seen.forget_oldest();
        }
        if seen.count > self.most {
            // All of it is of one moment; begin again with this one.
            seen.buckets.clear();
            seen.buckets.entry(signed_at.0.div_euclid(bucket_ms)).or_default().insert(hash);
            seen.count = 1;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: AppId = AppId(1);

    #[test]
    fn a_request_is_new_once_for_as_long_as_its_time_is_accepted() {
        let replays = Replays::new(300, 1000);
        let signed_at = Timestamp(10_000_000);
        let at = |ms: i64| replays.is_new(APP, "r", signed_at, Timestamp(signed_at.0 + ms));
        assert!(at(-300_000));
        for ms in [-299_999, 0, 150_000, 300_000] {
            assert!(!at(ms), "{ms}");
        }
        assert!(replays.is_new(APP, "other", signed_at, signed_at));
        assert!(replays.is_new(AppId(2), "r", signed_at, signed_at));
    }

    #[test]
    fn what_is_too_old_is_forgotten_and_what_is_too_much_too() {
        let replays = Replays::new(300, 1000);
        for i in 0..100_000_i64 {
            let now = Timestamp(i * 100);
            assert!(replays.is_new(APP, i, now, now));
        }
        for i in 0..5000 {
            assert!(replays.is_new(AppId(2), i, Timestamp(9_999_000), Timestamp(9_999_000)));
        }
        let seen = replays.seen.lock().unwrap();
        assert!(seen[&APP].count <= 1000 && seen[&AppId(2)].count <= 1000);
        let counted = |app: AppId| seen[&app].buckets.values().map(HashSet::len).sum::<usize>();
        assert_eq!(counted(APP), seen[&APP].count);
    }

    #[test]
    fn an_app_that_has_gone_quiet_takes_no_memory() {
        let replays = Replays::new(300, 1000);
        replays.is_new(APP, 1, Timestamp(0), Timestamp(0));
        replays.is_new(AppId(2), 1, Timestamp(10_000_000), Timestamp(10_000_000));
        assert!(!replays.seen.lock().unwrap().contains_key(&APP));
    }
}
