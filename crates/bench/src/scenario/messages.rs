//! Direct messages between connected users: at saturation, and at rates.

use super::{Plan, Scenario};
use crate::pairs::{Load, Pairs};
use crate::server::{Server, Storage};
use crate::stats::Figures;
use crate::users::{self, AT_ONCE};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "messages",
    does: "Direct messages of 100 bytes between 500 connected pairs: one under way for each pair at a \
           time, and 10,000 per second",
    run,
};

/// Messages per second of the measurement at a rate.
const RATE: u32 = 10_000;

fn run(plan: &Plan) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    let server = Server::start(&plan.binary, Storage::Sqlite)?;
    let (tokens, _) = users::register(server.target(), 0, plan.count(1000, 8), AT_ONCE)?;
    let mut pairs = Pairs::log_in(&server, &tokens, false)?;
    for _ in 0..plan.runs {
        let cpu = || server.cpu_seconds();
        let mut all = pairs.run(Load::Saturation, plan.warm, plan.span, cpu)?;
        figures.add("message-rate", "/s", all.rate());
        figures.add("message-cpu", "s/100k", all.cpu_per_100k());
        figures.add("message-saturated-p99", "ms", all.latencies.at(0.99));
        figures.add("message-generator", "cores", all.own_cpu_seconds / all.seconds);
        let rate = if plan.smoke { 100 } else { RATE };
        let mut some = pairs.run(Load::Rate(rate), plan.warm, plan.span, cpu)?;
        figures.add("message-p50", "ms", some.latencies.at(0.5));
        figures.add("message-p99", "ms", some.latencies.at(0.99));
        figures.add("message-at-rate-cpu", "s/100k", some.cpu_per_100k());
        figures.add("message-at-rate-sent", "/s", some.rate());
        figures.add("message-at-rate-sent-away", "messages", some.refused as f64);
    }
    figures.add("message-memory-after", "MiB", server.resident_bytes()? as f64 / 1_048_576.0);
    Ok(figures)
}
