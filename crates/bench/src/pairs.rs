//! Pairs of users, one of whom writes to the other: the load of messages, at saturation or at a rate.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::frames::{self, Messages, Said};
use crate::net::{Id, Net};
use crate::progress::Progress;
use crate::server::Server;
use crate::stats::Latencies;
use crate::system;
use crate::users::{self, AT_ONCE};
use crate::ws::{self, Kind};

/// Bytes of a message's content.
const CONTENT: usize = 100;
/// How long what is under way may take to end.
const PATIENCE: Duration = Duration::from_secs(30);
/// How exactly messages at a rate are sent when they are due.
const TICK: Duration = Duration::from_micros(50);

/// How messages are sent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Load {
    /// Each pair sends its next message once the last has been acknowledged and has come.
    Saturation,
    /// So many messages a second, whatever becomes of those before. The pairs take turns.
    Rate(u32),
}

/// What was measured after the warm-up.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) messages: u64,
    pub(crate) seconds: f64,
    /// Of the server.
    pub(crate) cpu_seconds: f64,
    /// Of this process.
    pub(crate) own_cpu_seconds: f64,
    /// From the moment when a message was to be sent until it came, or was acknowledged where nobody receives.
    pub(crate) latencies: Latencies,
}

impl Measured {
    pub(crate) fn rate(&self) -> f64 {
        self.messages as f64 / self.seconds
    }

    pub(crate) fn cpu_per_100k(&self) -> f64 {
        self.cpu_seconds * 100_000.0 / self.messages as f64
    }
}

/// The pairs, connected.
pub(crate) struct Pairs {
    net: Net,
    all: Vec<Pair>,
    /// Which pair a connection belongs to.
    owner: Vec<Option<usize>>,
    prefix: String,
}

struct Pair {
    sender: Id,
    /// `None` where the recipient is offline.
    receiver: Option<Id>,
    to: String,
    messages: Messages,
    sent: u64,
    acked: u64,
    came: u64,
    /// When the messages under way were to be sent.
    intended: VecDeque<Instant>,
}

impl Pair {
    /// Messages of which all there is to come has come.
    fn finished(&self) -> u64 {
        if self.receiver.is_some() { self.acked.min(self.came) } else { self.acked }
    }
}

impl Pairs {
    /// Logs the users of `tokens` in: of each two, who follow each other from user 0 on, the first is to write to the
    /// second. With `offline` only the writers come.
    pub(crate) fn log_in(
        server: &Server,
        tokens: &[String],
        offline: bool,
    ) -> anyhow::Result<Self> {
        Self::log_in_at(&[server], tokens, offline)
    }

    /// The same at several nodes in turn. With three, each pair is connected to two of them.
    pub(crate) fn log_in_at(
        nodes: &[&Server],
        tokens: &[String],
        offline: bool,
    ) -> anyhow::Result<Self> {
        let mut net = Net::new()?;
        let step = if offline { 2 } else { 1 };
        let here: Vec<_> = tokens.iter().step_by(step).cloned().collect();
        let addresses: Vec<_> = nodes.iter().map(|node| node.address).collect();
        let key = &nodes.first().context("no server")?.app.key;
        let (ids, _) = users::log_in_at(&mut net, &addresses, key, &here, AT_ONCE)?;
        let mut pairs = Vec::new();
        let mut owner = vec![None; ids.iter().max().map_or(0, |most| most + 1)];
        for (number, mine) in ids.chunks(2 / step).enumerate() {
            let (sender, receiver) = (mine[0], mine.get(1).copied());
            for id in mine {
                owner[*id] = Some(number);
            }
            let to = users::name(number * 2 + 1);
            let messages = Messages::new(&to, String::new(), CONTENT);
            let intended = VecDeque::new();
            pairs.push(Pair {
                sender,
                receiver,
                to,
                messages,
                sent: 0,
                acked: 0,
                came: 0,
                intended,
            });
        }
        Ok(Self { net, all: pairs, owner, prefix: String::new() })
    }

    /// Sends messages for `warm` and then for `span`, and measures the latter. `server` is asked for the processor
    /// seconds used so far.
    pub(crate) fn run(
        &mut self,
        load: Load,
        warm: Duration,
        span: Duration,
        server: impl Fn() -> anyhow::Result<f64>,
    ) -> anyhow::Result<Measured> {
        self.begin();
        let start = Instant::now();
        let mut schedule = Schedule::new(load, start);
        if matches!(load, Load::Rate(_)) {
            self.net.tick_every(TICK)?;
        } else {
            for pair in 0..self.all.len() {
                self.send(pair, start);
            }
        }
        let mut progress = Progress::new("messages");
        let mut window: Option<Window> = None;
        let mut latencies = Latencies::default();
        let (mut ready, mut payload) = (Vec::new(), Vec::new());
        loop {
            self.net.wait(Duration::from_millis(100), &mut ready)?;
            let now = Instant::now();
            if window.is_none() && now - start >= warm {
                window = Some(Window::open(now, self.finished(), &server)?);
            }
            if let Some(window) = window.as_ref().filter(|window| now - window.since >= span) {
                let messages = self.finished() - window.messages;
                let measured = Measured {
                    messages,
                    seconds: (now - window.since).as_secs_f64(),
                    cpu_seconds: server()? - window.cpu_seconds,
                    own_cpu_seconds: system::own_cpu_seconds()? - window.own_cpu_seconds,
                    latencies,
                };
                self.finish()?;
                anyhow::ensure!(messages > 0, "no message arrived");
                return Ok(measured);
            }
            while let Some(due) = schedule.next(now) {
                let pair = schedule.turn(self.all.len());
                self.send(pair, due);
            }
            for id in ready.drain(..) {
                let Some(number) = self.owner.get(id).copied().flatten() else { continue };
                while self.take(id, &mut payload)? {
                    progress.step();
                    let pair = &mut self.all[number];
                    let finished = if pair.receiver.is_some() { pair.came } else { pair.acked };
                    while pair.intended.len() as u64 > pair.sent - finished {
                        if let Some(intended) = pair.intended.pop_front()
                            && window.is_some()
                        {
                            latencies.add(now - intended);
                        }
                    }
                    if matches!(load, Load::Saturation) && pair.finished() == pair.sent {
                        self.send(number, now);
                    }
                }
            }
        }
    }

    /// A new sequence of messages.
    fn begin(&mut self) {
        // The same id again would be the same message again.
        static RUNS: AtomicUsize = AtomicUsize::new(0);
        self.prefix = format!("{}-", RUNS.fetch_add(1, Ordering::Relaxed));
        for pair in &mut self.all {
            pair.messages = Messages::new(&pair.to, self.prefix.clone(), CONTENT);
            (pair.sent, pair.acked, pair.came) = (0, 0, 0);
            pair.intended.clear();
        }
    }

    fn finished(&self) -> u64 {
        self.all.iter().map(Pair::finished).sum()
    }

    fn send(&mut self, pair: usize, intended: Instant) {
        let pair = &mut self.all[pair];
        self.net.send(pair.sender, pair.messages.number(pair.sent));
        pair.sent += 1;
        pair.intended.push_back(intended);
    }

    /// Takes a frame; whatever comes must come in order, once.
    fn take(&mut self, id: Id, payload: &mut Vec<u8>) -> anyhow::Result<bool> {
        let Some(kind) = ws::take_frame(&mut self.net, id, payload) else {
            anyhow::ensure!(!self.net.has_ended(id), "the server closed a connection");
            return Ok(false);
        };
        anyhow::ensure!(kind != Kind::Close, "the server closed a connection");
        let pair = self.owner[id].context("a frame for nobody")?;
        let pair = &mut self.all[pair];
        match frames::read(payload, &self.prefix) {
            Said::Sent(number) if number == pair.acked => pair.acked += 1,
            Said::Came(number) if number == pair.came => pair.came += 1,
            Said::Other => {}
            said => bail!("{said:?} after ack {} and message {}", pair.acked, pair.came),
        }
        Ok(true)
    }

    /// Waits until all that is under way has ended.
    fn finish(&mut self) -> anyhow::Result<()> {
        // What has come already is not told of again.
        let mut ready: Vec<Id> = (0..self.owner.len()).collect();
        let mut payload = Vec::new();
        let until = Instant::now() + PATIENCE;
        while self.all.iter().any(|pair| pair.finished() < pair.sent) {
            for id in ready.drain(..) {
                while self.owner[id].is_some() && self.take(id, &mut payload)? {}
            }
            anyhow::ensure!(Instant::now() < until, "messages did not arrive");
            self.net.wait(Duration::from_millis(100), &mut ready)?;
        }
        Ok(())
    }
}

/// The beginning of what is measured.
struct Window {
    since: Instant,
    messages: u64,
    cpu_seconds: f64,
    own_cpu_seconds: f64,
}

impl Window {
    fn open(
        since: Instant,
        messages: u64,
        server: &impl Fn() -> anyhow::Result<f64>,
    ) -> anyhow::Result<Self> {
        let (cpu_seconds, own_cpu_seconds) = (server()?, system::own_cpu_seconds()?);
        Ok(Self { since, messages, cpu_seconds, own_cpu_seconds })
    }
}

/// When messages are to be sent.
struct Schedule {
    start: Instant,
    /// Between two messages; `None` at saturation.
    every: Option<f64>,
    sent: u64,
    turn: usize,
}

impl Schedule {
    fn new(load: Load, start: Instant) -> Self {
        let every = match load {
            Load::Saturation => None,
            Load::Rate(rate) => Some(1.0 / f64::from(rate)),
        };
        Self { start, every, sent: 0, turn: 0 }
    }

    /// The moment of the next message, if it has come.
    fn next(&mut self, now: Instant) -> Option<Instant> {
        let due = self.start + Duration::from_secs_f64(self.every? * self.sent as f64);
        (due <= now).then(|| {
            self.sent += 1;
            due
        })
    }

    fn turn(&mut self, pairs: usize) -> usize {
        self.turn = (self.turn + 1) % pairs;
        self.turn
    }
}
