//! Apps and their secrets.

use nuncio_bus::LocalBus;
use nuncio_core::{Core, Error, SystemClock, Vault};
use nuncio_protocol::{Code, Refusal};
use nuncio_store::apps::{Edition, Environment};
use secrecy::ExposeSecret as _;

use crate::harness::{Bench, refusal, user};

#[tokio::test]
async fn a_new_app_has_a_key_and_a_secret_that_only_the_vault_can_read() {
    let bench = Bench::new().await;
    let created =
        bench.core.create_app("Shop", Environment::Development, Edition::Free).await.unwrap();
    let secret = created.secret.expose_secret();
    assert_eq!((created.app.key.as_str().len(), secret.len()), (18, 32));
    assert!(secret.bytes().all(|b| b.is_ascii_alphanumeric()));
    assert_eq!(&*bench.core.app_secret(&created.app).unwrap(), secret);
    let sealed = &created.app.sealed_secret;
    assert!(!sealed.windows(8).any(|part| part == &secret.as_bytes()[..8]));
    assert_eq!(bench.core.app(&created.app.key).await.unwrap(), Some(created.app.into()));
    assert!(!format!("{:?}", created.secret).contains(secret));

    for name in ["", &"x".repeat(65)] {
        let outcome = bench.core.create_app(name, Environment::Development, Edition::Free).await;
        assert_eq!(refusal(outcome).code(), Code::BadParameter);
    }
}

#[tokio::test]
async fn another_master_key_is_told_and_opens_nothing() {
    let bench = Bench::new().await;
    let store = bench.core.store().clone();
    let bus = std::sync::Arc::new(LocalBus::default());
    let clock = std::sync::Arc::new(SystemClock);
    let stranger = Core::new(store, bus, clock, Vault::from_key(&[8; 32]));
    let app = bench.record().await;
    match stranger.app_secret(&app) {
        Err(error @ Error::Internal(_)) => {
            assert!(error.to_string().contains("the master key is not the one"), "{error}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_sealed_secret_moved_to_another_app_opens_nothing() {
    let bench = Bench::new().await;
    let other =
        bench.core.create_app("Other", Environment::Production, Edition::Free).await.unwrap();
    let mut app = bench.record().await;
    app.sealed_secret = other.app.sealed_secret;
    assert!(bench.core.app_secret(&app).is_err());
}

#[tokio::test]
async fn rotating_voids_every_token_and_closes_what_logged_in_with_one() {
    let bench = Bench::new().await;
    let old_secret = bench.core.app_secret(&bench.record().await).unwrap();
    let token = bench.token(&user("alice")).await;
    let claim = bench.read(&token).await.unwrap();
    bench.told.watch(&bench.core, claim);

    let secret = bench.core.rotate_secret(bench.app).await.unwrap();
    assert_ne!(secret.expose_secret(), &*old_secret);
    assert_eq!(&*bench.core.app_secret(&bench.record().await).unwrap(), secret.expose_secret());
    let closed = bench.told.closed();
    assert_eq!((closed.what.users, closed.what.secret_before), (None, Some(2)));
    assert_eq!(closed.what.why.code, Code::TokenExpired.number());
    assert_eq!(closed.login, Some(Refusal::TokenExpired), "a login under way when it happened");
    assert_eq!(refusal(bench.log_in(&token).await), Refusal::TokenExpired);
    assert_eq!(refusal(bench.log_in("nct_forged").await), Refusal::TokenInvalid);
    let token = bench.token(&user("alice")).await;
    bench.log_in(&token).await.unwrap();
}

#[tokio::test]
async fn locking_bars_logins_and_closes_all_connections_until_it_is_undone() {
    let bench = Bench::new().await;
    let token = bench.token(&user("alice")).await;
    let claim = bench.read(&token).await.unwrap();
    bench.told.watch(&bench.core, claim);

    bench.core.set_app(bench.app, |app| app.only_friends = true).await.unwrap();
    assert!(bench.told.closed_none());
    bench.core.set_app(bench.app, |app| app.locked = true).await.unwrap();
    let closed = bench.told.closed();
    assert_eq!(closed.what.app, bench.app);
    assert_eq!((closed.what.users, closed.what.secret_before), (None, None));
    assert_eq!(closed.what.why.code, Code::AppUnavailable.number());
    assert_eq!(closed.login, Some(Refusal::AppUnavailable));
    assert_eq!(refusal(bench.log_in(&token).await), Refusal::AppUnavailable);
    bench.core.set_app(bench.app, |app| app.locked = false).await.unwrap();
    bench.log_in(&token).await.unwrap();
}
