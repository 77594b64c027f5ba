//! Several devices of one user, and users of several apps.

use std::time::Duration;

use nuncio_protocol::frames::{AddToBlocklist, client_frame, entry, server_frame};

use crate::world::{World, answer, next_message, nothing_more, other_app, user};

#[tokio::test]
async fn the_oldest_device_gives_way_to_one_too_many() {
    let world = World::new().await;
    world.set(|settings| settings.devices_per_user = 2).await;
    let mut first = world.login("ada", "a").await;
    let mut second = world.login("ada", "b").await;
    let mut third = world.login("ada", "c").await;
    let told = first.wait_for_close().await;
    assert_eq!((told.code, first.closed), (31010, Some(4005)));
    nothing_more(&mut second).await;
    nothing_more(&mut third).await;
    let mut fourth = world.login("ada", "d").await;
    assert_eq!(second.wait_for_close().await.code, 31010);
    nothing_more(&mut third).await;
    nothing_more(&mut fourth).await;
}

#[tokio::test]
async fn a_device_that_comes_again_takes_its_own_place() {
    let world = World::new().await;
    world.set(|settings| settings.devices_per_user = 2).await;
    let mut old = world.login("ada", "phone").await;
    let mut tablet = world.login("ada", "tablet").await;
    let mut new = world.login("ada", "phone").await;
    assert_eq!(old.wait_for_close().await.code, 31010);
    nothing_more(&mut tablet).await;
    nothing_more(&mut new).await;
}

#[tokio::test]
async fn a_refused_login_takes_nobodys_place() {
    let world = World::new().await;
    world.set(|settings| settings.devices_per_user = 1).await;
    let old_token = world.token("ada").await;
    tokio::time::sleep(Duration::from_millis(5)).await;
    let moment = world.core.now();
    let mut phone = world.login("ada", "phone").await;
    world.core.expire_tokens(world.app.id, vec![user("ada")], moment).await.unwrap();
    assert!(world.login_with(&old_token, "thief").await.is_err());
    nothing_more(&mut phone).await;
}

#[tokio::test]
async fn changes_of_ones_own_lists_reach_ones_other_devices() {
    let world = World::new().await;
    world.token("bob").await;
    let (mut phone, mut tablet) = (world.login("ada", "p").await, world.login("ada", "t").await);
    let add = client_frame::Body::AddToBlocklist(AddToBlocklist { user_id: "bob".to_owned() });
    assert!(matches!(answer(&mut phone, add).await, server_frame::Body::Done(_)));
    for wire in [&mut phone, &mut tablet] {
        let entry = wire.entry().await.unwrap();
        let Some(entry::Body::BlocklistChanged(changed)) = entry.body else { panic!("{entry:?}") };
        assert_eq!(changed.added, ["bob"]);
    }
}

#[tokio::test]
async fn the_same_name_in_another_app_is_another_user() {
    let world = World::new().await;
    let other = world.another_app().await;
    assert_eq!(other.id, other_app(world.app.id));
    let token = world.token_in(&other, "bob").await;
    let mut other_bob = world.login_in(&other, &token, "b").await.unwrap();
    let mut ada = world.login("ada", "a").await;

    let refused =
        crate::world::refusal(&mut ada, nuncio_testkit::Wire::text("bob", "m1", "x")).await;
    assert_eq!(refused.code, 40401, "nobody of this name is registered here");
    assert!(!world.is_online("bob").await);

    let mut bob = world.login("bob", "b").await;
    nothing_more(&mut other_bob).await;
    ada.send("bob", "m1", "hello").await.unwrap();
    assert_eq!(next_message(&mut bob).await, ("m1".to_owned(), 1));
    nothing_more(&mut other_bob).await;
    assert_eq!(other_bob.sync(0, 0).await.unwrap().head, 0);

    world.core.soft_delete(other.id, vec![user("bob")]).await.unwrap();
    assert_eq!(other_bob.wait_for_close().await.code, 31029);
    nothing_more(&mut bob).await;
}
