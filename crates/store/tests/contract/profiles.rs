//! Hosted profiles.

use futures_util::future::join_all;
use nuncio_protocol::frames::{self, ProfileChanged, ProfileVisibility, SubscriptionType, entry};
use nuncio_protocol::values::{BasicProfileChange, ExtProfile, ProfileError, ProfileFault};
use nuncio_protocol::{Refusal, Timestamp, UserId, limits};
use nuncio_store::StoreError;
use serde_json::{Value, json};

use crate::friends::befriend;
use crate::harness::{Bench, NOW, contract, refusal, user};

fn ext(pairs: &[(&str, &str)]) -> ExtProfile {
    let pairs = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    ExtProfile::parse(pairs, limits::PROFILE_EXT_PAIRS).unwrap()
}

async fn set(
    bench: &Bench,
    user: &UserId,
    basic: Value,
    ext: impl Into<Option<ExtProfile>>,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let basic = BasicProfileChange::parse(basic.as_object().unwrap()).unwrap();
    bench.store.set_profile(bench.app, user.clone(), basic, ext.into(), at).await
}

async fn get(bench: &Bench, user: &UserId) -> frames::Profile {
    bench.store.profiles(bench.app, vec![user.clone()]).await.unwrap().remove(0)
}

async fn seen(bench: &Bench, viewer: &UserId, owner: &UserId) -> (i64, Value, usize) {
    let owners = vec![owner.clone()];
    let found = bench.store.profiles_seen_by(bench.app, viewer.clone(), owners).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].user_id, owner.as_str());
    (found[0].version, serde_json::from_str(&found[0].basic).unwrap(), found[0].ext.len())
}

contract! {
    async fn keys_that_are_not_named_stay(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        let none = get(&bench, &alice).await;
        assert_eq!((none.version, none.basic.as_str(), none.ext.len()), (0, "{}", 0));
        let first = json!({ "name": "Al", "level": 2, "email": "a@example.org" });
        assert!(set(&bench, &alice, first, ext(&[("ext_b", "1"), ("ext_a", "2")]), NOW).await.unwrap());
        let second = json!({ "level": 3, "email": null });
        assert!(set(&bench, &alice, second, ext(&[("ext_b", ""), ("ext_c", "3")]), NOW).await.unwrap());
        let profile = get(&bench, &alice).await;
        assert_eq!(profile.basic, r#"{"level":3,"name":"Al"}"#);
        let mut pairs: Vec<_> = profile.ext.into_iter().collect();
        pairs.sort();
        let expected = [("ext_a", "2"), ("ext_c", "3")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(pairs, expected);
    }

    async fn the_version_grows_with_every_change_and_only_then(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        set(&bench, &alice, json!({ "level": 1 }), None, NOW).await.unwrap();
        assert_eq!(get(&bench, &alice).await.version, NOW.0);
        // The clock stands still, then goes back.
        set(&bench, &alice, json!({ "level": 2 }), None, NOW).await.unwrap();
        assert_eq!(get(&bench, &alice).await.version, NOW.0 + 1);
        set(&bench, &alice, json!({ "level": 3 }), None, NOW.plus_ms(-1000)).await.unwrap();
        assert_eq!(get(&bench, &alice).await.version, NOW.0 + 2);
        let later = NOW.plus_ms(1000);
        assert!(!set(&bench, &alice, json!({ "level": 3 }), None, later).await.unwrap());
        assert_eq!(get(&bench, &alice).await.version, NOW.0 + 2);
        set(&bench, &alice, json!({ "level": 4 }), None, later).await.unwrap();
        assert_eq!(get(&bench, &alice).await.version, later.0);
        let told = bench.inbox(&alice).await;
        assert_eq!(told.len(), 4);
        let profile = Some(get(&bench, &alice).await);
        assert_eq!(told[3], entry::Body::ProfileChanged(ProfileChanged { profile, friend: false }));
    }

    async fn changes_at_the_same_time_are_all_kept(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        let keys = ["uniqueId", "name", "email", "birthday", "location"];
        let changes = keys.iter().map(|key| {
            let mut change = json!({});
            change[*key] = "x".into();
            set(&bench, &alice, change, ext(&[(&format!("ext_{key}"), "y")]), NOW)
        });
        for outcome in join_all(changes).await {
            outcome.unwrap();
        }
        let profile = get(&bench, &alice).await;
        let basic: Value = serde_json::from_str(&profile.basic).unwrap();
        assert_eq!(basic.as_object().unwrap().len(), keys.len());
        assert_eq!(profile.ext.len(), keys.len());
        assert_eq!(profile.version, NOW.0 + 4);
    }

    async fn extension_keys_are_those_that_the_app_declared(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        set(&bench, &alice, json!({}), ext(&[("ext_old", "1")]), NOW).await.unwrap();
        bench
            .store
            .set_app(bench.app, NOW, |app| app.settings.profile_ext_keys = vec!["ext_team".to_owned()])
            .await
            .unwrap();
        set(&bench, &alice, json!({}), ext(&[("ext_team", "red")]), NOW).await.unwrap();
        let outcome = set(&bench, &alice, json!({ "name": "Al" }), ext(&[("ext_old", "2")]), NOW).await;
        let error = ProfileError { key: "ext_old".into(), fault: ProfileFault::UndeclaredKey };
        assert_eq!(refusal(outcome), Refusal::Profile(error));
        assert_eq!(get(&bench, &alice).await.basic, "{}", "all or nothing");
        // What is no longer declared can still be taken away.
        set(&bench, &alice, json!({}), ext(&[("ext_old", "")]), NOW).await.unwrap();
        assert_eq!(get(&bench, &alice).await.ext.len(), 1);
    }

    async fn a_profile_has_twenty_extension_keys_at_most(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        let keys: Vec<String> = (10..30).map(|number| format!("ext_{number}")).collect();
        let pairs: Vec<_> = keys.iter().map(|key| (key.as_str(), "x")).collect();
        set(&bench, &alice, json!({}), ext(&pairs), NOW).await.unwrap();
        let outcome = set(&bench, &alice, json!({}), ext(&[("ext_99", "x")]), NOW).await;
        let error = ProfileError { key: "ext_99".into(), fault: ProfileFault::TooManyKeys };
        assert_eq!(refusal(outcome), Refusal::Profile(error));
        // One goes and another comes in the same call.
        set(&bench, &alice, json!({}), ext(&[("ext_10", ""), ("ext_99", "x")]), NOW).await.unwrap();
        set(&bench, &alice, json!({}), ext(&[("ext_00", "x"), ("ext_99", "")]), NOW).await.unwrap();
        assert_eq!(get(&bench, &alice).await.ext.len(), 20);
    }

    async fn profiles_are_deleted_and_told(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        set(&bench, &alice, json!({ "name": "Al" }), None, NOW).await.unwrap();
        let both = vec![alice.clone(), bob.clone()];
        let deleted = bench.store.delete_profiles(bench.app, both, NOW).await.unwrap();
        assert_eq!(deleted, std::slice::from_ref(&alice));
        assert_eq!(get(&bench, &alice).await.version, 0);
        let told = bench.inbox(&alice).await;
        assert!(
            matches!(&told[1], entry::Body::ProfileChanged(ProfileChanged { profile: Some(profile), .. })
                if profile.version == 0 && profile.user_id == "alice")
        );
        assert_eq!(bench.inbox(&bob).await, []);
        let owners = vec![alice, user("ghost")];
        let outcome = bench.store.delete_profiles(bench.app, owners, NOW).await;
        assert_eq!(refusal(outcome), Refusal::NotRegistered(user("ghost")));
    }

    async fn visibility_decides_who_sees_what(bench: Bench) {
        let [alice, friend, stranger] = bench.users(["alice", "friend", "stranger"]).await;
        befriend(&bench, &alice, &friend, NOW).await;
        let avatar = "https://example.org/a.png";
        let basic = json!({ "name": "Al", "portraitUri": avatar, "email": "a@example.org" });
        set(&bench, &alice, basic.clone(), ext(&[("ext_team", "red")]), NOW).await.unwrap();
        let everything = (NOW.0, basic, 1);
        let little = (NOW.0, json!({ "name": "Al", "portraitUri": avatar }), 0);
        let nothing = (0, json!({}), 0);
        let rows = [
            (ProfileVisibility::NotSet, true, &everything, &everything),
            (ProfileVisibility::NotSet, false, &everything, &little),
            (ProfileVisibility::Invisible, true, &nothing, &nothing),
            (ProfileVisibility::Everyone, false, &everything, &everything),
            (ProfileVisibility::Friends, true, &everything, &little),
        ];
        for (visibility, open, to_friend, to_stranger) in rows {
            let (app, store) = (bench.app, &bench.store);
            store.set_profile_visibility(app, alice.clone(), visibility).await.unwrap();
            assert_eq!(store.profile_visibility(app, alice.clone()).await.unwrap(), visibility);
            let settings = move |app: &mut nuncio_store::apps::App| {
                app.settings.profiles_visible_to_strangers = open;
            };
            store.set_app(app, NOW, settings).await.unwrap();
            assert_eq!(seen(&bench, &alice, &alice).await, everything, "{visibility:?}");
            assert_eq!(&seen(&bench, &friend, &alice).await, to_friend, "{visibility:?} {open}");
            assert_eq!(&seen(&bench, &stranger, &alice).await, to_stranger, "{visibility:?} {open}");
        }
        let owners = vec![user("ghost"), alice.clone()];
        let found = bench.store.profiles_seen_by(bench.app, stranger, owners).await.unwrap();
        assert_eq!(found.len(), 1, "who is not registered is left out");
    }

    async fn profiles_are_listed_by_the_age_of_their_users(bench: Bench) {
        for (step, id) in (0..).zip(["c", "a", "b"]) {
            let name = nuncio_protocol::values::Name::try_from("x").unwrap();
            let at = NOW.plus_ms(step);
            bench.store.register(bench.app, user(id), name, None, at).await.unwrap();
        }
        set(&bench, &user("a"), json!({ "level": 7 }), None, NOW).await.unwrap();
        let list = async |offset, newest_first| {
            let found =
                bench.store.profile_list(bench.app, offset, 2, newest_first).await.unwrap();
            found.into_iter().map(|profile| (profile.user_id, profile.version)).collect::<Vec<_>>()
        };
        let row = |id: &str, version| (id.to_owned(), version);
        assert_eq!(list(0, false).await, [row("c", 0), row("a", NOW.0)]);
        assert_eq!(list(2, false).await, [row("b", 0)]);
        assert_eq!(list(0, true).await, [row("b", 0), row("a", NOW.0)]);
        assert_eq!(list(i64::MAX, true).await, []);
    }

    async fn watchers_are_friends_and_subscribers_who_may_see_it(bench: Bench) {
        let ids = ["alice", "friend", "blocked", "subscriber", "late"];
        let [alice, friend, blocked, subscriber, late] = bench.users(ids).await;
        befriend(&bench, &alice, &friend, NOW).await;
        befriend(&bench, &alice, &blocked, NOW).await;
        bench.store.block(bench.app, alice.clone(), vec![blocked.clone()], NOW).await.unwrap();
        let expires = [(&friend, 10), (&subscriber, 10), (&blocked, 10), (&late, 1)];
        for (user, seconds) in expires {
            let (app, to, at) = (bench.app, vec![alice.clone()], NOW.plus_ms(seconds * 1000));
            let kind = SubscriptionType::Profile;
            bench.store.subscribe(app, user.clone(), to, kind, at, NOW).await.unwrap();
        }
        set(&bench, &alice, json!({ "name": "Al", "level": 3 }), None, NOW).await.unwrap();
        let watchers = async || {
            let at = NOW.plus_ms(5000);
            bench.store.profile_watchers(bench.app, alice.clone(), at).await.unwrap()
        };
        let found = watchers().await;
        assert_eq!(found.friends, std::slice::from_ref(&friend));
        assert_eq!(found.strangers, std::slice::from_ref(&subscriber));
        assert_eq!(found.seen_by_strangers.basic, r#"{"level":3,"name":"Al"}"#);

        let set_visibility = async |visibility| {
            bench.store.set_profile_visibility(bench.app, alice.clone(), visibility).await.unwrap();
        };
        set_visibility(ProfileVisibility::Friends).await;
        let found = watchers().await;
        assert_eq!(found.seen_by_friends.basic, r#"{"level":3,"name":"Al"}"#);
        assert_eq!(found.seen_by_strangers.basic, r#"{"name":"Al"}"#);
        set_visibility(ProfileVisibility::Invisible).await;
        let found = watchers().await;
        assert_eq!((found.friends, found.strangers), (vec![], vec![]));

        set_visibility(ProfileVisibility::Everyone).await;
        let quiet = |app: &mut nuncio_store::apps::App| {
            app.settings.notify_friends_of_profiles = false;
        };
        bench.store.set_app(bench.app, NOW, quiet).await.unwrap();
        let gone = vec![alice.clone()];
        let kind = SubscriptionType::Profile;
        bench.store.unsubscribe(bench.app, friend, gone, kind).await.unwrap();
        let found = watchers().await;
        assert_eq!((found.friends, found.strangers), (vec![], vec![subscriber]));
    }
}
