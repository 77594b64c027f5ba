//! Many connections at once, with messages flowing between some of them.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use nuncio_protocol::frames::{Entry, entry, server_frame};
use nuncio_testkit::{Api, Wire, World};
use serde::Serialize;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;

use crate::process::{cpu_seconds, resident_bytes};

/// Options of `load`.
#[derive(Args, Debug)]
pub(crate) struct Load {
    /// Users that are connected at once; a process may open as many files as `ulimit -n` says
    #[arg(long, default_value_t = 15_000)]
    connections: usize,
    /// Pairs of users that write to each other meanwhile
    #[arg(long, default_value_t = 200)]
    pairs: usize,
    /// Seconds for which they write
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Logins under way at once
    #[arg(long, default_value_t = 64)]
    concurrency: usize,
    /// The server's binary; without it, the one beside this program
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
}

/// What was measured.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Figures {
    connections: usize,
    registrations_per_second: f64,
    logins_per_second: f64,
    login_cpu_ms: f64,
    memory_idle_bytes_per_connection: f64,
    memory_fresh_mib: f64,
    messages: usize,
    messages_per_second: f64,
    message_cpu_seconds_per_100k: f64,
    message_p50_ms: f64,
    message_p99_ms: f64,
    memory_after_messages_mib: f64,
}

impl Load {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        anyhow::ensure!(self.pairs * 2 <= self.connections, "more pairs than connections");
        let binary = match &self.binary {
            Some(binary) => binary.clone(),
            None => std::env::current_exe()?.with_file_name("nuncio"),
        };
        let world =
            World::on_sqlite(binary.to_str().context("the binary's path is not text")?).await;
        let process =
            world.server.as_ref().and_then(nuncio_testkit::Server::id).context("no server")?;

        let fresh = resident_bytes(process)?;
        let began = Instant::now();
        let tokens = self.register(&world.api).await?;
        let registrations_per_second = self.connections as f64 / began.elapsed().as_secs_f64();

        let (registered, cpu, began) =
            (resident_bytes(process)?, cpu_seconds(process)?, Instant::now());
        let wires = self.login(&world, tokens).await?;
        let logins_per_second = self.connections as f64 / began.elapsed().as_secs_f64();
        let login_cpu_ms = (cpu_seconds(process)? - cpu) * 1000.0 / self.connections as f64;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let idle = resident_bytes(process)?.saturating_sub(registered);

        let cpu = cpu_seconds(process)?;
        let began = Instant::now();
        let (mut latencies, wires) = self.write(wires).await?;
        let elapsed = began.elapsed().as_secs_f64();
        let message_cpu = cpu_seconds(process)? - cpu;
        latencies.sort_unstable();
        let messages = latencies.len();
        let at = |share: usize| {
            latencies.get(messages * share / 100).map_or(0.0, |d| d.as_secs_f64() * 1000.0)
        };
        let figures = Figures {
            connections: wires,
            registrations_per_second,
            logins_per_second,
            login_cpu_ms,
            memory_idle_bytes_per_connection: idle as f64 / self.connections as f64,
            memory_fresh_mib: fresh as f64 / 1_048_576.0,
            messages,
            messages_per_second: messages as f64 / elapsed,
            message_cpu_seconds_per_100k: message_cpu * 100_000.0 / messages as f64,
            message_p50_ms: at(50),
            message_p99_ms: at(99),
            memory_after_messages_mib: resident_bytes(process)? as f64 / 1_048_576.0,
        };
        print(&figures, self.json)
    }

    async fn register(&self, api: &Api) -> anyhow::Result<Vec<String>> {
        let progress = Progress::new("registered", self.connections);
        let permits = Arc::new(Semaphore::new(self.concurrency));
        let mut tasks = JoinSet::new();
        for number in 0..self.connections {
            let permit = permits.clone().acquire_owned().await?;
            let (api, progress) = (api.clone(), progress.clone());
            tasks.spawn(async move {
                let token = api.token(&format!("user{number}")).await;
                progress.step();
                drop(permit);
                (number, token)
            });
        }
        let mut tokens = vec![String::new(); self.connections];
        for (number, token) in tasks.join_all().await {
            tokens[number] = token;
        }
        Ok(tokens)
    }

    async fn login(&self, world: &World, tokens: Vec<String>) -> anyhow::Result<Vec<Wire>> {
        let progress = Progress::new("connected", self.connections);
        let permits = Arc::new(Semaphore::new(self.concurrency));
        let mut tasks = JoinSet::new();
        for (number, token) in tokens.into_iter().enumerate() {
            let permit = permits.clone().acquire_owned().await?;
            let (address, key) = (world.address.clone(), world.api.key.clone());
            let progress = progress.clone();
            tasks.spawn(async move {
                let wire = Wire::login(&address, &key, &token, "bench").await?;
                progress.step();
                drop(permit);
                anyhow::Ok((number, wire))
            });
        }
        let mut wires = Vec::with_capacity(self.connections);
        while let Some(outcome) = tasks.join_next().await {
            wires.push(outcome??);
        }
        wires.sort_unstable_by_key(|(number, _)| *number);
        Ok(wires.into_iter().map(|(_, wire)| wire).collect())
    }

    /// The first `2 * pairs` connections write to each other, one message at a time for each pair; the
    /// latency is that from before the send to the arrival at the other side.
    async fn write(&self, wires: Vec<Wire>) -> anyhow::Result<(Vec<Duration>, usize)> {
        let progress = Progress::new("delivered", 0);
        let latencies = Arc::new(Mutex::new(Vec::new()));
        let connections = wires.len();
        let mut wires = wires.into_iter();
        let until = Instant::now() + Duration::from_secs(self.seconds);
        let mut tasks = JoinSet::new();
        for pair in 0..self.pairs {
            let (Some(mut from), Some(mut to)) = (wires.next(), wires.next()) else { break };
            let (latencies, progress) = (latencies.clone(), progress.clone());
            tasks.spawn(async move {
                let recipient = format!("user{}", pair * 2 + 1);
                let text = "x".repeat(80);
                let mut own = Vec::new();
                let mut number = 0_u64;
                while Instant::now() < until {
                    let began = Instant::now();
                    let id = format!("{pair}-{number}");
                    let (sent, arrived) =
                        tokio::join!(from.send(&recipient, &id, &text), arrival(&mut to));
                    sent?;
                    anyhow::ensure!(arrived? == id, "another message arrived");
                    own.push(began.elapsed());
                    progress.step();
                    number += 1;
                }
                latencies.lock().await.extend(own);
                anyhow::Ok((from, to))
            });
        }
        while let Some(outcome) = tasks.join_next().await {
            outcome??;
        }
        drop(wires);
        let latencies = std::mem::take(&mut *latencies.lock().await);
        Ok((latencies, connections))
    }
}

async fn arrival(wire: &mut Wire) -> anyhow::Result<String> {
    loop {
        if let server_frame::Body::Entry(Entry {
            body: Some(entry::Body::Message(message)), ..
        }) = wire.pushed().await?
        {
            return Ok(message.client_message_id);
        }
    }
}

/// A line on standard error that says how far things are.
#[derive(Clone)]
struct Progress {
    what: &'static str,
    of: usize,
    done: Arc<AtomicUsize>,
}

impl Progress {
    fn new(what: &'static str, of: usize) -> Self {
        Self { what, of, done: Arc::default() }
    }

    fn step(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if done.is_multiple_of(5000) || done == self.of {
            eprintln!("{done} {}", self.what);
        }
    }
}

fn print(figures: &Figures, json: bool) -> anyhow::Result<()> {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    let value = serde_json::to_value(figures)?;
    if json {
        writeln!(out, "{value}")?;
    } else if let Some(members) = value.as_object() {
        for (name, value) in members {
            let number = value.as_f64().unwrap_or_default();
            writeln!(out, "{name:<36} {number:>14.3}")?;
        }
    }
    Ok(())
}
