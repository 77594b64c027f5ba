//! Three nodes on one database: any client on any node, any call on any node.

use std::time::{Duration, Instant};

use nuncio_protocol::frames::{
    Entry, Ping, Subscribe, SubscriptionType, client_frame, entry, server_frame,
};
use nuncio_testkit::cluster::wait_for;
use nuncio_testkit::receiver::Receiver;
use nuncio_testkit::{Cable, Cluster, Refused, Wire};
use serde_json::json;

use crate::BINARY;

/// The code that a banned user's connection is told.
const BANNED_WHILE_CONNECTED: u32 = 31011;
const BANNED: u32 = 31009;
const KICKED: u32 = 31010;
const COME_BACK: u32 = 32054;

async fn cluster() -> Cluster {
    Cluster::start(BINARY, &[]).await
}

fn text_of(entry: &Entry) -> String {
    let Some(entry::Body::Message(message)) = &entry.body else { return String::new() };
    let content: serde_json::Value = serde_json::from_str(&message.content).unwrap();
    content["content"].as_str().unwrap().to_owned()
}

async fn next_text(wire: &mut Wire) -> String {
    loop {
        let text = text_of(&wire.entry().await.unwrap());
        if !text.is_empty() {
            return text;
        }
    }
}

fn code(error: anyhow::Error) -> u32 {
    error.downcast::<Refused>().map_or(0, |refused| refused.0.code)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_reaches_every_device_of_both_sides_on_every_node() {
    let cluster = cluster().await;
    let (alice, bob) = (cluster.api(0).token("alice").await, cluster.api(1).token("bob").await);
    let mut writer = cluster.login(0, &alice, "phone").await.unwrap();
    let mut others = Vec::new();
    for node in 0..3 {
        others.push(cluster.login(node, &bob, &format!("bob{node}")).await.unwrap());
        others.push(cluster.login(node, &alice, &format!("alice{node}")).await.unwrap());
    }
    for number in 0..20 {
        let text = format!("hello {number}");
        writer.send("bob", &number.to_string(), &text).await.unwrap();
        for other in &mut others {
            assert_eq!(next_text(other).await, text);
        }
    }
    // What is not stored finds its way as well.
    let typing = nuncio_protocol::frames::SendTyping {
        channel: Some(nuncio_protocol::frames::Channel::direct("bob")),
        r#type: "RC:TxtMsg".to_owned(),
    };
    writer.call(client_frame::Body::SendTyping(typing)).await.unwrap();
    loop {
        if let server_frame::Body::Typing(typing) = others[4].pushed().await.unwrap() {
            assert_eq!(typing.user_id, "alice");
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nudge_that_is_lost_is_made_good_by_the_next_heartbeat() {
    let cluster = cluster().await;
    let (alice, bob) = (cluster.api(0).token("alice").await, cluster.api(0).token("bob").await);
    let mut writer = cluster.login(0, &alice, "phone").await.unwrap();
    let mut reader = cluster.login(1, &bob, "phone").await.unwrap();
    // The bus keeps what comes to the reader's node, for less time than its lease.
    cluster.nodes[1].bus.set(Cable::Silent);
    writer.send("bob", "1", "lost on the way").await.unwrap();
    let answer = reader.call(client_frame::Body::Ping(Ping::default())).await.unwrap();
    assert!(matches!(answer, server_frame::Body::Pong(pong) if pong.inbox_head > 0));
    assert_eq!(next_text(&mut reader).await, "lost on the way");
    cluster.nodes[1].bus.set(Cable::Whole);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ban_closes_connections_on_other_nodes_and_says_how_far_it_has_got() {
    let cluster = cluster().await;
    let alice = cluster.api(2).token("alice").await;
    let mut devices = Vec::new();
    for node in 0..3 {
        devices.push(cluster.login(node, &alice, &format!("device{node}")).await.unwrap());
    }
    let ban = json!({ "userIds": ["alice"], "durationMinutes": 5, "reason": "spam" });
    let applied = cluster.api(0).ok("/v4/user/ban", ban).await["applied"].clone();
    assert_eq!((&applied["nodesReached"], &applied["connectionsClosed"]), (&json!(3), &json!(3)));
    assert!(applied["tookMs"].as_u64().is_some_and(|ms| ms < 1000), "{applied}");
    for device in &mut devices {
        assert_eq!(device.wait_for_close().await.code, BANNED_WHILE_CONNECTED);
    }
    for node in 0..3 {
        let refused = cluster.login(node, &alice, "again").await.err().unwrap();
        assert_eq!(code(refused), BANNED);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_to_close_that_is_lost_on_the_bus_is_found_in_the_store() {
    let cluster = cluster().await;
    let alice = cluster.api(0).token("alice").await;
    let mut device = cluster.login(1, &alice, "phone").await.unwrap();
    cluster.nodes[1].bus.set(Cable::Silent);
    let ban = json!({ "userIds": ["alice"], "durationMinutes": 5 });
    let applied = cluster.api(0).ok("/v4/user/ban", ban).await["applied"].clone();
    assert_eq!(applied["nodesReached"], 1, "the other node has said nothing: {applied}");
    assert_eq!(device.wait_for_close().await.code, BANNED_WHILE_CONNECTED);
    cluster.nodes[1].bus.set(Cable::Whole);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_secret_closes_the_connections_of_all_nodes() {
    let cluster = cluster().await;
    let alice = cluster.api(0).token("alice").await;
    let mut device = cluster.login(2, &alice, "phone").await.unwrap();
    cluster.command(&["app", "rotate-secret", &cluster.app.key]).await;
    assert_eq!(device.wait_for_close().await.code, 31020);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_comes_to_another_node_takes_its_own_place() {
    let cluster = cluster().await;
    let alice = cluster.api(0).token("alice").await;
    let mut first = cluster.login(0, &alice, "phone").await.unwrap();
    let _desk = cluster.login(0, &alice, "desk").await.unwrap();
    let second = cluster.login(1, &alice, "phone").await.unwrap();
    assert_eq!(first.wait_for_close().await.code, KICKED);
    let located = async || cluster.command(&["user", "where", "alice"]).await;
    wait_for("the directory", async || located().await.as_array().unwrap().len() == 2).await;
    let located = located().await;
    let on = |device: &str| {
        let found = located.as_array().unwrap().iter().find(|found| found["device"] == device);
        found.unwrap()["node"].clone()
    };
    assert_eq!((on("phone"), on("desk")), (json!("n2"), json!("n1")));
    second.cut();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_node_knows_who_is_online_and_watchers_are_told() {
    let cluster = cluster().await;
    let (alice, bob) = (cluster.api(0).token("alice").await, cluster.api(0).token("bob").await);
    let mut watcher = cluster.login(2, &bob, "phone").await.unwrap();
    watch(&mut watcher, "alice").await;
    let here = cluster.login(0, &alice, "phone").await.unwrap();
    let since = Instant::now();
    assert!(told(&mut watcher).await, "came online");
    assert!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
    let there = cluster.login(1, &alice, "desk").await.unwrap();
    for node in 0..3 {
        assert!(cluster.is_online(node, "alice").await, "node {node}");
    }
    here.cut();
    let devices = async || cluster.command(&["user", "where", "alice"]).await;
    wait_for("one device", async || devices().await.as_array().unwrap().len() == 1).await;
    assert!(cluster.is_online(2, "alice").await, "one device is left");
    there.cut();
    assert!(!told(&mut watcher).await, "went offline, and was told nothing before");
    for node in 0..3 {
        assert!(!cluster.is_online(node, "alice").await, "node {node}");
    }
}

async fn watch(wire: &mut Wire, whom: &str) {
    let subscribe = Subscribe {
        user_ids: vec![whom.to_owned()],
        r#type: SubscriptionType::OnlineStatus.into(),
        expiry_seconds: 600,
    };
    wire.call(client_frame::Body::Subscribe(subscribe)).await.unwrap();
}

/// The next thing that a watcher is told of a user's presence.
async fn told(wire: &mut Wire) -> bool {
    let waiting = async {
        loop {
            if let server_frame::Body::PresenceChanged(states) = wire.pushed().await.unwrap() {
                return states.states[0].online;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting).await.expect("nothing was told")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nodes_death_takes_its_users_offline_and_is_told_once() {
    let mut cluster = cluster().await;
    let (alice, bob) = (cluster.api(0).token("alice").await, cluster.api(0).token("bob").await);
    let mut watcher = cluster.login(2, &bob, "phone").await.unwrap();
    watch(&mut watcher, "alice").await;
    let _one = cluster.login(0, &alice, "phone").await.unwrap();
    let _two = cluster.login(0, &alice, "desk").await.unwrap();
    assert!(told(&mut watcher).await);
    let nodes = cluster.command(&["node", "list"]).await;
    assert_eq!(nodes.as_array().unwrap().len(), 3);
    assert_eq!((&nodes[0]["name"], &nodes[0]["clients"]), (&json!("n1"), &json!(2)));
    cluster.kill(0).await;
    let since = Instant::now();
    assert!(!told(&mut watcher).await);
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
    assert!(!cluster.is_online(1, "alice").await);
    wait_for("the dead node to be forgotten", async || {
        cluster.command(&["node", "list"]).await.as_array().unwrap().len() == 2
    })
    .await;
    // Nothing more was told: the next word is of the return.
    let _back = cluster.login(1, &alice, "phone").await.unwrap();
    assert!(told(&mut watcher).await);
    cluster.launch(0).await;
    cluster.login(0, &bob, "desk").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_node_is_taken_for_dead_and_comes_back_by_itself() {
    let cluster = cluster().await;
    let alice = cluster.api(0).token("alice").await;
    let mut stuck = cluster.login(0, &alice, "phone").await.unwrap();
    cluster.freeze(0).await;
    wait_for("alice to be offline", async || !cluster.is_online(1, "alice").await).await;
    let _new = cluster.login(1, &alice, "phone").await.unwrap();
    cluster.thaw(0).await;
    let told = stuck.wait_for_close().await.code;
    assert!([COME_BACK, KICKED].contains(&told), "{told}");
    cluster.wait_ready(0, true).await;
    assert!(cluster.is_online(0, "alice").await, "on the other node, still");
    cluster.login(0, &alice, "desk").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_clock_is_wrong_goes_by_the_clusters_time() {
    let cluster = Cluster::start_fragile(BINARY, &[]).await;
    let (alice, bob) = (cluster.api(0).token("alice").await, cluster.api(0).token("bob").await);
    let ban = json!({ "userIds": ["alice"], "durationMinutes": 60 });
    cluster.api(0).ok("/v4/user/ban", ban).await;
    let clock = cluster.nodes[1].clock.as_ref().unwrap();
    for wrong_by in [40 * 86_400, -40 * 86_400] {
        clock.set(wrong_by);
        // A process looks at its clock's file once a second.
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let refused = cluster.login(1, &alice, "phone").await.err().unwrap();
        assert_eq!(code(refused), BANNED, "the ban has not run out, {wrong_by}");
        // A call that is signed with the right time is no old one.
        assert!(!cluster.is_online(1, "alice").await);
        let mut wire = cluster.login(1, &bob, "phone").await.unwrap();
        let sent = wire.send("alice", &wrong_by.to_string(), "what time is it?").await.unwrap();
        let off = crate::now_ms().abs_diff(u64::try_from(sent.sent_at).unwrap());
        assert!(off < 10_000, "{off} ms");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_server_is_told_once_of_devices_whose_node_was_killed() {
    let receiver = Receiver::start().await;
    let mut cluster = Cluster::start(BINARY, &["--webhook-allow-private", "true"]).await;
    let url = receiver.url("/hook");
    let mut command = vec!["webhook", "add", cluster.app.key.as_str(), "--name", "status"];
    command.extend(["--url", &url, "--events", "user:connection_status"]);
    cluster.command(&command).await;
    let (alice, bob) = (cluster.api(0).token("alice").await, cluster.api(1).token("bob").await);
    let _lost = cluster.login(0, &alice, "phone").await.unwrap();
    let _stays = cluster.login(1, &bob, "phone").await.unwrap();
    let status = |user: &'static str, digit: &'static str| {
        move |r: &nuncio_testkit::receiver::Received| {
            r.data()["userId"] == user && r.data()["status"] == digit
        }
    };
    receiver
        .wait("both", |all| {
            all.iter().any(status("alice", "0")) && all.iter().any(status("bob", "0"))
        })
        .await;
    cluster.kill(0).await;
    receiver.wait("alice's end", |all| all.iter().any(status("alice", "1"))).await;
    // The node comes back, and looks for what it has left behind.
    cluster.launch(0).await;
    let mut carol = cluster.login(0, &cluster.api(0).token("carol").await, "phone").await.unwrap();
    carol.call(client_frame::Body::Logout(nuncio_protocol::frames::Logout {})).await.unwrap();
    let all = receiver.wait("carol's end", |all| all.iter().any(status("carol", "2"))).await;
    assert_eq!(all.iter().filter(|r| status("alice", "1")(r)).count(), 1);
    assert!(!all.iter().any(status("bob", "1")), "bob's device is there");
}
