//! Blocklists.

use futures_util::future::join_all;
use nuncio_protocol::frames::{BlocklistChanged, entry};
use nuncio_protocol::{Refusal, UserId, limits};
use nuncio_store::StoreError;
use nuncio_store::apps::Environment;

use crate::harness::{Bench, NOW, contract, make_app, refusal, user};

/// Many ids that need not be registered.
fn many(count: usize) -> Vec<UserId> {
    (0..count).map(|number| user(&format!("target{number}"))).collect()
}

async fn block(bench: &Bench, owner: &UserId, targets: &[&str]) -> Result<(), StoreError> {
    let targets = targets.iter().map(|id| user(id)).collect();
    bench.store.block(bench.app, owner.clone(), targets, NOW).await
}

contract! {
    async fn a_blocklist_is_read_newest_first_page_by_page(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        for (step, ids) in (0..).zip([["b", "a"], ["d", "c"], ["f", "e"]]) {
            let targets = ids.iter().map(|id| user(id)).collect();
            let at = NOW.plus_ms(step);
            bench.store.block(bench.app, alice.clone(), targets, at).await.unwrap();
        }
        // On the list already: keeps its place.
        bench.store.block(bench.app, alice.clone(), vec![user("a")], NOW.plus_ms(9)).await.unwrap();

        let mut found = Vec::new();
        let mut after = None;
        loop {
            let page = bench.store.blocklist(bench.app, alice.clone(), after, 4).await.unwrap();
            assert!(page.items.len() <= 4);
            found.extend(page.items);
            // Who is added while someone reads on does not disturb the rest.
            let late = vec![user("late")];
            bench.store.block(bench.app, alice.clone(), late, NOW.plus_ms(50)).await.unwrap();
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(found, ["e", "f", "c", "d", "a", "b"].map(user));
        let whole = bench.store.whole_blocklist(bench.app, alice).await.unwrap();
        assert_eq!(whole[0], user("late"));
        assert_eq!(whole.len(), 7);
    }

    async fn whoever_is_blocked_is_found_and_unblocked_again(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        let is_blocked = async |owner: &UserId, target: &UserId| {
            bench.store.is_blocked(bench.app, owner.clone(), target.clone()).await.unwrap()
        };
        assert!(!is_blocked(&alice, &bob).await);
        block(&bench, &alice, &["bob"]).await.unwrap();
        assert!(is_blocked(&alice, &bob).await);
        assert!(!is_blocked(&bob, &alice).await, "a block has one direction");
        bench.store.unblock(bench.app, alice.clone(), vec![bob.clone()], NOW).await.unwrap();
        assert!(!is_blocked(&alice, &bob).await);
    }

    async fn devices_are_told_of_what_really_changed(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        block(&bench, &alice, &["bob", "carl"]).await.unwrap();
        block(&bench, &alice, &["bob"]).await.unwrap();
        block(&bench, &alice, &["bob", "dora"]).await.unwrap();
        let gone = vec![user("carl"), user("nobody")];
        bench.store.unblock(bench.app, alice.clone(), gone.clone(), NOW).await.unwrap();
        bench.store.unblock(bench.app, alice.clone(), gone, NOW).await.unwrap();
        let changed = |added: &[&str], removed: &[&str]| {
            let texts = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
            let body = BlocklistChanged { added: texts(added), removed: texts(removed) };
            entry::Body::BlocklistChanged(body)
        };
        let expected =
            [changed(&["bob", "carl"], &[]), changed(&["dora"], &[]), changed(&[], &["carl"])];
        assert_eq!(bench.inbox(&alice).await, expected);
        assert_eq!(bench.inbox(&bob).await, [], "the blocked user learns nothing");
    }

    async fn only_a_registered_user_has_a_blocklist(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        let ghost = user("ghost");
        let missing = Refusal::NotRegistered(ghost.clone());
        assert_eq!(refusal(block(&bench, &ghost, &["alice"]).await), missing);
        let read = bench.store.blocklist(bench.app, ghost.clone(), None, 10).await;
        assert_eq!(refusal(read), missing);
        let check = bench.store.is_blocked(bench.app, ghost, alice.clone()).await;
        assert_eq!(refusal(check), missing);
        let [carl] = bench.users(["carl"]).await;
        let deleted = vec![carl.clone()];
        bench.store.soft_delete(bench.app, deleted, "op".to_owned(), NOW).await.unwrap();
        let gone = Refusal::SoftDeleted(carl.clone());
        assert_eq!(refusal(block(&bench, &carl, &["alice"]).await), gone);
        // Another app's user of the same name has a list of its own, or none.
        let other = make_app(&bench.store, "app2", Environment::Production).await.id;
        let there = bench.store.block(other, alice.clone(), vec![user("bob")], NOW).await;
        assert_eq!(refusal(there), Refusal::NotRegistered(alice));
    }

    async fn a_bad_target_spoils_the_whole_call(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        let oneself = refusal(block(&bench, &alice, &["bob", "alice"]).await);
        assert!(matches!(oneself, Refusal::BadParameter(_)), "{oneself:?}");
        assert_eq!(bench.store.whole_blocklist(bench.app, alice.clone()).await.unwrap(), []);
        assert_eq!(bench.inbox(&alice).await, []);
    }

    async fn a_blocklist_holds_3000_even_when_filled_from_several_sides(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        let most = many(limits::LIST_ENTRIES - 10);
        bench.store.block(bench.app, alice.clone(), most, NOW).await.unwrap();
        let other = bench.another().await;
        let adds = (0..20).map(|number| {
            let store = if number % 2 == 0 { &bench.store } else { &other };
            let target = vec![user(&format!("late{number}"))];
            store.block(bench.app, alice.clone(), target, NOW)
        });
        let outcomes = join_all(adds).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 10);
        for outcome in outcomes.into_iter().filter(Result::is_err) {
            assert_eq!(refusal(outcome), Refusal::ListFull { limit: limits::LIST_ENTRIES });
        }
        let whole = bench.store.whole_blocklist(bench.app, alice.clone()).await.unwrap();
        assert_eq!(whole.len(), limits::LIST_ENTRIES);
        // Who is on the full list may be added again.
        let again = bench.store.block(bench.app, alice.clone(), vec![whole[0].clone()], NOW).await;
        again.unwrap();
    }
}
