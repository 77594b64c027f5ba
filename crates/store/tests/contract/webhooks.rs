//! Webhooks: what is written down for app servers, in which order it goes out, and what holds it up.

use std::time::Duration;

use nuncio_protocol::ids::{AppId, MessageId, WebhookId};
use nuncio_protocol::values::{BasicProfileChange, FriendExtra, Name, WebhookUrl};
use nuncio_protocol::{Origin, Refusal, Timestamp, UserId};
use nuncio_store::apps::Environment;
use nuncio_store::friend_requests::How;
use nuncio_store::outbox::{Attempt, Lane, Parcel, State, Verdict};
use nuncio_store::webhooks::{Event, Events, Health, Setup, Webhook};
use nuncio_store::{Status, Store, StoreError, audit};
use serde_json::{Value, json};

use crate::edits::edit;
use crate::harness::{Bench, NOW, contract, make_app, refusal, user};
use crate::messages::{draft, send};

/// How long a lane is held in these tests.
const HOLD_MS: i64 = 60_000;

fn setup(name: &str, events: &[Event]) -> Setup {
    Setup {
        name: Name::try_from(name).unwrap(),
        url: WebhookUrl::try_from("https://app.example.org/hook").unwrap(),
        events: events.iter().copied().collect(),
        active: true,
        timeout_ms: 5000,
        pass_when_silent: false,
    }
}

async fn add(store: &Store, app: AppId, name: &str, events: &[Event]) -> Webhook {
    store.add_webhook(app, setup(name, events), vec![7], NOW).await.unwrap()
}

async fn due(store: &Store, webhook: &Webhook, now: Timestamp) -> Vec<Lane> {
    store.due_lanes(webhook.app, webhook.id, now, 100).await.unwrap()
}

async fn claim(store: &Store, lane: &Lane, now: Timestamp) -> Option<Parcel> {
    store.claim_lane(lane.clone(), now.plus_ms(HOLD_MS)).await.unwrap()
}

async fn settle(
    store: &Store,
    parcel: &Parcel,
    verdict: Verdict,
    now: Timestamp,
) -> Option<Parcel> {
    let attempt = Attempt { status: 200, excerpt: "ok".to_owned(), verdict };
    store.settle(parcel.clone(), attempt, now, now.plus_ms(HOLD_MS)).await.unwrap()
}

/// Delivers everything that is due; what was posted, lane by lane.
async fn deliver_all(store: &Store, webhook: &Webhook) -> Vec<Value> {
    let mut bodies = Vec::new();
    for lane in due(store, webhook, NOW).await {
        let mut parcel = claim(store, &lane, NOW).await;
        while let Some(taken) = parcel {
            bodies.push(serde_json::from_str(&taken.body).unwrap());
            parcel = settle(store, &taken, Verdict::Delivered, NOW).await;
        }
    }
    bodies
}

/// The types and first data of bodies, without times and ids.
fn data(bodies: &[Value]) -> Vec<Value> {
    let without = |body: &Value| {
        let mut data = body["data"][0].clone();
        assert_eq!(body["data"].as_array().unwrap().len(), 1);
        assert!(body["id"].as_str().unwrap().len() == 13 && body["time"] == NOW.0, "{body}");
        for key in ["time", "messageId"] {
            assert!(data.as_object_mut().unwrap().remove(key).is_some() || key != "time", "{body}");
        }
        json!([body["type"], data])
    };
    bodies.iter().map(without).collect()
}

contract! {
    async fn an_event_is_written_for_each_webhook_that_wants_it_and_for_no_other(bench: Bench) {
        let (store, app) = (&bench.store, bench.app);
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        let other_app = make_app(store, "app2", Environment::Production).await.id;
        let both = add(store, app, "both", &[Event::MessageSend, Event::ProfileUpdate]).await;
        let messages = add(store, app, "messages", &[Event::MessageSend]).await;
        let by_server = add(store, app, "server", &[Event::ServerMessageSend]).await;
        let elsewhere = add(store, other_app, "elsewhere", Event::ALL).await;
        let mut off = setup("off", Event::ALL);
        off.active = false;
        let off = store.add_webhook(app, off, vec![7], NOW).await.unwrap();

        send(&store.on(nuncio_protocol::Os::Ios), app, "alice", "bob", "m1").await.unwrap();
        let refused = send(store, app, "alice", "nobody", "m2").await;
        assert!(matches!(refusal(refused), Refusal::NotRegistered(_)));
        send(store, app, "alice", "bob", "m1").await.unwrap();
        let members = json!({"name": "Al"});
        let profile = BasicProfileChange::parse(members.as_object().unwrap()).unwrap();
        store.set_profile(app, alice.clone(), profile, None, NOW).await.unwrap();
        store.delete_profiles(app, vec![alice.clone()], NOW).await.unwrap();

        let message = json!(["message:send", {
            "userId": "alice", "channelId": "bob", "channelType": 1, "messageType": "RC:TxtMsg",
            "content": "{\"content\":\"m1\"}", "os": "iOS",
        }]);
        let told = deliver_all(store, &both).await;
        assert_eq!(data(&told), [
            message.clone(),
            json!(["user:profile_update", {
                "operatorId": "alice", "operationType": 1, "userProfile": {"name": "Al"},
                "userMetaData": {},
            }]),
            json!(["user:profile_update", { "operatorId": "alice", "operationType": 0 }]),
        ]);
        let told = deliver_all(store, &messages).await;
        assert_eq!(data(&told), [message]);
        for webhook in [&by_server, &elsewhere, &off] {
            assert!(deliver_all(store, webhook).await.is_empty(), "{webhook:?}");
        }
        let _ = bob;
    }

    async fn what_users_do_about_friends_is_told_as_it_happens(bench: Bench) {
        let (store, app) = (&bench.store, bench.app);
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        let hook = add(store, app, "friends", &[Event::Friendship]).await;
        let hello = FriendExtra::try_from("hello").unwrap();
        let client = store.on(nuncio_protocol::Os::Android);
        let ask = async |from: &UserId, to: &UserId, how| {
            client.add_friend(app, from.clone(), to.clone(), how, hello.clone(), NOW).await.unwrap()
        };
        ask(&alice, &bob, How::ObeyPermission).await;
        client.answer_friend_request(app, bob.clone(), alice.clone(), false, NOW).await.unwrap();
        ask(&alice, &bob, How::ObeyPermission).await;
        ask(&bob, &alice, How::ObeyPermission).await;
        client.remove_friends(app, bob.clone(), vec![alice.clone()], NOW).await.unwrap();
        store.add_friend(app, alice.clone(), bob.clone(), How::AtOnce, hello, NOW).await.unwrap();
        let told = data(&deliver_all(store, &hook).await);
        let event = |kind: i64, by: &str, of: &str, os: &str, extra: Value| {
            let mut data = json!({ "operationType": kind, "userId": by, "toUserId": of, "os": os });
            if !extra.is_null() {
                data["extra"] = extra;
            }
            json!(["user:friendship", data])
        };
        let (of_alice, of_bob): (Vec<_>, Vec<_>) =
            told.into_iter().partition(|event| event[1]["userId"] == "alice");
        assert_eq!(of_alice, [
            event(1, "alice", "bob", "Android", json!("hello")),
            event(1, "alice", "bob", "Android", json!("hello")),
            event(5, "alice", "bob", "Server", json!("hello")),
        ]);
        assert_eq!(of_bob, [
            event(3, "bob", "alice", "Android", Value::Null),
            event(2, "bob", "alice", "Android", json!("hello")),
            event(4, "bob", "alice", "Android", Value::Null),
        ]);
    }

    async fn a_soft_deletion_is_told_when_it_is_done_and_again_when_asked_again(bench: Bench) {
        let (store, app) = (&bench.store, bench.app);
        let [alice] = bench.users(["alice"]).await;
        let hook = add(store, app, "states", &[Event::ActivationState]).await;
        let event = |kind: i64, operation: &str| json!(["user:activation_state", {
            "userId": "alice", "operateId": operation, "operationType": kind, "code": "0",
        }]);
        for operation in ["op1", "op2"] {
            store.soft_delete(app, vec![alice.clone()], operation.to_owned(), NOW).await.unwrap();
            assert!(deliver_all(store, &hook).await.is_empty());
            for deletion in store.open_deletions(10).await.unwrap() {
                while !store.go_on_deleting(deletion.clone(), NOW).await.unwrap() {}
            }
            assert_eq!(data(&deliver_all(store, &hook).await), [event(0, operation)]);
        }
        store.restore(app, vec![alice.clone()], "op3".to_owned(), NOW).await.unwrap();
        assert_eq!(data(&deliver_all(store, &hook).await), [event(1, "op3")]);
    }

    async fn a_lane_is_held_by_one_goes_in_order_and_holds_up_nobody_else(bench: Bench) {
        let (store, app) = (&bench.store, bench.app);
        bench.users(["alice", "bob", "carol"]).await;
        let hook = add(store, app, "messages", &[Event::MessageSend]).await;
        for id in ["m1", "m2", "m3"] {
            send(store, app, "alice", "carol", id).await.unwrap();
        }
        send(store, app, "bob", "carol", "m4").await.unwrap();
        assert_eq!(store.due_webhooks(NOW).await.unwrap()[0].webhook.id, hook.id);
        let lanes = due(store, &hook, NOW).await;
        let of_alice = lanes.iter().find(|lane| lane.user == user("alice")).unwrap();
        let another = bench.another().await;
        let first = claim(store, of_alice, NOW).await.unwrap();
        assert_eq!(claim(&another, of_alice, NOW).await, None, "somebody holds it");
        assert_eq!(due(store, &hook, NOW).await.len(), 1, "bob's is free");

        let later = NOW.plus_ms(1000);
        assert_eq!(settle(store, &first, Verdict::Retry(later), NOW).await, None);
        send(store, app, "alice", "carol", "m5").await.unwrap();
        assert_eq!(due(store, &hook, NOW).await.len(), 1, "what is new waits behind what failed");
        assert_eq!(deliver_all(store, &hook).await.len(), 1, "and bob's goes meanwhile");
        let lane = due(store, &hook, later).await.remove(0);
        let mut parcel = claim(&another, &lane, later).await;
        let mut texts = Vec::new();
        while let Some(taken) = parcel {
            let body: Value = serde_json::from_str(&taken.body).unwrap();
            texts.push(body["data"][0]["content"].as_str().unwrap().to_owned());
            assert_eq!(taken.attempts, i64::from(texts.len() == 1));
            parcel = settle(&another, &taken, Verdict::Delivered, later).await;
        }
        let expected = ["m1", "m2", "m3", "m5"].map(|text| format!("{{\"content\":\"{text}\"}}"));
        assert_eq!(texts, expected);
        assert!(store.due_webhooks(NOW.plus_ms(10 * HOLD_MS)).await.unwrap().is_empty());
    }

    async fn a_worker_that_was_too_slow_loses_its_lane(bench: Bench) {
        let (store, app) = (&bench.store, bench.app);
        bench.users(["alice", "bob"]).await;
        let hook = add(store, app, "messages", &[Event::MessageSend]).await;
        send(store, app, "alice", "bob", "m1").await.unwrap();
        send(store, app, "alice", "bob", "m2").await.unwrap();
        let lane = due(store, &hook, NOW).await.remove(0);
        let slow = claim(store, &lane, NOW).await.unwrap();
        let later = NOW.plus_ms(HOLD_MS + 1);
        let lane = due(store, &hook, later).await.remove(0);
        let quick = claim(store, &lane, later).await.unwrap();
        assert_eq!((quick.id, quick.seq), (slow.id, slow.seq), "it may arrive twice");
        assert_eq!(settle(store, &slow, Verdict::Delivered, later).await, None);
        let next = settle(store, &quick, Verdict::Delivered, later).await.unwrap();
        assert_eq!(next.seq, 2);
        assert_eq!(settle(store, &next, Verdict::GiveUp, later).await, None);
        let found = store.deliveries(app, hook.id, None, None, 10).await.unwrap();
        let states: Vec<_> = found.iter().map(|d| (d.state, d.attempts)).collect();
        assert_eq!(states, [(State::GivenUp, 1), (State::Delivered, 1)]);
    }

    async fn a_message_is_shown_first_where_an_app_server_wants_to_see_it(bench: Bench) {
        let (store, app) = (&bench.store, bench.app);
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        let before = send(store, app, "alice", "bob", "m0").await.unwrap();
        assert!(store.asked_webhook(app, Event::BeforeMessage).await.unwrap().is_none());
        let hook = add(store, app, "asked", &[Event::BeforeMessage]).await;
        let not_asked = |outcome: Result<_, StoreError>| {
            assert!(matches!(outcome, Err(StoreError::NotAsked)), "{outcome:?}");
        };
        not_asked(send(store, app, "alice", "bob", "m1").await.map(drop));
        let draft = |asked| nuncio_store::messages::Draft { asked, ..draft(app, "alice", "m1", "x") };
        not_asked(store.check_send(draft(false), bob.clone(), NOW).await.map(drop));
        let change = edit(app, &alice, &bob, before.id, "y");
        not_asked(store.edit(change.clone(), NOW).await.map(drop));
        assert_eq!(bench.inbox(&bob).await.len(), 1, "m0, and nothing of these");
        // What was accepted is known again, and what a rule stands against is not shown.
        assert_eq!(send(store, app, "alice", "bob", "m0").await.unwrap().id, before.id);
        let refused = send(store, app, "alice", "nobody", "m2").await;
        assert!(matches!(refusal(refused), Refusal::NotRegistered(_)));
        store.append(draft(true), bob.clone(), NOW).await.unwrap();
        store.edit(nuncio_store::edits::Edit { asked: true, ..change }, NOW).await.unwrap();
        assert_eq!(store.asked_webhook(app, Event::BeforeMessage).await.unwrap().unwrap().webhook.id, hook.id);
        store.set_webhook(app, hook.id, NOW, |setup| setup.active = false).await.unwrap();
        send(store, app, "alice", "bob", "m3").await.unwrap();
    }

    async fn a_message_to_a_group_is_shown_first_where_an_app_server_wants_to_see_it(bench: Bench) {
        let (store, app) = (&bench.store, bench.app);
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        crate::groups::create(&bench, "g", &alice, &[&bob]).await;
        let g = crate::groups::group("g");
        let hook = add(store, app, "asked", &[Event::BeforeGroupMessage]).await;
        let say = async |id: &str, asked| {
            let draft = nuncio_store::messages::Draft { asked, ..draft(app, "alice", id, id) };
            store.append_to_groups(draft, vec![g.clone()], vec![], NOW).await
        };
        let before = bench.inbox(&bob).await.len();
        assert!(matches!(say("m1", false).await, Err(StoreError::NotAsked)));
        assert_eq!(bench.inbox(&bob).await.len(), before);
        send(store, app, "alice", "bob", "direct").await.unwrap();
        let sent = say("m1", true).await.unwrap()[0];
        assert_eq!(say("m1", false).await.unwrap()[0].id, sent.id, "known again, and not shown");
        let edit = nuncio_store::groups::GroupEdit {
            app,
            sender: alice.clone(),
            by: draft(app, "alice", "x", "x").by,
            group: g.clone(),
            id: sent.id,
            content: nuncio_protocol::values::Content::try_from("{}").unwrap(),
            asked: false,
        };
        let outcome = store.edit_in_group(edit.clone(), NOW).await;
        assert!(matches!(outcome, Err(StoreError::NotAsked)), "{outcome:?}");
        store.edit_in_group(nuncio_store::groups::GroupEdit { asked: true, ..edit }, NOW).await.unwrap();
        let found = store.asked_webhook(app, Event::BeforeGroupMessage).await.unwrap();
        assert_eq!(found.unwrap().webhook.id, hook.id);
        assert!(store.asked_webhook(app, Event::BeforeMessage).await.unwrap().is_none());
        // What a rule stands against is not shown.
        store.freeze_groups(app, nuncio_store::groups::Actor::App, vec![g.clone()], true, NOW).await.unwrap();
        assert_eq!(refusal(say("m2", false).await), Refusal::GroupFrozen);
    }

    async fn an_app_has_ten_webhooks_and_one_that_is_asked(bench: Bench) {
        let (store, app) = (&bench.store, bench.app);
        let asked = add(store, app, "asked", &[Event::BeforeMessage]).await;
        let second = store.add_webhook(app, setup("2", &[Event::BeforeMessage]), vec![], NOW).await;
        assert_eq!(refusal(second), Refusal::AskedAlready("asked".to_owned()));
        for name in 2..=10 {
            add(store, app, &name.to_string(), &[Event::MessageSend]).await;
        }
        let eleventh = store.add_webhook(app, setup("11", &[]), vec![], NOW).await;
        assert_eq!(refusal(eleventh), Refusal::WebhooksFull { limit: 10 });
        let last = store.webhooks(app).await.unwrap().pop().unwrap();
        let both = |setup: &mut Setup| setup.events = Event::ALL.iter().copied().collect();
        let changed = store.set_webhook(app, last.id, NOW, both).await;
        assert_eq!(refusal(changed), Refusal::AskedAlready("asked".to_owned()));
        store.remove_webhook(app, asked.id, NOW).await.unwrap();
        let changed = store.set_webhook(app, last.id, NOW, both).await.unwrap();
        assert_eq!(changed.setup.events, Event::ALL.iter().copied().collect::<Events>());
    }

    async fn a_webhook_is_reached_through_its_own_app_alone(bench: Bench) {
        let (store, app) = (&bench.store, bench.app);
        let other = make_app(store, "app2", Environment::Production).await.id;
        let id = add(store, app, "mine", &[]).await.id;
        let unknown = Refusal::WebhookNotFound(id.to_string());
        assert_eq!(refusal(store.webhook(other, id).await), unknown);
        assert_eq!(refusal(store.set_webhook(other, id, NOW, |_| {}).await), unknown);
        assert_eq!(refusal(store.set_webhook_secret(other, id, vec![], NOW).await), unknown);
        assert_eq!(refusal(store.remove_webhook(other, id, NOW).await), unknown);
        assert_eq!(refusal(store.deliveries(other, id, None, None, 1).await), unknown);
        let delivery = store.redeliver(other, id, MessageId(1), NOW).await;
        assert!(matches!(refusal(delivery), Refusal::DeliveryNotFound(_)));
        assert_eq!(store.webhooks(other).await.unwrap(), []);
        assert_eq!(store.webhook(app, id).await.unwrap().setup.name.as_str(), "mine");
    }

    async fn what_changes_a_webhook_is_kept_without_its_secret(bench: Bench) {
        let store = bench.store.by(Origin::command_line("root".to_owned()));
        let hook = store
            .add_webhook(bench.app, setup("a", &[Event::MessageSend]), b"sealed".to_vec(), NOW)
            .await
            .unwrap();
        store.set_webhook(bench.app, hook.id, NOW, |setup| setup.active = false).await.unwrap();
        store.set_webhook(bench.app, hook.id, NOW, |_| {}).await.unwrap();
        store.set_webhook_secret(bench.app, hook.id, b"other".to_vec(), NOW).await.unwrap();
        store.remove_webhook(bench.app, hook.id, NOW).await.unwrap();
        let trail = store.audit(bench.app, audit::Filter::default(), 1..i64::MAX, 10).await.unwrap();
        let told: Vec<_> = trail.iter().rev().map(|entry| entry.operation.as_str()).collect();
        let all = ["webhook.add", "webhook.set", "webhook.rotate_secret", "webhook.remove"];
        assert_eq!(told, all);
        assert_eq!(trail[2].before, r#"{"active":true}"#);
        assert!(trail[2].after.contains(&hook.id.to_string()), "{}", trail[2].after);
    }

    async fn a_finished_delivery_goes_again_when_asked_and_is_deleted_in_time(bench: Bench) {
        let (store, app) = (&bench.store, bench.app);
        bench.users(["alice", "bob"]).await;
        let hook = add(store, app, "messages", &[Event::MessageSend]).await;
        for id in ["m1", "m2"] {
            send(store, app, "alice", "bob", id).await.unwrap();
        }
        let told = deliver_all(store, &hook).await;
        let id: MessageId = told[0]["id"].as_str().unwrap().parse().unwrap();
        store.redeliver(app, hook.id, id, NOW).await.unwrap();
        assert!(matches!(refusal(store.redeliver(app, hook.id, id, NOW).await), Refusal::NotNow(_)));
        let waiting = store.measure_outbox().await.unwrap().remove(0).1;
        assert_eq!((waiting.count, waiting.oldest), (1, id.sent_at()));
        // What waits is not deleted, however old.
        let much_later = NOW.plus_ms(4 * 24 * 60 * 60 * 1000);
        assert_eq!(store.prune_deliveries(NOW).await.unwrap(), 0);
        assert_eq!(store.prune_deliveries(much_later).await.unwrap(), 1);
        assert_eq!(deliver_all(store, &hook).await, [told[0].clone()]);
        assert_eq!(store.prune_deliveries(much_later).await.unwrap(), 1);
        assert_eq!(store.measure_outbox().await.unwrap().remove(0).1.count, 0);

        send(store, app, "alice", "bob", "m3").await.unwrap();
        store.remove_webhook(app, hook.id, NOW).await.unwrap();
        assert!(store.due_webhooks(NOW).await.unwrap().is_empty());
        assert_eq!(store.prune_deliveries(NOW).await.unwrap(), 2, "its delivery and its lane");
    }

    async fn a_webhook_for_which_too_much_waits_gets_no_more(bench: Bench) {
        let (store, app) = (&bench.store, bench.app);
        bench.users(["alice", "bob"]).await;
        let hook = add(store, app, "messages", &[Event::MessageSend]).await;
        send(store, app, "alice", "bob", "m1").await.unwrap();
        bench
            .tamper(&format!(
                "insert into webhook_deliveries (app, webhook, id, user_id, seq, event, body, queued_at)
                 with recursive n (i) as (select 1 union all select i + 1 from n where i < 100000)
                 select {}, {}, i, 'alice', i + 1, 16, '', 0 from n",
                app.0, hook.id.0
            ))
            .await;
        store.measure_outbox().await.unwrap();
        assert!(store.webhook(app, hook.id).await.unwrap().full);
        send(store, app, "alice", "bob", "m2").await.unwrap();
        bench.tamper("update webhook_deliveries set state = 1 where id <= 60000").await;
        assert_eq!(store.measure_outbox().await.unwrap().remove(0).1.count, 40_001, "m2 is not there");
        assert!(!store.webhook(app, hook.id).await.unwrap().full);
        send(store, app, "alice", "bob", "m3").await.unwrap();
        assert_eq!(store.measure_outbox().await.unwrap().remove(0).1.count, 40_002);
    }

    async fn devices_that_died_with_their_node_are_told_of_once(bench: Bench) {
        let (store, app) = (&bench.store, bench.app);
        bench.users(["alice"]).await;
        assert!(!store.wants_connections(app).await.unwrap());
        let hook = add(store, app, "status", &[Event::ConnectionStatus]).await;
        assert!(store.wants_connections(app).await.unwrap());
        let change = async |store: &Store, session: &str, status| {
            let (who, session) = (user("alice"), session.to_owned());
            let address = "203.0.113.9".to_owned();
            store.connection_changed(app, who, session, status, address, NOW).await.unwrap();
        };
        let another = bench.another().await;
        change(&store.on(nuncio_protocol::Os::Ios), "s1", Status::Online).await;
        change(&another.on(nuncio_protocol::Os::WebSocket), "s2", Status::Online).await;
        change(store, "s3", Status::Online).await;
        change(store, "s3", Status::LoggedOut).await;
        assert_eq!(store.end_lost_connections(NOW).await.unwrap(), 1);
        assert_eq!(store.end_lost_connections(NOW).await.unwrap(), 0);
        let told = data(&deliver_all(store, &hook).await);
        assert_eq!(told[0], json!(["user:connection_status", {
            "status": "0", "userId": "alice", "os": "iOS", "clientIp": "203.0.113.9", "sessionId": "s1",
        }]));
        let short: Vec<_> = told
            .iter()
            .map(|e| (e[1]["sessionId"].as_str().unwrap(), e[1]["status"].as_str().unwrap()))
            .collect();
        assert_eq!(short, [("s1", "0"), ("s2", "0"), ("s3", "0"), ("s3", "2"), ("s1", "1")]);
    }

    async fn a_webhook_remembers_how_it_fares(bench: Bench) {
        let (store, app) = (&bench.store, bench.app);
        let id: WebhookId = add(store, app, "a", &[]).await.id;
        let failed = Health {
            delivered: 2, failed: 1, delivered_at: NOW, last_error: "no answer".to_owned(),
            last_error_at: NOW,
        };
        store.note_health(app, id, failed.clone()).await.unwrap();
        let well = Health { delivered: 3, delivered_at: NOW.plus_ms(5), ..Health::default() };
        store.note_health(app, id, well).await.unwrap();
        let health = store.webhook(app, id).await.unwrap().health;
        assert_eq!(health, Health { delivered: 5, delivered_at: NOW.plus_ms(5), ..failed });
    }
}

/// An event need not come with the lock of its lane's user: a mute is told in the lane of the group's owner. On
/// PostgreSQL, where two write at once.
#[tokio::test]
async fn a_lane_into_which_an_event_is_being_put_does_not_go() {
    let bench = Bench::postgres().await;
    let (store, app) = (&bench.store, bench.app);
    let [alice] = bench.users(["alice"]).await;
    let webhook = add(store, app, "profiles", &[Event::ProfileUpdate]).await;
    let members = json!({ "name": "Al" });
    let profile = BasicProfileChange::parse(members.as_object().unwrap()).unwrap();
    store.set_profile(app, alice, profile, None, NOW).await.unwrap();
    let lane = due(store, &webhook, NOW).await.remove(0);
    let parcel = claim(store, &lane, NOW).await.unwrap();
    let (app, hook) = (app.0, webhook.id.0);
    let another = format!(
        "begin;
         insert into webhook_lanes (app, webhook, user_id, head, next_at) values ({app}, {hook}, 'alice', 1, 0)
         on conflict (app, webhook, user_id) do update set head = webhook_lanes.head + 1;
         insert into webhook_deliveries (app, webhook, id, user_id, seq, event, body, queued_at)
         values ({app}, {hook}, 99, 'alice', 2, 1, '{{}}', 0);
         select pg_sleep(1);
         commit"
    );
    let settled = async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        settle(store, &parcel, Verdict::Delivered, NOW).await
    };
    let ((), next) = tokio::join!(bench.tamper(&another), settled);
    assert_eq!(next.map(|next| next.id), Some(MessageId(99)));
}
