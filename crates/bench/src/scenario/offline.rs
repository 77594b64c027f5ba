//! Messages to users who are not connected.

use super::{Plan, Scenario};
use crate::pairs::{Load, Pairs};
use crate::server::{Server, Storage};
use crate::stats::Figures;
use crate::users::{self, AT_ONCE};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "offline",
    does: "Direct messages of 500 connected users to 500 who are not: one under way for each sender",
    run,
};

fn run(plan: &Plan) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    let server = Server::start(&plan.binary, Storage::Sqlite)?;
    let (tokens, _) = users::register(server.target(), 0, plan.count(1000, 8), AT_ONCE)?;
    let mut pairs = Pairs::log_in(&server, &tokens, true)?;
    for _ in 0..plan.runs {
        let mut sent =
            pairs.run(Load::Saturation, plan.warm, plan.span, || server.cpu_seconds())?;
        figures.add("offline-rate", "/s", sent.rate());
        figures.add("offline-cpu", "s/100k", sent.cpu_per_100k());
        figures.add("offline-ack-p99", "ms", sent.latencies.at(0.99));
    }
    Ok(figures)
}
