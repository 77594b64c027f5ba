//! Bans of connected users: from the call to the closed socket.

use std::time::{Duration, Instant};

use super::{Plan, Scenario};
use crate::http::{self, Signer};
use crate::net::{Id, Net};
use crate::server::{Server, Storage};
use crate::stats::{Figures, Latencies};
use crate::users::{self, AT_ONCE};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "ban",
    does: "Bans of connected users, one after the other: until the answer, and until the socket is closed",
    run,
};

const PATIENCE: Duration = Duration::from_secs(10);

fn run(plan: &Plan) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    let server = Server::start(&plan.binary, Storage::Sqlite)?;
    let (count, warm) = (plan.count(400, 10), plan.count(100, 2));
    let users = (count + warm) * plan.runs;
    let (tokens, _) = users::register(server.target(), 0, users, AT_ONCE)?;
    let mut net = Net::new()?;
    let (sockets, _) = users::log_in(&mut net, server.door(), &tokens, AT_ONCE)?;
    let caller = net.connect(server.address)?;
    let mut signer = Signer::new(&server.app);
    let numbers: Vec<usize> = (0..users).collect();
    for run in numbers.chunks(count + warm) {
        let (mut answers, mut ends) = (Latencies::default(), Latencies::default());
        for (place, number) in run.iter().enumerate() {
            let user = users::name(*number);
            let (answered, closed) = ban(&mut net, &mut signer, caller, &user, sockets[*number])?;
            if place >= warm {
                answers.add(answered);
                ends.add(closed);
            }
        }
        figures.add("ban-p50", "ms", ends.at(0.5));
        figures.add("ban-p99", "ms", ends.at(0.99));
        figures.add("ban-answer-p50", "ms", answers.at(0.5));
        figures.add("ban-answer-p99", "ms", answers.at(0.99));
    }
    Ok(figures)
}

/// Bans a connected user; returns the times until the answer came and until the socket was closed.
pub(super) fn ban(
    net: &mut Net,
    signer: &mut Signer<'_>,
    caller: Id,
    user: &str,
    socket: Id,
) -> anyhow::Result<(Duration, Duration)> {
    let (mut request, mut body, mut ready) = (Vec::new(), Vec::new(), Vec::new());
    let text = format!(r#"{{"userIds":["{user}"],"durationMinutes":60}}"#);
    signer.request("/v4/user/ban", &text, &mut request);
    let began = Instant::now();
    net.send(caller, &request);
    let (mut answered, mut closed) = (None, None);
    loop {
        net.wait(PATIENCE, &mut ready)?;
        anyhow::ensure!(!ready.is_empty(), "a ban did not close the socket in time");
        if let Some(answer) = http::take_answer(net, caller, &mut body)? {
            http::must_be_ok("ban", &answer)?;
            answered = Some(began.elapsed());
        }
        if closed.is_none() && net.has_ended(socket) {
            closed = Some(began.elapsed());
            net.close(socket);
        }
        if let (Some(answered), Some(closed)) = (answered, closed) {
            return Ok((answered, closed));
        }
    }
}
