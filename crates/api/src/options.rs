//! What an operator can set about the Server API.

use std::time::Duration;

use crate::metrics::Metrics;

/// What an operator can set about the Server API.
#[derive(Clone, Debug)]
pub struct Options {
    /// How far a request's timestamp may be off this server's clock, in seconds.
    pub signature_window_seconds: u32,
    /// Time that a request has, from its headers to its answer.
    pub timeout: Duration,
    /// Calls per second, app and class of operations, unless the app's own setting says otherwise. As many may
    /// come at once.
    pub calls_per_second: u32,
    /// Signed requests that are remembered for each app, to refuse them when they come again. Past it the
    /// app's oldest are forgotten early; one takes about 16 bytes.
    pub replays_remembered: usize,
    /// Where calls are counted.
    pub metrics: Metrics,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            signature_window_seconds: 300,
            timeout: Duration::from_secs(10),
            calls_per_second: 10_000,
            replays_remembered: 1_000_000,
            metrics: Metrics::default(),
        }
    }
}
