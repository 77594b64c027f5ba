//! Connections that do nothing: the memory that each takes.

use std::time::Duration;

use super::{Plan, Scenario};
use crate::hold::Holder;
use crate::server::{Server, Storage};
use crate::stats::Figures;
use crate::users::{self, AT_ONCE};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "idle",
    does: "19,000 connections that have logged in and do nothing, from two processes: memory of each",
    run,
};

/// Processes that hold the connections: one may open about as many files as the server.
const HOLDERS: usize = 2;
/// After this time nothing is left of the logins but what stays.
const SETTLE: Duration = Duration::from_secs(2);

fn run(plan: &Plan) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    let mut server = Server::start(&plan.binary, Storage::Sqlite)?;
    let (tokens, _) = users::register(server.target(), 0, plan.count(19_000, 100), AT_ONCE)?;
    // What registering left behind would be taken for connections' memory, or hide it.
    server.restart()?;
    let settle = if plan.smoke { Duration::ZERO } else { SETTLE };
    std::thread::sleep(settle);
    let before = server.resident_bytes()?;
    let mut holders = Vec::new();
    for tokens in tokens.chunks(tokens.len().div_ceil(HOLDERS)) {
        holders.push(Holder::start(server.door(), tokens)?);
    }
    std::thread::sleep(settle);
    let taken = server.resident_bytes()?.saturating_sub(before);
    figures.add("idle-memory", "KiB", taken as f64 / 1024.0 / tokens.len() as f64);
    figures.add("idle-connections", "connections", tokens.len() as f64);
    Ok(figures)
}
