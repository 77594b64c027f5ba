//! Rolling work: each node in turn is drained and started again while people write, and a node of the version before
//! works on a database that a newer one has added to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nuncio_protocol::frames::entry;
use nuncio_testkit::{Cluster, Wire};
use tokio::task::JoinHandle;

use crate::BINARY;
use crate::history::{Attempt, Deed, judge_devices, judge_inbox};

/// Who write, each to the reader.
const WRITERS: usize = 6;

/// A device with a list of nodes.
#[derive(Clone)]
struct Device {
    addresses: Vec<String>,
    key: String,
    token: String,
    name: String,
}

impl Device {
    fn new(cluster: &Cluster, token: &str, name: &str) -> Self {
        let addresses = cluster.nodes.iter().map(|node| node.address.clone()).collect();
        let (key, token) = (cluster.app.key.clone(), token.to_owned());
        Self { addresses, key, token, name: name.to_owned() }
    }

    /// Logs in on the first node of the list that takes it, which then stands at its front. Of three nodes only one
    /// may refuse.
    async fn reconnect(&mut self) -> Wire {
        for refused in 0..=1 {
            self.addresses.rotate_left(1);
            let address = &self.addresses[0];
            match Wire::login(address, &self.key, &self.token, &self.name).await {
                Ok(wire) => return wire,
                Err(error) => eprintln!("{} was refused, {refused} before: {error}", self.name),
            }
        }
        panic!("{} was refused by two nodes of three", self.name);
    }
}

/// Writes until the end, and tells what of it was acked and how long the longest took.
fn write(mut device: Device, over: Arc<AtomicBool>) -> JoinHandle<(Vec<Attempt>, Duration)> {
    tokio::spawn(async move {
        let (mut wire, mut attempts, mut longest) =
            (device.reconnect().await, Vec::new(), Duration::ZERO);
        for number in 0.. {
            if over.load(Ordering::SeqCst) {
                break;
            }
            let (id, begun) = (format!("{}-{number:06}", device.name), Instant::now());
            if let Err(error) = wire.send("reader", &id, &id).await {
                eprintln!("{} goes elsewhere: {error}", device.name);
                wire = device.reconnect().await;
                let again = wire.send("reader", &id, &id).await;
                again.expect("a send is refused for no longer than one reconnect");
            }
            longest = longest.max(begun.elapsed());
            let ended = Instant::now();
            attempts.push(Attempt { deed: Deed::Send, begun, ended, refused: None, message: id });
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        (attempts, longest)
    })
}

/// Reads as it comes, and ends once everything up to `last` messages is there.
async fn read(mut device: Device, last: usize) -> Vec<(u64, String)> {
    let mut held: Vec<(u64, String)> = Vec::new();
    while held.len() < last {
        let mut wire = device.reconnect().await;
        let _ = follow(&mut wire, last, &mut held).await;
    }
    held
}

async fn follow(wire: &mut Wire, last: usize, held: &mut Vec<(u64, String)>) -> anyhow::Result<()> {
    loop {
        let page = wire.sync(held.last().map_or(0, |held| held.0), 500).await?;
        let (reaches, mut entries) = (page.head, page.entries);
        if entries.is_empty() && held.last().map_or(0, |held| held.0) >= reaches {
            if held.len() >= last {
                return Ok(());
            }
            entries.push(wire.entry().await?);
        }
        for entry in entries {
            if let Some(entry::Body::Message(message)) = entry.body
                && held.last().map_or(0, |held| held.0) + 1 == entry.seq
            {
                held.push((entry.seq, message.client_message_id));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_node_is_drained_in_turn_and_nobody_who_writes_is_held_up() {
    let mut cluster = Cluster::start(BINARY, &[]).await;
    let reader = cluster.app.token("reader").await;
    let over = Arc::<AtomicBool>::default();
    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        let name = format!("w{writer}");
        let mut device = Device::new(&cluster, &cluster.app.token(&name).await, &name);
        device.addresses.rotate_left(writer % 3);
        writers.push(write(device, over.clone()));
    }
    // Two devices that are there all the while, and are drained like the others.
    let readers: Vec<_> = ["phone", "desk"]
        .map(|name| {
            let mut device = Device::new(&cluster, &reader, name);
            let over = over.clone();
            tokio::spawn(async move {
                let mut held = Vec::new();
                while !over.load(Ordering::SeqCst) {
                    let mut wire = device.reconnect().await;
                    let following = follow(&mut wire, usize::MAX, &mut held);
                    let _ = tokio::time::timeout(Duration::from_secs(3), following).await;
                }
                held
            })
        })
        .into();

    for node in 0..cluster.nodes.len() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(cluster.stop(node).await, Some(0));
        cluster.launch(node).await;
        cluster.wait_ready(node, true).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    over.store(true, Ordering::SeqCst);

    let (mut sent, mut longest) = (Vec::new(), Duration::ZERO);
    for writer in writers {
        let (attempts, took) = writer.await.unwrap();
        sent.extend(attempts);
        longest = longest.max(took);
    }
    let mut devices = vec![read(Device::new(&cluster, &reader, "at-last"), sent.len()).await];
    for reader in readers {
        let mut held = reader.await.unwrap();
        assert!(held.len() > WRITERS * 10, "read nothing while nodes went: {}", held.len());
        // It may have been told to stop before the last messages came.
        held.extend_from_slice(&devices[0][held.len()..]);
        devices.push(held);
    }
    judge_devices(&devices).unwrap();
    let received: Vec<_> = devices[0].iter().map(|held| held.1.clone()).collect();
    judge_inbox(&sent, &received).unwrap();
    for writer in 0..WRITERS {
        let of_writer = received.iter().filter(|id| id.starts_with(&format!("w{writer}-")));
        assert!(of_writer.is_sorted(), "in the order in which they were written");
    }
    eprintln!("{} messages acked, {} ms for the longest", sent.len(), longest.as_millis());
    assert!(longest < Duration::from_secs(5), "{longest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_of_the_version_before_goes_on_and_starts_on_what_a_newer_one_has_added_to() {
    let mut cluster = Cluster::start(BINARY, &[]).await;
    let (alice, bob) = (cluster.app.token("alice").await, cluster.app.token("bob").await);
    // What the next version might bring with its first node: a column, a table, and its schema's number. This program
    // is then the older one.
    cluster
        .sql(
            "alter table messages add column mood text not null default 'fine';
             create table moods (app bigint not null, mood text not null, primary key (app, mood));
             update schema_version set oldest = version, version = version + 1",
        )
        .await;
    let mut reader = cluster.login(1, &bob, "phone").await.unwrap();
    let mut writer = cluster.login(0, &alice, "phone").await.unwrap();
    writer.send("bob", "1", "on a node that was there").await.unwrap();
    cluster.kill(2).await;
    cluster.launch(2).await;
    let mut writer = cluster.login(2, &alice, "phone").await.unwrap();
    writer.send("bob", "2", "on a node that came after").await.unwrap();
    for id in ["1", "2"] {
        let Some(entry::Body::Message(message)) = reader.entry().await.unwrap().body else {
            panic!("not a message");
        };
        assert_eq!(message.client_message_id, id);
    }

    // A version that has no place for this one any more says so.
    cluster.sql("update schema_version set oldest = version").await;
    cluster.kill(2).await;
    assert!(cluster.try_launch(2).await.is_err());
    writer.cut();
    let mut writer = cluster.login(0, &alice, "phone").await.unwrap();
    writer.send("bob", "3", "who is there stays").await.unwrap();
}
