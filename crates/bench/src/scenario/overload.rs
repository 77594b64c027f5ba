//! More than the server can take: what it accepts then, whom it sends away, and what goes on beside.
//!
//! Whatever does not hold of the counts ends the run with an error; times are figures like any other.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use super::{Plan, Scenario, ban};
use crate::dialect::{Dialect, Messages};
use crate::frames::{self, Said};
use crate::http::Signer;
use crate::net::{Id, Net};
use crate::pairs::{Load, Pairs, Schedule};
use crate::server::{Server, Storage};
use crate::stats::Figures;
use crate::users::{self, AT_ONCE};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "overload",
    does: "Messages of 600 pairs at twice the rate at which the server is saturated: what it accepts, and sends away \
           with a time to come back; beside them users log in, send a heartbeat and are banned, one after the other",
    run,
};

/// More of them than the queue has room for, however few messages a connection may have under way.
const PAIRS: usize = 600;
/// Messages of each pair under way at saturation: as many as the queue has room for, so that nothing keeps the server
/// from going as fast as it can.
const UNDER_WAY: u64 = 6;
/// Bytes of memory that the load may add, whatever its rate.
const MEMORY: u64 = 128 * 1024 * 1024;
/// The longest time to wait that a client is given, in milliseconds.
const LONGEST_WAIT_MS: u64 = 1000;
/// How long what is under way may take to end.
const PATIENCE: Duration = Duration::from_mins(2);
/// How often the server's memory is looked at.
const LOOK: Duration = Duration::from_millis(100);

fn run(plan: &Plan) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    let server = Server::start(&plan.binary, Storage::Sqlite)?;
    let writers = 2 * PAIRS;
    let strangers = plan.count(3000, 20);
    let all = writers + strangers * plan.runs;
    let (tokens, _) = users::register(server.target(), 0, all, AT_ONCE)?;
    let (writers, strangers) = tokens.split_at(writers);
    for (run, strangers) in strangers.chunks(strangers.len() / plan.runs).enumerate() {
        let usual = Pairs::log_in(&server, writers, false)?.run(
            Load::Deep(UNDER_WAY),
            plan.warm,
            plan.span,
            || server.cpu_seconds(),
        )?;
        let before = server.resident_bytes()?;
        let mut flood = Flood::log_in(&server, writers, &format!("{run}+"))?;
        let stop = AtomicBool::new(false);
        let first = writers.len() + run * strangers.len();
        let (flooded, cycles) = std::thread::scope(|scope| {
            let beside = scope.spawn(|| beside(&server, strangers, first, &stop));
            let load = if plan.smoke { None } else { Some(twice(usual.rate())) };
            let flooded = flood.run(load, plan.span);
            stop.store(true, Ordering::Relaxed);
            let cycles = beside.join().map_err(|_| anyhow::anyhow!("the other thread panicked"));
            anyhow::Ok((flooded?, cycles??))
        })?;
        anyhow::ensure!(cycles > 0, "nobody logged in and was banned beside the messages");
        let grown = flood.most_memory.saturating_sub(before);
        anyhow::ensure!(grown <= MEMORY, "the server's memory grew by {grown} bytes");
        let seconds = flooded.as_secs_f64();
        figures.add("overload-saturation", "/s", usual.rate());
        figures.add("overload-offered", "/s", flood.sent as f64 / seconds);
        figures.add("overload-accepted", "/s", flood.accepted_in_time as f64 / seconds);
        let kept = flood.accepted_in_time as f64 / seconds / usual.rate();
        figures.add("overload-kept", "times", kept);
        figures.add("overload-sent-away", "messages", flood.refused as f64);
        figures.add("overload-bans-beside", "users", cycles as f64);
        figures.add("overload-memory", "MiB", grown as f64 / 1_048_576.0);
    }
    Ok(figures)
}

fn twice(rate: f64) -> Load {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate is positive and far below the limit"
    )]
    Load::Rate((rate * 2.0) as u32)
}

/// Users who log in, send a heartbeat and are banned, one after the other, until told to stop; returns how many.
fn beside(
    server: &Server,
    tokens: &[String],
    first: usize,
    stop: &AtomicBool,
) -> anyhow::Result<usize> {
    let mut net = Net::new()?;
    let caller = net.connect(server.address)?;
    let mut signer = Signer::new(&server.app);
    for (done, token) in tokens.iter().enumerate() {
        if stop.load(Ordering::Relaxed) {
            return Ok(done);
        }
        let token = std::slice::from_ref(token);
        let (socket, _) = users::log_in(&mut net, server.door(), token, 1)?;
        users::beat(&mut net, &socket, 1)?;
        ban::ban(&mut net, &mut signer, caller, &users::name(first + done), socket[0])?;
    }
    Ok(tokens.len())
}

/// Pairs of users, one of whom writes to the other without waiting for anything.
struct Flood<'a> {
    net: Net,
    server: &'a Server,
    prefix: String,
    pairs: Vec<Pair>,
    owner: Vec<Option<usize>>,
    sent: u64,
    /// Accepted before the load ended.
    accepted_in_time: u64,
    refused: u64,
    most_memory: u64,
}

struct Pair {
    sender: Id,
    messages: Messages,
    sent: u64,
    refused: u64,
    accepted: Seen,
    came: Seen,
}

/// Numbers that were told in rising order: how many, the sum of them, and what the next is at least.
#[derive(Debug, Default, Eq, PartialEq)]
struct Seen {
    count: u64,
    sum: u64,
    next: u64,
}

impl Seen {
    fn add(&mut self, number: u64) -> anyhow::Result<()> {
        anyhow::ensure!(number >= self.next, "message {number} came after {}", self.next);
        self.count += 1;
        self.sum += number;
        self.next = number + 1;
        Ok(())
    }
}

impl<'a> Flood<'a> {
    fn log_in(server: &'a Server, tokens: &[String], prefix: &str) -> anyhow::Result<Self> {
        let mut net = Net::new()?;
        let (ids, _) = users::log_in(&mut net, server.door(), tokens, AT_ONCE)?;
        let mut owner = vec![None; ids.iter().max().map_or(0, |most| most + 1)];
        let mut pairs = Vec::new();
        for (number, ends) in ids.chunks_exact(2).enumerate() {
            for id in ends {
                owner[*id] = Some(number);
            }
            pairs.push(Pair {
                sender: ends[0],
                messages: Dialect::Nuncio.messages(number * 2 + 1, prefix.to_owned(), 100),
                sent: 0,
                refused: 0,
                accepted: Seen::default(),
                came: Seen::default(),
            });
        }
        Ok(Self {
            net,
            server,
            prefix: prefix.to_owned(),
            pairs,
            owner,
            sent: 0,
            accepted_in_time: 0,
            refused: 0,
            most_memory: 0,
        })
    }

    /// Sends for `span`, at a rate or everything at once, and waits until each message has been accepted and has come,
    /// or was sent away. Returns how long it was sent.
    fn run(&mut self, load: Option<Load>, span: Duration) -> anyhow::Result<Duration> {
        /// Messages of each pair where all are sent at once: more than a connection may have under way.
        const AT_ONCE: u64 = 32;
        let start = Instant::now();
        let mut schedule = load.map(|load| Schedule::new(load, start));
        if schedule.is_none() {
            for pair in 0..self.pairs.len() {
                (0..AT_ONCE).for_each(|_| self.send(pair));
            }
        }
        self.net.tick_every(Duration::from_micros(200))?;
        let (mut ready, mut payload) = (Vec::new(), Vec::new());
        let mut looked = start;
        let mut took = None;
        loop {
            self.net.wait(Duration::from_millis(100), &mut ready)?;
            let now = Instant::now();
            if now - looked > LOOK || self.most_memory == 0 {
                looked = now;
                self.most_memory = self.most_memory.max(self.server.resident_bytes()?);
            }
            for id in ready.drain(..) {
                while self.take(id, &mut payload)? {}
            }
            if now - start < span {
                if let Some(schedule) = &mut schedule {
                    while schedule.next(now).is_some() {
                        let pair = schedule.turn(self.pairs.len());
                        self.send(pair);
                    }
                }
                continue;
            }
            if took.is_none() {
                took = Some(now - start);
                self.accepted_in_time = self.pairs.iter().map(|pair| pair.accepted.count).sum();
            }
            if self.pairs.iter().all(Pair::is_done) {
                self.refused = self.pairs.iter().map(|pair| pair.refused).sum();
                return took.context("no time has passed");
            }
            anyhow::ensure!(now - start < span + PATIENCE, "messages were not answered");
        }
    }

    fn send(&mut self, pair: usize) {
        let pair = &mut self.pairs[pair];
        self.net.send(pair.sender, pair.messages.number(pair.sent));
        pair.sent += 1;
        self.sent += 1;
    }

    fn take(&mut self, id: Id, payload: &mut Vec<u8>) -> anyhow::Result<bool> {
        let Some(said) = Dialect::Nuncio.take(&mut self.net, id, payload, &self.prefix)? else {
            return Ok(false);
        };
        let Some(number) = self.owner.get(id).copied().flatten() else { return Ok(true) };
        let pair = &mut self.pairs[number];
        match said {
            Said::Sent(number) => pair.accepted.add(number)?,
            Said::Came(number) => pair.came.add(number)?,
            Said::Failed(_, frames::SLOW_DOWN, 1..=LONGEST_WAIT_MS) => pair.refused += 1,
            Said::Other => {}
            said => bail!("{said:?} under overload"),
        }
        Ok(true)
    }
}

impl Pair {
    /// Whether each message was answered, and those that were accepted have come, each once, and no other.
    fn is_done(&self) -> bool {
        self.accepted.count + self.refused == self.sent && self.came == self.accepted
    }
}
