//! Who hears at once that a user came or went.

use nuncio_bus::Presence;
use nuncio_protocol::frames::{PresenceState, PresenceStates, SubscriptionType, server_frame};
use nuncio_protocol::{Refusal, limits};

use crate::harness::{Bench, NOW, refusal, user};

const ONLINE: SubscriptionType = SubscriptionType::OnlineStatus;

#[tokio::test]
async fn subscribers_hear_of_presence_while_it_lasts_unless_blocked() {
    let bench = Bench::new().await;
    let [alice, bob, carl] = bench.users(["alice", "bob", "carl"]).await;
    let (core, app) = (&bench.core, bench.app);
    let changed = async || {
        let presence = Presence { online: true, changed_at: NOW, platforms: vec!["web".into()] };
        core.presence_changed(app, &alice, presence).await.unwrap();
        bench.told.take()
    };
    assert_eq!(changed().await, []);
    core.subscribe(app, bob.clone(), vec![alice.clone()], ONLINE, 60).await.unwrap();
    core.subscribe(app, carl.clone(), vec![alice.clone()], ONLINE, 0).await.unwrap();
    let told = bench.told.take();
    let lives = told.iter().map(|(_, body)| match body {
        server_frame::Body::SubscriptionsChanged(change) => {
            let [one] = &change.subscriptions[..] else { panic!("{change:?}") };
            (one.user_id.as_str(), (one.expires_at - one.subscribed_at) / 1000)
        }
        other => panic!("{other:?}"),
    });
    assert_eq!(lives.collect::<Vec<_>>(), [("alice", 60), ("alice", 2_592_000)]);
    assert!(told.iter().map(|(user, _)| user).eq([&bob, &carl]), "the subscriber's own devices");
    let state = PresenceState {
        user_id: "alice".to_owned(),
        online: true,
        changed_at: NOW.0,
        platforms: vec!["web".to_owned()],
    };
    let expected = server_frame::Body::PresenceChanged(PresenceStates { states: vec![state] });
    assert_eq!(changed().await, [(bob, expected.clone()), (carl.clone(), expected.clone())]);
    bench.clock.advance_ms(60_000);
    assert_eq!(changed().await, [(carl.clone(), expected)]);
    core.block(app, alice.clone(), vec![carl]).await.unwrap();
    assert_eq!(changed().await, []);
    assert_eq!(core.prune_subscriptions().await.unwrap(), 1);
}

#[tokio::test]
async fn a_subscription_has_a_type_a_life_and_200_targets_at_most() {
    let bench = Bench::new().await;
    let [alice] = bench.users(["alice"]).await;
    let (core, app) = (&bench.core, bench.app);
    let subscribe = async |targets: usize, kind, seconds| {
        let targets = (0..targets).map(|number| user(&format!("t{number}"))).collect();
        core.subscribe(app, alice.clone(), targets, kind, seconds).await
    };
    let longest = *limits::SUBSCRIPTION_SECONDS.end();
    for seconds in [1, 59, longest + 1] {
        let refused = refusal(subscribe(1, ONLINE, seconds).await);
        assert!(matches!(refused, Refusal::BadParameter(_)), "{seconds}: {refused:?}");
    }
    let refused = refusal(subscribe(1, SubscriptionType::Unspecified, 60).await);
    assert!(matches!(refused, Refusal::BadParameter(_)), "{refused:?}");
    let refused = refusal(subscribe(201, ONLINE, 60).await);
    assert_eq!(refused, Refusal::TooManyIds { limit: 200 });
    subscribe(200, ONLINE, 0).await.unwrap();
    let page = core.subscriptions(app, alice.clone(), ONLINE, None, 150).await.unwrap();
    assert_eq!(page.items.len(), 150);
    assert_eq!(page.items[0].expires_at, NOW.0 + i64::from(longest) * 1000);
    let next = page.next.as_deref();
    let page = core.subscriptions(app, alice.clone(), ONLINE, next, 150).await.unwrap();
    assert_eq!((page.items.len(), page.next), (50, None));
    let other = core.subscriptions(app, alice, SubscriptionType::Profile, next, 150).await;
    assert_eq!(refusal(other), Refusal::BadPageToken);
}
