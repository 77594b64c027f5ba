//! Logins over WebSocket.

use std::fs;
use std::time::Instant;

use super::{Plan, Scenario};
use crate::net::Net;
use crate::server::{Server, Storage, wait_until};
use crate::stats::Figures;
use crate::users::{self, AT_ONCE};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "login",
    does: "Logins over WebSocket with a token, 64 under way at once; the connections stay open",
    run,
};

fn run(plan: &Plan) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    let server = Server::start(&plan.binary, Storage::Sqlite)?;
    let (tokens, _) = users::register(server.target(), 0, plan.count(10_000, 100), AT_ONCE)?;
    let files = || anyhow::Ok(fs::read_dir(format!("/proc/{}/fd", server.process()))?.count());
    let before = files()?;
    for _ in 0..plan.runs {
        let mut net = Net::new()?;
        let (began, cpu) = (Instant::now(), server.cpu_seconds()?);
        let (_, mut latencies) = users::log_in(&mut net, server.door(), &tokens, AT_ONCE)?;
        let (seconds, cpu) = (began.elapsed().as_secs_f64(), server.cpu_seconds()? - cpu);
        let count = tokens.len() as f64;
        figures.add("login-rate", "/s", count / seconds);
        figures.add("login-cpu", "ms", cpu * 1000.0 / count);
        figures.add("login-p50", "ms", latencies.at(0.5));
        figures.add("login-p99", "ms", latencies.at(0.99));
        drop(net);
        wait_until("the end of the connections", || Ok(files()? <= before + AT_ONCE))?;
    }
    Ok(figures)
}
