//! Messages to groups of several sizes, one in ten of whose members is connected.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::bail;

use super::{Plan, Scenario};
use crate::dialect::Dialect;
use crate::frames::{Messages, Said};
use crate::http;
use crate::net::{Id, Net};
use crate::progress::Progress;
use crate::server::{Server, Storage};
use crate::stats::{Figures, Latencies};
use crate::users::{self, AT_ONCE};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "groups",
    does: "Messages of 100 bytes to groups of 10, 100, 500 and 3,000 members, of whom one in ten is connected: four of one \
           member under way at a time, each ended once every connected member has it; those of 3,000 who are away have been so \
           for longer than a server waits for them",
    run,
};

const SIZES: [usize; 4] = [10, 100, 500, 3000];
/// One in so many members is connected, but never fewer than two.
const CONNECTED: usize = 10;
const UNDER_WAY: u64 = 4;
const CONTENT: usize = 100;
const CREATE: &str = "/v4/group-channel/create";
const JOIN: &str = "/v4/group-channel/join";
/// Users of one call that joins them.
const JOINING: usize = 100;
/// Members past which a server writes to those alone who are there.
const BIG: usize = 500;
/// After how long the others are taken to be away: ten of the server's heartbeats, and a little more.
const ABSENCE: Duration = Duration::from_secs(62);
/// How long what is under way may take to end.
const PATIENCE: Duration = Duration::from_secs(30);

fn run(plan: &Plan) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    let server = Server::start_with(&plan.binary, Storage::Sqlite, &["--heartbeat", "6s"])?;
    let most = plan.count(SIZES[SIZES.len() - 1], 20);
    let (tokens, _) = users::register(server.target(), 0, most, AT_ONCE)?;
    for size in SIZES.into_iter().filter(|size| *size <= most) {
        let group = format!("g{size}");
        form(&server, &group, size)?;
        let here = (size / CONNECTED).max(2);
        let mut members = Members::log_in(&server, &group, &tokens[..here])?;
        if size > BIG {
            members.outstay()?;
        }
        for run in 0..plan.runs {
            let mut measured = members.run(&server, &format!("{run}-"), plan.warm, plan.span)?;
            let messages = measured.messages as f64;
            let name = |what: &str| format!("groups-{size}-{what}");
            figures.add(&name("rate"), "/s", messages / measured.seconds);
            let deliveries = messages * (here - 1) as f64 / measured.seconds;
            figures.add(&name("deliveries"), "/s", deliveries);
            figures.add(&name("cpu"), "s/100k", measured.cpu_seconds * 100_000.0 / messages);
            figures.add(&name("p50"), "ms", measured.latencies.at(0.5));
            figures.add(&name("p99"), "ms", measured.latencies.at(0.99));
        }
        let memory = server.resident_bytes()? as f64 / 1_048_576.0;
        figures.add(&format!("groups-{size}-memory"), "MiB", memory);
    }
    Ok(figures)
}

/// Makes a group of the first so many users.
fn form(server: &Server, group: &str, size: usize) -> anyhow::Result<()> {
    let call = |path, write: &mut dyn FnMut(usize, &mut String) -> bool| {
        let ok = |_: usize, answer: &http::Answer<'_>, _: Duration| http::must_be_ok(path, answer);
        http::calls(server.target(), path, 1, write, ok)
    };
    let owner = users::name(0);
    call(CREATE, &mut |number, text| {
        let _ = write!(text, r#"{{"channelId":"{group}","name":"Group","owner":"{owner}"}}"#);
        number == 0
    })?;
    let others: Vec<_> = (1..size).map(|number| format!("\"{}\"", users::name(number))).collect();
    let batches: Vec<_> = others.chunks(JOINING).map(|users| users.join(",")).collect();
    call(JOIN, &mut |number, text| {
        let Some(users) = batches.get(number) else { return false };
        let _ = write!(text, r#"{{"channelId":"{group}","userIds":[{users}]}}"#);
        true
    })
}

/// A group's connected members, the first of whom writes.
struct Members {
    net: Net,
    ids: Vec<Id>,
    group: String,
}

struct Measured {
    messages: u64,
    seconds: f64,
    cpu_seconds: f64,
    /// From the moment when a message was sent until the last connected member had it.
    latencies: Latencies,
}

/// A message under way.
struct Open {
    sent: Instant,
    acked: bool,
    /// Members who do not have it yet.
    missing: usize,
}

impl Members {
    fn log_in(server: &Server, group: &str, tokens: &[String]) -> anyhow::Result<Self> {
        let mut net = Net::new()?;
        let (ids, _) = users::log_in(&mut net, server.door(), tokens, AT_ONCE)?;
        // What came while the group was formed is of no interest.
        users::beat(&mut net, &ids, 1)?;
        Ok(Self { net, ids, group: group.to_owned() })
    }

    /// Stays until the server no longer takes the others to be there.
    fn outstay(&mut self) -> anyhow::Result<()> {
        let mut progress = Progress::new("seconds that others were away");
        let began = Instant::now();
        while began.elapsed() < ABSENCE {
            users::beat(&mut self.net, &self.ids, 1)?;
            std::thread::sleep(Duration::from_secs(1));
            progress.step();
        }
        Ok(())
    }

    fn run(
        &mut self,
        server: &Server,
        prefix: &str,
        warm: Duration,
        span: Duration,
    ) -> anyhow::Result<Measured> {
        users::beat(&mut self.net, &self.ids, 1)?;
        let prefix = format!("{}-{prefix}", self.group);
        let mut messages = Messages::to_group(&self.group, prefix.clone(), CONTENT);
        let mut place = vec![None; self.ids.iter().max().map_or(0, |most| most + 1)];
        for (number, id) in self.ids.iter().enumerate() {
            place[*id] = Some(number);
        }
        // The next message that each member must get: all of them, in order, once.
        let mut next = vec![0; self.ids.len()];
        let mut open: VecDeque<Open> = VecDeque::new();
        let (mut sent, mut ended) = (0, 0);
        let mut latencies = Latencies::default();
        let mut window: Option<(Instant, u64, f64)> = None;
        let mut measured = None;
        let mut progress = Progress::new("messages");
        let (mut ready, mut payload) = (Vec::new(), Vec::new());
        let start = Instant::now();
        loop {
            let now = Instant::now();
            if window.is_none() && now - start >= warm {
                window = Some((now, ended, server.cpu_seconds()?));
            }
            if let Some((since, before, cpu)) = window
                && measured.is_none()
                && ended > before
                && now - since >= span
            {
                let cpu_seconds = server.cpu_seconds()? - cpu;
                let (messages, seconds) = (ended - before, (now - since).as_secs_f64());
                measured = Some((messages, seconds, cpu_seconds));
            }
            if measured.is_some() && sent == ended {
                break;
            }
            anyhow::ensure!(now - start < warm + span + PATIENCE, "messages did not arrive");
            while measured.is_none() && sent - ended < UNDER_WAY {
                self.net.send(self.ids[0], messages.number(sent));
                open.push_back(Open { sent: now, acked: false, missing: self.ids.len() - 1 });
                sent += 1;
            }
            self.net.wait(Duration::from_millis(100), &mut ready)?;
            for id in ready.drain(..) {
                let Some(member) = place.get(id).copied().flatten() else { continue };
                let door = Dialect::Nuncio;
                while let Some(said) = door.take(&mut self.net, id, &mut payload, &prefix)? {
                    let (number, acks) = match said {
                        Said::Sent(number) => (number, true),
                        Said::Came(number) => {
                            let expected = next[member];
                            anyhow::ensure!(number == expected, "{number} instead of {expected}");
                            next[member] += 1;
                            (number, false)
                        }
                        Said::Other => continue,
                        said => bail!("{said:?} after {ended} messages"),
                    };
                    let at = number.checked_sub(ended).and_then(|at| usize::try_from(at).ok());
                    let Some(message) = at.and_then(|at| open.get_mut(at)) else {
                        bail!("message {number} again")
                    };
                    if acks {
                        message.acked = true;
                    } else {
                        message.missing -= 1;
                    }
                }
            }
            let now = Instant::now();
            while let Some(done) = open.pop_front_if(|it| it.acked && it.missing == 0) {
                ended += 1;
                progress.step();
                if window.is_some() {
                    latencies.add(now - done.sent);
                }
            }
        }
        let Some((messages, seconds, cpu_seconds)) = measured else { bail!("nothing arrived") };
        Ok(Measured { messages, seconds, cpu_seconds, latencies })
    }
}
