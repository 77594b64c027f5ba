//! Asking to become friends, and answering.

use futures_util::future::join_all;
use nuncio_protocol::frames::friend_application::{Direction, Status};
use nuncio_protocol::frames::friend_event::Kind;
use nuncio_protocol::frames::{FriendApplication, FriendEvent};
use nuncio_protocol::values::{FriendExtra, FriendPermission};
use nuncio_protocol::{Refusal, Timestamp, UserId, limits};
use nuncio_store::StoreError;
use nuncio_store::friend_requests::{Added, How, RequestsFilter};

use crate::friends::{befriend, events, friends};
use crate::harness::{Bench, NOW, contract, refusal, user};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

async fn ask_at(
    bench: &Bench,
    asker: &UserId,
    target: &UserId,
    at: Timestamp,
) -> Result<Added, StoreError> {
    let extra = FriendExtra::try_from(format!("hello from {asker}")).unwrap();
    let (asker, target) = (asker.clone(), target.clone());
    bench.store.add_friend(bench.app, asker, target, How::ObeyPermission, extra, at).await
}

async fn ask(bench: &Bench, asker: &UserId, target: &UserId) -> Result<Added, StoreError> {
    ask_at(bench, asker, target, NOW).await
}

async fn answer(
    bench: &Bench,
    user: &UserId,
    asker: &UserId,
    accept: bool,
    at: Timestamp,
) -> Result<(), StoreError> {
    bench.store.answer_friend_request(bench.app, user.clone(), asker.clone(), accept, at).await
}

async fn set_permission(bench: &Bench, user: &UserId, permission: FriendPermission) {
    let owners = vec![user.clone()];
    bench.store.set_friend_permission(bench.app, owners, permission, NOW).await.unwrap();
}

async fn requests(bench: &Bench, user: &UserId, at: Timestamp) -> Vec<FriendApplication> {
    let filter = RequestsFilter { newest_first: true, ..RequestsFilter::default() };
    let found =
        bench.store.friend_requests(bench.app, user.clone(), filter, None, 100, at).await.unwrap();
    assert_eq!(usize::try_from(found.total), Ok(found.page.items.len()));
    found.page.items
}

contract! {
    async fn a_request_waits_for_consent_and_both_sides_are_told(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        assert_eq!(ask(&bench, &alice, &bob).await.unwrap(), Added::Requested);
        assert_eq!(friends(&bench, &alice).await, [""; 0]);
        let again = refusal(ask(&bench, &alice, &bob).await);
        assert_eq!(again, Refusal::RequestPending(bob.clone()));
        let later = NOW.plus_ms(5);
        answer(&bench, &bob, &alice, true, later).await.unwrap();
        assert_eq!(friends(&bench, &alice).await, ["bob"]);
        assert_eq!(friends(&bench, &bob).await, ["alice"]);

        let sides = [(&alice, &bob, Direction::Sent), (&bob, &alice, Direction::Received)];
        for (side, peer, direction) in sides {
            let told = events(&bench, side).await;
            let kinds: Vec<_> = told.iter().map(FriendEvent::kind).collect();
            assert_eq!(kinds, [Kind::ApplicationChanged, Kind::ApplicationChanged, Kind::Added]);
            assert!(told.iter().all(|event| event.user_ids == [peer.as_str()]));
            for (event, status, at) in
                [(&told[0], Status::Pending, NOW), (&told[1], Status::Accepted, later)]
            {
                let expected = FriendApplication {
                    user_id: peer.to_string(),
                    direction: direction.into(),
                    status: status.into(),
                    extra: "hello from alice".to_owned(),
                    at: at.0,
                    name: format!("Name of {peer}"),
                    avatar_url: String::new(),
                };
                assert_eq!(event.application.as_ref(), Some(&expected));
            }
            let friend = told[2].friend.clone().unwrap();
            assert_eq!(friend.name, format!("Name of {peer}"));
            assert_eq!(friend.added_at, later.0);
            assert_eq!(requests(&bench, side, later).await, [told[1].application.clone().unwrap()]);
        }
    }

    async fn a_refused_request_can_be_made_again(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        ask(&bench, &alice, &bob).await.unwrap();
        answer(&bench, &bob, &alice, false, NOW).await.unwrap();
        assert_eq!(friends(&bench, &alice).await, [""; 0]);
        assert_eq!(events(&bench, &alice).await[1].application.as_ref().unwrap().status(), Status::Refused);
        let gone = Refusal::NoSuchRequest(alice.clone());
        assert_eq!(refusal(answer(&bench, &bob, &alice, true, NOW).await), gone);
        assert_eq!(ask(&bench, &alice, &bob).await.unwrap(), Added::Requested);
        answer(&bench, &bob, &alice, true, NOW).await.unwrap();
        assert_eq!(friends(&bench, &bob).await, ["alice"]);
    }

    async fn only_the_one_who_was_asked_can_answer(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        ask(&bench, &alice, &bob).await.unwrap();
        let outcome = answer(&bench, &alice, &bob, true, NOW).await;
        assert_eq!(refusal(outcome), Refusal::NoSuchRequest(bob));
    }

    async fn a_request_lapses_after_seven_days(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        ask(&bench, &alice, &bob).await.unwrap();
        let end = NOW.plus_ms(limits::FRIEND_REQUEST_DAYS * DAY_MS);
        assert_eq!(requests(&bench, &bob, end.plus_ms(-1)).await[0].status(), Status::Pending);
        let lapsed = requests(&bench, &bob, end).await;
        assert_eq!(lapsed[0].status(), Status::Expired);
        assert_eq!(lapsed[0].at, NOW.0);
        let outcome = answer(&bench, &bob, &alice, true, end).await;
        assert_eq!(refusal(outcome), Refusal::NoSuchRequest(alice.clone()));
        // What has lapsed stands in nobody's way, in neither direction.
        assert_eq!(ask_at(&bench, &bob, &alice, end).await.unwrap(), Added::Requested);
        assert_eq!(requests(&bench, &bob, end).await.len(), 2);
        let filter = RequestsFilter { statuses: vec![Status::Expired], ..Default::default() };
        let found = bench.store.friend_requests(bench.app, bob, filter, None, 10, end).await.unwrap();
        assert_eq!((found.total, found.page.items[0].direction()), (1, Direction::Received));
    }

    async fn who_asks_the_one_that_asked_becomes_a_friend(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        ask(&bench, &alice, &bob).await.unwrap();
        assert_eq!(ask(&bench, &bob, &alice).await.unwrap(), Added::Friends);
        assert_eq!(friends(&bench, &alice).await, ["bob"]);
        let request = requests(&bench, &alice, NOW).await;
        assert_eq!(request.len(), 1);
        assert_eq!(request[0].status(), Status::Accepted);
    }

    async fn two_who_ask_each_other_at_once_become_friends_exactly_once(bench: Bench) {
        let other = bench.another().await;
        for round in 0..20 {
            let ids = [format!("a{round}"), format!("b{round}")];
            let [alice, bob] = bench.users([&ids[0], &ids[1]]).await;
            let extra = || FriendExtra::try_from("").unwrap();
            let how = How::ObeyPermission;
            let (app, one, two) = (bench.app, alice.clone(), bob.clone());
            let first = bench.store.add_friend(app, one.clone(), two.clone(), how, extra(), NOW);
            let second = other.add_friend(app, two, one, how, extra(), NOW);
            let (first, second) = tokio::join!(first, second);
            let mut outcomes = [first.unwrap(), second.unwrap()];
            outcomes.sort_by_key(|added| *added == Added::Friends);
            assert_eq!(outcomes, [Added::Requested, Added::Friends]);
            assert_eq!(friends(&bench, &alice).await, [bob.as_str()]);
            assert_eq!(friends(&bench, &bob).await, [alice.as_str()]);
            for side in [&alice, &bob] {
                let added = events(&bench, side).await;
                assert_eq!(added.iter().filter(|event| event.kind() == Kind::Added).count(), 1);
            }
        }
    }

    async fn the_permission_decides_what_asking_leads_to(bench: Bench) {
        let [alice, bob, carl] = bench.users(["alice", "bob", "carl"]).await;
        set_permission(&bench, &bob, FriendPermission::Anyone).await;
        set_permission(&bench, &carl, FriendPermission::Nobody).await;
        assert_eq!(ask(&bench, &alice, &bob).await.unwrap(), Added::Friends);
        let refused = refusal(ask(&bench, &alice, &carl).await);
        assert_eq!(refused, Refusal::NobodyMayAdd(carl.clone()));
        befriend(&bench, &alice, &carl, NOW).await;
        assert_eq!(friends(&bench, &carl).await, ["alice"], "an app server's word goes first");
        let already = refusal(ask(&bench, &bob, &alice).await);
        assert_eq!(already, Refusal::AlreadyFriends(alice));
    }

    async fn befriending_accepts_what_was_asked(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        ask(&bench, &alice, &bob).await.unwrap();
        befriend(&bench, &alice, &bob, NOW).await;
        assert_eq!(requests(&bench, &bob, NOW).await[0].status(), Status::Accepted);
        assert_eq!(friends(&bench, &bob).await, ["alice"]);
    }

    async fn what_stands_against_it_is_told_in_order(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        let (app, store) = (bench.app, &bench.store);
        let refused = async || refusal(ask(&bench, &alice, &bob).await);
        let (to_alice, to_bob) = (vec![alice.clone()], vec![bob.clone()]);

        assert_eq!(refusal(ask(&bench, &alice, &alice).await), Refusal::FriendOfOneself);
        let ghost = user("ghost");
        let missing = Refusal::NotRegistered(ghost.clone());
        assert_eq!(refusal(ask(&bench, &ghost, &alice).await), missing);
        assert_eq!(refusal(ask(&bench, &alice, &ghost).await), missing);

        // Everything stands against it; one after another is taken away.
        set_permission(&bench, &bob, FriendPermission::Nobody).await;
        let both = vec![alice.clone(), bob.clone()];
        store.set_whitelist_enabled(app, both, true, NOW).await.unwrap();
        store.block(app, bob.clone(), to_alice.clone(), NOW).await.unwrap();
        store.block(app, alice.clone(), to_bob.clone(), NOW).await.unwrap();
        assert_eq!(refused().await, Refusal::InTargetBlocklist);
        store.unblock(app, bob.clone(), to_alice.clone(), NOW).await.unwrap();
        assert_eq!(refused().await, Refusal::TargetInBlocklist);
        store.unblock(app, alice.clone(), to_bob.clone(), NOW).await.unwrap();
        assert_eq!(refused().await, Refusal::NotInTargetWhitelist);
        store.whitelist_add(app, bob.clone(), to_alice, NOW).await.unwrap();
        assert_eq!(refused().await, Refusal::TargetNotInWhitelist);
        // The app's switch for all whitelists.
        store.set_app(app, NOW, |app| app.settings.whitelist_service = false).await.unwrap();
        assert_eq!(refused().await, Refusal::NobodyMayAdd(bob.clone()));
        store.set_app(app, NOW, |app| app.settings.whitelist_service = true).await.unwrap();
        store.whitelist_add(app, alice.clone(), to_bob.clone(), NOW).await.unwrap();
        assert_eq!(refused().await, Refusal::NobodyMayAdd(bob.clone()));
        // Friends already is told before any list.
        befriend(&bench, &alice, &bob, NOW).await;
        store.block(app, alice.clone(), to_bob, NOW).await.unwrap();
        assert_eq!(refused().await, Refusal::AlreadyFriends(bob.clone()));
    }

    async fn who_was_soft_deleted_neither_asks_nor_is_asked(bench: Bench) {
        let [alice, bob, carl] = bench.users(["alice", "bob", "carl"]).await;
        ask(&bench, &bob, &alice).await.unwrap();
        let deleted = vec![bob.clone()];
        bench.store.soft_delete(bench.app, deleted, "op".to_owned(), NOW).await.unwrap();
        let gone = Refusal::SoftDeleted(bob.clone());
        assert_eq!(refusal(ask(&bench, &carl, &bob).await), gone);
        assert_eq!(refusal(ask(&bench, &bob, &carl).await), gone);
        // The request may still be there while the user's rows are being deleted.
        let accepted = refusal(answer(&bench, &alice, &bob, true, NOW).await);
        assert!([gone, Refusal::NoSuchRequest(bob)].contains(&accepted), "{accepted:?}");
        assert_eq!(friends(&bench, &alice).await, [""; 0]);
    }

    async fn requests_are_read_page_by_page_through_a_filter(bench: Bench) {
        let [alice, ..] = bench.users(["alice", "a", "b", "c", "d", "e", "f"]).await;
        for (step, id) in (0..).zip(["a", "b", "c"]) {
            ask_at(&bench, &alice, &user(id), NOW.plus_ms(step)).await.unwrap();
        }
        for (step, id) in (0..).zip(["d", "e", "f"]) {
            ask_at(&bench, &user(id), &alice, NOW.plus_ms(step)).await.unwrap();
        }
        answer(&bench, &user("b"), &alice, false, NOW.plus_ms(9)).await.unwrap();
        answer(&bench, &alice, &user("e"), true, NOW.plus_ms(8)).await.unwrap();
        let read = async |directions: &[Direction], statuses: &[Status], newest_first| {
            let filter = RequestsFilter {
                directions: directions.to_vec(),
                statuses: statuses.to_vec(),
                newest_first,
            };
            let (mut found, mut after) = (String::new(), None);
            loop {
                let (alice, filter) = (alice.clone(), filter.clone());
                let page =
                    bench.store.friend_requests(bench.app, alice, filter, after, 2, NOW).await.unwrap();
                found.extend(page.page.items.into_iter().map(|request| request.user_id));
                after = page.page.next;
                if after.is_none() {
                    assert_eq!(usize::try_from(page.total), Ok(found.len()));
                    return found;
                }
            }
        };
        assert_eq!(read(&[], &[], true).await, "befcda");
        assert_eq!(read(&[], &[], false).await, "adcfeb");
        assert_eq!(read(&[Direction::Sent], &[], true).await, "bca");
        assert_eq!(read(&[Direction::Received], &[Status::Pending], true).await, "fd");
        assert_eq!(read(&[], &[Status::Accepted, Status::Refused], false).await, "eb");
        assert_eq!(read(&[Direction::Sent], &[Status::Accepted], true).await, "");
    }

    async fn what_nothing_happens_to_is_pruned(bench: Bench) {
        let [alice, bob, carl] = bench.users(["alice", "bob", "carl"]).await;
        ask_at(&bench, &alice, &bob, NOW.plus_ms(-1)).await.unwrap();
        ask_at(&bench, &alice, &carl, NOW).await.unwrap();
        assert_eq!(bench.store.prune_friend_requests(NOW).await.unwrap(), 1);
        assert_eq!(bench.store.prune_friend_requests(NOW).await.unwrap(), 0);
        let left = requests(&bench, &alice, NOW).await;
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].user_id, "carl");
    }

    async fn a_user_has_3000_friends_even_when_all_come_at_once(bench: Bench) {
        let names = |count| (0..count).map(|number| format!("u{number}")).collect::<Vec<_>>();
        let ids = names(limits::FRIENDS + 5);
        join_all(ids.iter().map(|id| bench.users([id.as_str()]))).await;
        let [hub, late] = bench.users(["hub", "late"]).await;
        ask(&bench, &late, &hub).await.unwrap();
        let extra = FriendExtra::try_from("").unwrap();
        let adds = ids.iter().map(|id| {
            let (asker, hub) = (user(id), hub.clone());
            bench.store.add_friend(bench.app, asker, hub, How::AtOnce, extra.clone(), NOW)
        });
        let outcomes = join_all(adds).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), limits::FRIENDS);
        for outcome in outcomes.into_iter().filter(Result::is_err) {
            assert_eq!(refusal(outcome), Refusal::TargetFriendsFull(hub.clone()));
        }
        assert_eq!(friends(&bench, &hub).await.len(), limits::FRIENDS);
        let outcome = answer(&bench, &hub, &late, true, NOW).await;
        assert_eq!(refusal(outcome), Refusal::FriendsFull(hub.clone()));
        assert_eq!(refusal(ask(&bench, &hub, &late).await), Refusal::FriendsFull(hub.clone()));

        bench.store.remove_all_friends(bench.app, hub.clone(), NOW).await.unwrap();
        assert_eq!(friends(&bench, &hub).await, [""; 0]);
        answer(&bench, &hub, &late, true, NOW).await.unwrap();
    }
}
