//! Registering users, each with a token.

use std::time::Instant;

use super::{Plan, Scenario};
use crate::server::{Server, Storage};
use crate::stats::Figures;
use crate::users::{self, AT_ONCE};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "register",
    does: "Signed calls that register a new user and issue a token: 64 under way at once, and one",
    run,
};

fn run(plan: &Plan) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    let server = Server::start(&plan.binary, Storage::Sqlite)?;
    let (many, few) = (plan.count(60_000, 200), plan.count(5_000, 50));
    // The first calls find nothing prepared, neither statements nor files.
    let mut next = plan.count(10_000, 100);
    users::register(server.target(), 0, next, AT_ONCE)?;
    for _ in 0..plan.runs {
        for (at_once, count, suffix) in [(AT_ONCE, many, ""), (1, few, "-single")] {
            let (began, cpu) = (Instant::now(), server.cpu_seconds()?);
            let (_, mut latencies) = users::register(server.target(), next, next + count, at_once)?;
            let (seconds, cpu) = (began.elapsed().as_secs_f64(), server.cpu_seconds()? - cpu);
            next += count;
            let name = |what: &str| format!("register{suffix}-{what}");
            figures.add(&name("rate"), "/s", count as f64 / seconds);
            figures.add(&name("cpu"), "us", cpu * 1e6 / count as f64);
            figures.add(&name("p50"), "ms", latencies.at(0.5));
            figures.add(&name("p99"), "ms", latencies.at(0.99));
        }
    }
    Ok(figures)
}
