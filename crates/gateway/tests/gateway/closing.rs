//! Connections that the server closes: before it answers, and with the reason.

use std::time::{Duration, Instant};

use nuncio_protocol::Timestamp;
use nuncio_protocol::frames::{Logout, client_frame, server_frame};
use nuncio_protocol::values::{BanDuration, BanReason, Name};

use crate::protocol::Raw;
use crate::world::{World, answer, nothing_more, user};

async fn ban(world: &World, name: &str) {
    let reason = BanReason::try_from("spam").unwrap();
    let duration = BanDuration::UntilUnbanned;
    world.core.ban(world.app.id, vec![user(name)], duration, Some(reason), false).await.unwrap();
}

#[tokio::test]
async fn a_ban_closes_all_devices_before_it_is_answered() {
    let world = World::new().await;
    let mut devices = [world.login("ada", "a").await, world.login("ada", "b").await];
    let mut bob = world.login("bob", "b").await;
    ban(&world, "ada").await;
    assert!(!world.is_online("ada").await);
    assert_eq!(world.figure("client_sessions"), 1);
    for wire in &mut devices {
        let told = wire.wait_for_close().await;
        assert_eq!((told.code, told.name.as_str()), (31011, "BANNED_WHILE_CONNECTED"));
        assert_eq!((told.reason.as_str(), told.until), ("spam", Timestamp::FOREVER.0));
        assert_eq!(wire.closed, Some(4004));
    }
    nothing_more(&mut bob).await;
    assert_eq!(world.figure("client_connections_closed_total{code=\"BANNED_WHILE_CONNECTED\"}"), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_ban_and_a_login_at_once_one_sees_the_other() {
    let world = World::new().await;
    let token = world.token("ada").await;
    for round in 0..40 {
        let logins = futures_util::future::join_all((0..4).map(|device| {
            let (world, token) = (&world, &token);
            async move { world.login_with(token, &format!("d{device}")).await }
        }));
        let banned = async {
            tokio::time::sleep(Duration::from_micros(round * 60)).await;
            ban(&world, "ada").await;
            assert!(!world.is_online("ada").await, "nobody is left when the ban is answered");
        };
        let (logins, ()) = tokio::join!(logins, banned);
        for login in logins {
            match login {
                Ok(mut wire) => assert_eq!(wire.wait_for_close().await.code, 31011),
                // Refused, or welcomed and closed at once.
                Err(failure) => assert!([31009, 31011].contains(&failure.code), "{failure:?}"),
            }
        }
        world.core.unban(world.app.id, vec![user("ada")]).await.unwrap();
    }
}

#[tokio::test]
async fn expiry_closes_the_connections_of_the_tokens_it_voids() {
    let world = World::new().await;
    let old = world.token("ada").await;
    let mut old = world.login_with(&old, "old").await.unwrap();
    tokio::time::sleep(Duration::from_millis(5)).await;
    let moment = world.core.now();
    let new = world.token("ada").await;
    let mut new = world.login_with(&new, "new").await.unwrap();
    world.core.expire_tokens(world.app.id, vec![user("ada")], moment).await.unwrap();
    assert_eq!(old.wait_for_close().await.code, 31020);
    assert_eq!(old.closed, Some(4002));
    nothing_more(&mut new).await;
}

#[tokio::test]
async fn expiry_leaves_connections_alone_where_the_app_wants_it() {
    let world = World::new().await;
    world.set(|settings| settings.expire_closes_connections = false).await;
    world.token("bob").await;
    let token = world.token("ada").await;
    let mut ada = world.login_with(&token, "a").await.unwrap();
    tokio::time::sleep(Duration::from_millis(5)).await;
    let now = world.core.now();
    world.core.expire_tokens(world.app.id, vec![user("ada")], now).await.unwrap();
    assert_eq!(ada.send("bob", "m1", "still here").await.unwrap().seq, 1);
    assert_eq!(world.login_with(&token, "b").await.err().unwrap().code, 31020);
}

#[tokio::test]
async fn soft_deletion_rotation_and_lock_close_with_their_own_codes() {
    let world = World::new().await;
    let mut ada = world.login("ada", "a").await;
    world.core.soft_delete(world.app.id, vec![user("ada")]).await.unwrap();
    assert_eq!((ada.wait_for_close().await.code, ada.closed), (31029, Some(4006)));

    let mut bob = world.login("bob", "b").await;
    world.core.rotate_secret(world.app.id).await.unwrap();
    assert_eq!((bob.wait_for_close().await.code, bob.closed), (31020, Some(4002)));

    let app = world.core.app(&world.app.key).await.unwrap().unwrap();
    let token = world.token_in(&app, "cyd").await;
    let mut cyd = world.login_with(&token, "c").await.unwrap();
    world.core.set_app(world.app.id, |app| app.locked = true).await.unwrap();
    assert_eq!((cyd.wait_for_close().await.code, cyd.closed), (31008, Some(4007)));
}

#[tokio::test]
async fn a_token_that_ends_while_connected_ends_the_connection() {
    let world = World::new().await;
    let name = Name::try_from("ada").unwrap();
    let token = world.core.issue_token(&world.app, user("ada"), name, None, Some(1)).await.unwrap();
    let mut ada = world.login_with(&token, "a").await.unwrap();
    let started = Instant::now();
    assert_eq!((ada.wait_for_close().await.code, ada.closed), (31020, Some(4002)));
    assert!(started.elapsed() < Duration::from_millis(2500), "{:?}", started.elapsed());
}

#[tokio::test]
async fn logging_out_is_answered_and_ends_the_connection() {
    let world = World::new().await;
    let mut raw = Raw::logged_in(&world, "ada").await;
    raw.ask(3, client_frame::Body::Logout(Logout {})).await;
    assert!(matches!(raw.body().await, server_frame::Body::Done(_)));
    assert_eq!(raw.close_code().await, 1000);
    assert!(!world.is_online("ada").await);
}

#[tokio::test]
async fn a_ban_does_not_wait_long_for_a_client_that_does_not_read() {
    let world = World::new().await;
    let mut ada = world.login("ada", "a").await;
    let stuck = Raw::logged_in(&world, "bob").await;
    for number in 0..120 {
        ada.send("bob", &format!("m{number}"), &"x".repeat(100_000)).await.unwrap();
    }
    let started = Instant::now();
    ban(&world, "bob").await;
    assert!(started.elapsed() < Duration::from_millis(1500), "{:?}", started.elapsed());
    assert!(!world.is_online("bob").await);
    assert_eq!(world.figure("client_sessions"), 1);
    drop(stuck);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_accepted_from_a_connection_after_its_ban_was_answered() {
    let world = World::new().await;
    world.token("bob").await;
    for round in 0..20 {
        let mut ada = world.login("ada", "a").await;
        for number in 0..12 {
            ada.ask(nuncio_testkit::Wire::text("bob", &format!("m{round}-{number}"), "hello"))
                .await
                .unwrap();
        }
        ban(&world, "ada").await;
        let head = world.core.inbox_head(world.app.id, &user("bob")).await.unwrap();
        ada.wait_for_close().await;
        tokio::time::sleep(Duration::from_millis(5)).await;
        let later = world.core.inbox_head(world.app.id, &user("bob")).await.unwrap();
        assert_eq!(head, later);
        world.core.unban(world.app.id, vec![user("ada")]).await.unwrap();
    }
    let mut bob = world.login("bob", "b").await;
    answer(&mut bob, client_frame::Body::Ping(<_>::default())).await;
}
