//! How large the binary is, and how much memory a fresh server takes.

use std::fs;
use std::time::Duration;

use super::{Plan, Scenario};
use crate::server::{Server, Storage};
use crate::stats::Figures;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "footprint",
    does: "The size of the binary, and the memory of a server that has just started",
    run,
};

/// After this time all that starts has started.
const SETTLE: Duration = Duration::from_secs(1);

fn run(plan: &Plan) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    figures.add("binary-size", "MB", fs::metadata(&plan.binary)?.len() as f64 / 1e6);
    for _ in 0..plan.runs {
        let server = Server::start(&plan.binary, Storage::Sqlite)?;
        std::thread::sleep(if plan.smoke { Duration::ZERO } else { SETTLE });
        figures.add("memory-fresh", "MiB", server.resident_bytes()? as f64 / 1_048_576.0);
    }
    Ok(figures)
}
