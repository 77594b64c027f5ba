//! What is pushed to whom, decided step by step; and who may take a step.

use nuncio_protocol::frames::{PushConfig, PushProvider};
use nuncio_protocol::ids::{AppId, DeviceId};
use nuncio_protocol::push::{Language, PushOptions, PushToken, QuietHours, QuietLevel};
use nuncio_protocol::{Refusal, Timestamp, UserId};
use nuncio_store::Store;
use nuncio_store::groups::Actor;
use nuncio_store::messages::{Draft, Recaller};
use nuncio_store::push::{Change, NewDevice, Outcome, Place, Work};

use crate::group_messages::say;
use crate::groups::{FORGET, create, group};
use crate::harness::{Bench, NOW, contract, refusal, user};
use crate::messages::{draft, send};

/// How long a claim is made for.
const HOLD_MS: i64 = 20_000;

pub(crate) async fn register(store: &Store, app: AppId, who: &str, device: &str) {
    store.register_push(new_device(app, who, device), NOW).await.unwrap();
}

fn new_device(app: AppId, who: &str, device: &str) -> NewDevice {
    NewDevice {
        app,
        user: user(who),
        device: DeviceId::try_from(device).unwrap(),
        provider: PushProvider::Webhook,
        token: PushToken::try_from(format!("token-{who}-{device}")).unwrap(),
        p256dh: String::new(),
        auth: String::new(),
        language: Language::default(),
        token_issued_at: NOW.plus_ms(60_000),
        secret_version: 1,
        token_expires_at: None,
    }
}

async fn due(store: &Store, app: AppId, who: &str, now: Timestamp) -> Vec<Place> {
    store.due_push_devices(app, user(who), now).await.unwrap().unwrap_or_default()
}

async fn step(
    store: &Store,
    place: Place,
    outcome: Option<Outcome>,
    now: Timestamp,
) -> Option<Work> {
    store.next_push(place, outcome, now, now.plus_ms(HOLD_MS)).await.unwrap()
}

/// Takes all that there is to be told to a user's one device: texts, and how many messages of the channel are unread.
async fn told(store: &Store, app: AppId, who: &str) -> Vec<(String, i64)> {
    let mut told = Vec::new();
    let Some(place) = due(store, app, who, NOW).await.pop() else { return told };
    let mut work = step(store, place, None, NOW).await;
    while let Some(Work { place, seq, found, .. }) = work {
        let content: serde_json::Value = serde_json::from_str(&found.message.content).unwrap();
        told.push((content["content"].as_str().unwrap().to_owned(), found.count));
        work = step(store, place, Some(Outcome::Told(seq)), NOW).await;
    }
    assert!(due(store, app, who, NOW).await.is_empty(), "nothing is left");
    told
}

fn with(text: &str, unread: i64) -> (String, i64) {
    (text.to_owned(), unread)
}

async fn send_with(bench: &Bench, from: &str, text: &str, config: PushConfig) {
    let push = PushOptions::new(config).unwrap();
    let draft = Draft { push, ..draft(bench.app, from, text, text) };
    bench.store.append(draft, user("ada"), NOW).await.unwrap();
}

contract! {
    async fn what_comes_after_the_registration_is_told_once_and_in_order(bench: Bench) {
        let (store, app) = (&bench.store, bench.app);
        bench.users(["ada", "bob", "eve"]).await;
        send(store, app, "bob", "ada", "before").await.unwrap();
        register(store, app, "ada", "d").await;
        assert!(told(store, app, "ada").await.is_empty());
        send(store, app, "bob", "ada", "one").await.unwrap();
        send(store, app, "ada", "bob", "own").await.unwrap();
        assert_eq!(told(store, app, "ada").await, [with("one", 2)]);
        for (from, id) in [("bob", "b1"), ("eve", "e1"), ("bob", "b2"), ("bob", "b3")] {
            send(store, app, from, "ada", id).await.unwrap();
        }
        assert_eq!(told(store, app, "ada").await, [with("e1", 1), with("b3", 5)]);
        // Registering again, with another token too, neither loses nor repeats anything.
        send(store, app, "bob", "ada", "two").await.unwrap();
        register(store, app, "ada", "d").await;
        assert_eq!(told(store, app, "ada").await, [with("two", 6)]);
        assert!(told(store, app, "ada").await.is_empty());
    }

    async fn a_device_is_one_workers_until_its_time_is_over(bench: Bench) {
        let (store, app) = (&bench.store, bench.app);
        let other = bench.another().await;
        bench.users(["ada", "bob"]).await;
        register(store, app, "ada", "d").await;
        send(store, app, "bob", "ada", "one").await.unwrap();
        let place = due(store, app, "ada", NOW).await.pop().unwrap();
        let work = step(store, place.clone(), None, NOW).await.unwrap();
        assert_eq!((work.found.badge, work.found.sender_name.as_str()), (1, "Name of bob"));
        assert!(step(&other, place, None, NOW).await.is_none(), "it is taken");
        assert!(due(&other, app, "ada", NOW).await.is_empty());
        let later = NOW.plus_ms(HOLD_MS);
        let place = due(&other, app, "ada", later).await.pop().unwrap();
        let again = step(&other, place, None, later).await.unwrap();
        assert_eq!(again.found.message.id, work.found.message.id, "its worker has died");
        let late = step(store, work.place, Some(Outcome::Told(work.seq)), later).await;
        assert!(late.is_none(), "who comes late changes nothing");
        assert!(step(&other, again.place, Some(Outcome::Told(again.seq)), later).await.is_none());
        assert!(due(store, app, "ada", later).await.is_empty());
    }

    async fn what_fails_is_tried_again_and_what_is_gone_goes(bench: Bench) {
        let (store, app) = (&bench.store, bench.app);
        bench.users(["ada", "bob"]).await;
        register(store, app, "ada", "d").await;
        send(store, app, "bob", "ada", "one").await.unwrap();
        let mut now = NOW;
        for failures in 0..3 {
            let place = due(store, app, "ada", now).await.pop().unwrap();
            let work = step(store, place, None, now).await.unwrap();
            assert_eq!(work.device.failures, failures);
            let again = now.plus_ms(1000);
            step(store, work.place, Some(Outcome::Retry(again)), now).await;
            assert!(due(store, app, "ada", now).await.is_empty());
            now = again;
        }
        let place = due(store, app, "ada", now).await.pop().unwrap();
        let work = step(store, place, None, now).await.unwrap();
        step(store, work.place, Some(Outcome::Gone), now).await;
        assert_eq!(store.due_push_devices(app, user("ada"), now).await.unwrap(), None);
    }

    async fn what_was_read_recalled_or_is_old_is_passed_over(bench: Bench) {
        let (store, app) = (&bench.store, bench.app);
        let [ada, bob, _] = bench.users(["ada", "bob", "eve"]).await;
        register(store, app, "ada", "d").await;
        send(store, app, "bob", "ada", "read").await.unwrap();
        store.mark_read(app, ada.clone(), bob.clone(), None, NOW).await.unwrap();
        let sent = send(store, app, "bob", "ada", "recalled").await.unwrap();
        let by = Recaller::User(bob);
        store.recall(app, by, ada, sent.id, String::new(), NOW).await.unwrap();
        send(store, app, "eve", "ada", "told").await.unwrap();
        assert_eq!(told(store, app, "ada").await, [with("told", 1)]);
        send(store, app, "eve", "ada", "old").await.unwrap();
        let later = NOW.plus_ms(25 * 60 * 60 * 1000);
        let place = due(store, app, "ada", later).await.pop().unwrap();
        assert!(step(store, place, None, later).await.is_none());
        assert!(due(store, app, "ada", later).await.is_empty(), "it is behind no more");
    }

    async fn what_a_connected_device_holds_is_told_to_none(bench: Bench) {
        let (store, app) = (&bench.store, bench.app);
        bench.users(["ada", "bob"]).await;
        register(store, app, "ada", "one").await;
        register(store, app, "ada", "two").await;
        send(store, app, "bob", "ada", "held").await.unwrap();
        let head = store.inbox_head(app, user("ada"), None).await.unwrap();
        store.push_held(app, user("ada"), head).await.unwrap();
        assert!(due(store, app, "ada", NOW).await.is_empty());
        store.push_held(app, user("ada"), 0).await.unwrap();
        assert!(due(store, app, "ada", NOW).await.is_empty(), "it never goes back");
        send(store, app, "bob", "ada", "more").await.unwrap();
        assert_eq!(due(store, app, "ada", NOW).await.len(), 2);
    }

    async fn senders_say_how_and_levels_and_quiet_hours_whether(bench: Bench) {
        let (store, app) = (&bench.store, bench.app);
        bench.users(["ada", "bob"]).await;
        register(store, app, "ada", "d").await;
        let config = |title: &str, disabled| {
            PushConfig { title: title.into(), disabled, ..PushConfig::default() }
        };
        send_with(&bench, "bob", "off", config("", true)).await;
        send_with(&bench, "bob", "on", config("T", false)).await;
        let place = due(store, app, "ada", NOW).await.pop().unwrap();
        let work = step(store, place, None, NOW).await.unwrap();
        assert_eq!(work.found.options.title, "T");
        step(store, work.place, Some(Outcome::Told(work.seq)), NOW).await;

        let quiet = |level| Change {
            quiet: Some(Some(QuietHours { start: 0, minutes: 1439, level, timezone: String::new() })),
            ..Change::default()
        };
        let quieted = async |level| {
            store.set_push_settings(app, user("ada"), quiet(level), NOW).await.unwrap();
        };
        quieted(QuietLevel::Nothing).await;
        send(store, app, "bob", "ada", "quiet").await.unwrap();
        assert!(told(store, app, "ada").await.is_empty());
        quieted(QuietLevel::Mentions).await;
        send(store, app, "bob", "ada", "nobody").await.unwrap();
        assert!(told(store, app, "ada").await.is_empty());
        let never = Change { quiet: Some(None), hide_content: Some(true), ..Change::default() };
        store.set_push_settings(app, user("ada"), never, NOW).await.unwrap();
        send(store, app, "bob", "ada", "loud").await.unwrap();
        let place = due(store, app, "ada", NOW).await.pop().unwrap();
        assert!(step(store, place, None, NOW).await.unwrap().found.hide_content);
    }

    async fn a_ban_a_deletion_and_a_voided_login_end_registrations(bench: Bench) {
        let (store, app) = (&bench.store, bench.app);
        bench.users(["ada", "bob", "eve", "writer"]).await;
        for who in ["ada", "bob", "eve"] {
            register(store, app, who, "d").await;
        }
        let devices = async |who: &str| store.push_devices(app, user(who)).await.unwrap().len();
        store.ban(app, vec![user("ada")], NOW.plus_ms(1), String::new(), false, NOW).await.unwrap();
        store.soft_delete(app, vec![user("bob")], "op".into(), NOW).await.unwrap();
        assert_eq!((devices("ada").await, devices("bob").await, devices("eve").await), (0, 0, 1));
        let after = NOW.plus_ms(120_000);
        store.expire_tokens(app, vec![user("eve")], after, after).await.unwrap();
        let draft = draft(app, "writer", "m", "m");
        store.append(draft, user("eve"), NOW).await.unwrap();
        let place = due(store, app, "eve", NOW).await.pop().unwrap();
        assert!(step(store, place, None, NOW).await.is_none());
        assert_eq!(devices("eve").await, 0);
    }

    async fn a_registration_ends_with_its_token(bench: Bench) {
        let (store, app) = (&bench.store, bench.app);
        bench.users(["ada", "bob"]).await;
        let end = NOW.plus_ms(1000);
        let new = NewDevice { token_expires_at: Some(end), ..new_device(app, "ada", "d") };
        store.register_push(new.clone(), NOW).await.unwrap();
        send(store, app, "bob", "ada", "early").await.unwrap();
        assert_eq!(told(store, app, "ada").await, [with("early", 1)]);
        send(store, app, "bob", "ada", "late").await.unwrap();
        let place = due(store, app, "ada", end).await.pop().unwrap();
        assert!(step(store, place, None, end).await.is_none());
        assert!(store.push_devices(app, user("ada")).await.unwrap().is_empty());
        // A connection that has outlived its token registers nothing; a new login does.
        let refused = store.register_push(new.clone(), end).await;
        assert_eq!(refusal(refused), Refusal::TokenExpired);
        let new = NewDevice { token_expires_at: Some(end.plus_ms(1)), ..new };
        store.register_push(new, end).await.unwrap();
    }

    async fn what_a_member_says_to_have_read_is_not_told(bench: Bench) {
        let (store, app) = (&bench.store, bench.app);
        let [ada, bob] = bench.users(["ada", "bob"]).await;
        create(&bench, "g", &bob, &[&ada]).await;
        register(store, app, "ada", "d").await;
        let sent = async |id: &str| {
            let draft = Draft { needs_receipt: true, ..draft(app, "bob", id, id) };
            store.append_to_groups(draft, vec![group("g")], vec![], NOW).await.unwrap()[0].id
        };
        let ids = vec![sent("read").await];
        store.record_group_receipts(app, ada, group("g"), ids, NOW).await.unwrap();
        assert!(told(store, app, "ada").await.is_empty());
        sent("unread").await;
        assert_eq!(told(store, app, "ada").await, [with("unread", 2)]);
    }

    async fn who_was_removed_from_a_group_is_told_of_nothing_in_it_any_more(bench: Bench) {
        let (store, app) = (&bench.store, bench.app);
        let [ada, bob] = bench.users(["ada", "bob"]).await;
        create(&bench, "g", &bob, &[&ada]).await;
        register(store, app, "ada", "d").await;
        say(&bench, "bob", "before").await.unwrap();
        store
            .leave_group(app, Actor::App, group("g"), vec![ada.clone()], FORGET, NOW)
            .await
            .unwrap();
        assert!(told(store, app, "ada").await.is_empty());
        // What was sent before a return belongs to no history of the member's, and is not told of either.
        store.join_group(app, group("g"), vec![ada.clone()], NOW).await.unwrap();
        say(&bench, "bob", "one").await.unwrap();
        store
            .leave_group(app, Actor::App, group("g"), vec![ada.clone()], FORGET, NOW)
            .await
            .unwrap();
        store.join_group(app, group("g"), vec![ada], NOW).await.unwrap();
        assert!(told(store, app, "ada").await.is_empty());
        say(&bench, "bob", "two").await.unwrap();
        let told = told(store, app, "ada").await;
        assert_eq!(told.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>(), ["two"]);
    }

    async fn who_is_behind_is_found_page_by_page(bench: Bench) {
        let (store, app) = (&bench.store, bench.app);
        bench.users(["a", "b", "c", "writer"]).await;
        for who in ["a", "b", "c"] {
            register(store, app, who, "d").await;
            send(store, app, "writer", who, who).await.unwrap();
            // What is in the tail is found once it is filed.
            store.sync(app, user(who), 0, 1, None).await.unwrap();
        }
        let (mut after, mut found) = ((AppId(0), String::new()), Vec::<(AppId, UserId)>::new());
        loop {
            let (behind, next) = store.users_behind(after, 2, NOW).await.unwrap();
            found.extend(behind);
            let Some(next) = next else { break };
            after = next;
        }
        assert_eq!(found, ["a", "b", "c"].map(|who| (app, user(who))));
        let since = store.push_users_since(NOW, 10).await.unwrap();
        assert_eq!(since.len(), 3);
        assert!(store.push_users_since(NOW.plus_ms(1), 10).await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_sender_says_survives_a_crash_before_it_is_filed() {
    let bench = Bench::sqlite().await;
    bench.users(["ada", "bob"]).await;
    register(&bench.store, bench.app, "ada", "d").await;
    let config = PushConfig { content: "said".into(), ..PushConfig::default() };
    send_with(&bench, "bob", "m", config).await;
    let bench = bench.crashed().await;
    let place = due(&bench.store, bench.app, "ada", NOW).await.pop().unwrap();
    let work = step(&bench.store, place, None, NOW).await.unwrap();
    assert_eq!(work.found.options.content, "said");
    assert_eq!(bench.store.prune_push_options(NOW.plus_ms(1)).await.unwrap(), 1);
    assert_eq!(bench.store.prune_push_options(NOW.plus_ms(1)).await.unwrap(), 0);
}
