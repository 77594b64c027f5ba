//! What a message costs, and a start takes, as the registered users become more.

use std::fmt::Write as _;

use super::start::first_login_ms;
use super::{Plan, Scenario};
use crate::http;
use crate::pairs::{Load, Pairs};
use crate::server::{Server, Storage};
use crate::stats::Figures;
use crate::users::{self, AT_ONCE};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "growth",
    does: "Messages between 500 pairs whose recipients block 998 users each, among 1,000, 10,000, 100,000 and \
           1,000,000 users, and a start with the last",
    run,
};

const BLOCK: &str = "/v4/user/blocklist/add";
/// Targets of one call that blocks.
const TARGETS: usize = 20;

fn run(plan: &Plan) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    let first = plan.count(1000, 8);
    let mut server = Server::start(&plan.binary, Storage::Sqlite)?;
    let (tokens, _) = users::register(server.target(), 0, first, AT_ONCE)?;
    block(&server, first)?;
    let mut users = first;
    for times in [1, 10, 100, 1000] {
        let wanted = if plan.smoke { first + times / 10 } else { first * times };
        users::register(server.target(), users, wanted, AT_ONCE)?;
        users = wanted;
        let mut pairs = Pairs::log_in(&server, &tokens, false)?;
        for _ in 0..plan.runs {
            let cpu = || server.cpu_seconds();
            let measured = pairs.run(Load::Saturation, plan.warm, plan.span, cpu)?;
            figures.add(&format!("growth-cpu-{times}k"), "s/100k", measured.cpu_per_100k());
            figures.add_at("growth-cost", "s/100k", users as f64, measured.cpu_per_100k());
        }
    }
    let cost = |name: &str| figures.get(name).map_or(0.0, crate::stats::Figure::median);
    let growth = cost("growth-cpu-1000k") / cost("growth-cpu-1k");
    figures.add("growth", "times", growth);
    for _ in 0..plan.runs {
        figures.add("start-million", "ms", first_login_ms(&mut server, &tokens)?);
    }
    figures.add("growth-memory", "MiB", server.resident_bytes()? as f64 / 1_048_576.0);
    figures.add("growth-stored", "MB", server.stored_bytes()? as f64 / 1e6);
    Ok(figures)
}

/// Has each user who is written to, every second one, block all but itself and who writes to it.
fn block(server: &Server, users: usize) -> anyhow::Result<()> {
    let mut calls = Vec::new();
    for owner in (1..users).step_by(2) {
        let others: Vec<_> =
            (0..users).filter(|other| *other != owner && *other != owner - 1).collect();
        calls.extend(others.chunks(TARGETS).map(|targets| (owner, targets.to_vec())));
    }
    http::calls(
        server.target(),
        BLOCK,
        AT_ONCE,
        |number, text| {
            let Some((owner, targets)) = calls.get(number) else { return false };
            let _ = write!(text, r#"{{"userId":"{}","targetUserIds":["#, users::name(*owner));
            for (place, target) in targets.iter().enumerate() {
                let comma = if place > 0 { "," } else { "" };
                let _ = write!(text, r#"{comma}"{}""#, users::name(*target));
            }
            text.push_str("]}");
            true
        },
        |_, answer, _| http::must_be_ok(BLOCK, answer),
    )
}
