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
    fn who_never_waits_is_given_up() {
        let start = Instant::now();
        let mut pace = Pace::new(1, start);
        let outcomes: Vec<_> = (0..2000).map(|_| pace.call(start)).collect();
        assert_eq!(outcomes.iter().filter(|o| **o == Allowed::Yes).count(), 2);
        assert_eq!(outcomes[1002], Allowed::Never);
        assert_eq!(pace.call(start + Duration::from_secs(9)), Allowed::Yes, "a pause is forgiven");
    }
}
