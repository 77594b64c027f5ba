//! What push costs: messages to users who are not connected, while none of them has a device and while all have.

use std::cell::RefCell;
use std::time::Duration;

use anyhow::bail;

use super::{Plan, Scenario};
use crate::frames::{self, Said};
use crate::gateway::Gateway;
use crate::net::Net;
use crate::pairs::{Load, Measured, Pairs};
use crate::server::{Server, Storage, wait_until};
use crate::stats::Figures;
use crate::users::{self, AT_ONCE};
use crate::ws::{self, Kind};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "push",
    does: "Direct messages of 500 connected users to 500 who are not, as many as can be and 500 a second: while none of these \
           has a device that is registered for push, and while all have",
    run,
};

/// Messages a second: for each recipient one, so that each is told by itself.
const PACED: u32 = 500;
/// How long a registration may take.
const PATIENCE: Duration = Duration::from_secs(30);

fn run(plan: &Plan) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    let server = Server::start(&plan.binary, Storage::Sqlite)?;
    let (tokens, _) = users::register(server.target(), 0, plan.count(1000, 8), AT_ONCE)?;
    let mut pairs = Pairs::log_in(&server, &tokens, true)?;
    let gateway = Gateway::start()?;
    let mut loads = |who: &str, figures: &mut Figures| {
        for run in 0..plan.runs {
            for (load, name) in [(Load::Saturation, "full"), (Load::Rate(PACED), "paced")] {
                settle(&gateway)?;
                let marks = RefCell::new(Vec::new());
                let sent: Measured = pairs.run(load, plan.warm, plan.span, || {
                    marks.borrow_mut().push(gateway.taken());
                    server.cpu_seconds()
                })?;
                let name = |what: &str| format!("push-{who}-{name}-{what}");
                figures.add(&name("rate"), "/s", sent.rate());
                figures.add(&name("cpu"), "s/100k", sent.cpu_per_100k());
                let marks = marks.into_inner();
                if let [first, .., last] = marks[..] {
                    let told = (last - first) as f64 / sent.messages as f64;
                    figures.add(&name("told"), "per message", told);
                }
            }
            anyhow::ensure!(
                (gateway.taken() > 0) == (who == "all"),
                "{} notifications in run {run}",
                gateway.taken()
            );
        }
        Ok(())
    };
    loads("none", &mut figures)?;
    let settings = format!(r#"{{"url":"http://{}/","perSecond":10000}}"#, gateway.address);
    server.command(&["push", "set"], &["webhook"], &settings)?;
    let receivers: Vec<_> = tokens.iter().skip(1).step_by(2).cloned().collect();
    register(&server, &receivers)?;
    loads("all", &mut figures)?;
    Ok(figures)
}

/// Waits until no notification is on its way any more.
fn settle(gateway: &Gateway) -> anyhow::Result<()> {
    let mut taken = gateway.taken();
    wait_until("an end of notifications", || {
        std::thread::sleep(Duration::from_secs(1));
        let before = std::mem::replace(&mut taken, gateway.taken());
        Ok(taken == before)
    })
}

/// Registers a device of each of some users, and leaves.
fn register(server: &Server, tokens: &[String]) -> anyhow::Result<()> {
    let mut net = Net::new()?;
    let (ids, _) = users::log_in(&mut net, server.door(), tokens, AT_ONCE)?;
    for (number, id) in ids.iter().enumerate() {
        net.send(*id, &frames::register_push(&format!("device-{number}")));
    }
    let (mut ready, mut payload) = (Vec::new(), Vec::new());
    let mut waiting = ids.len();
    while waiting > 0 {
        net.wait(PATIENCE, &mut ready)?;
        anyhow::ensure!(!ready.is_empty(), "a registration was not answered in time");
        for id in ready.drain(..) {
            while let Some(kind) = ws::take_frame(&mut net, id, &mut payload) {
                anyhow::ensure!(kind != Kind::Close, "the server closed a connection");
                match frames::read(&payload, "") {
                    Said::Failed(_, code, _) => bail!("a device was not registered: {code}"),
                    _ => waiting -= 1,
                }
            }
        }
    }
    Ok(())
}
