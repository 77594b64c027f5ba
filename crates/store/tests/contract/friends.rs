//! Friends: the list, what a user calls a friend, and how a friendship ends.

use futures_util::future::join_all;
use nuncio_protocol::frames::friend_event::Kind;
use nuncio_protocol::frames::{Friend, FriendEvent, ProfileVisibility, entry};
use nuncio_protocol::values::{
    Alias, AvatarUrl, BasicProfileChange, ExtProfile, FriendExtra, FriendPermission, Name,
};
use nuncio_protocol::{Refusal, Timestamp, UserId, limits};
use nuncio_store::friend_requests::How;
use serde_json::json;

use crate::harness::{Bench, NOW, contract, refusal, user};

/// Makes two users friends.
pub(crate) async fn befriend(bench: &Bench, one: &UserId, other: &UserId, at: Timestamp) {
    let extra = FriendExtra::try_from("").unwrap();
    let (one, other) = (one.clone(), other.clone());
    bench.store.add_friend(bench.app, one, other, How::AtOnce, extra, at).await.unwrap();
}

/// What a user's devices were told of friends.
pub(crate) async fn events(bench: &Bench, user: &UserId) -> Vec<FriendEvent> {
    let bodies = bench.inbox(user).await.into_iter();
    bodies
        .filter_map(|body| match body {
            entry::Body::Friend(event) => Some(event),
            _ => None,
        })
        .collect()
}

pub(crate) async fn friends(bench: &Bench, user: &UserId) -> Vec<String> {
    let found = bench.store.friends(bench.app, user.clone(), None, 3000, false).await.unwrap();
    assert_eq!(usize::try_from(found.total), Ok(found.page.items.len()));
    found.page.items.into_iter().map(|friend| friend.user_id).collect()
}

contract! {
    async fn friends_are_read_by_age_page_by_page(bench: Bench) {
        let [alice, ..] = bench.users(["alice", "a", "b", "c", "d", "e"]).await;
        for (step, id) in (0..).zip(["c", "a", "d", "b", "e"]) {
            // Two become friends at each moment.
            befriend(&bench, &user(id), &alice, NOW.plus_ms(step / 2)).await;
        }
        for (newest_first, expected) in
            [(false, ["a", "c", "b", "d", "e"]), (true, ["e", "b", "d", "a", "c"])]
        {
            let mut found = Vec::new();
            let mut after = None;
            loop {
                let page = bench
                    .store
                    .friends(bench.app, alice.clone(), after, 2, newest_first)
                    .await
                    .unwrap();
                assert_eq!(page.total, 5);
                found.extend(page.page.items.into_iter().map(|friend| friend.user_id));
                after = page.page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(found, expected);
        }
        assert_eq!(friends(&bench, &user("c")).await, ["alice"]);
    }

    async fn a_friend_is_shown_under_the_profiles_name_else_the_push_identitys(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        let avatar = AvatarUrl::try_from("https://example.org/push.png").unwrap();
        let name = Name::try_from("Push Bob").unwrap();
        bench.store.update_user(bench.app, bob.clone(), Some(name), Some(avatar), NOW).await.unwrap();
        befriend(&bench, &alice, &bob, NOW).await;
        let shown = async || {
            let found =
                bench.store.friends_info(bench.app, alice.clone(), vec![bob.clone()]).await.unwrap();
            (found[0].name.clone(), found[0].avatar_url.clone())
        };
        let push = ("Push Bob".to_owned(), "https://example.org/push.png".to_owned());
        assert_eq!(shown().await, push);
        let profile = json!({ "name": "Profile Bob", "portraitUri": "" });
        let change = BasicProfileChange::parse(profile.as_object().unwrap()).unwrap();
        bench.store.set_profile(bench.app, bob.clone(), change, None, NOW).await.unwrap();
        assert_eq!(shown().await, ("Profile Bob".to_owned(), push.1.clone()));
        bench
            .store
            .set_profile_visibility(bench.app, bob.clone(), ProfileVisibility::Invisible)
            .await
            .unwrap();
        assert_eq!(shown().await, push, "a profile that nobody may see does not show here either");
    }

    async fn removed_friends_are_gone_on_both_sides_and_told(bench: Bench) {
        let [alice, bob, carl, dora] = bench.users(["alice", "bob", "carl", "dora"]).await;
        for friend in [&bob, &carl, &dora] {
            befriend(&bench, &alice, friend, NOW).await;
        }
        for _ in 0..2 {
            let gone = vec![bob.clone(), user("ghost"), carl.clone()];
            bench.store.remove_friends(bench.app, alice.clone(), gone, NOW).await.unwrap();
        }
        assert_eq!(friends(&bench, &alice).await, ["dora"]);
        assert_eq!(friends(&bench, &bob).await, [""; 0]);
        let removed = |ids: &[&str]| FriendEvent {
            kind: Kind::Removed.into(),
            user_ids: ids.iter().map(|id| (*id).to_owned()).collect(),
            ..FriendEvent::default()
        };
        assert_eq!(events(&bench, &alice).await[3..], [removed(&["bob", "carl"])]);
        assert_eq!(events(&bench, &bob).await[1..], [removed(&["alice"])]);
        assert_eq!(events(&bench, &carl).await[1..], [removed(&["alice"])]);
        assert_eq!(events(&bench, &dora).await.len(), 1);
    }

    async fn all_friends_are_removed_at_once(bench: Bench) {
        let [alice, bob, carl] = bench.users(["alice", "bob", "carl"]).await;
        befriend(&bench, &alice, &bob, NOW).await;
        befriend(&bench, &carl, &alice, NOW).await;
        befriend(&bench, &carl, &bob, NOW).await;
        for _ in 0..2 {
            bench.store.remove_all_friends(bench.app, alice.clone(), NOW).await.unwrap();
        }
        assert_eq!(friends(&bench, &alice).await, [""; 0]);
        assert_eq!(friends(&bench, &bob).await, ["carl"]);
        let cleared = FriendEvent { kind: Kind::Cleared.into(), ..FriendEvent::default() };
        assert_eq!(events(&bench, &alice).await[2..], [cleared]);
        let last = events(&bench, &bob).await.pop().unwrap();
        assert_eq!((last.kind(), last.user_ids), (Kind::Removed, vec!["alice".to_owned()]));
    }

    async fn clearing_while_friends_are_made_leaves_no_half_friendship(bench: Bench) {
        let ids: Vec<UserId> = (0..24).map(|number| user(&format!("u{number}"))).collect();
        for id in &ids {
            bench.users([id.as_str()]).await;
        }
        let hub = &ids[0];
        for round in 0..3 {
            let adds = ids[1..].iter().map(async |id| {
                let extra = FriendExtra::try_from("").unwrap();
                let (one, other) = if round % 2 == 0 { (id, hub) } else { (hub, id) };
                let (one, other) = (one.clone(), other.clone());
                // Those who are friends from the round before are refused, which is as well.
                let _ = bench.store.add_friend(bench.app, one, other, How::AtOnce, extra, NOW).await;
            });
            let clears = (0..3).map(async |_| {
                bench.store.remove_all_friends(bench.app, hub.clone(), NOW).await.unwrap();
            });
            tokio::join!(join_all(adds), join_all(clears));
            let left = friends(&bench, hub).await;
            for id in &ids[1..] {
                let theirs = friends(&bench, id).await;
                let expected: &[&str] = if left.contains(&id.to_string()) { &["u0"] } else { &[] };
                assert_eq!(theirs, expected, "{id} in round {round}");
            }
        }
    }

    async fn an_alias_is_set_kept_and_cleared(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        befriend(&bench, &alice, &bob, NOW).await;
        let set = async |alias: Option<&str>, ext: Option<&[(&str, &str)]>| {
            let alias = alias.map(|alias| Alias::try_from(alias).unwrap());
            let ext = ext.map(|pairs| {
                let pairs = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
                ExtProfile::parse(pairs, limits::FRIEND_EXT_PAIRS).unwrap()
            });
            let (alice, bob) = (alice.clone(), bob.clone());
            bench.store.set_friend_info(bench.app, alice, bob, alias, ext, NOW).await.unwrap();
        };
        let seen = async || -> Friend {
            let bob = vec![bob.clone()];
            bench.store.friends_info(bench.app, alice.clone(), bob).await.unwrap().remove(0)
        };
        set(Some("Bobby"), Some(&[("ext_met", "2020"), ("ext_at", "school")])).await;
        set(None, Some(&[("ext_met", "2021")])).await;
        let friend = seen().await;
        assert_eq!(friend.alias, "Bobby");
        assert_eq!(friend.ext_profile.len(), 1, "the extension is replaced");
        assert_eq!(friend.ext_profile["ext_met"], "2021");
        set(Some("Bobby"), None).await;
        set(Some(""), None).await;
        assert_eq!(seen().await.alias, "");
        assert_eq!(seen().await.ext_profile.len(), 1);

        let told = events(&bench, &alice).await;
        assert_eq!(told.len(), 1 + 3, "what changed nothing is not told");
        assert_eq!(told[1].kind(), Kind::InfoChanged);
        assert_eq!(told[1].friend.as_ref().unwrap().alias, "Bobby");
        assert_eq!(events(&bench, &bob).await.len(), 1, "the friend does not learn of it");
        let bobs = bench.store.friends_info(bench.app, bob.clone(), vec![alice.clone()]).await;
        assert_eq!(bobs.unwrap()[0].alias, "");

        let stranger = bench.users(["stranger"]).await[0].clone();
        let (app, alias) = (bench.app, Some(Alias::try_from("x").unwrap()));
        let outcome =
            bench.store.set_friend_info(app, alice, stranger.clone(), alias, None, NOW).await;
        assert_eq!(refusal(outcome), Refusal::NotFriends(stranger));
    }

    async fn who_is_a_friend_can_be_asked(bench: Bench) {
        let [alice, bob, carl] = bench.users(["alice", "bob", "carl"]).await;
        befriend(&bench, &alice, &bob, NOW).await;
        let asked = vec![carl.clone(), bob.clone(), user("ghost")];
        let found = bench.store.are_friends(bench.app, alice.clone(), asked.clone()).await.unwrap();
        assert_eq!(found, [(carl, false), (bob, true), (user("ghost"), false)]);
        let info = bench.store.friends_info(bench.app, alice, asked.clone()).await.unwrap();
        assert_eq!(info.len(), 1, "who is no friend is left out");
        let outcome = bench.store.are_friends(bench.app, user("ghost"), asked).await;
        assert_eq!(refusal(outcome), Refusal::NotRegistered(user("ghost")));
    }

    async fn a_permission_follows_the_app_until_the_user_sets_one(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        let both = vec![alice.clone(), bob.clone()];
        let read = async || {
            let found = bench.store.friend_permission(bench.app, both.clone()).await.unwrap();
            found.into_iter().map(|(_, permission)| permission.number()).collect::<Vec<_>>()
        };
        assert_eq!(read().await, [2, 2]);
        for _ in 0..2 {
            let owners = vec![alice.clone()];
            bench
                .store
                .set_friend_permission(bench.app, owners, FriendPermission::Nobody, NOW)
                .await
                .unwrap();
        }
        bench.store.set_app(bench.app, NOW, |app| app.settings.friend_permission = 1).await.unwrap();
        assert_eq!(read().await, [3, 1]);
        let told = bench.inbox(&alice).await;
        assert_eq!(told.len(), 1);
        assert!(matches!(told[0], entry::Body::AccountChanged(_)));
        let owners = vec![alice, user("ghost")];
        let outcome = bench
            .store
            .set_friend_permission(bench.app, owners, FriendPermission::Anyone, NOW)
            .await;
        assert_eq!(refusal(outcome), Refusal::NotRegistered(user("ghost")));
        assert_eq!(read().await, [3, 1]);
    }
}
