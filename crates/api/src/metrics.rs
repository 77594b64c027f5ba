//! What is counted about calls, for Prometheus.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// Counts of calls. Cheap to clone; all clones count together.
#[derive(Clone, Debug)]
pub struct Metrics {
    calls: Family<Outcome, Counter>,
    seconds: Family<Endpoint, Histogram, fn() -> Histogram>,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Outcome {
    operation: &'static str,
    code: u32,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Endpoint {
    operation: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            calls: Family::default(),
            seconds: Family::new_with_constructor(|| {
                Histogram::new(exponential_buckets(0.000_25, 2.0, 16))
            }),
        }
    }
}

impl Metrics {
    /// Makes the figures part of `registry`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "api_calls",
            "Server API calls by operation and by the code of the answer",
            self.calls.clone(),
        );
        registry.register(
            "api_call_seconds",
            "Time from a call's headers to its answer",
            self.seconds.clone(),
        );
    }

    pub(crate) fn answered(&self, operation: &'static str, code: u32, took: Duration) {
        self.calls.get_or_create(&Outcome { operation, code }).inc();
        self.seconds.get_or_create(&Endpoint { operation }).observe(took.as_secs_f64());
    }
}
