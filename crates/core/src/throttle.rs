//! Slows guessing down: wrong tries fill a bucket that leaks, one for each name and one for each address.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use nuncio_protocol::{Refusal, Timestamp};

/// Buckets that are kept; past it, the emptiest gives way.
const BUCKETS: usize = 10_000;

/// How many tries at once, and how fast there are new ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Wrong tries that are let through one after the other.
    pub(crate) burst: u32,
    /// Milliseconds after which one more is.
    pub(crate) refill_ms: i64,
}

/// What was tried, by key.
#[derive(Debug)]
pub(crate) struct Throttle {
    pace: Pace,
    /// When each bucket is empty again, if nothing more comes.
    empty_at: Mutex<HashMap<String, i64>>,
}

impl Throttle {
    pub(crate) fn new(pace: Pace) -> Self {
        Self { pace, empty_at: Mutex::default() }
    }

    /// Counts a try as a wrong one, before it is looked at: so many at once are no way around. Refused when
    /// there were too many.
    pub(crate) fn take(&self, key: &str, now: Timestamp) -> Result<(), Refusal> {
        let Pace { burst, refill_ms } = self.pace;
        let mut buckets = self.empty_at.lock().unwrap_or_else(PoisonError::into_inner);
        let empty_at = buckets.get(key).copied().unwrap_or(0).max(now.0) + refill_ms;
        // A clock that was set back must not lock anybody out for longer than a full bucket does.
        let over = (empty_at - now.0 - i64::from(burst) * refill_ms).min(refill_ms);
        if over > 0 {
            return Err(Refusal::TooManyTries { wait_ms: over.cast_unsigned() });
        }
        if buckets.len() >= BUCKETS && !buckets.contains_key(key) {
            buckets.retain(|_, empty_at| *empty_at > now.0);
            if buckets.len() >= BUCKETS
                && let Some(least) =
                    buckets.iter().min_by_key(|(_, at)| **at).map(|(key, _)| key.clone())
            {
                buckets.remove(&least);
            }
        }
        buckets.insert(key.to_owned(), empty_at);
        Ok(())
    }

    /// Takes back what [`Throttle::take`] counted: the try was a right one.
    pub(crate) fn give_back(&self, key: &str) {
        let mut buckets = self.empty_at.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(empty_at) = buckets.get_mut(key) {
            *empty_at -= self.pace.refill_ms;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace { burst: 3, refill_ms: 1000 };

    #[test]
    fn past_the_burst_one_try_is_let_through_now_and_then() {
        let throttle = Throttle::new(PACE);
        let at = |ms: i64| throttle.take("ada", Timestamp(5_000_000 + ms));
        assert!((0..3).all(|_| at(0).is_ok()));
        assert_eq!(at(0), Err(Refusal::TooManyTries { wait_ms: 1000 }));
        assert_eq!(at(400), Err(Refusal::TooManyTries { wait_ms: 600 }));
        assert_eq!(at(1000), Ok(()));
        assert!(at(1000).is_err());
        assert!(throttle.take("bob", Timestamp(5_000_000)).is_ok(), "another name");
    }

    #[test]
    fn right_tries_cost_nothing() {
        let throttle = Throttle::new(PACE);
        for _ in 0..100 {
            throttle.take("ada", Timestamp(0)).unwrap();
            throttle.give_back("ada");
        }
    }

    #[test]
    fn many_names_do_not_make_room_for_more_tries_at_one() {
        let throttle = Throttle::new(PACE);
        while throttle.take("ada", Timestamp(0)).is_ok() {}
        for other in 0..2 * BUCKETS {
            throttle.take(&other.to_string(), Timestamp(0)).unwrap();
        }
        assert!(throttle.take("ada", Timestamp(0)).is_err());
        assert!(throttle.empty_at.lock().unwrap().len() <= BUCKETS);
    }
}
