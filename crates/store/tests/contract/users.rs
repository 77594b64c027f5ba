//! Registration, the app's user limit, and the push identity.

use futures_util::future::join_all;
use nuncio_protocol::frames::{Account, AccountChanged, entry};
use nuncio_protocol::ids::AppId;
use nuncio_protocol::values::{AvatarUrl, Name};
use nuncio_protocol::{Refusal, Timestamp, UserId, limits};
use nuncio_store::apps::{Edition, Environment};
use nuncio_store::{Store, StoreError};

use crate::harness::{Bench, NOW, contract, make_app, refusal, user};

async fn register(store: &Store, app: AppId, id: &str) -> Result<Timestamp, StoreError> {
    let name = Name::try_from(id).unwrap();
    store.register(app, user(id), name, None, NOW).await
}

fn avatar(url: &str) -> AvatarUrl {
    AvatarUrl::try_from(url).unwrap()
}

fn name(name: &str) -> Name {
    Name::try_from(name).unwrap()
}

/// Registers users until the app has `count`.
async fn fill(bench: &Bench, app: AppId, count: i64) {
    let all =
        (0..count).map(|n| async move { register(&bench.store, app, &format!("u{n}")).await });
    assert!(join_all(all).await.iter().all(Result::is_ok));
}

/// What a user's devices were told of the account.
pub(crate) async fn accounts(bench: &Bench, user: &UserId) -> Vec<Account> {
    let bodies = bench.inbox(user).await.into_iter();
    bodies
        .filter_map(|body| match body {
            entry::Body::AccountChanged(AccountChanged { account }) => account,
            _ => None,
        })
        .collect()
}

contract! {
    async fn registering_again_sets_the_push_identity_and_keeps_the_avatar(bench: Bench) {
        let (app, alice) = (bench.app, user("alice"));
        let avatar = Some(avatar("https://example.org/a.png"));
        bench.store.register(app, alice.clone(), name("Al"), avatar, NOW).await.unwrap();
        let later = NOW.plus_ms(5);
        bench.store.register(app, alice.clone(), name("Alice"), None, later).await.unwrap();
        let record = bench.store.user(app, alice.clone()).await.unwrap().unwrap();
        assert_eq!(record.name, "Alice");
        assert_eq!(record.avatar_url, "https://example.org/a.png");
        assert_eq!(record.created_at, NOW);
        let told = accounts(&bench, &alice).await;
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].name, "Alice");
        assert_eq!(told[0], bench.store.account(app, alice).await.unwrap());
    }

    async fn an_update_changes_what_it_names_and_tells_the_devices_once(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        for _ in 0..2 {
            let avatar = Some(avatar("http://example.org/b.png"));
            bench.store.update_user(bench.app, alice.clone(), None, avatar, NOW).await.unwrap();
        }
        let record = bench.store.user(bench.app, alice.clone()).await.unwrap().unwrap();
        assert_eq!(record.name, "Name of alice");
        assert_eq!(record.avatar_url, "http://example.org/b.png");
        assert_eq!(accounts(&bench, &alice).await.len(), 1);
        let outcome =
            bench.store.update_user(bench.app, user("nobody"), Some(name("x")), None, NOW).await;
        assert_eq!(refusal(outcome), Refusal::NotRegistered(user("nobody")));
    }

    async fn an_emptied_avatar_is_empty(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        for url in ["http://example.org/b.png", ""] {
            let outcome =
                bench.store.update_user(bench.app, alice.clone(), None, Some(avatar(url)), NOW).await;
            outcome.unwrap();
            let record = bench.store.user(bench.app, alice.clone()).await.unwrap().unwrap();
            assert_eq!(record.avatar_url, url);
        }
    }

    async fn one_id_in_two_apps_is_two_users(bench: Bench) {
        let other = make_app(&bench.store, "app2", Environment::Production).await.id;
        bench.users(["alice"]).await;
        assert_eq!(bench.store.user(other, user("alice")).await.unwrap(), None);
        register(&bench.store, other, "alice").await.unwrap();
        let until = Timestamp::FOREVER;
        let alice = vec![user("alice")];
        bench.store.ban(other, alice, until, String::new(), false, NOW).await.unwrap();
        let here = bench.store.user(bench.app, user("alice")).await.unwrap().unwrap();
        assert_eq!((here.name.as_str(), here.banned_until), ("Name of alice", Timestamp(0)));
    }

    async fn the_account_says_the_standing_and_the_settings_in_force(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        let account = bench.store.account(bench.app, alice.clone()).await.unwrap();
        let expected = Account {
            user_id: "alice".to_owned(),
            name: "Name of alice".to_owned(),
            created_at: NOW.0,
            friend_permission: 2,
            message_edit_minutes: 24 * 60,
            ..Account::default()
        };
        assert_eq!(account, expected);
        bench
            .store
            .set_app(bench.app, NOW, |app| {
                app.only_friends = true;
                app.settings.friend_permission = 3;
                app.settings.message_edit_minutes = 0;
            })
            .await
            .unwrap();
        let account = bench.store.account(bench.app, alice).await.unwrap();
        assert!(account.only_friends_can_message);
        assert_eq!((account.friend_permission, account.message_edit_minutes), (3, 0));
    }

    async fn the_limit_stands_for_free_and_development_apps(bench: Bench) {
        let free = make_app(&bench.store, "free", Environment::Production).await.id;
        bench.store.set_app(free, NOW, |app| app.edition = Edition::Free).await.unwrap();
        let development = make_app(&bench.store, "dev", Environment::Development).await.id;
        for app in [free, development] {
            fill(&bench, app, limits::FREE_USERS).await;
            let full = Refusal::UserQuota { limit: limits::FREE_USERS };
            assert_eq!(refusal(register(&bench.store, app, "one-more").await), full);
            assert_eq!(bench.store.user(app, user("one-more")).await.unwrap(), None);
            // Who is registered gets tokens all the same.
            register(&bench.store, app, "u7").await.unwrap();
        }
        // An upgrade lifts it, as the other app never had it.
        bench.store.set_app(free, NOW, |app| app.edition = Edition::Premium).await.unwrap();
        register(&bench.store, free, "one-more").await.unwrap();
        fill(&bench, bench.app, limits::FREE_USERS + 1).await;
    }

    async fn concurrent_registrations_take_exactly_the_places_left(bench: Bench) {
        let app = make_app(&bench.store, "dev", Environment::Development).await.id;
        fill(&bench, app, 95).await;
        let beside = bench.another().await;
        let tries = (0..20).map(|n| {
            let store = if n % 2 == 0 { &bench.store } else { &beside };
            async move { register(store, app, &format!("late{n}")).await }
        });
        let outcomes = join_all(tries).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 5);
        for outcome in outcomes.into_iter().filter(Result::is_err) {
            assert_eq!(refusal(outcome), Refusal::UserQuota { limit: 100 });
        }
        assert_eq!(bench.store.registered_users(app, 0, 200, false).await.unwrap().len(), 100);
    }

    async fn concurrent_registrations_of_one_user_make_one(bench: Bench) {
        let beside = bench.another().await;
        let tries = (0..20).map(|n| {
            let store = if n % 2 == 0 { &bench.store } else { &beside };
            async move { register(store, bench.app, "alice").await }
        });
        assert!(join_all(tries).await.iter().all(Result::is_ok));
        let all = bench.store.registered_users(bench.app, 0, 200, false).await.unwrap();
        assert_eq!(all.len(), 1);
    }
}
