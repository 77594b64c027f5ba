//! Whitelists.

use futures_util::future::join_all;
use nuncio_protocol::frames::{WhitelistChanged, entry};
use nuncio_protocol::{Refusal, UserId, limits};

use crate::harness::{Bench, NOW, contract, refusal, user};

async fn add(bench: &Bench, owner: &UserId, targets: &[&str]) {
    let targets = targets.iter().map(|id| user(id)).collect();
    bench.store.whitelist_add(bench.app, owner.clone(), targets, NOW).await.unwrap();
}

async fn whole(bench: &Bench, owner: &UserId) -> Vec<UserId> {
    let page = bench.store.whitelist(bench.app, owner.clone(), None, 3000).await.unwrap();
    assert_eq!(page.next, None);
    page.items
}

contract! {
    async fn a_whitelist_is_switched_and_keeps_its_entries(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        let both = vec![alice.clone(), bob.clone()];
        let enabled = async || {
            let found = bench.store.whitelist_enabled(bench.app, both.clone()).await.unwrap();
            found.into_iter().map(|(_, on)| on).collect::<Vec<_>>()
        };
        assert_eq!(enabled().await, [false, false]);
        add(&bench, &alice, &["carl"]).await;
        let set = async |owners: &[&UserId], on| {
            let owners = owners.iter().map(|id| (*id).clone()).collect();
            bench.store.set_whitelist_enabled(bench.app, owners, on, NOW).await
        };
        set(&[&alice, &bob], true).await.unwrap();
        assert_eq!(enabled().await, [true, true]);
        set(&[&alice], false).await.unwrap();
        assert_eq!(enabled().await, [false, true]);
        assert_eq!(whole(&bench, &alice).await, [user("carl")]);
        // One unknown owner spoils the whole call.
        let ghost = user("ghost");
        assert_eq!(refusal(set(&[&alice, &ghost], true).await), Refusal::NotRegistered(ghost));
        assert_eq!(enabled().await, [false, true]);
    }

    async fn devices_are_told_of_what_really_changed(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        let set = async |on| {
            let owners = vec![alice.clone()];
            bench.store.set_whitelist_enabled(bench.app, owners, on, NOW).await.unwrap();
        };
        set(false).await;
        set(true).await;
        set(true).await;
        add(&bench, &alice, &["bob", "carl"]).await;
        add(&bench, &alice, &["bob"]).await;
        for _ in 0..2 {
            let gone = vec![user("bob"), user("dora")];
            bench.store.whitelist_remove(bench.app, alice.clone(), gone, NOW).await.unwrap();
        }
        let none = WhitelistChanged::default;
        let expected = [
            WhitelistChanged { enabled: Some(true), ..none() },
            WhitelistChanged { added: vec!["bob".into(), "carl".into()], ..none() },
            WhitelistChanged { removed: vec!["bob".into()], ..none() },
        ];
        assert_eq!(bench.inbox(&alice).await, expected.map(entry::Body::WhitelistChanged));
    }

    async fn a_whitelist_is_read_newest_first_page_by_page(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        for step in 0..5 {
            let target = vec![user(&format!("t{step}"))];
            let at = NOW.plus_ms(step);
            bench.store.whitelist_add(bench.app, alice.clone(), target, at).await.unwrap();
        }
        let page = bench.store.whitelist(bench.app, alice.clone(), None, 3).await.unwrap();
        assert_eq!(page.items, ["t4", "t3", "t2"].map(user));
        let page = bench.store.whitelist(bench.app, alice, page.next, 3).await.unwrap();
        assert_eq!(page.items, ["t1", "t0"].map(user));
        assert_eq!(page.next, None);
    }

    async fn oneself_and_a_stranger_to_the_app_are_refused(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        let oneself = vec![user("bob"), alice.clone()];
        let outcome = bench.store.whitelist_add(bench.app, alice.clone(), oneself, NOW).await;
        assert!(matches!(refusal(outcome), Refusal::BadParameter(_)));
        assert_eq!(whole(&bench, &alice).await, []);
        let ghost = user("ghost");
        let outcome = bench.store.whitelist_add(bench.app, ghost.clone(), vec![alice], NOW).await;
        assert_eq!(refusal(outcome), Refusal::NotRegistered(ghost));
    }

    async fn a_whitelist_holds_3000_even_when_filled_from_several_sides(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        let most = (5..limits::LIST_ENTRIES).map(|number| user(&format!("t{number}"))).collect();
        bench.store.whitelist_add(bench.app, alice.clone(), most, NOW).await.unwrap();
        let adds = (0..12).map(|number| {
            let target = vec![user(&format!("late{number}"))];
            bench.store.whitelist_add(bench.app, alice.clone(), target, NOW)
        });
        let outcomes = join_all(adds).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 5);
        for outcome in outcomes.into_iter().filter(Result::is_err) {
            assert_eq!(refusal(outcome), Refusal::ListFull { limit: limits::LIST_ENTRIES });
        }
        assert_eq!(whole(&bench, &alice).await.len(), limits::LIST_ENTRIES);
    }
}
