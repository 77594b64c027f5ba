//! A mix that looks like real use, for as long as asked: whether memory, files and latency stay as they are.

mod crowd;

use std::io::Write as _;
use std::time::{Duration, Instant};

use super::{Plan, Scenario};
use crate::server::{Server, Storage};
use crate::stats::Figures;
use crate::users::{self, AT_ONCE};
use crowd::Crowd;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "mix",
    does: "Real use for `--minutes`: 2,000 users of whom 80 % only read and keep their connection, bursts of 1 to 9 messages \
           from the others, `--rate` a second in the mean and four times that in one second of ten, a connection of \
           200 broken off each second and back after two, with what it missed",
    run,
};

/// Looks at the server's memory and files at most, however long it lasts.
const SAMPLES: u32 = 240;

fn run(plan: &Plan) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    let server = Server::start(&plan.binary, Storage::Sqlite)?;
    let (tokens, _) = users::register(server.target(), 0, plan.count(2000, 40), AT_ONCE)?;
    let span = if plan.smoke { Duration::from_secs(3) } else { plan.mix };
    let rate = if plan.smoke { 100.0 } else { f64::from(plan.mix_rate) };
    let every = (span / SAMPLES).max(Duration::from_secs(1));
    let mut crowd = Crowd::log_in(&server, tokens, rate)?;
    let (began, cpu) = (Instant::now(), server.cpu_seconds()?);
    let mut samples = Vec::new();
    let mut next = began;
    loop {
        let now = Instant::now();
        if now >= next {
            let sample = Sample::take(&server, &mut crowd, (now - began).as_secs_f64())?;
            sample.tell(span)?;
            samples.push(sample);
            next += every;
        }
        if now - began >= span {
            break;
        }
        crowd.go_on(now)?;
    }
    let seconds = began.elapsed().as_secs_f64();
    let cpu = server.cpu_seconds()? - cpu;
    crowd.settle()?;
    let counts = crowd.counts;
    figures.add("mix-messages", "messages", counts.accepted as f64);
    figures.add("mix-rate", "/s", counts.accepted as f64 / seconds);
    figures.add("mix-cpu", "s/100k", cpu * 100_000.0 / counts.accepted as f64);
    figures.add("mix-read-later", "messages", counts.read_later as f64);
    figures.add("mix-reconnects", "logins", counts.reconnects as f64);
    figures.add("mix-sent-away", "messages", counts.refused as f64);
    for sample in &samples {
        let at = sample.seconds / 60.0;
        figures.add_at("mix-memory", "MiB", at, sample.memory as f64 / 1_048_576.0);
        figures.add_at("mix-database", "MB", at, sample.database as f64 / 1e6);
        figures.add_at("mix-log", "MB", at, sample.log as f64 / 1e6);
        figures.add_at("mix-accepted", "messages", at, sample.accepted as f64);
        if sample.p99 > 0.0 {
            figures.add_at("mix-p50", "ms", at, sample.p50);
            figures.add_at("mix-p99", "ms", at, sample.p99);
        }
    }
    // What the first tenth leaves behind is what the caches come to hold.
    let settled = samples.len() / 10;
    let memory = |place: usize| samples.get(place).map_or(0.0, |it| it.memory as f64 / 1_048_576.0);
    figures.add("mix-memory-early", "MiB", memory(settled));
    figures.add("mix-memory-last", "MiB", memory(samples.len() - 1));
    let most = samples.iter().map(|sample| sample.log).max().unwrap_or_default();
    figures.add("mix-log-most", "MB", most as f64 / 1e6);
    let last = samples.last().map_or(0, |sample| sample.database + sample.log);
    figures.add("mix-stored", "bytes", last as f64 / counts.accepted as f64);
    Ok(figures)
}

/// What one look found.
struct Sample {
    seconds: f64,
    memory: u64,
    database: u64,
    log: u64,
    accepted: u64,
    connected: usize,
    /// Of messages that came since the look before; 0 where none did.
    p50: f64,
    p99: f64,
}

impl Sample {
    fn take(server: &Server, crowd: &mut Crowd<'_>, seconds: f64) -> anyhow::Result<Self> {
        let mut latencies = std::mem::take(&mut crowd.latencies);
        Ok(Self {
            seconds,
            memory: server.resident_bytes()?,
            database: server.file_bytes("nuncio.db"),
            log: server.file_bytes("nuncio.db-wal"),
            accepted: crowd.counts.accepted,
            connected: crowd.connected(),
            p50: latencies.at(0.5),
            p99: latencies.at(0.99),
        })
    }

    /// The line that says how far things are.
    fn tell(&self, span: Duration) -> std::io::Result<()> {
        writeln!(
            std::io::stderr().lock(),
            "  {:.0} of {:.0} s: {} connected, {} messages, p50 {:.2} ms, p99 {:.2} ms, memory {:.1} MiB, database \
             {:.1} MB, its log {:.1} MB",
            self.seconds,
            span.as_secs_f64(),
            self.connected,
            self.accepted,
            self.p50,
            self.p99,
            self.memory as f64 / 1_048_576.0,
            self.database as f64 / 1e6,
            self.log as f64 / 1e6,
        )
    }
}
