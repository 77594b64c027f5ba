//! Who is let in, and how the others are told.

use std::time::Duration;

use nuncio_gateway::Options;
use nuncio_protocol::frames::Failure;
use nuncio_protocol::values::{BanDuration, BanReason, Name};
use nuncio_protocol::{Code, Timestamp};

use crate::protocol::Raw;
use crate::world::{World, user};

/// The code of a refused login, as the failure says it and as the connection was closed.
async fn refused(world: &World, key: &str, token: &str) -> (Failure, u16) {
    let mut raw = Raw::open(&world.address).await;
    raw.login(key, token, "phone").await;
    let failure = raw.failure().await;
    (failure, raw.close_code().await)
}

async fn refused_by(world: &World, token: &str) -> (u32, u16) {
    let (failure, close) = refused(world, world.app.key.as_str(), token).await;
    assert_eq!(failure.name, Code::from_number(failure.code).unwrap().name());
    assert!(!failure.message.is_empty());
    (failure.code, close)
}

#[tokio::test]
async fn a_login_is_welcomed_with_what_the_client_needs_to_know() {
    let world = World::new().await;
    let welcome = world.login("ada", "phone").await.welcome;
    assert_eq!((welcome.user_id.as_str(), welcome.session_id.len()), ("ada", 16));
    assert_eq!((welcome.inbox_head, welcome.inbox_floor), (0, 0));
    assert_eq!((welcome.heartbeat_ms, welcome.max_content_bytes), (30_000, 131_072));
    assert!((welcome.server_time - world.core.now().0).abs() < 20_000);
    assert_eq!(welcome.account.unwrap().name, "ada");
    assert!(world.is_online("ada").await);
    assert_eq!(world.figure("client_logins_total{code=\"OK\"}"), 1);
    assert_eq!(world.figure("client_sessions"), 1);
}

#[tokio::test]
async fn a_token_that_is_none_or_another_apps_is_invalid() {
    let world = World::new().await;
    let other = world.another_app().await;
    let of_other = world.token_in(&other, "ada").await;
    world.token("ada").await;
    let (long, broken) = ("x".repeat(3000), format!("{of_other}A"));
    for token in ["", "nonsense", &of_other, &long, &broken] {
        assert_eq!(refused_by(&world, token).await, (31004, 4003), "{token}");
    }
    assert_eq!(world.figure("client_logins_total{code=\"TOKEN_INVALID\"}"), 5);
    assert_eq!(world.figure("client_sessions"), 0);
}

#[tokio::test]
async fn an_app_that_is_not_there_or_locked_is_unavailable() {
    let world = World::new().await;
    let token = world.token("ada").await;
    let (failure, close) = refused(&world, "nosuchapp", &token).await;
    assert_eq!((failure.code, close), (31008, 4007));
    world.core.set_app(world.app.id, |app| app.locked = true).await.unwrap();
    assert_eq!(refused_by(&world, &token).await, (31008, 4007));
}

#[tokio::test]
async fn a_token_that_was_right_once_has_expired() {
    let world = World::new().await;
    let name = Name::try_from("ada").unwrap();
    let short = world.core.issue_token(&world.app, user("ada"), name, None, Some(1)).await.unwrap();
    let voided = world.token("ada").await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(refused_by(&world, &short).await, (31020, 4002));
    let now = world.core.now();
    world.core.expire_tokens(world.app.id, vec![user("ada")], now).await.unwrap();
    assert_eq!(refused_by(&world, &voided).await, (31020, 4002));
    let fresh = world.token("ada").await;
    assert!(world.login_with(&fresh, "phone").await.is_ok());
}

#[tokio::test]
async fn a_rotated_secret_makes_all_tokens_expire() {
    let world = World::new().await;
    let token = world.token("ada").await;
    world.core.rotate_secret(world.app.id).await.unwrap();
    assert_eq!(refused_by(&world, &token).await, (31020, 4002));
    assert_eq!(refused_by(&world, "nct_forged").await, (31004, 4003));
}

#[tokio::test]
async fn a_banned_user_is_told_until_when_and_why() {
    let world = World::new().await;
    let token = world.token("ada").await;
    let reason = BanReason::try_from("spam").unwrap();
    let minutes = BanDuration::try_from(5).unwrap();
    let before = world.core.now();
    let ban = world.core.ban(world.app.id, vec![user("ada")], minutes, Some(reason), false);
    ban.await.unwrap();
    let (failure, close) = refused(&world, world.app.key.as_str(), &token).await;
    assert_eq!((failure.code, close, failure.reason.as_str()), (31009, 4004, "spam"));
    let until = Timestamp(failure.until);
    assert!(until >= before.plus_ms(300_000) && until < before.plus_ms(320_000));
    world.core.unban(world.app.id, vec![user("ada")]).await.unwrap();
    assert!(world.login_with(&token, "phone").await.is_ok(), "the token stays");
}

#[tokio::test]
async fn a_soft_deleted_user_is_told_to_stop() {
    let world = World::new().await;
    let token = world.token("ada").await;
    world.core.soft_delete(world.app.id, vec![user("ada")]).await.unwrap();
    assert_eq!(refused_by(&world, &token).await, (31029, 4006));
}

#[tokio::test]
async fn a_device_must_have_a_name_that_can_be_one() {
    let world = World::new().await;
    let token = world.token("ada").await;
    let long = "x".repeat(65);
    for device in ["", "has space", &long] {
        let mut raw = Raw::open(&world.address).await;
        raw.login(world.app.key.as_str(), &token, device).await;
        let failure = raw.failure().await;
        assert_eq!((failure.code, raw.close_code().await), (1002, 4008), "{device}");
        assert!(failure.message.contains("device_id"), "{}", failure.message);
    }
}

#[tokio::test]
async fn one_connection_too_many_is_told_to_wait() {
    let world = World::with(Options { max_connections: 2, ..Options::default() }).await;
    let (_one, _two) = (world.login("ada", "a").await, world.login("ada", "b").await);
    let mut raw = Raw::open(&world.address).await;
    let failure = raw.closing().await;
    assert_eq!((failure.code, raw.close_code().await), (31024, 4009));
}

#[tokio::test]
async fn very_many_connections_too_many_are_refused_before_they_are_open() {
    let world = World::with(Options { max_connections: 1, ..Options::default() }).await;
    let mut open = Vec::new();
    let refused = loop {
        match Raw::try_open(&world.address).await {
            Ok(raw) => open.push(raw),
            Err(status) => break status,
        }
        assert!(open.len() < 100);
    };
    assert_eq!(refused, 503);
}
