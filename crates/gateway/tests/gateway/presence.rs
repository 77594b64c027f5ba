//! Who is told that somebody came or went.

use std::time::Duration;

use nuncio_protocol::frames::{
    AddToBlocklist, GetPresence, PresenceState, Subscribe, SubscriptionType, client_frame,
    server_frame,
};
use nuncio_testkit::Wire;

use crate::world::{World, answer, nothing_more};

async fn subscribe(wire: &mut Wire, to: &str) {
    let subscribe = Subscribe {
        user_ids: vec![to.to_owned()],
        r#type: SubscriptionType::OnlineStatus.into(),
        expiry_seconds: 60,
    };
    answer(wire, client_frame::Body::Subscribe(subscribe)).await;
    let told = wire.pushed().await.unwrap();
    let server_frame::Body::SubscriptionsChanged(change) = told else { panic!("{told:?}") };
    assert_eq!(change.subscriptions[0].user_id, to);
}

/// The next change of presence.
async fn change(wire: &mut Wire) -> PresenceState {
    loop {
        if let server_frame::Body::PresenceChanged(changed) = wire.pushed().await.unwrap() {
            return changed.states.into_iter().next().unwrap();
        }
    }
}

async fn presence(wire: &mut Wire, of: &str) -> PresenceState {
    let get = client_frame::Body::GetPresence(GetPresence { user_ids: vec![of.to_owned()] });
    let server_frame::Body::PresenceStates(states) = answer(wire, get).await else { panic!() };
    states.states.into_iter().next().unwrap()
}

#[tokio::test]
async fn subscribers_hear_of_the_first_device_and_of_the_last() {
    let world = World::new().await;
    world.token("bob").await;
    let mut ada = world.login("ada", "a").await;
    subscribe(&mut ada, "bob").await;
    let before = world.core.now().0;
    let phone = world.login("bob", "phone").await;
    let came = change(&mut ada).await;
    assert_eq!((came.user_id.as_str(), came.online), ("bob", true));
    assert_eq!(came.platforms, ["test"]);
    assert!(came.changed_at >= before);

    let tablet = world.login("bob", "tablet").await;
    phone.cut();
    nothing_more(&mut ada).await;
    assert!(presence(&mut ada, "bob").await.online);
    tablet.cut();
    let went = change(&mut ada).await;
    assert_eq!((went.user_id.as_str(), went.online), ("bob", false));
    assert!(!presence(&mut ada, "bob").await.online);
}

#[tokio::test]
async fn who_is_blocked_sees_nobody_online() {
    let world = World::new().await;
    world.token("ada").await;
    let mut bob = world.login("bob", "b").await;
    let add = client_frame::Body::AddToBlocklist(AddToBlocklist { user_id: "ada".to_owned() });
    answer(&mut bob, add).await;
    let mut ada = world.login("ada", "a").await;
    subscribe(&mut ada, "bob").await;
    assert!(!presence(&mut ada, "bob").await.online);
    bob.cut();
    let _again = world.login("bob", "b").await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    nothing_more(&mut ada).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_often_somebody_comes_and_goes_the_last_word_is_right() {
    let world = World::new().await;
    let token = world.token("bob").await;
    let mut ada = world.login("ada", "a").await;
    subscribe(&mut ada, "bob").await;
    for stays in [true, false, true] {
        let mut last = None;
        for _ in 0..30 {
            drop(last.take());
            last = Some(world.login_with(&token, "b").await.unwrap());
        }
        if !stays {
            drop(last.take());
        }
        // The last word is the one after which nothing comes.
        let mut online = None;
        while let Ok(state) =
            tokio::time::timeout(Duration::from_millis(300), change(&mut ada)).await
        {
            online = Some(state.online);
        }
        assert_eq!(online.unwrap_or(stays), stays);
        assert_eq!(world.is_online("bob").await, stays);
        drop(last);
        while world.is_online("bob").await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        while tokio::time::timeout(Duration::from_millis(300), change(&mut ada)).await.is_ok() {}
    }
}
