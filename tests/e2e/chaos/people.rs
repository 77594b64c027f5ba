//! People with two devices each: one writes, both read, on whatever node takes them.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nuncio_protocol::frames::{Entry, entry};
use nuncio_testkit::{Cable, Proxy, Refused, Wire};
use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tokio::task::JoinHandle;

use super::{PEOPLE, Stage, name};
use crate::history::{Attempt, Deed, LOST_CONNECTION, Life};
use crate::now_ms;

/// Codes that say no because of a rule. Any other, and none, says nothing of what became of a send.
const RULES: &[u32] = &[405, 31009, 31011];
/// How long a device stays with a node that says nothing.
const PATIENCE: Duration = Duration::from_secs(6);
/// How long the last look at the inbox may take.
const AT_LAST: Duration = Duration::from_mins(2);

/// What the client message ids of messages to a person begin with.
pub(super) fn to(app: usize, person: usize) -> String {
    format!("{app}.p{person}.")
}

/// The way of one device to each node.
#[derive(Clone)]
pub(super) struct Line(Vec<Proxy>);

impl Line {
    pub(super) async fn to(addresses: &[String]) -> Self {
        let mut ways = Vec::new();
        for address in addresses {
            ways.push(Proxy::to(address.trim_start_matches("http://")).await);
        }
        Self(ways)
    }

    pub(super) fn set(&self, cable: Cable) {
        self.0.iter().for_each(|way| way.set(cable));
    }

    fn any(&self, chance: &mut StdRng) -> String {
        format!("http://{}", self.0[chance.random_range(0..self.0.len())].address())
    }
}

/// What a person has seen.
pub(super) struct Told {
    pub(super) app: usize,
    pub(super) person: usize,
    pub(super) attempts: Vec<Attempt>,
    pub(super) lives: Vec<Life>,
    /// By how many milliseconds a message's time was before it was sent, or after its ack, at most.
    pub(super) off_ms: u64,
    /// For each device, all of the inbox.
    pub(super) devices: Vec<Vec<(u64, String)>>,
}

impl Told {
    /// Client message ids of the messages to this person.
    pub(super) fn received(&self) -> Vec<String> {
        let others = |held: &&(u64, String)| !held.1.is_empty() && !held.1.starts_with("own ");
        self.devices[0].iter().filter(others).map(|held| held.1.clone()).collect()
    }
}

pub(super) struct Person {
    app: usize,
    number: usize,
    seen: Arc<Mutex<Seen>>,
    writer: JoinHandle<()>,
    readers: Vec<JoinHandle<Vec<(u64, String)>>>,
    done: Arc<std::sync::atomic::AtomicBool>,
}

/// What the devices of a person record.
#[derive(Default)]
struct Seen {
    attempts: Vec<Attempt>,
    lives: Vec<Life>,
    off_ms: u64,
}

#[derive(Clone)]
struct Login {
    stage: Stage,
    line: Line,
    key: String,
    token: String,
    seen: Arc<Mutex<Seen>>,
}

/// A connection that records how long it lives.
struct Connection {
    wire: Wire,
    life: Life,
    seen: Arc<Mutex<Seen>>,
}

impl Connection {
    /// Something has come through it.
    fn heard(&mut self) {
        self.life.heard = Instant::now();
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.seen.lock().unwrap().lives.push(self.life);
    }
}

impl Login {
    /// Tries to log in on any node.
    async fn any(&self, chance: &mut StdRng, device: &str) -> Option<Connection> {
        let address = self.line.any(chance);
        let begun = Instant::now();
        let login = Wire::login(&address, &self.key, &self.token, device);
        let outcome = tokio::time::timeout(PATIENCE, login).await;
        let refused = match &outcome {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(code(error)),
            Err(_) => Some(LOST_CONNECTION),
        };
        let ended = Instant::now();
        let attempt = Attempt { deed: Deed::Login, begun, ended, refused, message: String::new() };
        self.seen.lock().unwrap().attempts.push(attempt);
        if refused.is_some() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let wire = outcome.ok()?.ok()?;
        let life = Life { begun, heard: ended };
        Some(Connection { wire, life, seen: self.seen.clone() })
    }
}

fn code(error: &anyhow::Error) -> u32 {
    error.downcast_ref::<Refused>().map_or(LOST_CONNECTION, |refused| refused.0.code)
}

impl Person {
    pub(super) fn start(
        stage: Stage,
        [of_writer, of_reader, of_other]: [Line; 3],
        mut chance: StdRng,
        (app, key): (usize, String),
        (person, token): (usize, String),
    ) -> Self {
        let seen = Arc::<Mutex<Seen>>::default();
        let login = Login { stage, line: of_writer, key, token, seen: seen.clone() };
        let done = Arc::<std::sync::atomic::AtomicBool>::default();
        let readers = [("reads", of_reader), ("reads-too", of_other)].map(|(device, line)| {
            let chance = StdRng::seed_from_u64(chance.random());
            let login = Login { line, ..login.clone() };
            tokio::spawn(read(login, chance, name(person), device, done.clone()))
        });
        let writer = tokio::spawn(write(login, chance, app, person));
        Self { app, number: person, seen, writer, readers: readers.into(), done }
    }

    /// Ends, once the last message has been decided, with a last look at the inbox.
    pub(super) async fn finish(self) -> Told {
        self.writer.await.unwrap();
        self.done.store(true, std::sync::atomic::Ordering::SeqCst);
        let mut devices = Vec::new();
        for reader in self.readers {
            let held = tokio::time::timeout(AT_LAST, reader).await;
            devices.push(held.expect("the inbox could not be read at last").unwrap());
        }
        let Seen { attempts, lives, off_ms } = std::mem::take(&mut *self.seen.lock().unwrap());
        Told { app: self.app, person: self.number, attempts, lives, off_ms, devices }
    }
}

/// Writes to the others. Each message is tried until its fate is known, or until the end.
async fn write(login: Login, mut chance: StdRng, app: usize, person: usize) {
    let mut wire: Option<Connection> = None;
    let mut number = 0;
    while !login.stage.is_over() {
        let other = (person + chance.random_range(1..PEOPLE)) % PEOPLE;
        number += 1;
        let id = format!("{}{person}-{number}", to(app, other));
        let (begun, begun_at) = (Instant::now(), now_ms());
        // Once a try has ended without an answer, a later refusal says nothing of it.
        let mut in_doubt = false;
        let refused = loop {
            let Some(connection) = &mut wire else {
                if login.stage.is_over() {
                    break Some(LOST_CONNECTION);
                }
                wire = login.any(&mut chance, "writes").await;
                continue;
            };
            let recipient = name(other);
            let sending = connection.wire.send(&recipient, &id, &id);
            let sent = tokio::time::timeout(PATIENCE, sending).await;
            let is_open = connection.wire.closed.is_none();
            match sent {
                Ok(Ok(sent)) => {
                    connection.heard();
                    let sent_at = u64::try_from(sent.sent_at).unwrap();
                    let off =
                        begun_at.saturating_sub(sent_at).max(sent_at.saturating_sub(now_ms()));
                    let mut seen = login.seen.lock().unwrap();
                    seen.off_ms = seen.off_ms.max(off);
                    break None;
                }
                Ok(Err(error)) if is_open && RULES.contains(&code(&error)) => {
                    connection.heard();
                    break Some(if in_doubt { LOST_CONNECTION } else { code(&error) });
                }
                _ => (in_doubt, wire) = (true, None),
            }
        };
        let attempt =
            Attempt { deed: Deed::Send, begun, ended: Instant::now(), refused, message: id };
        login.seen.lock().unwrap().attempts.push(attempt);
        if chance.random_bool(0.02) {
            wire = None;
        }
        tokio::time::sleep(Duration::from_millis(chance.random_range(0..40))).await;
    }
}

/// A device that comes back after every loss, and holds what it has seen.
async fn read(
    login: Login,
    mut chance: StdRng,
    me: String,
    device: &'static str,
    done: Arc<std::sync::atomic::AtomicBool>,
) -> Vec<(u64, String)> {
    let mut held: Vec<(u64, String)> = Vec::new();
    loop {
        let Some(mut connection) = login.any(&mut chance, device).await else { continue };
        let life = Duration::from_millis(chance.random_range(200..8000));
        let reading = async {
            loop {
                let cursor = held.last().map_or(0, |held| held.0);
                let page = connection.wire.sync(cursor, 100).await?;
                connection.heard();
                let (last, is_empty) = (page.head, page.entries.is_empty());
                page.entries.into_iter().for_each(|entry| keep(entry, &me, &mut held));
                if is_empty && held.last().map_or(0, |held| held.0) >= last {
                    break;
                }
            }
            if done.load(std::sync::atomic::Ordering::SeqCst) {
                return Ok(());
            }
            loop {
                let entry = connection.wire.entry().await?;
                connection.heard();
                keep(entry, &me, &mut held);
            }
        };
        if let Ok(Ok::<(), anyhow::Error>(())) = tokio::time::timeout(life, reading).await {
            return held;
        }
    }
}

fn keep(entry: Entry, me: &str, held: &mut Vec<(u64, String)>) {
    let cursor = held.last().map_or(0, |held| held.0);
    if entry.seq <= cursor {
        return;
    }
    let what = match entry.body {
        Some(entry::Body::Message(message)) if message.sender_id == me => {
            format!("own {}", message.client_message_id)
        }
        Some(entry::Body::Message(message)) => message.client_message_id,
        _ => String::new(),
    };
    held.push((entry.seq, what));
}
