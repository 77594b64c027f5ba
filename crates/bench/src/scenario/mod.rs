//! What is measured: a file for each scenario, and the table of them.

mod ban;
mod block;
mod cluster;
mod footprint;
mod groups;
mod growth;
mod idle;
mod limit;
mod login;
mod messages;
mod mix;
mod offline;
mod online;
mod overload;
mod postgres;
mod push;
mod register;
mod start;

use std::path::PathBuf;
use std::time::Duration;

use crate::stats::Figures;

/// How much is done of everything.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The server's binary.
    pub(crate) binary: PathBuf,
    /// Runs of each measurement.
    pub(crate) runs: usize,
    /// What is measured lasts so long in each run.
    pub(crate) span: Duration,
    /// What is left out before.
    pub(crate) warm: Duration,
    /// How long the mix lasts, and its messages per second.
    pub(crate) mix: Duration,
    pub(crate) mix_rate: u32,
    /// Only as much as it takes to see that everything works.
    pub(crate) smoke: bool,
}

impl Plan {
    /// How many there are of something.
    pub(crate) fn count(&self, usual: usize, smoke: usize) -> usize {
        if self.smoke { smoke } else { usual }
    }
}

/// A scenario, by name.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// What it does, for `--help` and reports.
    pub(crate) does: &'static str,
    pub(crate) run: fn(&Plan) -> anyhow::Result<Figures>,
}

/// All of them.
pub(crate) const SCENARIOS: &[Scenario] = &[
    messages::SCENARIO,
    limit::SCENARIO,
    offline::SCENARIO,
    login::SCENARIO,
    idle::SCENARIO,
    register::SCENARIO,
    online::SCENARIO,
    ban::SCENARIO,
    block::SCENARIO,
    start::SCENARIO,
    footprint::SCENARIO,
    growth::SCENARIO,
    postgres::SCENARIO,
    cluster::SCENARIO,
    groups::SCENARIO,
    push::SCENARIO,
    overload::SCENARIO,
    mix::SCENARIO,
];

/// The scenarios' names and what they do, for `--help`.
pub(crate) fn names() -> String {
    let lines = SCENARIOS.iter().map(|it| format!("  {:<10} {}", it.name, it.does));
    lines.collect::<Vec<_>>().join("\n")
}
