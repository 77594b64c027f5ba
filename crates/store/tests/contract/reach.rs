//! Who may reach whom: what was answered holds for every message that is sent or edited afterwards, from any
//! node.

use std::sync::atomic::{AtomicBool, Ordering};

use nuncio_protocol::Refusal;
use nuncio_store::messages::{By, Draft};
use nuncio_store::{Store, StoreError};

use crate::edits::edit;
use crate::friends::befriend;
use crate::harness::{Bench, NOW, contract, refusal, user};
use crate::messages::{draft, send};

/// Messages that each node sends or edits after the change was answered.
const AFTER: usize = 5;

/// Sends and edits from bob to alice on two nodes while `change` is made on one of them. What began after the answer
/// must end as `expected`; what overlaps it may end either way.
async fn holds_once_answered<F>(bench: &Bench, other: &Store, change: F, expected: Option<Refusal>)
where
    F: Future<Output = Result<(), StoreError>>,
{
    let answered = AtomicBool::new(false);
    let by = By::Server { verify_blocklist: false, echo_to_sender: false };
    let first = Draft { by, ..draft(bench.app, "bob", &format!("m{}", fresh()), "first") };
    let first = bench.store.append(first, user("alice"), NOW).await.unwrap().id;
    let hammer = async |store: &Store| {
        let mut after = 0;
        while after < AFTER {
            let began_after = answered.load(Ordering::SeqCst);
            let id = format!("m{}", fresh());
            let outcome = if after % 2 == 0 {
                send(store, bench.app, "bob", "alice", &id).await.map(drop)
            } else {
                let edit = edit(bench.app, &user("bob"), &user("alice"), first, &id);
                store.edit(edit, NOW).await.map(drop)
            };
            if began_after {
                after += 1;
                match &expected {
                    Some(expected) => assert_eq!(&refusal(outcome), expected),
                    None => assert!(outcome.is_ok(), "{outcome:?}"),
                }
            }
        }
    };
    let change = async {
        change.await.unwrap();
        answered.store(true, Ordering::SeqCst);
    };
    tokio::join!(hammer(&bench.store), hammer(other), change);
}

/// A number that is new on each call.
fn fresh() -> u64 {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::SeqCst)
}

contract! {
    async fn a_block_holds_and_so_does_its_end(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        let other = bench.another().await;
        let (app, store) = (bench.app, &bench.store);
        for _ in 0..10 {
            let block = other.block(app, alice.clone(), vec![bob.clone()], NOW);
            holds_once_answered(&bench, &other, block, Some(Refusal::InBlocklist)).await;
            let unblock = store.unblock(app, alice.clone(), vec![bob.clone()], NOW);
            holds_once_answered(&bench, &other, unblock, None).await;
        }
    }

    async fn a_whitelist_holds_whether_switched_or_changed(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        let other = bench.another().await;
        let (app, store) = (bench.app, &bench.store);
        let (owner, only) = (|| vec![alice.clone()], || vec![bob.clone()]);
        let out = || Some(Refusal::NotInWhitelist);
        for _ in 0..5 {
            let on = store.set_whitelist_enabled(app, owner(), true, NOW);
            holds_once_answered(&bench, &other, on, out()).await;
            let add = other.whitelist_add(app, alice.clone(), only(), NOW);
            holds_once_answered(&bench, &other, add, None).await;
            let remove = store.whitelist_remove(app, alice.clone(), only(), NOW);
            holds_once_answered(&bench, &other, remove, out()).await;
            let off = other.set_whitelist_enabled(app, owner(), false, NOW);
            holds_once_answered(&bench, &other, off, None).await;
        }
    }

    async fn where_only_friends_may_write_the_end_of_a_friendship_holds(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        let other = bench.another().await;
        let (app, store) = (bench.app, &bench.store);
        store.set_app(app, NOW, |app| app.only_friends = true).await.unwrap();
        for round in 0..6 {
            let begin = async {
                befriend(&bench, &bob, &alice, NOW).await;
                Ok(())
            };
            holds_once_answered(&bench, &other, begin, None).await;
            let end = async {
                if round % 2 == 0 {
                    other.remove_friends(app, alice.clone(), vec![bob.clone()], NOW).await
                } else {
                    store.remove_all_friends(app, alice.clone(), NOW).await
                }
            };
            holds_once_answered(&bench, &other, end, Some(Refusal::OnlyFriends)).await;
        }
    }
}
