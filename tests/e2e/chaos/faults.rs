//! What goes wrong: one thing, or two at a time, never all three nodes of one's own making, so that there is mostly
//! somewhere to go.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use nuncio_testkit::{Cable, Cluster};
use rand::RngExt as _;
use rand::rngs::StdRng;

use super::people::Line;

/// How long a fault may last, and two together, in milliseconds: more than twice a node's lease.
const LONGEST: u64 = 9000;
/// How far a clock may jump, in seconds.
const JUMPS: &[i64] = &[5, 600, 3 * 3600, 40 * 86_400];
/// How many kinds of faults there are.
const KINDS: u32 = 15;

/// A fault that can be brought about and mended.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Killed,
    Drained,
    Frozen,
    ClockJumped(i64),
    ToDatabase(Cable),
    ToBus(Cable),
    /// The way of one device to all nodes.
    OfClient(usize, Cable),
    BusRestarted,
    DatabaseRestarted,
}

impl Fault {
    fn draw(chance: &mut StdRng, lines: usize) -> Self {
        let slow = |chance: &mut StdRng, most| {
            Cable::Slow(Duration::from_millis(chance.random_range(20..most)))
        };
        match chance.random_range(0..KINDS) {
            0 => Self::Killed,
            1 => Self::Drained,
            2 => Self::Frozen,
            3 => {
                let jump = JUMPS[chance.random_range(0..JUMPS.len())];
                Self::ClockJumped(if chance.random_bool(0.5) { jump } else { -jump })
            }
            4 => Self::ToDatabase(Cable::Cut),
            5 => Self::ToDatabase(Cable::Silent),
            6 => Self::ToDatabase(slow(chance, 400)),
            7 => Self::ToBus(Cable::Cut),
            8 => Self::ToBus(Cable::Silent),
            9 => Self::ToBus(slow(chance, 1500)),
            10 => Self::OfClient(chance.random_range(0..lines), Cable::Cut),
            11 => Self::OfClient(chance.random_range(0..lines), Cable::Silent),
            12 => Self::OfClient(chance.random_range(0..lines), slow(chance, 1000)),
            13 => Self::BusRestarted,
            _ => Self::DatabaseRestarted,
        }
    }

    /// What it is called when faults are counted.
    fn kind(self) -> String {
        let how = |cable| match cable {
            Cable::Whole => "whole",
            Cable::Slow(_) => "slow",
            Cable::Silent => "silent",
            Cable::Cut => "cut",
        };
        match self {
            Self::Killed => "node killed".to_owned(),
            Self::Drained => "node drained".to_owned(),
            Self::Frozen => "node frozen".to_owned(),
            Self::ClockJumped(_) => "node's clock moved".to_owned(),
            Self::ToDatabase(cable) => format!("way to the database {}", how(cable)),
            Self::ToBus(cable) => format!("way to the bus {}", how(cable)),
            Self::OfClient(_, cable) => format!("a client's way {}", how(cable)),
            Self::BusRestarted => "bus restarted".to_owned(),
            Self::DatabaseRestarted => "database restarted".to_owned(),
        }
    }

    /// Whether it takes the node's process away: such a one stands alone on its node, and is mended after all others,
    /// because a node starts only where database and bus can be reached.
    fn is_of_process(self) -> bool {
        matches!(self, Self::Killed | Self::Drained | Self::Frozen)
    }

    async fn begin(self, cluster: &mut Cluster, node: usize, lines: &[Line], alone: bool) {
        match self {
            Self::Killed => cluster.kill(node).await,
            Self::Drained => {
                let code = cluster.stop(node).await;
                assert!(!alone || code == Some(0), "a drained node ends well: {code:?}");
            }
            Self::Frozen => cluster.freeze(node).await,
            Self::ClockJumped(seconds) => clock(cluster, node, seconds),
            Self::ToDatabase(cable) => cluster.nodes[node].database.set(cable),
            Self::ToBus(cable) => cluster.nodes[node].bus.set(cable),
            Self::OfClient(line, cable) => lines[line].set(cable),
            Self::BusRestarted => cluster.nats.kill(),
            Self::DatabaseRestarted => cluster.restart_database().await,
        }
    }

    async fn mend(self, cluster: &mut Cluster, node: usize, lines: &[Line]) {
        match self {
            Self::Killed | Self::Drained => cluster.launch(node).await,
            Self::Frozen => cluster.thaw(node).await,
            Self::ClockJumped(_) => clock(cluster, node, 0),
            Self::ToDatabase(_) => cluster.nodes[node].database.set(Cable::Whole),
            Self::ToBus(_) => cluster.nodes[node].bus.set(Cable::Whole),
            Self::OfClient(line, _) => lines[line].set(Cable::Whole),
            Self::BusRestarted => cluster.nats.restart().await,
            Self::DatabaseRestarted => {}
        }
    }
}

/// Wreaks havoc for as long as is given, and puts everything right at the end. Returns what was done.
pub(super) async fn wreak(
    cluster: &mut Cluster,
    lines: &[Line],
    chance: &mut StdRng,
    time: Duration,
) -> Vec<String> {
    let (end, mut done) = (Instant::now() + time, BTreeMap::<String, usize>::new());
    while Instant::now() < end {
        pause(chance, 500..2000).await;
        let mut faults = draw(chance, cluster.nodes.len(), lines.len());
        let named: Vec<_> =
            faults.iter().map(|(fault, node)| format!("{fault:?} {node}")).collect();
        eprintln!("fault: {}", named.join(" and "));
        let alone = faults.len() == 1;
        for (fault, node) in &faults {
            fault.begin(cluster, *node, lines, alone).await;
            *done.entry(fault.kind()).or_default() += 1;
            pause(chance, 0..500).await;
        }
        if !alone {
            *done.entry("two at once".to_owned()).or_default() += 1;
        }
        faults.sort_by_key(|(fault, _)| fault.is_of_process());
        let longest = LONGEST / faults.len() as u64;
        for (fault, node) in faults {
            pause(chance, 100..longest).await;
            fault.mend(cluster, node, lines).await;
        }
        for node in 0..cluster.nodes.len() {
            cluster.wait_ready(node, true).await;
        }
    }
    done.into_iter().map(|(what, count)| format!("{what} {count}")).collect()
}

/// One fault, or two of different kinds.
fn draw(chance: &mut StdRng, nodes: usize, lines: usize) -> Vec<(Fault, usize)> {
    let first = (Fault::draw(chance, lines), chance.random_range(0..nodes));
    if chance.random_bool(0.6) {
        return vec![first];
    }
    loop {
        let second = (Fault::draw(chance, lines), chance.random_range(0..nodes));
        let same_node = first.1 == second.1;
        let collide = same_node && (first.0.is_of_process() || second.0.is_of_process());
        if !collide && first.0.kind() != second.0.kind() {
            return vec![first, second];
        }
    }
}

fn clock(cluster: &Cluster, node: usize, seconds: i64) {
    cluster.nodes[node].clock.as_ref().unwrap().set(seconds);
}

async fn pause(chance: &mut StdRng, ms: std::ops::Range<u64>) {
    tokio::time::sleep(Duration::from_millis(chance.random_range(ms))).await;
}
