//! How often an app may call.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use nuncio_protocol::Code;
use nuncio_protocol::ids::AppId;
use nuncio_store::apps::App;

use crate::error::ApiError;
use crate::operation::RateClass;

/// How often budgets that are full again are let go of.
const PURGE_EVERY: Duration = Duration::from_mins(1);

type Limiter = DefaultKeyedRateLimiter<(AppId, RateClass)>;

/// A budget for each app and class of operations; it refills evenly, and holds one second's worth.
pub(super) struct Rates {
    usual: NonZeroU32,
    state: Mutex<State>,
}

/// One limiter for each rate that some app has.
struct State {
    limiters: HashMap<NonZeroU32, Arc<Limiter>>,
    purged_at: Instant,
}

impl Rates {
    /// With this rate per second for apps that have none of their own.
    pub(super) fn new(usual: u32) -> Self {
        let state = State { limiters: HashMap::new(), purged_at: Instant::now() };
        Self { usual: at_least_one(usual), state: Mutex::new(state) }
    }

    /// Takes `count` calls of the app's budget, or fails with the time to wait. More than the budget can
    /// ever hold takes all of it.
    pub(super) fn take(&self, app: &App, class: RateClass, count: usize) -> Result<(), ApiError> {
        let rate = app.settings.api_calls_per_second.map_or(self.usual, at_least_one);
        let Some(count) = NonZeroU32::new(u32::try_from(count).unwrap_or(u32::MAX)) else {
            return Ok(());
        };
        let limiter = self.limiter(rate);
        let Ok(Err(too_early)) = limiter.check_key_n(&(app.id, class), count.min(rate)) else {
            return Ok(());
        };
        let wait = too_early.wait_time_from(DefaultClock::default().now());
        let seconds = wait.as_secs() + 1;
        let sentence = format!(
            "more than {rate} calls of the class `{}` in a second, users and recipients counted one by \
             one: try again in {seconds} s",
            class.name()
        );
        let mut error = ApiError::new(Code::TooManyRequests, sentence);
        error.retry_after = Some(seconds);
        Err(error)
    }

    fn limiter(&self, rate: NonZeroU32) -> Arc<Limiter> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.purged_at.elapsed() > PURGE_EVERY {
            state.purged_at = Instant::now();
            state.limiters.retain(|_, limiter| {
                limiter.retain_recent();
                limiter.shrink_to_fit();
                !limiter.is_empty()
            });
        }
        let limiter = state
            .limiters
            .entry(rate)
            .or_insert_with(|| Arc::new(RateLimiter::keyed(Quota::per_second(rate))));
        Arc::clone(limiter)
    }
}

fn at_least_one(rate: u32) -> NonZeroU32 {
    NonZeroU32::new(rate).unwrap_or(NonZeroU32::MIN)
}
