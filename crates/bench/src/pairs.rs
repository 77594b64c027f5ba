//! Pairs of users, one of whom writes to the other: the load of messages, at saturation or at a rate.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::dialect::{Dialect, Door, Messages};
use crate::frames::Said;
use crate::net::{Id, Net};
use crate::progress::Progress;
use crate::server::Server;
use crate::stats::Latencies;
use crate::system;
use crate::users::{self, AT_ONCE};

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
    dialect: Dialect,
    prefix: String,
}

struct Pair {
    sender: Id,
    /// `None` where the recipient is offline.
    receiver: Option<Id>,
    /// The recipient's number.
    to: usize,
    /// Whether the sender is told of each message.
    acks: bool,
    messages: Messages,
    /// Messages of the sequences before.
    before: u64,
    sent: u64,
    acked: u64,
    came: u64,
    /// When the messages under way were to be sent.
    intended: VecDeque<Instant>,
}

impl Pair {
    /// Messages of which all there is to come has come.
    fn finished(&self) -> u64 {
        match (self.receiver, self.acks) {
            (None, _) => self.acked,
            (_, true) => self.acked.min(self.came),
            (_, false) => self.came,
        }
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
        Self::at(&[server.address], server.door(), tokens, offline)
    }

    /// The same at several nodes in turn. With three, each pair is connected to two of them.
    pub(crate) fn log_in_at(nodes: &[&Server], tokens: &[String]) -> anyhow::Result<Self> {
        let addresses: Vec<_> = nodes.iter().map(|node| node.address).collect();
        Self::at(&addresses, nodes.first().context("no server")?.door(), tokens, false)
    }

    /// The same at any kind of server.
    pub(crate) fn at(
        addresses: &[SocketAddr],
        door: Door<'_>,
        credentials: &[String],
        offline: bool,
    ) -> anyhow::Result<Self> {
        let mut net = Net::new()?;
        let dialect = door.dialect;
        let step = if offline { 2 } else { 1 };
        let here: Vec<_> = credentials.iter().step_by(step).cloned().collect();
        let (ids, _) = users::log_in_at(&mut net, addresses, door, &here, AT_ONCE)?;
        // Of an echo each connection is both ends.
        let ends = if dialect == Dialect::Echo { 1 } else { 2 / step };
        let mut pairs = Vec::new();
        let mut owner = vec![None; ids.iter().max().map_or(0, |most| most + 1)];
        for (number, mine) in ids.chunks_exact(ends).enumerate() {
            let receiver =
                if dialect == Dialect::Echo { Some(mine[0]) } else { mine.get(1).copied() };
            for id in mine {
                owner[*id] = Some(number);
            }
            let to = number * 2 + 1;
            pairs.push(Pair {
                sender: mine[0],
                receiver,
                to,
                acks: dialect.acknowledges(),
                messages: dialect.messages(to, String::new(), CONTENT),
                before: 0,
                sent: 0,
                acked: 0,
                came: 0,
                intended: VecDeque::new(),
            });
        }
        Ok(Self { net, all: pairs, owner, dialect, prefix: String::new() })
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
            if let Some(window) = window.as_ref().filter(|window| now - window.since >= span)
                // A short span on a busy machine may be too short for any.
                && let messages = self.finished() - window.messages
                && (messages > 0 || now - window.since >= PATIENCE)
            {
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
            pair.messages = self.dialect.messages(pair.to, self.prefix.clone(), CONTENT);
            pair.before += pair.sent;
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
        let Some(said) = self.dialect.take(&mut self.net, id, payload, &self.prefix)? else {
            return Ok(false);
        };
        let pair = self.owner[id].context("a frame for nobody")?;
        let pair = &mut self.all[pair];
        match said {
            Said::Sent(number) if number == pair.acked => pair.acked += 1,
            Said::SentInAll(count) if count > pair.before + pair.acked => {
                pair.acked = count - pair.before;
            }
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
pub(crate) struct Schedule {
    start: Instant,
    /// Between two messages; `None` at saturation.
    every: Option<f64>,
    sent: u64,
    turn: usize,
}

impl Schedule {
    pub(crate) fn new(load: Load, start: Instant) -> Self {
        let every = match load {
            Load::Saturation => None,
            Load::Rate(rate) => Some(1.0 / f64::from(rate)),
        };
        Self { start, every, sent: 0, turn: 0 }
    }

    /// The moment of the next message, if it has come.
    pub(crate) fn next(&mut self, now: Instant) -> Option<Instant> {
        let due = self.start + Duration::from_secs_f64(self.every? * self.sent as f64);
        (due <= now).then(|| {
            self.sent += 1;
            due
        })
    }

    /// Which of so many pairs sends it.
    pub(crate) fn turn(&mut self, pairs: usize) -> usize {
        self.turn = (self.turn + 1) % pairs;
        self.turn
    }
}
