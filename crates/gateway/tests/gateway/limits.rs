//! What a single connection may ask.

use std::time::Duration;

use nuncio_protocol::frames::{CheckBlocked, client_frame, server_frame};
use nuncio_testkit::Wire;

use crate::protocol::Raw;
use crate::world::{PATIENCE, World, answer, message, refusal};

fn check() -> client_frame::Body {
    client_frame::Body::CheckBlocked(CheckBlocked { user_id: "bob".to_owned() })
}

#[tokio::test]
async fn calls_past_the_apps_rate_are_refused_with_the_time_to_wait() {
    let world = World::new().await;
    world.set(|settings| settings.client_calls_per_second = Some(5)).await;
    world.token("bob").await;
    let mut ada = world.login("ada", "a").await;
    for _ in 0..9 {
        answer(&mut ada, check()).await;
    }
    ada.send("bob", "m1", "hello").await.unwrap();
    let too_fast = refusal(&mut ada, check()).await;
    assert_eq!(too_fast.code, 20607);
    assert!((1..=200).contains(&too_fast.retry_after_ms), "{}", too_fast.retry_after_ms);
    let sending = refusal(&mut ada, Wire::text("bob", "m2", "hello")).await;
    assert_eq!(sending.code, 20604);
    assert_eq!(world.figure("client_messages_total{code=\"SENDING_TOO_FAST\"}"), 1);
    // A heartbeat is not a call that may be refused.
    answer(&mut ada, client_frame::Body::Ping(<_>::default())).await;
    tokio::time::sleep(Duration::from_millis(sending.retry_after_ms + 20)).await;
    ada.send("bob", "m2", "hello").await.unwrap();
}

#[tokio::test]
async fn who_never_waits_is_disconnected() {
    let world = World::new().await;
    world.set(|settings| settings.client_calls_per_second = Some(1)).await;
    let mut raw = Raw::logged_in(&world, "ada").await;
    for id in 0..1500 {
        raw.ask(id + 2, check()).await;
    }
    let told = loop {
        match raw.body().await {
            server_frame::Body::Closing(failure) => break failure,
            server_frame::Body::Failure(_) | server_frame::Body::BlockedState(_) => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((told.code, raw.close_code().await), (20607, 4008));
}

#[tokio::test]
async fn requests_past_those_worked_on_at_once_wait_their_turn() {
    let world = World::new().await;
    world.token("bob").await;
    let mut ada = world.login("ada", "a").await;
    let mut open = std::collections::HashSet::new();
    for number in 0..200 {
        open.insert(ada.ask(Wire::text("bob", &format!("m{number}"), "hello")).await.unwrap());
        open.insert(ada.ask(check()).await.unwrap());
    }
    while !open.is_empty() {
        let frame = tokio::time::timeout(PATIENCE, ada.frame()).await.unwrap().unwrap();
        assert!(open.remove(&frame.id), "answered once: {frame:?}");
    }
}

#[tokio::test]
async fn the_largest_content_passes_and_one_byte_more_does_not() {
    let world = World::new().await;
    world.token("bob").await;
    let mut ada = world.login("ada", "a").await;
    let json = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    let largest = message("bob", "m1", |message| message.content = json(128 * 1024));
    answer(&mut ada, largest).await;
    let larger = message("bob", "m2", |message| message.content = json(128 * 1024 + 1));
    assert_eq!(refusal(&mut ada, larger).await.code, 20115);
}

type Change = fn(&mut nuncio_protocol::frames::SendMessage);

#[tokio::test]
async fn what_is_wrong_with_a_message_is_named() {
    let world = World::new().await;
    let mut ada = world.login("ada", "a").await;
    let changes: [(&str, Change); 7] = [
        ("channel", |message| message.channel = None),
        ("channel.type", |message| message.channel.as_mut().unwrap().r#type = 4),
        ("channel.id", |message| message.channel.as_mut().unwrap().id = "a b".to_owned()),
        ("client_message_id", |message| message.client_message_id.clear()),
        ("type", |message| message.r#type.clear()),
        ("content", |message| message.content = "{".to_owned()),
        ("content", |message| message.content.clear()),
    ];
    for (member, change) in changes {
        let refused = refusal(&mut ada, message("bob", "m1", change)).await;
        assert_eq!(refused.code, 1002, "{member}");
        assert!(refused.message.contains(&format!("`{member}`")), "{}", refused.message);
    }
}
