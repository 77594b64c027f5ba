//! People with two devices each: one writes, both read, on whatever node takes them.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nuncio_protocol::frames::{Entry, entry};
use nuncio_testkit::{Refused, Wire};
use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tokio::task::JoinHandle;

use super::{PEOPLE, Stage, name};
use crate::history::{Attempt, Deed, LOST_CONNECTION};

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

/// What a person has seen.
pub(super) struct Told {
    pub(super) app: usize,
    pub(super) person: usize,
    pub(super) attempts: Vec<Attempt>,
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
    attempts: Arc<Mutex<Vec<Attempt>>>,
    writer: JoinHandle<()>,
    readers: Vec<JoinHandle<Vec<(u64, String)>>>,
    done: Arc<std::sync::atomic::AtomicBool>,
}

#[derive(Clone)]
struct Login {
    stage: Stage,
    key: String,
    token: String,
    attempts: Arc<Mutex<Vec<Attempt>>>,
}

impl Login {
    /// Tries to log in on any node.
    async fn any(&self, chance: &mut StdRng, device: &str) -> Option<Wire> {
        let address = self.stage.any(chance).to_owned();
        let begun = Instant::now();
        let login = Wire::login(&address, &self.key, &self.token, device);
        let outcome = tokio::time::timeout(PATIENCE, login).await;
        let refused = match &outcome {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(code(error)),
            Err(_) => Some(LOST_CONNECTION),
        };
        let attempt = Attempt {
            deed: Deed::Login,
            begun,
            ended: Instant::now(),
            refused,
            message: String::new(),
        };
        self.attempts.lock().unwrap().push(attempt);
        if refused.is_some() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        outcome.ok()?.ok()
    }
}

fn code(error: &anyhow::Error) -> u32 {
    error.downcast_ref::<Refused>().map_or(LOST_CONNECTION, |refused| refused.0.code)
}

impl Person {
    pub(super) fn start(
        stage: Stage,
        mut chance: StdRng,
        app: usize,
        key: String,
        person: usize,
        token: String,
    ) -> Self {
        let attempts = Arc::<Mutex<Vec<Attempt>>>::default();
        let login = Login { stage, key, token, attempts: attempts.clone() };
        let done = Arc::<std::sync::atomic::AtomicBool>::default();
        let readers = ["reads", "reads-too"].map(|device| {
            let chance = StdRng::seed_from_u64(chance.random());
            tokio::spawn(read(login.clone(), chance, name(person), device, done.clone()))
        });
        let writer = tokio::spawn(write(login, chance, app, person));
        Self { app, number: person, attempts, writer, readers: readers.into(), done }
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
        let attempts = std::mem::take(&mut *self.attempts.lock().unwrap());
        Told { app: self.app, person: self.number, attempts, devices }
    }
}

/// Writes to the others. Each message is tried until its fate is known, or until the end.
async fn write(login: Login, mut chance: StdRng, app: usize, person: usize) {
    let mut wire: Option<Wire> = None;
    let mut number = 0;
    while !login.stage.is_over() {
        let other = (person + chance.random_range(1..PEOPLE)) % PEOPLE;
        number += 1;
        let id = format!("{}{person}-{number}", to(app, other));
        let begun = Instant::now();
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
            let sending = connection.send(&recipient, &id, &id);
            match tokio::time::timeout(PATIENCE, sending).await {
                Ok(Ok(_)) => break None,
                Ok(Err(error)) if connection.closed.is_none() && RULES.contains(&code(&error)) => {
                    break Some(if in_doubt { LOST_CONNECTION } else { code(&error) });
                }
                _ => (in_doubt, wire) = (true, None),
            }
        };
        let attempt =
            Attempt { deed: Deed::Send, begun, ended: Instant::now(), refused, message: id };
        login.attempts.lock().unwrap().push(attempt);
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
        let Some(mut wire) = login.any(&mut chance, device).await else { continue };
        let life = Duration::from_millis(chance.random_range(200..8000));
        let reading = async {
            loop {
                let cursor = held.last().map_or(0, |held| held.0);
                let page = wire.sync(cursor, 100).await?;
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
                let entry = wire.entry().await?;
                keep(entry, &me, &mut held);
            }
        };
        if let Ok(Ok::<(), anyhow::Error>(())) = tokio::time::timeout(life, reading).await {
            return held;
        }
        wire.cut();
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
