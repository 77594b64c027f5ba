//! Apps: made, found, changed, and given new secrets.

use nuncio_protocol::values::Name;
use nuncio_protocol::{AppKey, Origin, Refusal, Timestamp};
use nuncio_store::apps::{Edition, Environment};
use nuncio_store::audit::INSTALLATION;

use crate::harness::{NOW, contract, make_app, refusal, user};

contract! {
    async fn apps_are_found_by_their_keys_and_listed_by_age(bench: Bench) {
        let other = make_app(&bench.store, "app2", Environment::Development).await;
        assert_ne!(other.id, bench.app);
        let key = |key: &str| AppKey::try_from(key).unwrap();
        assert_eq!(bench.store.app(key("app2")).await.unwrap(), Some(other.clone().into()));
        assert_eq!(bench.store.app(key("App2")).await.unwrap(), None);
        let keys: Vec<_> =
            bench.store.apps().await.unwrap().into_iter().map(|app| app.key).collect();
        assert_eq!(keys, [key("app1"), key("app2")]);
    }

    async fn apps_made_at_once_get_numbers_of_their_own(bench: Bench) {
        let beside = bench.another().await;
        let (one, other) = tokio::join!(
            make_app(&bench.store, "one", Environment::Production),
            make_app(&beside, "other", Environment::Production),
        );
        assert_ne!(one.id, other.id);
    }

    async fn a_change_is_kept_and_seen_by_others_at_once(bench: Bench) {
        let beside = bench.another().await;
        let before = bench.store.app_by_id(bench.app).await.unwrap();
        let changed = bench
            .store
            .set_app(bench.app, NOW, |app| {
                "Renamed".clone_into(&mut app.name);
                app.edition = Edition::Free;
                app.locked = true;
                app.only_friends = true;
                app.settings.token_ttl_seconds = Some(60);
            })
            .await
            .unwrap();
        assert_eq!((changed.name.as_str(), changed.locked), ("Renamed", true));
        assert_eq!(changed.settings.token_ttl_seconds, Some(60));
        assert_eq!((&changed.key, &changed.sealed_secret), (&before.key, &before.sealed_secret));
        assert_eq!(beside.app_by_id(bench.app).await.unwrap(), changed);
    }

    async fn rotating_replaces_the_secret_and_counts(bench: Bench) {
        let app = bench.store.rotate_secret(bench.app, vec![9], NOW).await.unwrap();
        assert_eq!((app.secret_version, app.sealed_secret), (2, vec![9]));
        let none = nuncio_protocol::ids::AppId(77);
        assert_eq!(refusal(bench.store.rotate_secret(none, vec![9], NOW).await), Refusal::AppNotFound);
    }

    async fn a_deleted_app_is_gone_at_once_and_its_rows_go_step_by_step(bench: Bench) {
        let other = make_app(&bench.store, "app2", Environment::Production).await.id;
        let users: Vec<_> = (0..1200).map(|n| user(&format!("u{n}"))).collect();
        let name = Name::try_from("N").unwrap();
        for id in &users {
            bench.store.register(bench.app, id.clone(), name.clone(), None, NOW).await.unwrap();
        }
        bench.store.register(other, user("ada"), name, None, NOW).await.unwrap();
        let by = bench.store.by(Origin::operator("olga".to_owned(), None, "r".to_owned()));
        let wrong = by.delete_app(bench.app, "Tset".to_owned(), NOW).await;
        assert!(matches!(refusal(wrong), Refusal::BadParameter(_)));
        assert!(by.delete_app(bench.app, "Test".to_owned(), NOW).await.unwrap().locked);

        let key = AppKey::try_from("app1").unwrap();
        assert_eq!(bench.store.app(key.clone()).await.unwrap(), None);
        assert_eq!(bench.store.apps().await.unwrap().len(), 1);
        let deleted = async |since| bench.store.deleted_apps(since).await.unwrap();
        assert_eq!(deleted(Timestamp(0)).await[0].key, key);
        assert_eq!(deleted(NOW.plus_ms(-1)).await.len(), 1);
        assert!(deleted(NOW).await.is_empty());
        let again = bench.store.delete_app(bench.app, "Test".to_owned(), NOW).await;
        assert_eq!(refusal(again), Refusal::AppNotFound);
        let admitted = bench.store.admit(bench.app, users[0].clone(), NOW, 1, NOW).await;
        assert_eq!(refusal(admitted), Refusal::AppNotFound);

        let step = async |now| bench.store.go_on_erasing(bench.app, now).await.unwrap();
        assert_eq!([step(NOW).await, step(NOW).await, step(NOW).await], [1000, 200, 0]);
        assert_eq!(bench.store.apps_to_erase().await.unwrap(), [bench.app], "rows may still come");
        assert_eq!(step(NOW.plus_ms(600_000)).await, 0);
        assert_eq!(bench.store.apps_to_erase().await.unwrap(), []);
        assert_eq!(bench.store.count_users(bench.app).await.unwrap().registered, 0);
        assert_eq!(bench.store.count_users(other).await.unwrap().registered, 1);
        let last = make_app(&bench.store, "app3", Environment::Production).await.id;
        assert!(last != bench.app && last != other, "numbers are never given twice");
        let trail = bench.store.audit_after(INSTALLATION, 0, 10).await.unwrap();
        let said: Vec<_> = trail.iter().map(|e| (&*e.operation, &*e.actor_name)).collect();
        assert_eq!(said, [("app.delete", "olga")]);
        let own = bench.store.audit_after(bench.app, 0, 10).await.unwrap();
        assert_eq!(own.last().unwrap().operation, "app.delete");
    }
}
