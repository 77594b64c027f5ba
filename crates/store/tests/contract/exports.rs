//! What is read of one user for an export.

use std::collections::BTreeMap;

use nuncio_protocol::frames::{ChannelType, SubscriptionType};
use nuncio_protocol::ids::{AppId, ChannelId};
use nuncio_protocol::values::{
    BasicProfileChange, ChannelTagId, ChannelTagName, FriendExtra, NotificationLevel,
};
use nuncio_protocol::{Origin, Refusal, Timestamp, UserId};
use nuncio_store::apps::Environment;
use nuncio_store::channel_settings::Change;
use nuncio_store::exports::{After, Section};
use nuncio_store::friend_requests::How;
use nuncio_store::groups::Actor;
use nuncio_store::jobs::{Job, Kind, Part, State, Step};
use nuncio_store::messages::{By, Draft, Recaller};
use nuncio_store::outbox::{Attempt, Verdict};
use nuncio_store::webhooks::{Event, Setup};
use nuncio_store::{Store, StoreError};
use serde_json::{Value, json};

use crate::groups;
use crate::harness::{NOW, contract, make_app, refusal, user};
use crate::messages::{draft, send};
use crate::push;

/// Everything of a section, read in pages of `limit`.
async fn all(store: &Store, app: AppId, id: &UserId, section: Section, limit: i64) -> Vec<Value> {
    let (mut rows, mut after, mut pages) = (Vec::new(), After::default(), 0);
    loop {
        let (page, next) = store.export_page(app, id.clone(), section, after, limit).await.unwrap();
        assert!(page.len() <= usize::try_from(limit).unwrap());
        rows.extend(page);
        pages += 1;
        assert!(pages < 200, "{section:?} has no end");
        match next {
            Some(next) => after = next,
            None => return rows,
        }
    }
}

fn job(app: AppId, id: &str, about: &str, kind: Kind) -> Job {
    Job {
        app,
        id: id.to_owned(),
        kind,
        about: about.to_owned(),
        state: State::Running,
        progress: "{}".to_owned(),
        origin: Origin::operator("ada".to_owned(), None, "r1".to_owned()),
        created_at: NOW,
        finished_at: Timestamp(0),
    }
}

/// Works an export off, with one piece.
async fn finish(store: &Store, id: &str) {
    let job = store.claim_job(Kind::Export, "me".to_owned(), NOW).await.unwrap().unwrap();
    assert_eq!(job.id, id);
    let parts = vec![(Part::Done, 0, b"PK".to_vec())];
    let step = Step { state: State::Done, progress: "{}".to_owned(), parts };
    store.step_job(&job, "me".to_owned(), step, NOW).await.unwrap();
}

/// What a test keeps of rows.
fn of(rows: &[Value], member: &str) -> Vec<String> {
    let text = |row: &Value| match &row[member] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    rows.iter().map(text).collect()
}

/// Delivers the first thing that waits for a user.
async fn deliver(store: &Store, app: AppId, webhook: nuncio_protocol::ids::WebhookId, of: &str) {
    let lanes = store.due_lanes(app, webhook, NOW.plus_ms(1), 100).await.unwrap();
    let lane = lanes.into_iter().find(|lane| lane.user.as_str() == of).unwrap();
    let mut parcel = store.claim_lane(lane, NOW.plus_ms(60_000)).await.unwrap();
    while let Some(taken) = parcel {
        let attempt = Attempt { status: 200, excerpt: String::new(), verdict: Verdict::Delivered };
        parcel = store.settle(taken, attempt, NOW, NOW.plus_ms(60_000)).await.unwrap();
    }
}

async fn bodies(
    store: &Store,
    app: AppId,
    webhook: nuncio_protocol::ids::WebhookId,
) -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::<String, Vec<String>>::new();
    for delivery in store.deliveries(app, webhook, None, None, 100).await.unwrap() {
        all.entry(delivery.user.to_string()).or_default().push(delivery.body);
    }
    all
}

/// What people wrote.
fn without_notices(messages: Vec<Value>) -> Vec<Value> {
    messages
        .into_iter()
        .filter(|message| message["type"] != crate::group_messages::NOTICE)
        .collect()
}

contract! {
    async fn all_that_is_held_about_a_user_is_read_and_nothing_of_others(bench: Bench) {
        let (store, app) = (bench.store.by(Origin::job("test")), bench.app);
        let [alice, bob, carol] = bench.users(["alice", "bob", "carol"]).await;
        // A namesake in another app, with a message of their own.
        let other = make_app(&store, "app2", Environment::Production).await.id;
        for id in ["alice", "bob"] {
            let name = nuncio_protocol::values::Name::try_from("Other").unwrap();
            store.register(other, user(id), name, None, NOW).await.unwrap();
        }
        send(&store, other, "alice", "bob", "elsewhere").await.unwrap();

        store.block(app, alice.clone(), vec![carol.clone()], NOW).await.unwrap();
        store.whitelist_add(app, alice.clone(), vec![bob.clone(), carol.clone()], NOW).await.unwrap();
        store.block(app, carol.clone(), vec![alice.clone()], NOW).await.unwrap();
        let hello = FriendExtra::try_from("hello").unwrap();
        store.add_friend(app, alice.clone(), bob.clone(), How::AtOnce, hello.clone(), NOW).await.unwrap();
        let [dave] = bench.users(["dave"]).await;
        store.add_friend(app, dave.clone(), alice.clone(), How::ObeyPermission, hello, NOW).await.unwrap();
        let presence = SubscriptionType::OnlineStatus;
        let later = NOW.plus_ms(60_000);
        store.subscribe(app, alice.clone(), vec![bob.clone()], presence, later, NOW).await.unwrap();
        store.subscribe(app, carol.clone(), vec![alice.clone()], presence, later, NOW).await.unwrap();
        let members = json!({ "name": "Al" });
        let profile = BasicProfileChange::parse(members.as_object().unwrap()).unwrap();
        store.set_profile(app, alice.clone(), profile, None, NOW).await.unwrap();
        let pin = Change { pinned: Some(true), ..Change::default() };
        let with_bob = ChannelId::Direct(bob.clone());
        store.set_channel(app, alice.clone(), with_bob.clone(), pin, NOW).await.unwrap();
        let none = NotificationLevel::try_from(5).unwrap();
        store.set_channel_type_level(app, alice.clone(), ChannelType::Group, none, NOW).await.unwrap();
        let tag = |id| ChannelTagId::try_from(id).unwrap();
        let tags = ["t1", "t2"].map(|id| (tag(id), ChannelTagName::try_from("work").unwrap()));
        store.set_channel_tags(app, alice.clone(), tags.into(), NOW).await.unwrap();
        let with_carol = ChannelId::Direct(carol.clone());
        store.tag_channels(app, alice.clone(), tag("t1"), vec![with_bob.clone(), with_carol], NOW).await.unwrap();
        store.tag_channels(app, alice.clone(), tag("t2"), vec![with_bob], NOW).await.unwrap();
        for device in ["one", "two"] {
            push::register(&store, app, "alice", device).await;
        }
        let hidden = nuncio_store::push::Change { hide_content: Some(true), ..<_>::default() };
        store.set_push_settings(app, alice.clone(), hidden, NOW).await.unwrap();
        let mut ids = Vec::new();
        for number in 0..7 {
            let (from, to) = [("alice", "bob"), ("bob", "alice"), ("dave", "alice")][number % 3];
            ids.push(send(&store, app, from, to, &format!("m{number}")).await.unwrap().id);
        }
        send(&store, app, "bob", "dave", "not-hers").await.unwrap();
        let by = Recaller::User(alice.clone());
        store.recall(app, by, bob.clone(), ids[0], String::new(), NOW).await.unwrap();

        for limit in [1, 2, 3, 100] {
            let read = async |section| all(&store, app, &alice, section, limit).await;
            assert_eq!(of(&read(Section::Blocklist).await, "userId"), ["carol"]);
            assert_eq!(of(&read(Section::Whitelist).await, "userId"), ["bob", "carol"]);
            assert_eq!(of(&read(Section::Friends).await, "userId"), ["bob"]);
            assert!(read(Section::RequestsSent).await.is_empty());
            let received = read(Section::RequestsReceived).await;
            assert_eq!(received, [json!({ "userId": "dave", "extra": "hello", "status": "pending", "at": NOW.0 })]);
            assert_eq!(of(&read(Section::Subscriptions).await, "userId"), ["bob"]);
            assert_eq!(of(&read(Section::Channels).await, "channelId"), ["bob", "dave"]);
            assert_eq!(of(&read(Section::ChannelSettings).await, "channelId"), ["bob"]);
            let by_type = json!({ "channelType": 3, "notificationLevel": 5 });
            assert_eq!(read(Section::ChannelTypeSettings).await, [by_type]);
            assert_eq!(of(&read(Section::PushDevices).await, "device"), ["one", "two"]);
            assert_eq!(read(Section::PushSettings).await[0]["hideContent"], true);
            assert_eq!(of(&read(Section::ChannelTags).await, "id"), ["t1", "t2"]);
            let tagged = read(Section::TaggedChannels).await;
            assert_eq!(of(&tagged, "tagId"), ["t1", "t1", "t2"]);
            assert_eq!(of(&tagged, "channelId"), ["bob", "carol", "bob"]);
            let messages = read(Section::Messages).await;
            assert_eq!(of(&messages, "clientMessageId"), ["m0", "m1", "m3", "m4", "m6", "m2", "m5"]);
            assert_eq!((&messages[0]["recalled"], &messages[0]["content"]), (&json!(true), &json!("")));
            assert_eq!(messages[1]["content"], "{\"content\":\"m1\"}");
            assert_eq!(of(&messages, "senderId"), ["alice", "bob", "alice", "bob", "alice", "dave", "dave"]);
            let inbox = read(Section::Inbox).await;
            assert!(inbox.iter().map(|entry| entry["seq"].as_u64().unwrap()).eq(1..=inbox.len() as u64));
            assert_eq!(inbox.iter().filter(|entry| entry["what"] == "message").count(), 7);
            assert_eq!(inbox.iter().filter(|entry| entry["what"] == "unknown").count(), 0);
            let operations = of(&read(Section::Audit).await, "operation");
            assert!(operations.contains(&"blocklist.add".to_owned()), "{operations:?}");
            let count = operations.iter().filter(|operation| *operation == "blocklist.add").count();
            assert_eq!(count, 1, "carol's is carol's");
        }
        let record = store.export_user(app, alice.clone()).await.unwrap();
        assert_eq!((&record["name"], &record["profile"]["basic"]["name"]), (&json!("Name of alice"), &json!("Al")));
        assert_eq!((&record["tags"], &record["softDeletedAt"]), (&json!([]), &Value::Null));
        let nobody = store.export_user(app, user("nobody")).await;
        assert!(matches!(refusal(nobody), Refusal::NotRegistered(_)));
        let _ = (bob, dave);
    }

    async fn a_users_messages_are_read_across_many_channels(bench: Bench) {
        let (store, app) = (&bench.store, bench.app);
        let [alice] = bench.users(["alice"]).await;
        for number in 0..230 {
            let peer = format!("p{number:03}");
            let name = nuncio_protocol::values::Name::try_from("P").unwrap();
            store.register(app, user(&peer), name, None, NOW).await.unwrap();
            send(store, app, &peer, "alice", &format!("m{number}")).await.unwrap();
        }
        let messages = all(store, app, &alice, Section::Messages, 500).await;
        let expected: Vec<_> = (0..230).map(|number| format!("p{number:03}")).collect();
        assert_eq!(of(&messages, "channelId"), expected);
    }

    async fn what_was_sent_in_the_users_name_and_not_shown_to_the_user_is_read_too(bench: Bench) {
        let (store, app) = (&bench.store, bench.app);
        let [mary, ..] = bench.users(["mary", "adam", "zoe", "eve", "noah"]).await;
        for (from, to, id) in
            [("mary", "adam", "m1"), ("mary", "zoe", "m2"), ("mary", "adam", "m3"), ("eve", "noah", "m4")]
        {
            let by = By::Server { verify_blocklist: false, echo_to_sender: false };
            let silent = Draft { by, ..draft(app, from, id, id) };
            store.append(silent, user(to), NOW).await.unwrap();
        }
        send(store, app, "eve", "mary", "m5").await.unwrap();
        // Whoever asks for an export has everything filed.
        store.add_job(job(app, "e1", "mary", Kind::Export)).await.unwrap();
        for limit in [1, 2, 100] {
            let messages = all(store, app, &mary, Section::Messages, limit).await;
            assert_eq!(of(&messages, "clientMessageId"), ["m5", "m1", "m3", "m2"], "{limit}");
        }
    }

    async fn a_users_groups_are_read_with_the_standing_there(bench: Bench) {
        let (store, app) = (&bench.store, bench.app);
        let [mary, adam, zoe] = bench.users(["mary", "adam", "zoe"]).await;
        for (id, owner, other) in [("g1", &mary, &adam), ("g2", &adam, &mary), ("g3", &adam, &zoe)] {
            groups::create(&bench, id, owner, &[other]).await;
        }
        let until = NOW.plus_ms(60_000);
        let g2 = Some(groups::group("g2"));
        store.mute_in_group(app, Actor::App, g2, vec![mary.clone()], until, NOW).await.unwrap();
        store.mute_in_group(app, Actor::App, None, vec![mary.clone()], until, NOW).await.unwrap();
        for (id, who, whom) in [("g1", &mary, &adam), ("g2", &adam, &mary)] {
            let (group, who) = (groups::group(id), who.clone());
            store.add_group_favorites(app, group, who, vec![whom.clone()], NOW).await.unwrap();
        }
        for limit in [1, 2, 10] {
            let found = all(store, app, &mary, Section::Groups, limit).await;
            assert_eq!((of(&found, "groupId"), of(&found, "role")), (
                vec!["g1".to_owned(), "g2".to_owned()],
                vec!["owner".to_owned(), "member".to_owned()],
            ));
            assert_eq!(of(&found, "mutedUntil"), ["null".to_owned(), until.0.to_string()]);
            let followed = all(store, app, &mary, Section::GroupFavorites, limit).await;
            assert_eq!(of(&followed, "userId"), ["adam"], "whom mary follows, not who follows her");
        }
        store.enter_group(app, mary.clone(), groups::group("g3"), NOW).await.unwrap();
        store.enter_group(app, zoe.clone(), groups::group("g1"), NOW).await.unwrap();
        for limit in [1, 10] {
            let asked = all(store, app, &mary, Section::GroupApplications, limit).await;
            assert_eq!(of(&asked, "groupId"), ["g3"], "what mary asked, not what she has to answer");
            assert_eq!(of(&asked, "status"), ["admin_pending"]);
        }
        let record = store.export_user(app, mary).await.unwrap();
        assert_eq!(record["mutedInGroupsUntil"], until.0);
    }

    async fn messages_of_groups_are_read_since_joining_and_while_a_member(bench: Bench) {
        let (store, app) = (&bench.store, bench.app);
        let [mary, adam, _] = bench.users(["mary", "adam", "zoe"]).await;
        for id in ["g1", "g2"] {
            groups::create(&bench, id, &adam, &[]).await;
        }
        let say = async |from, group, id, at| {
            let to = vec![groups::group(group)];
            store.append_to_groups(draft(app, from, id, id), to, vec![], NOW.plus_ms(at)).await.unwrap()
        };
        say("adam", "g1", "before", 0).await;
        for (number, id) in ["g1", "g2"].into_iter().enumerate() {
            let at = NOW.plus_ms(10 + i64::try_from(number).unwrap());
            store.join_group(app, groups::group(id), vec![mary.clone()], at).await.unwrap();
        }
        say("adam", "g1", "m1", 20).await;
        say("mary", "g1", "m2", 21).await;
        say("adam", "g2", "m3", 22).await;
        send(store, app, "zoe", "mary", "m4").await.unwrap();
        for limit in [1, 2, 100] {
            let messages = without_notices(all(store, app, &mary, Section::Messages, limit).await);
            assert_eq!(of(&messages, "clientMessageId"), ["m4", "m1", "m2", "m3"], "{limit}");
            assert_eq!(of(&messages, "channelId"), ["zoe", "g1", "g1", "g2"], "{limit}");
        }
        let gone = vec![mary.clone()];
        store.leave_group(app, Actor::App, groups::group("g2"), gone, groups::FORGET, NOW.plus_ms(30)).await.unwrap();
        let messages = without_notices(all(store, app, &mary, Section::Messages, 100).await);
        assert_eq!(of(&messages, "clientMessageId"), ["m4", "m1", "m2"]);
    }

    async fn what_is_no_longer_the_users_to_see_is_not_exported(bench: Bench) {
        let (store, app) = (&bench.store, bench.app);
        let [alice, _] = bench.users(["alice", "bob"]).await;
        send(store, app, "bob", "alice", "before").await.unwrap();
        store.soft_delete(app, vec![alice.clone()], "o1".to_owned(), NOW).await.unwrap();
        while let Some(open) = store.open_deletions(1).await.unwrap().pop() {
            store.go_on_deleting(open, NOW).await.unwrap();
        }
        store.restore(app, vec![alice.clone()], "o2".to_owned(), NOW).await.unwrap();
        store.append(
            Draft {
                by: By::Server { verify_blocklist: false, echo_to_sender: true },
                ..draft(app, "bob", "after", "after")
            },
            alice.clone(),
            NOW.plus_ms(5),
        ).await.unwrap();
        let messages = all(store, app, &alice, Section::Messages, 10).await;
        assert_eq!(of(&messages, "clientMessageId"), ["after"]);
        let activations = all(store, app, &alice, Section::Activations, 10).await;
        assert_eq!(of(&activations, "what"), ["restoration"]);
    }

    async fn exports_are_bounded_noted_and_go_with_their_user(bench: Bench) {
        let (store, app) = (bench.store.by(Origin::operator("ada".to_owned(), None, "r1".to_owned())), bench.app);
        let development = make_app(&store, "dev", Environment::Development).await.id;
        for (of, id) in [(app, "alice"), (development, "alice"), (development, "bob")] {
            let name = nuncio_protocol::values::Name::try_from("N").unwrap();
            store.register(of, user(id), name, None, NOW).await.unwrap();
        }
        let unknown = store.add_job(job(app, "e0", "nobody", Kind::Export)).await;
        assert!(matches!(refusal(unknown), Refusal::NotRegistered(_)));
        store.add_job(job(app, "e1", "alice", Kind::Export)).await.unwrap();
        let early = store.take_export(app, "e1".to_owned(), NOW).await;
        assert!(matches!(refusal(early), Refusal::NotNow(_)));
        assert!(store.claim_job(Kind::Import, "me".to_owned(), NOW).await.unwrap().is_none());
        finish(&store, "e1").await;
        assert_eq!(store.take_export(app, "e1".to_owned(), NOW).await.unwrap().about, "alice");
        let elsewhere = store.take_export(development, "e1".to_owned(), NOW).await;
        assert!(matches!(refusal(elsewhere), Refusal::NotNow(_)), "another app's");
        assert!(matches!(
            refusal(store.job(app, Kind::Import, "e1".to_owned()).await),
            Refusal::NotNow(_)
        ));
        let operations = of(&all(&store, app, &user("alice"), Section::Audit, 100).await, "operation");
        assert_eq!(operations, ["user.register", "user.export", "user.export_download"]);
        for number in 2..=20 {
            let id = format!("e{number}");
            store.add_job(job(app, &id, "alice", Kind::Export)).await.unwrap();
            finish(&store, &id).await;
        }
        let one_more = store.add_job(job(app, "e21", "alice", Kind::Export)).await;
        assert!(matches!(refusal(one_more), Refusal::NotNow(_)));
        store.remove_export(app, "e2".to_owned(), NOW).await.unwrap();
        store.add_job(job(app, "e21", "alice", Kind::Export)).await.unwrap();

        // For good, and softly: either way the file goes too.
        for (of_app, id) in [(development, "alice"), (development, "bob")] {
            let id_of_job = format!("d-{id}");
            store.add_job(job(of_app, &id_of_job, id, Kind::Export)).await.unwrap();
        }
        finish(&store, "e21").await;
        store.delete_users(development, vec![user("alice")], NOW).await.unwrap();
        assert!(store.job(development, Kind::Export, "d-alice".to_owned()).await.is_err());
        store.job(development, Kind::Export, "d-bob".to_owned()).await.unwrap();
        store.soft_delete(app, vec![user("alice")], "o1".to_owned(), NOW).await.unwrap();
        while let Some(open) = store.open_deletions(1).await.unwrap().pop() {
            store.go_on_deleting(open, NOW).await.unwrap();
        }
        assert!(store.jobs(app, Kind::Export).await.unwrap().is_empty());
        let parts = store.job_parts(app, "e1".to_owned(), Part::Done, 0, 10).await.unwrap();
        assert!(parts.is_empty());
        // Old ones go by themselves.
        while store.prune_jobs(Kind::Export, NOW.plus_ms(1)).await.unwrap() > 0 {}
        assert!(store.jobs(development, Kind::Export).await.unwrap().is_empty());
    }

    async fn what_webhooks_were_told_goes_with_the_user(bench: Bench) {
        let store = &bench.store;
        let app = make_app(store, "dev", Environment::Development).await.id;
        for id in ["alice", "bob", "carol"] {
            let name = nuncio_protocol::values::Name::try_from("N").unwrap();
            store.register(app, user(id), name, None, NOW).await.unwrap();
        }
        let events = [Event::MessageSend, Event::ActivationState].into_iter().collect();
        let name = nuncio_protocol::values::Name::try_from("hook").unwrap();
        let url = nuncio_protocol::values::WebhookUrl::try_from("https://app.example.org/").unwrap();
        let hook = store.add_webhook(app, Setup::new(name, url, events), vec![7], NOW).await.unwrap().id;
        for (from, id) in [("alice", "a1"), ("bob", "b1"), ("carol", "c1")] {
            send(store, app, from, "bob", id).await.unwrap();
            if from != "carol" {
                deliver(store, app, hook, from).await;
            }
        }
        let posted = all(store, app, &user("alice"), Section::WebhookDeliveries, 1).await;
        assert_eq!(of(&posted, "event"), ["message:send"]);
        store.delete_users(app, vec![user("alice"), user("carol")], NOW).await.unwrap();
        let kept = bodies(store, app, hook).await;
        assert_eq!(kept["alice"], [""], "what was delivered is forgotten");
        assert!(kept["bob"][0].contains("b1") && kept["carol"][0].contains("c1"), "what waits is told");
        deliver(store, app, hook, "carol").await;
        assert_eq!(bodies(store, app, hook).await["carol"], [""], "and forgotten then");
        let alices = store.deliveries(app, hook, None, None, 100).await.unwrap();
        let alices = alices.iter().find(|delivery| delivery.user.as_str() == "alice").unwrap().id;
        let again: Result<(), StoreError> = store.redeliver(app, hook, alices, NOW).await;
        let Refusal::NotNow(sentence) = refusal(again) else { panic!() };
        assert!(sentence.contains("went with its user"), "{sentence}");

        store.soft_delete(app, vec![user("bob")], "o1".to_owned(), NOW).await.unwrap();
        while let Some(open) = store.open_deletions(1).await.unwrap().pop() {
            store.go_on_deleting(open, NOW).await.unwrap();
        }
        deliver(store, app, hook, "bob").await;
        let kept = bodies(store, app, hook).await;
        assert!(kept["bob"].contains(&String::new()), "the message");
        assert!(kept["bob"].iter().any(|body| body.contains("activation_state")), "not the deletion");
    }
}
