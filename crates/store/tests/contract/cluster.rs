//! Nodes, the directory of sessions, and leases on work.

use nuncio_protocol::frames::Failure;
use nuncio_protocol::ids::{AppId, DeviceId};
use nuncio_protocol::values::{Name, WebhookUrl};
use nuncio_protocol::{Code, Refusal, Timestamp, UserId};
use nuncio_store::Status;
use nuncio_store::nodes::{Joined, NewNode, NodeId};
use nuncio_store::sessions::{Entered, Entering};
use nuncio_store::webhooks::{Event, Setup};
use nuncio_store::{Store, StoreError};
use serde_json::Value;

use crate::harness::{Bench, NOW, contract, refusal, user};

const LEASE_MS: i64 = 4000;

async fn join(bench: &Bench, id: i64) -> Joined {
    let node = NewNode {
        id: NodeId(id),
        name: format!("n{id}"),
        address: "127.0.0.1:9645".to_owned(),
        version: "0".to_owned(),
    };
    bench.store.join_cluster(node, LEASE_MS, NOW).await.unwrap()
}

async fn enter(
    bench: &Bench,
    node: i64,
    user: &UserId,
    session: &str,
    clock: Timestamp,
) -> Result<Entered, StoreError> {
    let entering = Entering {
        app: bench.app,
        user: user.clone(),
        session: session.to_owned(),
        node: NodeId(node),
        device: DeviceId::try_from(format!("device-{session}")).unwrap(),
        platform: "test".to_owned(),
        sdk_version: "0".to_owned(),
        address: String::new(),
        token_issued_at: NOW,
        secret_version: 1,
    };
    bench.store.enter(entering, NOW, clock).await
}

/// Makes a node's lease run out.
async fn kill(bench: &Bench, node: i64) {
    bench.tamper(&format!("update nodes set lease_until = 1 where id = {node}")).await;
}

async fn where_is(bench: &Bench, user: &UserId, clock: Timestamp) -> Vec<(String, i64)> {
    let located = bench.store.locate(bench.app, user.clone(), clock).await.unwrap();
    located.into_iter().map(|found| (found.session, found.node.0)).collect()
}

/// The nodes of each of some users.
async fn routes(bench: &Bench, users: &[&UserId]) -> Vec<Vec<NodeId>> {
    let asked = users.iter().map(|user| (bench.app, (*user).clone())).collect();
    let found = bench.store.routes(asked).await.unwrap();
    let nodes_of = |user: &UserId| {
        let mut nodes = found.get(&(bench.app, user.clone())).cloned().unwrap_or_default();
        nodes.sort_unstable();
        nodes
    };
    users.iter().map(|user| nodes_of(user)).collect()
}

async fn take(store: &Store, holder: i64, every_ms: i64) -> bool {
    store.take_lease("job", holder, LEASE_MS, every_ms, NOW).await.unwrap()
}

contract! {
    async fn nodes_have_numbers_of_their_own_and_agree_on_the_clusters_name(bench: Bench) {
        let (one, two) = (join(&bench, 11).await, join(&bench, 12).await);
        assert_eq!((one.number, two.number), (1, 2));
        assert_eq!(one.cluster, two.cluster);
        bench.store.end_node(NodeId(11)).await.unwrap();
        assert_eq!(join(&bench, 13).await.number, 1, "a number that is free again");
        let nodes = bench.store.nodes(NOW).await.unwrap();
        let names: Vec<_> = nodes.iter().map(|node| (node.name.as_str(), node.alive)).collect();
        assert_eq!(names, [("n13", true), ("n12", true)]);
    }

    async fn a_lease_is_renewed_until_it_has_run_out(bench: Bench) {
        let clock = join(&bench, 11).await.clock;
        let renewed = bench.store.renew_node(NodeId(11), LEASE_MS, NOW).await.unwrap();
        assert!(renewed.unwrap() >= clock);
        kill(&bench, 11).await;
        assert_eq!(bench.store.renew_node(NodeId(11), LEASE_MS, NOW).await.unwrap(), None);
        let (living, dead) = bench.store.living_and_dead(clock).await.unwrap();
        assert_eq!((living, dead), (vec![], vec![NodeId(11)]));
    }

    async fn a_session_is_in_the_directory_from_its_login_to_its_end(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        let clock = join(&bench, 11).await.clock;
        join(&bench, 12).await;
        let first = enter(&bench, 11, &alice, "s1", clock).await.unwrap();
        assert!(first.came_online && first.others.is_empty());
        let second = enter(&bench, 12, &alice, "s2", clock.plus_ms(1)).await.unwrap();
        assert!(!second.came_online);
        assert_eq!(second.others[0].session, "s1");
        assert_eq!(where_is(&bench, &alice, clock).await, [("s1".into(), 11), ("s2".into(), 12)]);
        assert_eq!(routes(&bench, &[&alice]).await, [vec![NodeId(11), NodeId(12)]]);
        assert_eq!(bench.store.online(bench.app, clock).await.unwrap(), 1);
        let leave = |session: &str| {
            bench.store.leave(bench.app, alice.clone(), session.to_owned(), clock)
        };
        assert!(!leave("s1").await.unwrap(), "one is left");
        assert!(!leave("s1").await.unwrap(), "gone already");
        assert!(leave("s2").await.unwrap(), "the last");
        assert!(where_is(&bench, &alice, clock).await.is_empty());
    }

    async fn a_node_whose_life_is_over_is_told_to_send_clients_elsewhere(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        let clock = join(&bench, 11).await.clock;
        bench.store.end_node(NodeId(11)).await.unwrap();
        let outcome = enter(&bench, 11, &alice, "s1", clock).await;
        assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
        assert!(where_is(&bench, &alice, clock).await.is_empty());
    }

    async fn the_nodes_of_many_users_are_looked_up_at_once(bench: Bench) {
        let clock = join(&bench, 11).await.clock;
        join(&bench, 12).await;
        let names: Vec<_> = (0..70).map(|n| format!("user{n}")).collect();
        let mut users = Vec::new();
        for name in &names {
            users.extend(bench.users([name.as_str()]).await);
        }
        for (n, user) in users.iter().enumerate().step_by(7) {
            let node = if n % 2 == 0 { 11 } else { 12 };
            enter(&bench, node, user, &format!("s{n}"), clock).await.unwrap();
        }
        let asked: Vec<_> = users.iter().chain(&users[..3]).collect();
        for (n, nodes) in routes(&bench, &asked).await[..users.len()].iter().enumerate() {
            let expected = match n % 14 {
                0 => vec![NodeId(11)],
                7 => vec![NodeId(12)],
                _ => vec![],
            };
            assert_eq!(*nodes, expected, "user{n}");
        }
        assert!(bench.store.routes(vec![]).await.unwrap().is_empty());
        let other_app = vec![(AppId(bench.app.0 + 1), users[0].clone())];
        assert!(bench.store.routes(other_app).await.unwrap().is_empty());
    }

    async fn who_may_not_log_in_does_not_enter(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        let clock = join(&bench, 11).await.clock;
        let until = NOW.plus_ms(1000);
        bench.store.ban(bench.app, vec![alice.clone()], until, String::new(), false, NOW).await.unwrap();
        let refused = refusal(enter(&bench, 11, &alice, "s1", clock).await);
        assert!(matches!(refused, Refusal::Banned { .. }), "{refused:?}");
        assert!(where_is(&bench, &alice, clock).await.is_empty());
    }

    async fn a_dead_nodes_sessions_do_not_count_and_are_swept_away_once(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        let clock = join(&bench, 11).await.clock;
        join(&bench, 12).await;
        for (node, user, session) in
            [(11, &alice, "s1"), (11, &alice, "s2"), (11, &bob, "s3"), (12, &bob, "s4")]
        {
            enter(&bench, node, user, session, clock).await.unwrap();
        }
        let left_alone = bench.store.sweep(NodeId(12), NOW).await.unwrap();
        assert!(left_alone.offline.is_empty() && !left_alone.more, "a living node is left alone");
        kill(&bench, 11).await;
        assert!(where_is(&bench, &alice, clock).await.is_empty());
        assert_eq!(where_is(&bench, &bob, clock).await, [("s4".into(), 12)]);
        let swept = bench.store.sweep(NodeId(11), NOW).await.unwrap();
        assert_eq!(swept.offline, [(bench.app, alice.clone())], "bob has another device");
        let again = bench.store.sweep(NodeId(11), NOW).await.unwrap();
        assert!(again.offline.is_empty() && !again.more);
        let nodes = bench.store.nodes(NOW).await.unwrap();
        assert_eq!(nodes.len(), 1, "the node has gone with its last session");
        let back = enter(&bench, 12, &alice, "s5", clock).await.unwrap();
        assert!(back.came_online);
    }

    async fn the_end_of_devices_is_told_once_whoever_tells_it(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        let status = [Event::ConnectionStatus].into_iter().collect();
        let setup = Setup::new(
            Name::try_from("status").unwrap(),
            WebhookUrl::try_from("https://app.example.org/").unwrap(),
            status,
        );
        let hook = bench.store.add_webhook(bench.app, setup, vec![7], NOW).await.unwrap();
        // Three nodes; each has a store of its own.
        let (mut stores, mut numbers) = (Vec::new(), Vec::new());
        for id in [11, 12, 13] {
            let (store, joined) = (bench.another().await, join(&bench, id).await);
            store.set_node(joined.number, NodeId(id));
            numbers.push(joined.number);
            stores.push(store);
        }
        assert_eq!(numbers, [1, 2, 3]);
        let change = async |node: usize, who: &UserId, session: &str, status| {
            let (who, session) = (who.clone(), session.to_owned());
            let address = "203.0.113.9".to_owned();
            stores[node].connection_changed(bench.app, who, session, status, address, NOW).await.unwrap();
        };
        change(0, &alice, "s1", Status::Online).await;
        change(0, &bob, "s2", Status::Online).await;
        change(0, &bob, "s3", Status::Online).await;
        change(1, &alice, "s4", Status::Online).await;
        change(0, &bob, "s3", Status::LoggedOut).await;
        // A node that starts, or comes back, tells of nobody's end.
        assert_eq!(stores[2].end_lost_connections(NOW).await.unwrap(), 0);
        kill(&bench, 11).await;
        // Both others see it, and so does it itself, too late.
        for sweeper in [1, 2, 1, 2] {
            let mut more = true;
            while more {
                more = stores[sweeper].sweep(NodeId(11), NOW).await.unwrap().more;
            }
        }
        change(0, &alice, "s1", Status::Offline).await;
        change(0, &alice, "s5", Status::Online).await;
        change(0, &alice, "s5", Status::Offline).await;
        assert_eq!(bench.store.nodes(NOW).await.unwrap().len(), 2, "the node has gone");
        // One that ends by itself, with a device that nobody has seen off.
        stores[1].end_node(NodeId(12)).await.unwrap();
        assert_eq!(bench.store.nodes(NOW).await.unwrap().len(), 2, "it has something to sweep");
        stores[2].sweep(NodeId(12), NOW).await.unwrap();
        stores[2].sweep(NodeId(12), NOW).await.unwrap();
        assert_eq!(bench.store.nodes(NOW).await.unwrap().len(), 1);
        let told = bench.store.deliveries(bench.app, hook.id, None, None, 100).await.unwrap();
        let mut told: Vec<_> = told
            .iter()
            .map(|delivery| {
                let body: Value = serde_json::from_str(&delivery.body).unwrap();
                let data = &body["data"][0];
                format!("{} {}", data["sessionId"].as_str().unwrap(), data["status"].as_str().unwrap())
            })
            .collect();
        told.sort();
        assert_eq!(told, ["s1 0", "s1 1", "s2 0", "s2 1", "s3 0", "s3 2", "s4 0", "s4 1"]);
    }

    async fn an_order_to_close_stands_until_the_session_has_ended(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        let clock = join(&bench, 11).await.clock;
        enter(&bench, 11, &alice, "s1", clock).await.unwrap();
        enter(&bench, 11, &bob, "s2", clock).await.unwrap();
        let why = Failure::new(Code::BannedWhileConnected, "banned");
        let order = |users: Vec<UserId>, before: Timestamp| {
            bench.store.order_close(bench.app, users, before, why.clone())
        };
        let none = order(vec![alice.clone()], NOW).await.unwrap();
        assert!(none.is_empty(), "its token was not issued before");
        let nodes = order(vec![alice.clone(), user("nobody")], NOW.plus_ms(1)).await.unwrap();
        assert_eq!(nodes, [NodeId(11)]);
        let ordered = bench.store.ordered_to_close(NodeId(11)).await.unwrap();
        assert_eq!(ordered.len(), 1);
        assert_eq!((&ordered[0].session, &ordered[0].why), (&"s1".to_owned(), &why));
        bench.store.leave(bench.app, alice, "s1".to_owned(), clock).await.unwrap();
        assert!(bench.store.ordered_to_close(NodeId(11)).await.unwrap().is_empty());
    }

    async fn a_lease_on_work_is_held_by_one_and_the_work_is_due_again_in_time(bench: Bench) {
        assert!(take(&bench.store, 1, 0).await);
        assert!(take(&bench.store, 1, i64::MAX / 2).await, "renewed");
        assert!(!take(&bench.store, 2, 0).await, "held by another");
        bench.store.give_lease("job", 2, true, NOW).await.unwrap();
        assert!(!take(&bench.store, 2, 0).await, "not its own to give");
        bench.store.give_lease("job", 1, true, NOW).await.unwrap();
        assert!(!take(&bench.store, 2, 60_000).await, "done, and not due yet");
        assert!(take(&bench.store, 2, 0).await, "asked for out of turn");
        bench.tamper("update leases set until = 1, done_at = 1").await;
        assert!(take(&bench.store, 3, 60_000).await, "its holder has died");
    }
}
