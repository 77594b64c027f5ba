//! Pairs of users, one of whom writes to the other: the load of messages, at saturation or at a rate.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::dialect::{Dialect, Door, Messages};
use crate::frames::{self, Said};
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
    /// The same with so many messages of each pair under way.
    Deep(u64),
    /// So many messages a second, whatever becomes of those before. The pairs take turns.
    Rate(u32),
}

impl Load {
    /// Messages of each pair that are under way all the time.
    fn under_way(self) -> u64 {
        match self {
            Self::Saturation => 1,
            Self::Deep(count) => count,
            Self::Rate(_) => 0,
        }
    }
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
    /// Messages that the server has sent away with a time to come back, the warm-up's too.
    pub(crate) refused: u64,
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
    acked: Seen,
    came: Seen,
    /// Messages that were sent away with a time to come back.
    refused: u64,
    /// The messages under way, and when each was to be sent.
    intended: VecDeque<(u64, Instant)>,
}

/// Messages that were told in the order of their numbers: how many, and the least number of the next.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    count: u64,
    next: u64,
}

impl Seen {
    fn add(&mut self, number: u64) -> anyhow::Result<()> {
        anyhow::ensure!(number >= self.next, "message {number} again, or after {}", self.next);
        *self = Self { count: self.count + 1, next: number + 1 };
        Ok(())
    }
}

impl Pair {
    /// Messages of which all there is to come has come.
    fn finished(&self) -> u64 {
        match (self.receiver, self.acks) {
            (None, _) => self.acked.count,
            (_, true) => self.acked.count.min(self.came.count),
            (_, false) => self.came.count,
        }
    }

    /// Whether nothing is under way.
    fn is_done(&self) -> bool {
        self.finished() + self.refused == self.sent
            && (self.receiver.is_none() || !self.acks || self.acked.count == self.came.count)
    }

    /// Message `number` has come to its end; how long it took since it was to be sent.
    fn ends(&mut self, number: u64, now: Instant) -> Option<Duration> {
        // Those before it were sent away.
        while let Some((sent, intended)) = self.intended.pop_front_if(|it| it.0 <= number) {
            if sent == number {
                return Some(now - intended);
            }
        }
        None
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
                acked: Seen::default(),
                came: Seen::default(),
                refused: 0,
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
        }
        let under_way = load.under_way();
        for pair in 0..self.all.len() {
            (0..under_way).for_each(|_| self.send(pair, start));
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
                let mut measured = Measured {
                    messages,
                    refused: 0,
                    seconds: (now - window.since).as_secs_f64(),
                    cpu_seconds: server()? - window.cpu_seconds,
                    own_cpu_seconds: system::own_cpu_seconds()? - window.own_cpu_seconds,
                    latencies,
                };
                self.finish()?;
                measured.refused = self.all.iter().map(|pair| pair.refused).sum();
                anyhow::ensure!(messages > 0, "no message arrived");
                return Ok(measured);
            }
            while let Some(due) = schedule.next(now) {
                let pair = schedule.turn(self.all.len());
                self.send(pair, due);
            }
            for id in ready.drain(..) {
                let Some(number) = self.owner.get(id).copied().flatten() else { continue };
                loop {
                    match self.take(id, now, &mut payload)? {
                        Took::Nothing => break,
                        Took::Message(time) if window.is_some() => latencies.add(time),
                        Took::Message(_) | Took::Frame => {}
                    }
                    progress.step();
                    let pair = &self.all[number];
                    if pair.finished() + pair.refused + under_way > pair.sent {
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
            (pair.sent, pair.refused) = (0, 0);
            (pair.acked, pair.came) = <_>::default();
            pair.intended.clear();
        }
    }

    fn finished(&self) -> u64 {
        self.all.iter().map(Pair::finished).sum()
    }

    fn send(&mut self, pair: usize, intended: Instant) {
        let pair = &mut self.all[pair];
        self.net.send(pair.sender, pair.messages.number(pair.sent));
        pair.intended.push_back((pair.sent, intended));
        pair.sent += 1;
    }

    /// Takes a frame, if one is there; whatever comes must come in order, once.
    fn take(&mut self, id: Id, now: Instant, payload: &mut Vec<u8>) -> anyhow::Result<Took> {
        let Some(said) = self.dialect.take(&mut self.net, id, payload, &self.prefix)? else {
            return Ok(Took::Nothing);
        };
        let pair = self.owner[id].context("a frame for nobody")?;
        let pair = &mut self.all[pair];
        let sent = |pair: &mut Pair, number: u64| {
            pair.acked.add(number)?;
            let ends = pair.receiver.is_none().then(|| pair.ends(number, now));
            anyhow::Ok(ends.flatten())
        };
        let ended = match said {
            Said::Sent(number) => sent(pair, number)?,
            Said::SentInAll(count) => {
                let mut took = None;
                while pair.before + pair.acked.count < count {
                    took = sent(pair, pair.acked.count)?;
                }
                took
            }
            Said::Came(number) => {
                pair.came.add(number)?;
                pair.ends(number, now)
            }
            Said::Failed(_, frames::SLOW_DOWN, _) => {
                pair.refused += 1;
                None
            }
            Said::Other => None,
            said => bail!("{said:?} after {} messages", pair.finished()),
        };
        Ok(ended.map_or(Took::Frame, Took::Message))
    }

    /// Waits until all that is under way has ended.
    fn finish(&mut self) -> anyhow::Result<()> {
        // What has come already is not told of again.
        let mut ready: Vec<Id> = (0..self.owner.len()).collect();
        let mut payload = Vec::new();
        let until = Instant::now() + PATIENCE;
        while !self.all.iter().all(Pair::is_done) {
            for id in ready.drain(..) {
                let now = Instant::now();
                while self.owner[id].is_some()
                    && !matches!(self.take(id, now, &mut payload)?, Took::Nothing)
                {}
            }
            anyhow::ensure!(Instant::now() < until, "messages did not arrive");
            self.net.wait(Duration::from_millis(100), &mut ready)?;
        }
        Ok(())
    }
}

/// What a look at a connection found.
enum Took {
    Nothing,
    Frame,
    /// The end of a message, and the time since it was to be sent.
    Message(Duration),
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
            Load::Saturation | Load::Deep(_) => None,
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
