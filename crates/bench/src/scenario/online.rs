//! Asking who is online.

use std::fmt::Write as _;
use std::time::Instant;

use super::{Plan, Scenario};
use crate::http;
use crate::net::Net;
use crate::server::{Server, Storage};
use crate::stats::{Figures, Latencies};
use crate::users::{self, AT_ONCE};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "online",
    does: "Signed calls that ask whether one of 2,000 users is online, 64 under way at once; half are",
    run,
};

const PATH: &str = "/v4/user/online-status/get";

fn run(plan: &Plan) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    let server = Server::start(&plan.binary, Storage::Sqlite)?;
    let users = plan.count(2000, 20);
    let (tokens, _) = users::register(server.target(), 0, users, AT_ONCE)?;
    let mut net = Net::new()?;
    let online = &tokens[..users / 2];
    users::log_in(&mut net, server.door(), online, AT_ONCE)?;
    let names: Vec<_> = (0..users).map(users::name).collect();
    for run in 0..=plan.runs {
        let span = if run == 0 { plan.warm } else { plan.span };
        let (began, cpu) = (Instant::now(), server.cpu_seconds()?);
        let mut latencies = Latencies::default();
        http::calls(
            server.target(),
            PATH,
            AT_ONCE,
            |number, text| {
                let _ = write!(text, r#"{{"userId":"{}"}}"#, names[number % users]);
                began.elapsed() < span
            },
            |number, answer, took| {
                http::must_be_ok(PATH, answer)?;
                let status = if number % users < users / 2 { r#""1""# } else { r#""0""# };
                anyhow::ensure!(answer.body.contains(status), "{}", answer.body);
                latencies.add(took);
                Ok(())
            },
        )?;
        let (seconds, cpu) = (began.elapsed().as_secs_f64(), server.cpu_seconds()? - cpu);
        let count = latencies.len() as f64;
        if run > 0 {
            figures.add("online-rate", "/s", count / seconds);
            figures.add("online-cpu", "us", cpu * 1e6 / count);
            figures.add("online-p50", "ms", latencies.at(0.5));
            figures.add("online-p99", "ms", latencies.at(0.99));
        }
    }
    Ok(figures)
}
