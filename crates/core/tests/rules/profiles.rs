//! Who hears at once that a profile changed.

use nuncio_core::friends::How;
use nuncio_protocol::UserId;
use nuncio_protocol::frames::{Profile, ProfileVisibility, SubscriptionType, entry, server_frame};
use nuncio_protocol::values::{BasicProfileChange, FriendExtra};
use serde_json::{Value, json};

use crate::harness::{Bench, user};

async fn set(bench: &Bench, user: &UserId, basic: Value) {
    let basic = BasicProfileChange::parse(basic.as_object().unwrap()).unwrap();
    bench.core.set_profile(bench.app, user.clone(), basic, None).await.unwrap();
}

/// Whose devices were told of which profiles.
fn told(bench: &Bench) -> Vec<(UserId, Profile)> {
    let told = bench.told.take().into_iter();
    told.map(|(user, body)| match body {
        server_frame::Body::Entry(entry) => {
            assert_eq!(entry.seq, 0, "it has no place in the inbox");
            match entry.body.unwrap() {
                entry::Body::ProfileChanged(changed) => {
                    assert_eq!(changed.friend, user.as_str() == "friend");
                    (user, changed.profile.unwrap())
                }
                other => panic!("{other:?}"),
            }
        }
        other => panic!("{other:?}"),
    })
    .collect()
}

#[tokio::test]
async fn friends_and_subscribers_hear_of_what_they_may_see() {
    let bench = Bench::new().await;
    let [alice, friend, watcher, _stranger] =
        bench.users(["alice", "friend", "watcher", "stranger"]).await;
    let (core, app) = (&bench.core, bench.app);
    let extra = FriendExtra::try_from("").unwrap();
    core.add_friend(app, alice.clone(), friend.clone(), How::AtOnce, extra).await.unwrap();
    let kind = SubscriptionType::Profile;
    core.subscribe(app, watcher.clone(), vec![alice.clone()], kind, 60).await.unwrap();
    bench.told.take();
    let visibility = ProfileVisibility::Friends;
    core.set_profile_visibility(app, alice.clone(), visibility).await.unwrap();

    set(&bench, &alice, json!({ "name": "Al", "level": 2 })).await;
    let heard = told(&bench);
    let users: Vec<_> = heard.iter().map(|(user, _)| user.clone()).collect();
    assert_eq!(users, [friend, watcher]);
    assert_eq!(heard[0].1.basic, r#"{"level":2,"name":"Al"}"#);
    assert_eq!(heard[1].1.basic, r#"{"name":"Al"}"#);

    set(&bench, &alice, json!({ "name": "Al" })).await;
    assert_eq!(told(&bench), [], "nothing changed");
    bench.clock.advance_ms(60_000);
    core.delete_profiles(app, vec![alice.clone()]).await.unwrap();
    let heard = told(&bench);
    assert_eq!(heard.len(), 1, "the subscription has ended");
    assert_eq!((heard[0].0.clone(), heard[0].1.version), (user("friend"), 0));
}
