//! An acknowledged message is never lost, never doubled, never out of order: not when the server is killed
//! between two instructions, and not when sockets are cut.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nuncio_protocol::frames::{Channel, Entry, entry};
use nuncio_testkit::{Wire, World};
use rand::RngExt as _;
use tokio::task::JoinSet;

use crate::everywhere;

/// Pairs of a writer and a reader.
const PAIRS: usize = 4;
/// Times that the server is killed.
pub(crate) const KILLS: usize = 20;

/// For each pair or writer, the numbers that were acked, and their message ids.
pub(crate) type Acked = BTreeMap<usize, Vec<(u64, String)>>;

pub(crate) fn count(acked: &Mutex<Acked>) -> usize {
    acked.lock().unwrap().values().map(Vec::len).sum()
}

/// Writes `1, 2, 3, ...` to a channel. Each message is tried under one client message id until it is acked,
/// over as many connections as that takes.
pub(crate) async fn write(
    address: String,
    key: String,
    token: String,
    to: Channel,
    pair: usize,
    stop: Arc<AtomicBool>,
    acked: Arc<Mutex<Acked>>,
) {
    let mut wire: Option<Wire> = None;
    let mut number = 1;
    while !stop.load(Ordering::Relaxed) || wire.is_none() {
        let Some(connection) = &mut wire else {
            wire = Wire::login(&address, &key, &token, "writer").await.ok();
            tokio::time::sleep(Duration::from_millis(5)).await;
            continue;
        };
        let id = format!("{pair}-{number}");
        match connection.send_in(to.clone(), &id, &number.to_string()).await {
            Ok(sent) => {
                acked.lock().unwrap().entry(pair).or_default().push((number, sent.message_id));
                number += 1;
            }
            Err(_) => wire = None,
        }
    }
}

/// A device that comes back after every cut, and holds what it has seen.
pub(crate) async fn read(
    address: String,
    key: String,
    token: String,
    device: String,
    stop: Arc<AtomicBool>,
    cuts: bool,
) -> Vec<Entry> {
    let mut held: Vec<Entry> = Vec::new();
    let keep = |entry: Entry, held: &mut Vec<Entry>| {
        let cursor = held.last().map_or(0, |entry| entry.seq);
        if entry.seq > cursor {
            assert_eq!(entry.seq, cursor + 1, "a gap at {device}");
            held.push(entry);
        }
    };
    loop {
        // Asked before the login: whatever was written until then is in the inbox that the login tells of.
        let is_last = stop.load(Ordering::Relaxed);
        let Ok(mut wire) = Wire::login(&address, &key, &token, &device).await else {
            tokio::time::sleep(Duration::from_millis(5)).await;
            continue;
        };
        let life = Duration::from_millis(rand::rng().random_range(20..400));
        let reading = async {
            while held.last().map_or(0, |entry| entry.seq) < wire.welcome.inbox_head {
                let cursor = held.last().map_or(0, |entry| entry.seq);
                let page = wire.sync(cursor, 100).await?;
                page.entries.into_iter().for_each(|entry| keep(entry, &mut held));
            }
            if is_last {
                return Ok(true);
            }
            loop {
                let entry = wire.entry().await?;
                keep(entry, &mut held);
            }
        };
        let life = if cuts { life } else { Duration::from_secs(1) };
        match tokio::time::timeout(life, reading).await {
            Ok(Ok::<bool, anyhow::Error>(true)) => return held,
            _ => wire.cut(),
        }
    }
}

/// Writers write and two devices of each reader read, while `disturb` does its worst; then everything that
/// was acked must be there once, in order, at every device.
async fn nothing_is_lost(
    world: &mut World,
    cuts: bool,
    disturb: impl AsyncFn(&mut World, &Mutex<Acked>),
) {
    let (written, read_on) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let acked: Arc<Mutex<Acked>> = Arc::default();
    let (mut writers, mut readers) = (JoinSet::new(), JoinSet::new());
    for pair in 0..PAIRS {
        let reader = world.api.token(&format!("reader{pair}")).await;
        let writer = world.api.token(&format!("writer{pair}")).await;
        let (address, key) = (world.address.clone(), world.api.key.clone());
        for device in ["phone", "desk"] {
            let reading = read(
                address.clone(),
                key.clone(),
                reader.clone(),
                device.into(),
                read_on.clone(),
                cuts,
            );
            readers.spawn(async move { (pair, reading.await) });
        }
        let to = Channel::direct(format!("reader{pair}"));
        writers.spawn(write(address, key, writer, to, pair, written.clone(), Arc::clone(&acked)));
    }
    disturb(world, &acked).await;
    written.store(true, Ordering::Relaxed);
    while let Some(ended) = writers.join_next().await {
        ended.unwrap();
    }
    // Only now is the last message certain to be in the inboxes that the readers look at last.
    read_on.store(true, Ordering::Relaxed);
    let acked: Acked = acked.lock().unwrap().clone();
    while let Some(ended) = readers.join_next().await {
        let (pair, held) = ended.unwrap();
        let messages = held.iter().filter_map(|entry| match &entry.body {
            Some(entry::Body::Message(message)) => Some(message),
            _ => None,
        });
        let mut received: Vec<(u64, String)> = Vec::new();
        for message in messages {
            let content: serde_json::Value = serde_json::from_str(&message.content).unwrap();
            let number = content["content"].as_str().unwrap().parse().unwrap();
            received.push((number, message.id.clone()));
        }
        // A last message may have been committed without its ack having arrived.
        let mut acked = acked[&pair].clone();
        if received.len() == acked.len() + 1 {
            acked.push(received[received.len() - 1].clone());
        }
        assert_eq!(received, acked, "pair {pair}");
        assert!(received.iter().map(|(number, _)| *number).eq(1..=received.len() as u64));
    }
}

everywhere! {
    async fn nothing_is_lost_when_the_server_is_killed(world: World) {
        nothing_is_lost(&mut world, false, async |world, acked| {
            for _ in 0..KILLS {
                let before = count(acked);
                while count(acked) < before + PAIRS * 2 {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                let life = rand::rng().random_range(0..200);
                tokio::time::sleep(Duration::from_millis(life)).await;
                world.kill().await;
                world.restart().await;
            }
        })
        .await;
        world.kill().await;
    }

    async fn nothing_is_lost_when_sockets_are_cut(world: World) {
        nothing_is_lost(&mut world, true, async |_, acked| {
            tokio::time::sleep(Duration::from_secs(6)).await;
            while count(acked) < PAIRS * 2 * KILLS {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
        world.kill().await;
    }
}
