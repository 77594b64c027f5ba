//! What goes wrong. One thing at a time, so that there is always somewhere to go.

use std::time::{Duration, Instant};

use nuncio_testkit::{Cable, Cluster};
use rand::RngExt as _;
use rand::rngs::StdRng;

/// Wreaks havoc for as long as is given, and puts everything right at the end. Returns what was done.
pub(super) async fn wreak(
    cluster: &mut Cluster,
    chance: &mut StdRng,
    time: Duration,
) -> Vec<String> {
    let (end, mut done) = (Instant::now() + time, Vec::new());
    while Instant::now() < end {
        pause(chance, 500..2000).await;
        let node = chance.random_range(0..cluster.nodes.len());
        let what = match chance.random_range(0..9) {
            0 => {
                cluster.kill(node).await;
                pause(chance, 0..6000).await;
                cluster.launch(node).await;
                "kill"
            }
            1 => {
                assert_eq!(cluster.stop(node).await, Some(0), "a drained node ends well");
                pause(chance, 0..3000).await;
                cluster.launch(node).await;
                "drain"
            }
            2 => {
                cluster.freeze(node).await;
                pause(chance, 200..9000).await;
                cluster.thaw(node).await;
                "freeze"
            }
            3 => cable(cluster, chance, node, true, Cable::Cut).await,
            4 => cable(cluster, chance, node, true, Cable::Silent).await,
            5 => cable(cluster, chance, node, false, Cable::Cut).await,
            6 => cable(cluster, chance, node, false, Cable::Silent).await,
            7 => {
                cluster.nats.kill();
                pause(chance, 0..6000).await;
                cluster.nats.restart().await;
                "bus restarted"
            }
            _ => {
                cluster.restart_database().await;
                "database restarted"
            }
        };
        eprintln!("fault: {what}, node {node}");
        done.push(what.to_owned());
        for node in 0..cluster.nodes.len() {
            cluster.wait_ready(node, true).await;
        }
    }
    done.sort();
    let mut counted: Vec<(String, usize)> = Vec::new();
    for what in done {
        match counted.last_mut() {
            Some((last, count)) if *last == what => *count += 1,
            _ => counted.push((what, 1)),
        }
    }
    counted.into_iter().map(|(what, count)| format!("{count} x {what}")).collect()
}

async fn cable(
    cluster: &Cluster,
    chance: &mut StdRng,
    node: usize,
    to_database: bool,
    state: Cable,
) -> &'static str {
    let node = &cluster.nodes[node];
    let way = if to_database { &node.database } else { &node.bus };
    way.set(state);
    pause(chance, 200..9000).await;
    way.set(Cable::Whole);
    match (to_database, state) {
        (true, Cable::Cut) => "way to the database cut",
        (true, _) => "way to the database silent",
        (false, Cable::Cut) => "way to the bus cut",
        (false, _) => "way to the bus silent",
    }
}

async fn pause(chance: &mut StdRng, ms: std::ops::Range<u64>) {
    tokio::time::sleep(Duration::from_millis(chance.random_range(ms))).await;
}
