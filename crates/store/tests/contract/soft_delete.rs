//! Soft deletion and restoration.

use nuncio_protocol::frames::{SubscriptionType, friend_event};
use nuncio_protocol::values::{
    AvatarUrl, BasicProfileChange, Content, FriendExtra, FriendPermission, MessageType, Name, Tag,
};
use nuncio_protocol::{Refusal, UserId, limits};
use nuncio_store::apps::Environment;
use nuncio_store::channels::HistoryFrom;
use nuncio_store::friend_requests::{How, RequestsFilter};
use nuncio_store::messages::{By, Draft};
use nuncio_store::soft_delete::Deletion;
use nuncio_store::{Store, StoreError};

use crate::friends::{befriend, events, friends};
use crate::harness::{Bench, NOW, contract, make_app, refusal, user};

async fn soft_delete(bench: &Bench, users: &[&UserId], operation: &str) -> Result<(), StoreError> {
    let users = users.iter().map(|&user| user.clone()).collect();
    bench.store.soft_delete(bench.app, users, operation.to_owned(), NOW).await
}

async fn restore(bench: &Bench, users: &[&UserId]) -> Result<(), StoreError> {
    let users = users.iter().map(|&user| user.clone()).collect();
    bench.store.restore(bench.app, users, "restore".to_owned(), NOW).await
}

/// Runs every open deletion to its end, as the job does; returns how many transactions that took.
async fn run(store: &Store) -> usize {
    let mut steps = 0;
    for deletion in store.open_deletions(1000).await.unwrap() {
        loop {
            steps += 1;
            if store.go_on_deleting(deletion.clone(), NOW).await.unwrap() {
                break;
            }
        }
    }
    steps
}

fn draft(bench: &Bench, sender: &UserId, by: By) -> Draft {
    Draft {
        app: bench.app,
        sender: sender.clone(),
        by,
        client_id: None,
        r#type: MessageType::try_from("RC:TxtMsg").unwrap(),
        content: Content::try_from("{}").unwrap(),
        counted: true,
        needs_receipt: false,
        push: None,
        asked: false,
    }
}

const CLIENT: By = By::Client { token_issued_at: NOW, secret_version: 1 };
const SERVER: By = By::Server { verify_blocklist: false, echo_to_sender: true };

/// Gives a user one of everything that a user can have, with `other`.
async fn furnish(bench: &Bench, user: &UserId, other: &UserId) {
    let (store, app) = (&bench.store, bench.app);
    let (me, list) = (user.clone(), vec![other.clone()]);
    store.append(draft(bench, other, CLIENT), me.clone(), NOW).await.unwrap();
    store.append(draft(bench, user, CLIENT), other.clone(), NOW).await.unwrap();
    store.block(app, me.clone(), list.clone(), NOW).await.unwrap();
    store.whitelist_add(app, me.clone(), list.clone(), NOW).await.unwrap();
    store.set_whitelist_enabled(app, vec![me.clone()], true, NOW).await.unwrap();
    let nobody = FriendPermission::Nobody;
    store.set_friend_permission(app, vec![me.clone()], nobody, NOW).await.unwrap();
    let tags = vec![Tag::try_from("vip").unwrap()];
    store.set_tags(app, vec![me.clone()], tags, NOW).await.unwrap();
    let members = serde_json::json!({"name": "Al"});
    let profile = BasicProfileChange::parse(members.as_object().unwrap()).unwrap();
    store.set_profile(app, me.clone(), profile, None, NOW).await.unwrap();
    let avatar = Some(AvatarUrl::try_from("https://example.org/a.png").unwrap());
    store.update_user(app, me.clone(), None, avatar, NOW).await.unwrap();
    let online = SubscriptionType::OnlineStatus;
    store.subscribe(app, me, list, online, NOW.plus_ms(1_000_000), NOW).await.unwrap();
}

async fn requests(bench: &Bench, user: &UserId) -> usize {
    let filter = RequestsFilter::default();
    let found =
        bench.store.friend_requests(bench.app, user.clone(), filter, None, 50, NOW).await.unwrap();
    found.page.items.len()
}

/// A user with inbox entries enough for several steps.
async fn overfill(bench: &Bench, user: &UserId, sender: &UserId) {
    for _ in 0..11 {
        let (draft, to) = (draft(bench, sender, SERVER), vec![user.clone(); 100]);
        bench.store.append_to_many(draft, to, NOW).await.unwrap();
    }
}

contract! {
    async fn it_holds_at_once(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        furnish(&bench, &alice, &bob).await;
        soft_delete(&bench, &[&alice], "op").await.unwrap();
        let (store, app) = (&bench.store, bench.app);

        let record = store.user(app, alice.clone()).await.unwrap().unwrap();
        assert!(record.deleted);
        assert_eq!((record.name.as_str(), record.avatar_url.as_str()), ("", ""));
        assert_eq!((record.whitelist_on, record.friend_permission), (false, 0));
        let deleted = Refusal::SoftDeleted(alice.clone());
        let name = Name::try_from("x").unwrap();
        let outcome = store.register(app, alice.clone(), name, None, NOW).await;
        assert_eq!(refusal(outcome), deleted);
        let outcome = store.admit(app, alice.clone(), NOW, 1, NOW).await;
        assert_eq!(refusal(outcome), Refusal::UserDeleted);
        let outcome = store.append(draft(&bench, &alice, CLIENT), bob.clone(), NOW).await;
        assert_eq!(refusal(outcome), Refusal::UserDeleted);
        let outcome = store.append(draft(&bench, &bob, CLIENT), alice.clone(), NOW).await;
        assert_eq!(refusal(outcome), deleted);
        let page = store.sync(app, alice.clone(), 0, 500, None).await.unwrap();
        assert!(page.entries.is_empty());
        assert_eq!(page.head, page.floor);
        let listed = store.soft_deleted(app, 0, 50).await.unwrap();
        assert_eq!(listed, [alice]);
    }

    async fn everything_of_the_user_goes_and_nothing_comes_back(bench: Bench) {
        let [alice, bob, carol] = bench.users(["alice", "bob", "carol"]).await;
        let (store, app) = (&bench.store, bench.app);
        befriend(&bench, &alice, &bob, NOW).await;
        furnish(&bench, &alice, &bob).await;
        let told = events(&bench, &bob).await.len();

        soft_delete(&bench, &[&alice], "op").await.unwrap();
        assert!(run(store).await > 0);
        assert_eq!(run(store).await, 0);
        restore(&bench, &[&alice]).await.unwrap();

        let record = store.user(app, alice.clone()).await.unwrap().unwrap();
        assert_eq!((record.deleted, record.name.as_str()), (false, ""));
        assert_eq!((record.whitelist_on, record.friend_permission), (false, 0));
        assert!(store.soft_deleted(app, 0, 50).await.unwrap().is_empty());
        assert!(friends(&bench, &alice).await.is_empty());
        assert!(friends(&bench, &bob).await.is_empty());
        assert!(store.whole_blocklist(app, alice.clone()).await.unwrap().is_empty());
        let whitelist = store.whitelist(app, alice.clone(), None, 50).await.unwrap();
        assert!(whitelist.items.is_empty());
        assert_eq!(store.tags(app, vec![alice.clone()]).await.unwrap()[0].1, []);
        let profile = &store.profiles(app, vec![alice.clone()]).await.unwrap();
        assert!(profile.iter().all(|profile| profile.version == 0), "{profile:?}");
        let online = SubscriptionType::OnlineStatus;
        let subscribed =
            store.subscriptions(app, alice.clone(), online, None, 50, NOW).await.unwrap();
        assert!(subscribed.items.is_empty());
        assert!(store.sync(app, alice.clone(), 0, 500, None).await.unwrap().entries.is_empty());
        assert!(store.channels(app, alice.clone(), None, None, 50).await.unwrap().is_empty());
        let end = HistoryFrom::End;
        let history = |user: &UserId, peer: &UserId| {
            store.history(app, user.clone(), peer.clone(), end, false, 50)
        };
        assert!(history(&alice, &bob).await.unwrap().is_empty());
        // The other side's history is the other side's.
        assert_eq!(history(&bob, &alice).await.unwrap().len(), 2);
        let event = events(&bench, &bob).await.remove(told);
        assert_eq!(event.kind(), friend_event::Kind::Removed);
        assert_eq!(event.user_ids, ["alice"]);

        // And the user can be used again, as if new.
        let issued =
            store.register(app, alice.clone(), Name::try_from("A").unwrap(), None, NOW).await;
        assert!(issued.unwrap() > NOW);
        store.append(draft(&bench, &carol, CLIENT), alice.clone(), NOW).await.unwrap();
        assert_eq!(history(&alice, &carol).await.unwrap().len(), 1);
        let page = store.sync(app, alice, 0, 500, None).await.unwrap();
        assert!(page.entries.iter().map(|entry| entry.seq).eq(page.floor + 1..=page.head));
        assert!(!page.entries.is_empty());
    }

    async fn friend_requests_go_from_both_sides(bench: Bench) {
        let [alice, bob, carol] = bench.users(["alice", "bob", "carol"]).await;
        for (asker, target) in [(&alice, &bob), (&carol, &alice)] {
            let (asker, target) = (asker.clone(), target.clone());
            let extra = FriendExtra::try_from("").unwrap();
            let how = How::ObeyPermission;
            bench.store.add_friend(bench.app, asker, target, how, extra, NOW).await.unwrap();
        }
        assert_eq!((requests(&bench, &bob).await, requests(&bench, &carol).await), (1, 1));
        soft_delete(&bench, &[&alice], "op").await.unwrap();
        run(&bench.store).await;
        assert_eq!((requests(&bench, &bob).await, requests(&bench, &carol).await), (0, 0));
    }

    async fn what_others_keep_about_the_user_stays(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        furnish(&bench, &bob, &alice).await;
        soft_delete(&bench, &[&alice], "op").await.unwrap();
        run(&bench.store).await;
        let (store, app) = (&bench.store, bench.app);
        let blocked = store.whole_blocklist(app, bob.clone()).await.unwrap();
        assert_eq!(blocked, std::slice::from_ref(&alice));
        let whitelist = store.whitelist(app, bob.clone(), None, 50).await.unwrap();
        assert_eq!(whitelist.items, [alice]);
    }

    async fn tokens_from_before_stay_dead_after_the_restoration(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        let (store, app) = (&bench.store, bench.app);
        soft_delete(&bench, &[&alice], "op").await.unwrap();
        run(store).await;
        restore(&bench, &[&alice]).await.unwrap();
        let outcome = store.admit(app, alice.clone(), NOW, 1, NOW).await;
        assert_eq!(refusal(outcome), Refusal::TokenExpired);
        let name = Name::try_from("x").unwrap();
        let issued = store.register(app, alice.clone(), name, None, NOW).await.unwrap();
        store.admit(app, alice, issued, 1, NOW).await.unwrap();
    }

    async fn restoring_waits_for_the_deletion(bench: Bench) {
        let [alice, bob, carol] = bench.users(["alice", "bob", "carol"]).await;
        soft_delete(&bench, &[&bob], "op").await.unwrap();
        run(&bench.store).await;
        soft_delete(&bench, &[&alice], "op").await.unwrap();
        let outcome = restore(&bench, &[&bob, &alice]).await;
        assert_eq!(refusal(outcome), Refusal::DeletionRunning(alice.clone()));
        let outcome = restore(&bench, &[&bob, &user("nobody")]).await;
        assert_eq!(refusal(outcome), Refusal::NotRegistered(user("nobody")));
        let bobs = bench.store.user(bench.app, bob.clone()).await.unwrap().unwrap();
        assert!(bobs.deleted, "all or nothing");
        run(&bench.store).await;
        // Who is not soft-deleted stays as they are; a user named twice is one.
        restore(&bench, &[&bob, &alice, &carol, &bob]).await.unwrap();
        restore(&bench, &[&alice]).await.unwrap();
        assert!(bench.store.soft_deleted(bench.app, 0, 50).await.unwrap().is_empty());
        let carol = bench.store.user(bench.app, carol).await.unwrap().unwrap();
        assert_eq!(carol.name, "Name of carol");
    }

    async fn a_batch_with_an_unknown_user_deletes_nobody(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        let outcome = soft_delete(&bench, &[&alice, &user("nobody")], "op").await;
        assert_eq!(refusal(outcome), Refusal::NotRegistered(user("nobody")));
        assert!(bench.store.soft_deleted(bench.app, 0, 50).await.unwrap().is_empty());
        assert!(bench.store.open_deletions(10).await.unwrap().is_empty());
    }

    async fn deleting_again_is_no_error_and_finishes_too(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        soft_delete(&bench, &[&alice, &alice], "op1").await.unwrap();
        soft_delete(&bench, &[&alice], "op2").await.unwrap();
        run(&bench.store).await;
        soft_delete(&bench, &[&alice], "op3").await.unwrap();
        let open = bench.store.open_deletions(10).await.unwrap();
        let operation_id = "op3".to_owned();
        assert_eq!(open, [Deletion { app: bench.app, user: alice.clone(), operation_id }]);
        run(&bench.store).await;
        restore(&bench, &[&alice]).await.unwrap();
    }

    async fn soft_deleted_users_free_their_places_and_take_them_again(bench: Bench) {
        let app = make_app(&bench.store, "dev", Environment::Development).await.id;
        let store = &bench.store;
        let name = Name::try_from("x").unwrap();
        let register = |id: String| {
            store.register(app, UserId::try_from(id).unwrap(), name.clone(), None, NOW)
        };
        for n in 0..limits::FREE_USERS {
            register(format!("u{n}")).await.unwrap();
        }
        let gone = vec![user("u3"), user("u4")];
        store.soft_delete(app, gone.clone(), "op".to_owned(), NOW).await.unwrap();
        run(store).await;
        register("late".to_owned()).await.unwrap();
        let full = Refusal::UserQuota { limit: limits::FREE_USERS };
        let outcome = store.restore(app, gone, "op".to_owned(), NOW).await;
        assert_eq!(refusal(outcome), full);
        assert_eq!(store.soft_deleted(app, 0, 50).await.unwrap().len(), 2);
        store.restore(app, vec![user("u3")], "op".to_owned(), NOW).await.unwrap();
        assert_eq!(refusal(register("later".to_owned()).await), full);
    }

    async fn a_large_deletion_takes_many_short_steps_and_goes_on_elsewhere(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        overfill(&bench, &alice, &bob).await;
        for n in 0..60 {
            let [friend] = bench.users([format!("f{n}").as_str()]).await;
            befriend(&bench, &alice, &friend, NOW).await;
        }
        soft_delete(&bench, &[&alice], "op").await.unwrap();
        let open = bench.store.open_deletions(10).await.unwrap();
        assert_eq!(open.len(), 1);
        // This node does a little and dies.
        for _ in 0..2 {
            assert!(!bench.store.go_on_deleting(open[0].clone(), NOW).await.unwrap());
        }
        let beside = bench.another().await;
        assert!(run(&beside).await >= 2);
        assert!(friends(&bench, &user("f7")).await.is_empty());
        for n in 0..60 {
            let told = events(&bench, &user(&format!("f{n}"))).await;
            let removed = |event: &&nuncio_protocol::frames::FriendEvent| {
                event.kind() == friend_event::Kind::Removed
            };
            assert_eq!(told.iter().filter(removed).count(), 1, "told once");
        }
        restore(&bench, &[&alice]).await.unwrap();
        assert!(friends(&bench, &alice).await.is_empty());
    }

    async fn a_late_step_harms_nobody_who_was_restored(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        soft_delete(&bench, &[&alice], "op").await.unwrap();
        let open = bench.store.open_deletions(10).await.unwrap().remove(0);
        run(&bench.store).await;
        restore(&bench, &[&alice]).await.unwrap();
        bench.store.block(bench.app, alice.clone(), vec![bob.clone()], NOW).await.unwrap();
        // Another node comes late with the step that it had planned.
        assert!(bench.store.go_on_deleting(open, NOW).await.unwrap());
        assert_eq!(bench.store.whole_blocklist(bench.app, alice).await.unwrap(), [bob]);
    }

    async fn what_is_sent_in_the_users_name_meanwhile_leaves_no_gap(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        soft_delete(&bench, &[&alice], "op").await.unwrap();
        run(&bench.store).await;
        let sent = bench.store.append(draft(&bench, &alice, SERVER), bob.clone(), NOW).await;
        assert_eq!(sent.unwrap().seq, 0);
        restore(&bench, &[&alice]).await.unwrap();
        let page = bench.store.sync(bench.app, alice.clone(), 0, 500, None).await.unwrap();
        assert_eq!((page.entries.len(), page.head), (0, page.floor));
        let unread = bench.store.channels(bench.app, alice, None, None, 50).await.unwrap();
        assert!(unread.is_empty());
    }
}
