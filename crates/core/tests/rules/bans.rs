//! Bans, with what they do to connections.

use nuncio_protocol::values::{BanDuration, BanReason};
use nuncio_protocol::{Code, Refusal, Timestamp};

use crate::harness::{Bench, NOW, refusal, user};

#[tokio::test]
async fn a_ban_is_committed_before_connections_are_closed_and_tells_them_why() {
    let bench = Bench::new().await;
    let token = bench.token(&user("alice")).await;
    let claim = bench.read(&token).await.unwrap();
    bench.told.watch(&bench.core, claim);

    let duration = BanDuration::try_from(10).unwrap();
    let reason = Some(BanReason::try_from("spam").unwrap());
    let users = vec![user("alice")];
    bench.core.ban(bench.app, users.clone(), duration, reason, false).await.unwrap();
    let until = NOW.plus_ms(600_000);
    let banned = Refusal::Banned { until, reason: "spam".to_owned() };
    let closed = bench.told.closed();
    assert_eq!(closed.login, Some(banned.clone()), "a login under way must see it");
    assert_eq!(closed.what.users, Some(users));
    assert_eq!((closed.what.tokens_before, closed.what.secret_before), (None, None));
    let why = closed.what.why;
    assert_eq!(why.code, Code::BannedWhileConnected.number());
    assert_eq!((why.until, why.reason.as_str()), (until.0, "spam"));
    assert_eq!(refusal(bench.log_in(&token).await), banned);

    // The token is good again when the ban is over.
    bench.clock.advance_ms(600_000);
    bench.log_in(&token).await.unwrap();
    assert!(bench.core.bans(bench.app, None, 1000).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_ban_may_void_the_tokens_too() {
    let bench = Bench::new().await;
    let old = bench.token(&user("alice")).await;
    let (users, duration) = (vec![user("alice")], BanDuration::UntilUnbanned);
    bench.core.ban(bench.app, users.clone(), duration, None, true).await.unwrap();
    let bans = bench.core.bans(bench.app, Some(1), 50).await.unwrap();
    assert_eq!(bans[0].until, Timestamp::FOREVER);
    assert!(bench.core.bans(bench.app, Some(2), 50).await.unwrap().is_empty());
    bench.core.unban(bench.app, users).await.unwrap();
    assert_eq!(refusal(bench.log_in(&old).await), Refusal::TokenExpired);
    let young = bench.token(&user("alice")).await;
    bench.log_in(&young).await.unwrap();
}

#[tokio::test]
async fn a_refused_ban_closes_nothing() {
    let bench = Bench::new().await;
    let [alice] = bench.users(["alice"]).await;
    let users = vec![alice, user("nobody")];
    let outcome = bench.core.ban(bench.app, users, BanDuration::UntilUnbanned, None, false).await;
    assert_eq!(refusal(outcome), Refusal::NotRegistered(user("nobody")));
    assert!(bench.told.closed_none());
}
