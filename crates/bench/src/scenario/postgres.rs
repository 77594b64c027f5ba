//! The PostgreSQL engine, the database on the same cores.

use nuncio_testkit::postgres::Durable;

use super::{Plan, Scenario};
use crate::pairs::{Load, Pairs};
use crate::server::{Server, Storage};
use crate::stats::Figures;
use crate::users::{self, AT_ONCE};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "postgres",
    does: "Direct messages between 500 connected pairs on PostgreSQL, which flushes every commit and runs on the \
           same cores",
    run,
};

fn run(plan: &Plan) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    let database = Durable::start();
    let storage = Storage::Postgres { url: database.url(), process: database.process() };
    let server = Server::start(&plan.binary, storage)?;
    let (tokens, _) = users::register(server.target(), 0, plan.count(1000, 8), AT_ONCE)?;
    let mut pairs = Pairs::log_in(&server, &tokens, false)?;
    for _ in 0..plan.runs {
        let cpu = || server.cpu_seconds();
        let mut all = pairs.run(Load::Saturation, plan.warm, plan.span, cpu)?;
        figures.add("postgres-rate", "/s", all.rate());
        figures.add("postgres-cpu", "s/100k", all.cpu_per_100k());
        figures.add("postgres-saturated-p99", "ms", all.latencies.at(0.99));
    }
    Ok(figures)
}
