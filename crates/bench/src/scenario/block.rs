//! Changes of a blocklist: from the call to the first message that is refused.

use std::time::{Duration, Instant};

use super::{Plan, Scenario};
use crate::frames::{self, Messages, Said};
use crate::http::{self, Signer};
use crate::net::Net;
use crate::server::{Server, Storage};
use crate::stats::{Figures, Latencies};
use crate::users::{self, AT_ONCE};
use crate::ws;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "block",
    does: "Blocklist changes, one after the other: until the answer, and until a message sent after it is \
           refused",
    run,
};

const PATIENCE: Duration = Duration::from_secs(10);
const PATH: &str = "/v4/user/blocklist/add";

fn run(plan: &Plan) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    let server = Server::start(&plan.binary, Storage::Sqlite)?;
    let (count, warm) = (plan.count(400, 10), plan.count(100, 2));
    let users = (count + warm) * plan.runs;
    // User 0 writes to all the others, who block it one after the other.
    let (tokens, _) = users::register(server.target(), 0, users + 1, AT_ONCE)?;
    let mut net = Net::new()?;
    let (sockets, _) = users::log_in(&mut net, server.door(), &tokens[..1], AT_ONCE)?;
    let (writer, caller) = (sockets[0], net.connect(server.address)?);
    let mut signer = Signer::new(&server.app);
    let (mut request, mut body, mut ready) = (Vec::new(), Vec::new(), Vec::new());
    let writer_name = users::name(0);
    let numbers: Vec<usize> = (1..=users).collect();
    for run in numbers.chunks(count + warm) {
        let (mut answers, mut refusals) = (Latencies::default(), Latencies::default());
        for (place, number) in run.iter().enumerate() {
            let user = users::name(*number);
            let text = format!(r#"{{"userId":"{user}","targetUserIds":["{writer_name}"]}}"#);
            let mut messages = Messages::new(&user, format!("{number}-"), 100);
            signer.request(PATH, &text, &mut request);
            let began = Instant::now();
            net.send(caller, &request);
            let answered = loop {
                net.wait(PATIENCE, &mut ready)?;
                anyhow::ensure!(!ready.is_empty(), "{PATH} was not answered in time");
                if let Some(answer) = http::take_answer(&mut net, caller, &mut body)? {
                    http::must_be_ok(PATH, &answer)?;
                    break began.elapsed();
                }
            };
            net.send(writer, messages.number(*number as u64));
            let refused = loop {
                net.wait(PATIENCE, &mut ready)?;
                anyhow::ensure!(!ready.is_empty(), "a message was not answered in time");
                if ws::take_frame(&mut net, writer, &mut body).is_some() {
                    break frames::read(&body, "");
                }
            };
            let is_refused = matches!(refused, Said::Failed(other, ..) if other == *number as u64);
            anyhow::ensure!(is_refused, "a blocked user's message was answered with {refused:?}");
            if place >= warm {
                answers.add(answered);
                refusals.add(began.elapsed());
            }
        }
        figures.add("block-answer-p50", "ms", answers.at(0.5));
        figures.add("block-refusal-p50", "ms", refusals.at(0.5));
        figures.add("block-refusal-p99", "ms", refusals.at(0.99));
    }
    Ok(figures)
}
