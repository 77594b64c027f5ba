//! Starting: from the process's beginning to the first login.

use std::time::Instant;

use super::{Plan, Scenario};
use crate::net::Net;
use crate::server::{Server, Storage};
use crate::stats::Figures;
use crate::users;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "start",
    does: "Starts of a server with one user, from the beginning of the process to the first welcome",
    run,
};

fn run(plan: &Plan) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    let mut server = Server::start(&plan.binary, Storage::Sqlite)?;
    let (tokens, _) = users::register(server.target(), 0, 1, 1)?;
    for _ in 0..3 * plan.runs {
        figures.add("start-empty", "ms", first_login_ms(&mut server, &tokens)?);
    }
    Ok(figures)
}

/// Starts a server anew and logs a user in; returns the milliseconds from the one to the other.
pub(super) fn first_login_ms(server: &mut Server, tokens: &[String]) -> anyhow::Result<f64> {
    let began: Instant = server.restart()?;
    let mut net = Net::new()?;
    users::log_in(&mut net, server.door(), &tokens[..1], 1)?;
    Ok(began.elapsed().as_secs_f64() * 1000.0)
}
