//! Apps: made, found, changed, and given new secrets.

use nuncio_protocol::{AppKey, Refusal};
use nuncio_store::apps::{Edition, Environment};

use crate::harness::{NOW, contract, make_app, refusal};

contract! {
    async fn apps_are_found_by_their_keys_and_listed_by_age(bench: Bench) {
        let other = make_app(&bench.store, "app2", Environment::Development).await;
        assert_ne!(other.id, bench.app);
        let key = |key: &str| AppKey::try_from(key).unwrap();
        assert_eq!(bench.store.app(key("app2")).await.unwrap(), Some(other.clone()));
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
}
