//! The users of the mix: what each of them is at, and what happens next.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use anyhow::bail;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::frames::{self, Said};
use crate::net::{Id, Net};
use crate::server::Server;
use crate::stats::Latencies;
use crate::users;
use crate::ws::{self, Kind};

/// One user of so many writes; the others read.
const WRITERS: usize = 5;
/// Messages of a burst at most; the mean is half of that and a half.
const BURST: u64 = 9;
/// In one second of ten, so many times as much is written.
const WAVE: f64 = 4.0;
/// Users whom one writes to, those who come after it.
const CONTACTS: usize = 20;
/// Each connection sends a heartbeat so often.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// One connection of so many breaks off each second.
const BREAKS: f64 = 200.0;
/// How long a user stays away then.
const AWAY: Duration = Duration::from_secs(2);
/// Messages whose moment of sending is remembered.
const REMEMBERED: usize = 1 << 16;
/// How long what is under way may take to end.
const PATIENCE: Duration = Duration::from_mins(1);

/// What was counted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    sent: u64,
    pub(super) accepted: u64,
    /// Told to slow down.
    pub(super) refused: u64,
    /// Inbox entries that a device read after it had been away.
    pub(super) read_later: u64,
    pub(super) reconnects: u64,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Away,
    Upgrading,
    LoggingIn,
    In,
}

struct User {
    link: Id,
    state: State,
    token: String,
    /// Up to here the device holds all of its inbox.
    cursor: u64,
    /// The newest entry that it has heard of.
    newest: u64,
    /// It asks for what it missed.
    catches_up: bool,
}

/// All users.
pub(super) struct Crowd<'a> {
    net: Net,
    server: &'a Server,
    users: Vec<User>,
    /// Who has a connection.
    owner: Vec<Option<usize>>,
    away: VecDeque<(Instant, usize)>,
    messages: frames::Messages,
    sent_at: Vec<Instant>,
    random: StdRng,
    rate: f64,
    began: Instant,
    next_burst: Instant,
    next_break: Instant,
    beats: u64,
    pub(super) counts: Counts,
    pub(super) latencies: Latencies,
    ready: Vec<Id>,
    payload: Vec<u8>,
}

impl<'a> Crowd<'a> {
    /// Everybody logs in.
    pub(super) fn log_in(
        server: &'a Server,
        tokens: Vec<String>,
        rate: f64,
    ) -> anyhow::Result<Self> {
        let mut net = Net::new()?;
        let (ids, _) = users::log_in(&mut net, server.door(), &tokens, users::AT_ONCE)?;
        net.tick_every(Duration::from_millis(1))?;
        let mut owner = vec![None; ids.iter().max().map_or(0, |most| most + 1)];
        for (number, id) in ids.iter().enumerate() {
            owner[*id] = Some(number);
        }
        let user = |(link, token)| User {
            link,
            state: State::In,
            token,
            cursor: 0,
            newest: 0,
            catches_up: false,
        };
        let users = ids.into_iter().zip(tokens).map(user).collect();
        let now = Instant::now();
        Ok(Self {
            net,
            server,
            users,
            owner,
            away: VecDeque::new(),
            messages: frames::Messages::new("", "m-".to_owned(), 100),
            sent_at: vec![now; REMEMBERED],
            // The same each time, so that two runs can be compared.
            random: StdRng::seed_from_u64(5),
            rate,
            began: now,
            next_burst: now,
            next_break: now,
            beats: 0,
            counts: Counts::default(),
            latencies: Latencies::default(),
            ready: Vec::new(),
            payload: Vec::new(),
        })
    }

    pub(super) fn connected(&self) -> usize {
        self.users.iter().filter(|user| user.state == State::In).count()
    }

    /// Does what is due, and takes what has come.
    pub(super) fn go_on(&mut self, now: Instant) -> anyhow::Result<()> {
        while self.next_burst <= now {
            self.burst(now);
            let second = (self.next_burst - self.began).as_secs() % 10;
            // The wave is part of the mean.
            let usual = self.rate * 10.0 / (9.0 + WAVE);
            let rate = if second == 9 { usual * WAVE } else { usual };
            let bursts = rate / (BURST as f64 / 2.0 + 0.5);
            let pause = -(1.0 - self.random.random::<f64>()).ln() / bursts;
            self.next_burst += Duration::from_secs_f64(pause);
        }
        while self.next_break <= now {
            let user = self.random.random_range(0..self.users.len());
            self.leave(user, now);
            self.next_break += Duration::from_secs_f64(BREAKS / self.users.len() as f64);
        }
        while let Some((_, user)) = self.away.pop_front_if(|(until, _)| *until <= now) {
            self.come_back(user)?;
        }
        self.beat(now);
        self.listen(now)
    }

    /// Somebody writes a few messages to somebody.
    fn burst(&mut self, now: Instant) {
        let count = self.users.len();
        let from = self.random.random_range(0..count.div_ceil(WRITERS)) * WRITERS % count;
        if self.users[from].state != State::In {
            return;
        }
        let to = (from + self.random.random_range(1..=CONTACTS.min(count - 1))) % count;
        self.messages.address(&users::name(to));
        for _ in 0..self.random.random_range(1..=BURST) {
            let number = self.counts.sent;
            self.net.send(self.users[from].link, self.messages.number(number));
            let place = usize::try_from(number).unwrap_or_default() % REMEMBERED;
            self.sent_at[place] = now;
            self.counts.sent += 1;
        }
    }

    /// A connection breaks off.
    fn leave(&mut self, user: usize, now: Instant) {
        let it = &mut self.users[user];
        if it.state == State::In {
            self.net.close(it.link);
            self.owner[it.link] = None;
            it.state = State::Away;
            self.away.push_back((now + AWAY, user));
        }
    }

    fn come_back(&mut self, user: usize) -> anyhow::Result<()> {
        let door = self.server.door();
        let id = self.net.connect(door.address)?;
        self.net.send(id, &door.dialect.greeting());
        if self.owner.len() <= id {
            self.owner.resize(id + 1, None);
        }
        self.owner[id] = Some(user);
        let it = &mut self.users[user];
        (it.link, it.state, it.catches_up) = (id, State::Upgrading, false);
        Ok(())
    }

    /// Heartbeats, those of all connections spread over their interval.
    fn beat(&mut self, now: Instant) {
        let share = (now - self.began).as_secs_f64() / HEARTBEAT.as_secs_f64();
        let ping = frames::ping();
        while (self.beats as f64) < share * self.users.len() as f64 {
            let user = usize::try_from(self.beats).unwrap_or_default() % self.users.len();
            if self.users[user].state == State::In {
                self.net.send(self.users[user].link, &ping);
            }
            self.beats += 1;
        }
    }

    fn listen(&mut self, now: Instant) -> anyhow::Result<()> {
        let mut ready = std::mem::take(&mut self.ready);
        self.net.wait(Duration::from_millis(100), &mut ready)?;
        for id in ready.drain(..) {
            while let Some(user) = self.owner.get(id).copied().flatten() {
                if !self.take(id, user, now)? {
                    break;
                }
            }
        }
        self.ready = ready;
        Ok(())
    }

    /// Takes one thing that has come for a user, if it is all there.
    fn take(&mut self, id: Id, user: usize, now: Instant) -> anyhow::Result<bool> {
        let it = &mut self.users[user];
        if it.state == State::Upgrading {
            if !ws::take_upgraded(&mut self.net, id)? {
                return Ok(false);
            }
            it.state = State::LoggingIn;
            self.net.send(id, &frames::login(&self.server.app.key, &it.token));
        }
        let Some(kind) = ws::take_frame(&mut self.net, id, &mut self.payload) else {
            anyhow::ensure!(!self.net.has_ended(id), "the server closed a connection");
            return Ok(false);
        };
        anyhow::ensure!(kind != Kind::Close, "the server closed a connection");
        match frames::read(&self.payload, "m-") {
            Said::Welcome => {
                self.counts.reconnects += 1;
                it.state = State::In;
                it.catches_up = true;
                it.newest = it.newest.max(it.cursor);
                self.net.send(id, &frames::sync(it.cursor));
            }
            Said::Sent(_) => {
                self.counts.accepted += 1;
                it.hear_of(frames::place(&self.payload));
            }
            Said::Came(number) => {
                it.hear_of(frames::place(&self.payload));
                if self.counts.sent - number < REMEMBERED as u64 {
                    let place = usize::try_from(number).unwrap_or_default() % REMEMBERED;
                    self.latencies.add(now - self.sent_at[place]);
                }
            }
            Said::Failed(_, frames::SLOW_DOWN, wait_ms) if wait_ms > 0 => self.counts.refused += 1,
            Said::Page { last, count, head } => {
                self.counts.read_later += count;
                it.newest = it.newest.max(head);
                // An empty page is the last one.
                let end = last.unwrap_or(head);
                it.cursor = it.cursor.max(end);
                it.catches_up = end < head;
                if it.catches_up {
                    self.net.send(id, &frames::sync(end));
                } else {
                    it.cursor = it.newest;
                }
            }
            Said::Pong | Said::Other => {}
            said => bail!("{said:?} in the mix"),
        }
        Ok(true)
    }

    /// Waits for what is under way, and counts what the users' inboxes hold: each accepted message has a place in two.
    pub(super) fn settle(&mut self) -> anyhow::Result<()> {
        let until = Instant::now() + PATIENCE;
        while let Some((_, user)) = self.away.pop_front() {
            self.come_back(user)?;
        }
        let busy = |user: &User| user.state != State::In || user.catches_up;
        while self.users.iter().any(busy) {
            anyhow::ensure!(Instant::now() < until, "logins were not answered");
            self.listen(Instant::now())?;
        }
        // Answers come in order: after this one there is nothing left of before.
        for user in &mut self.users {
            user.catches_up = true;
            self.net.send(user.link, &frames::sync(user.cursor));
        }
        while self.users.iter().any(busy) {
            anyhow::ensure!(Instant::now() < until, "inboxes were not read");
            self.listen(Instant::now())?;
        }
        let entries: u64 = self.users.iter().map(|user| user.newest).sum();
        let Counts { sent, accepted, refused, .. } = self.counts;
        // Of a message whose sender went away nobody heard whether it was accepted.
        anyhow::ensure!(
            (accepted * 2..=(sent - refused) * 2).contains(&entries),
            "{sent} messages were sent, {accepted} accepted, {refused} refused, and the inboxes have {entries} entries"
        );
        Ok(())
    }
}

impl User {
    fn hear_of(&mut self, place: Option<u64>) {
        self.newest = self.newest.max(place.unwrap_or_default());
        if !self.catches_up {
            self.cursor = self.newest;
        }
    }
}
