//! One node of a cluster against three, the database and the bus on the same cores: throughput, latency, and where the
//! processor time goes.

use std::cell::RefCell;
use std::time::Instant;

use anyhow::Context as _;
use nuncio_testkit::Nats;
use nuncio_testkit::postgres::Durable;
use tempfile::TempDir;

use super::{Plan, Scenario};
use crate::net::Net;
use crate::pairs::{Load, Pairs};
use crate::server::{Server, Storage};
use crate::stats::Figures;
use crate::system;
use crate::users::{self, AT_ONCE};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "cluster",
    does: "Direct messages between 500 connected pairs on one node and on three, where both sides of each pair are on \
           different nodes; PostgreSQL, which flushes every commit, and NATS run on the same cores",
    run,
};

/// Messages a second at which latencies are measured: what one node does without being busy.
const RATE: u32 = 500;

/// What uses processor time.
const PARTS: [&str; 3] = ["nodes", "postgres", "nats"];

fn run(plan: &Plan) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    for count in [1, 3] {
        let cluster = Cluster::start(plan, count)?;
        let (tokens, _) =
            users::register(cluster.nodes[0].target(), 0, plan.count(1000, 12), AT_ONCE)?;
        cluster.log_in(plan, &tokens, &mut figures)?;
        cluster.write(plan, &tokens, &mut figures)?;
    }
    Ok(figures)
}

/// What is measured. The nodes end first.
struct Cluster {
    nodes: Vec<Server>,
    database: Durable,
    nats: Nats,
    _key: TempDir,
}

impl Cluster {
    fn start(plan: &Plan, count: usize) -> anyhow::Result<Self> {
        let (database, nats) = (Durable::start(), Nats::spawn());
        let folder = tempfile::Builder::new().prefix("nuncio-bench-").tempdir()?;
        let storage = Storage::Cluster {
            url: database.url(),
            process: database.process(),
            nats: format!("nats://{}", nats.address()),
            key: folder.path().join("master.key"),
        };
        let mut nodes = vec![Server::start(&plan.binary, storage)?];
        while nodes.len() < count {
            nodes.push(nodes[0].another()?);
        }
        Ok(Self { nodes, database, nats, _key: folder })
    }

    fn name(&self, what: &str) -> String {
        format!("cluster-{}-{what}", self.nodes.len())
    }

    /// Processor seconds of each of [`PARTS`].
    fn look(&self) -> anyhow::Result<[f64; 3]> {
        let nodes: Vec<_> = self.nodes.iter().map(Server::process).collect();
        let bus = self.nats.process().context("NATS has ended")?;
        Ok([
            system::cpu_seconds(&nodes)?,
            system::cpu_seconds(&[self.database.process()])?,
            system::cpu_seconds(&[bus])?,
        ])
    }

    /// What each part has used between two looks for one of `count`.
    fn note(&self, figures: &mut Figures, what: &str, looks: ([f64; 3], [f64; 3]), count: f64) {
        for (part, (first, last)) in PARTS.iter().zip(looks.0.iter().zip(looks.1)) {
            let name = self.name(&format!("{what}-cpu-{part}"));
            figures.add(&name, "us", (last - first) * 1e6 / count);
        }
    }

    /// Logins and heartbeats for themselves.
    fn log_in(&self, plan: &Plan, tokens: &[String], figures: &mut Figures) -> anyhow::Result<()> {
        let addresses: Vec<_> = self.nodes.iter().map(|node| node.address).collect();
        let rounds = plan.count(20, 2);
        for _ in 0..plan.runs {
            let mut net = Net::new()?;
            let (before, began) = (self.look()?, Instant::now());
            let (ids, _) =
                users::log_in_at(&mut net, &addresses, self.nodes[0].door(), tokens, AT_ONCE)?;
            let rate = tokens.len() as f64 / began.elapsed().as_secs_f64();
            figures.add(&self.name("login-rate"), "/s", rate);
            let between = self.look()?;
            self.note(figures, "login", (before, between), tokens.len() as f64);
            users::beat(&mut net, &ids, rounds)?;
            let count = (rounds * tokens.len()) as f64;
            self.note(figures, "heartbeat", (between, self.look()?), count);
        }
        Ok(())
    }

    /// Messages, as many as there can be and at a rate.
    fn write(&self, plan: &Plan, tokens: &[String], figures: &mut Figures) -> anyhow::Result<()> {
        let every: Vec<_> = self.nodes.iter().collect();
        let mut pairs = Pairs::log_in_at(&every, tokens)?;
        let rate = u32::try_from(plan.count(RATE as usize, 50))?;
        for _ in 0..plan.runs {
            // Asked at the beginning and at the end of what is measured.
            let looks = RefCell::new(Vec::new());
            let cpu = || {
                let parts = self.look()?;
                looks.borrow_mut().push((parts, self.database.stored_bytes()));
                Ok(parts.iter().sum())
            };
            let mut all = pairs.run(Load::Saturation, plan.warm, plan.span, cpu)?;
            figures.add(&self.name("message-rate"), "/s", all.rate());
            figures.add(&self.name("saturated-p99"), "ms", all.latencies.at(0.99));
            let looks = looks.into_inner();
            let (first, last) = looks.first().zip(looks.last()).context("nothing was measured")?;
            let messages = all.messages as f64;
            self.note(figures, "message", (first.0, last.0), messages);
            let stored = last.1.saturating_sub(first.1) as f64 / messages;
            figures.add(&self.name("message-stored"), "bytes", stored);
            let mut some = pairs.run(Load::Rate(rate), plan.warm, plan.span, || Ok(0.0))?;
            figures.add(&self.name("message-p50"), "ms", some.latencies.at(0.5));
            figures.add(&self.name("message-p99"), "ms", some.latencies.at(0.99));
        }
        Ok(())
    }
}
