//! How fast a connection may ask.

use std::time::Duration;

use tokio::time::Instant;

/// Seconds of unused allowance that may be saved up.
const BURST_SECONDS: u32 = 2;
/// Refusals in a row after which a client is taken not to listen.
const REFUSALS: u32 = 1000;

/// A connection's allowance: so many calls a second, and twice as many at once.
#[derive(Debug)]
pub(crate) struct Pace {
    /// What one call costs.
    cost: Duration,
    /// When the allowance is whole again.
    whole_at: Instant,
    refused: u32,
}

/// Whether a call is let through.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Allowed {
    Yes,
    /// Not before so long.
    After(Duration),
    /// No, and this client goes on and on.
    Never,
}

impl Pace {
    /// `per_second` calls, at least one.
    pub(crate) fn new(per_second: u32, now: Instant) -> Self {
        Self { cost: Duration::from_secs(1) / per_second.max(1), whole_at: now, refused: 0 }
    }

    /// Asks for one call.
    pub(crate) fn call(&mut self, now: Instant) -> Allowed {
        let whole_at = self.whole_at.max(now) + self.cost;
        let most = Duration::from_secs(1) * BURST_SECONDS;
        let spent = whole_at - now;
        if let Some(wait) = spent.checked_sub(most).filter(|wait| !wait.is_zero()) {
            self.refused += 1;
            return if self.refused > REFUSALS { Allowed::Never } else { Allowed::After(wait) };
        }
        self.refused = 0;
        self.whole_at = whole_at;
        Allowed::Yes
    }
}

/// Within what time, in milliseconds, clients that were sent away from a full queue try again: each at its own
/// moment, or they would fill it again together.
const AGAIN_MS: std::ops::RangeInclusive<u64> = 200..=1000;

/// A connection whose message was turned away because too many wait already.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SentAway {
    /// When the client may try again, as it was told.
    until: Instant,
    /// Whether it did not wait. It is not read from until then: to refuse a flood message by message would take the time
    /// that others' messages need.
    deaf: bool,
}

impl SentAway {
    /// Another message is turned away.
    pub(crate) fn again(before: Option<Self>, now: Instant) -> Self {
        match before {
            Some(Self { until, .. }) if until > now => Self { until, deaf: true },
            _ => {
                let wait = Duration::from_millis(rand::random_range(AGAIN_MS));
                Self { until: now + wait, deaf: false }
            }
        }
    }

    /// What the client is told.
    pub(crate) fn wait_ms(&self, now: Instant) -> u64 {
        let left = self.until.saturating_duration_since(now);
        u64::try_from(left.as_millis()).unwrap_or(u64::MAX).max(1)
    }

    pub(crate) fn is_over(&self, now: Instant) -> bool {
        self.until <= now
    }

    /// Until when nothing is read.
    pub(crate) fn deaf_until(&self) -> Option<Instant> {
        self.deaf.then_some(self.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_let_through_and_then_so_many_a_second() {
        let start = Instant::now();
        let mut pace = Pace::new(10, start);
        for call in 0..20 {
            assert_eq!(pace.call(start), Allowed::Yes, "{call}");
        }
        assert_eq!(pace.call(start), Allowed::After(Duration::from_millis(100)));
        let later = start + Duration::from_millis(100);
        assert_eq!(pace.call(later), Allowed::Yes);
        assert!(matches!(pace.call(later), Allowed::After(_)));
    }

    #[test]
    fn who_does_not_wait_is_not_listened_to_until_the_time_is_over() {
        let start = Instant::now();
        let first = SentAway::again(None, start);
        let wait = first.wait_ms(start);
        assert!(AGAIN_MS.contains(&wait) && first.deaf_until().is_none());
        let end = start + Duration::from_millis(wait);
        let second = SentAway::again(Some(first), start + Duration::from_millis(1));
        assert_eq!(second.deaf_until(), Some(end));
        assert!(!second.is_over(start) && second.is_over(end));
        assert!(SentAway::again(Some(second), end).deaf_until().is_none(), "forgiven");
    }

    #[test]
    fn who_never_waits_is_given_up() {
        let start = Instant::now();
        let mut pace = Pace::new(1, start);
        let outcomes: Vec<_> = (0..2000).map(|_| pace.call(start)).collect();
        assert_eq!(outcomes.iter().filter(|o| **o == Allowed::Yes).count(), 2);
        assert_eq!(outcomes[1002], Allowed::Never);
        assert_eq!(pace.call(start + Duration::from_secs(9)), Allowed::Yes, "a pause is forgiven");
    }
}
