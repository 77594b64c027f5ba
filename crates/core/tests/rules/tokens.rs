//! Tokens, from being issued to opening a door or not.

use nuncio_protocol::values::Name;
use nuncio_protocol::{Code, Refusal, limits};
use nuncio_store::apps::{Edition, Environment};

use crate::harness::{Bench, NOW, refusal, user};

#[tokio::test]
async fn an_issued_token_logs_its_user_in() {
    let bench = Bench::new().await;
    let long = user(&"x".repeat(limits::USER_ID_BYTES));
    let token = bench.token(&long).await;
    assert!(token.starts_with("nct_") && token.len() <= limits::TOKEN_BYTES);
    let claim = bench.read(&token).await.unwrap();
    assert_eq!((&claim.user, claim.issued_at, claim.expires_at), (&long, NOW, None));
    assert_eq!((claim.app.id, claim.secret_version), (bench.app, 1));
    let admission = bench.core.admit(&claim).await.unwrap();
    assert_eq!(admission.account, bench.core.account(bench.app, &long).await.unwrap());
    // A further token leaves the first alone.
    assert_ne!(bench.token(&long).await, token);
    bench.log_in(&token).await.unwrap();
}

#[tokio::test]
async fn a_token_ends_after_what_it_or_the_app_says() {
    let bench = Bench::new().await;
    let name = || Name::try_from("x").unwrap();
    let issue = async |ttl| {
        let app = bench.record().await;
        bench.core.issue_token(&app, user("alice"), name(), None, ttl).await
    };
    let short = issue(Some(60)).await.unwrap();
    bench.core.set_app(bench.app, |app| app.settings.token_ttl_seconds = Some(90)).await.unwrap();
    let usual = issue(None).await.unwrap();
    assert_eq!(refusal(issue(Some(0)).await).code(), Code::BadParameter);

    bench.clock.advance_ms(59_999);
    bench.log_in(&short).await.unwrap();
    bench.clock.advance_ms(1);
    assert_eq!(refusal(bench.log_in(&short).await), Refusal::TokenExpired);
    bench.clock.advance_ms(29_999);
    bench.log_in(&usual).await.unwrap();
    bench.clock.advance_ms(1);
    assert_eq!(refusal(bench.log_in(&usual).await), Refusal::TokenExpired);
}

#[tokio::test]
async fn a_token_opens_nothing_of_another_app() {
    let bench = Bench::new().await;
    let other =
        bench.core.create_app("Other", Environment::Production, Edition::Flagship).await.unwrap();
    let name = Name::try_from("x").unwrap();
    let foreign =
        bench.core.issue_token(&other.app, user("alice"), name, None, None).await.unwrap();
    bench.token(&user("alice")).await;
    assert_eq!(refusal(bench.log_in(&foreign).await), Refusal::TokenInvalid);
    assert!(bench.core.read_token(other.app.key.as_str(), &foreign).await.is_ok());
    for key in ["nobody", "", "no key at all", &"x".repeat(5000)] {
        let outcome = bench.core.read_token(key, &foreign).await;
        assert_eq!(refusal(outcome), Refusal::AppUnavailable);
    }
}

#[tokio::test]
async fn any_other_text_is_no_token() {
    let bench = Bench::new().await;
    let token = bench.token(&user("alice")).await;
    let long = format!("nct_{}", "A".repeat(100_000));
    for text in ["", "nct_", "nct_AAAA", "é", &token[4..], &format!("{token}="), &long] {
        assert_eq!(refusal(bench.read(text).await), Refusal::TokenInvalid, "{text}");
    }
}

#[tokio::test]
async fn expiring_voids_what_was_issued_before_and_closes_it() {
    let bench = Bench::new().await;
    let alice = user("alice");
    let old = bench.token(&alice).await;
    let claim = bench.read(&old).await.unwrap();
    bench.told.watch(&bench.core, claim);
    bench.clock.advance_ms(10);
    let young = bench.token(&alice).await;

    let users = vec![alice.clone()];
    bench.core.expire_tokens(bench.app, users.clone(), NOW.plus_ms(10)).await.unwrap();
    let closed = bench.told.closed();
    assert_eq!(closed.what.users, Some(users));
    assert_eq!(closed.what.tokens_before, Some(NOW.plus_ms(10)));
    assert_eq!(closed.what.why.code, Code::TokenExpired.number());
    assert_eq!(closed.login, Some(Refusal::TokenExpired), "committed before anything is closed");
    assert_eq!(refusal(bench.log_in(&old).await), Refusal::TokenExpired);
    bench.log_in(&young).await.unwrap();
}

#[tokio::test]
async fn an_expiry_may_lie_five_seconds_ahead_and_no_more() {
    let bench = Bench::new().await;
    let alice = user("alice");
    bench.token(&alice).await;
    let expire = |ms| bench.core.expire_tokens(bench.app, vec![alice.clone()], NOW.plus_ms(ms));
    assert_eq!(refusal(expire(5001).await).code(), Code::BadParameter);
    expire(5000).await.unwrap();
    // What is issued after the answer lives, although it is issued before the mark.
    let token = bench.token(&alice).await;
    bench.log_in(&token).await.unwrap();
    let unknown = bench.core.expire_tokens(bench.app, vec![user("nobody")], NOW).await;
    assert_eq!(refusal(unknown), Refusal::NotRegistered(user("nobody")));
}

#[tokio::test]
async fn an_app_may_leave_connections_alone_when_tokens_expire() {
    let bench = Bench::new().await;
    bench
        .core
        .set_app(bench.app, |app| app.settings.expire_closes_connections = false)
        .await
        .unwrap();
    let token = bench.token(&user("alice")).await;
    bench.core.expire_tokens(bench.app, vec![user("alice")], NOW.plus_ms(1)).await.unwrap();
    assert!(bench.told.closed_none());
    assert_eq!(refusal(bench.log_in(&token).await), Refusal::TokenExpired);
}
