//! Nodes that are cut off from the database or from the bus, or die over their work.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use nuncio_testkit::cluster::wait_for;
use nuncio_testkit::receiver::Receiver;
use nuncio_testkit::{Cable, Cluster, Refused};
use serde_json::json;

use crate::BINARY;

const COME_BACK: u32 = 32054;
const UNAVAILABLE: u32 = 50301;
/// Whether it was done cannot be said; a client asks again by the same id.
const UNKNOWN: u32 = 50302;
/// A node's lease, as it is by default.
const LEASE: Duration = Duration::from_secs(4);
/// What a machine that does other things may take besides.
const SLACK: Duration = Duration::from_secs(2);

fn code(error: &anyhow::Error) -> u32 {
    error.downcast_ref::<Refused>().map_or(0, |refused| refused.0.code)
}

/// Cuts a way of the second node, in one manner or the other: it sends its clients elsewhere and takes nothing more, and
/// comes back by itself.
async fn is_fenced_and_comes_back(of_database: bool, how: Cable) {
    let cluster = Cluster::start(BINARY, &[]).await;
    let (alice, bob) = (cluster.api(0).token("alice").await, cluster.api(0).token("bob").await);
    let mut device = cluster.login(1, &alice, "phone").await.unwrap();
    let mut early = cluster.login(1, &bob, "phone").await.unwrap();
    let way = if of_database { &cluster.nodes[1].database } else { &cluster.nodes[1].bus };
    let cut = Instant::now();
    way.set(how);
    if of_database {
        let refused = early.send("alice", "0", "too late").await.unwrap_err();
        assert!([UNAVAILABLE, UNKNOWN, COME_BACK].contains(&code(&refused)), "{refused}");
    }
    assert_eq!(device.wait_for_close().await.code, COME_BACK);
    assert!(cut.elapsed() < LEASE + SLACK, "{:?}", cut.elapsed());
    cluster.wait_ready(1, false).await;
    // No connection is opened any more; clients go to the next node of their list.
    assert!(cluster.login(1, &alice, "phone").await.is_err());
    let refused = reqwest::get(format!("{}/connect", cluster.nodes[1].address)).await.unwrap();
    assert_eq!(refused.status(), 503);
    let told: serde_json::Value = refused.json().await.unwrap();
    assert_eq!(told["code"], UNAVAILABLE, "{told}");
    let called = cluster.api(1).call("/v4/user/ban/list", json!({})).await;
    assert_eq!((called.status, called.code()), (503, i64::from(UNAVAILABLE)), "{}", called.body);

    // The others do not wait for it: the user is offline, comes to another node, and is written to there.
    wait_for("alice to be offline", async || !cluster.is_online(0, "alice").await).await;
    let mut device = cluster.login(2, &alice, "phone").await.unwrap();
    let mut writer = cluster.login(0, &bob, "phone").await.unwrap();
    writer.send("alice", "1", "are you there?").await.unwrap();
    device.entry().await.unwrap();

    way.set(Cable::Whole);
    cluster.wait_ready(1, true).await;
    let mut device = cluster.login(1, &alice, "phone").await.unwrap();
    writer.send("alice", "2", "and now?").await.unwrap();
    device.entry().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_way_to_the_database_is_cut_sends_its_clients_elsewhere() {
    is_fenced_and_comes_back(true, Cable::Cut).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_database_is_silent_sends_its_clients_elsewhere() {
    is_fenced_and_comes_back(true, Cable::Silent).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_way_to_the_bus_is_cut_sends_its_clients_elsewhere() {
    is_fenced_and_comes_back(false, Cable::Cut).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_bus_is_silent_sends_its_clients_elsewhere() {
    is_fenced_and_comes_back(false, Cable::Silent).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_node_dies_over_is_done_by_the_others_once() {
    const USERS: usize = 100;
    let mut cluster = Cluster::start(BINARY, &["--webhook-allow-private", "true"]).await;
    let receiver = Receiver::start().await;
    let (url, key) = (receiver.url("/hook"), cluster.app.key.clone());
    let hook = ["webhook", "add", &key, "--name", "test", "--url", &url, "--events"];
    cluster.command(&[hook.as_slice(), &["user:activation_state"]].concat()).await;
    let users: Vec<_> = (0..USERS).map(|number| format!("u{number}")).collect();
    for user in &users {
        cluster.app.token(user).await;
    }
    let deleted = cluster.api(0).ok("/v4/user/soft-delete", json!({ "userIds": users })).await;
    // The node that was called has begun with the job, and with telling of it.
    cluster.kill(0).await;
    let told = || {
        let mut told = BTreeMap::<String, BTreeSet<String>>::new();
        for event in receiver.accepted() {
            let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
            assert_eq!(event.data()["operateId"], deleted["operationId"]);
            told.entry(text(&event.data()["userId"])).or_default().insert(text(&event.body["id"]));
        }
        told
    };
    wait_for("all to be deleted, and told of", async || told().len() == USERS).await;
    // An event may come again when it is not known whether it was taken; it is the same one then.
    let twice: Vec<_> = told().into_iter().filter(|(_, events)| events.len() > 1).collect();
    assert!(twice.is_empty(), "deleted twice: {twice:?}");
}
