//! Bans.

use nuncio_protocol::{Refusal, Timestamp, UserId};
use nuncio_store::StoreError;
use nuncio_store::bans::Ban;

use crate::harness::{Bench, NOW, contract, refusal, user};

async fn ban(
    bench: &Bench,
    users: &[&str],
    until: Timestamp,
    reason: &str,
) -> Result<(), StoreError> {
    let users = users.iter().map(|id| user(id)).collect();
    bench.store.ban(bench.app, users, until, reason.to_owned(), false, NOW).await
}

async fn banned(bench: &Bench, now: Timestamp) -> Vec<String> {
    let bans = bench.store.bans(bench.app, 0, 100, now).await.unwrap();
    bans.into_iter().map(|ban| ban.user.to_string()).collect()
}

async fn may_log_in(bench: &Bench, id: &UserId, now: Timestamp) -> bool {
    match bench.store.admit(bench.app, id.clone(), NOW, 1, now).await {
        Ok(_) => true,
        Err(StoreError::Refused(Refusal::Banned { .. })) => false,
        Err(error) => panic!("{error}"),
    }
}

contract! {
    async fn a_ban_bars_the_login_until_its_end(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        let until = NOW.plus_ms(60_000);
        ban(&bench, &["alice"], until, "spam").await.unwrap();
        let outcome = bench.store.admit(bench.app, alice.clone(), NOW, 1, NOW).await;
        assert_eq!(refusal(outcome), Refusal::Banned { until, reason: "spam".to_owned() });
        assert!(!may_log_in(&bench, &alice, NOW.plus_ms(59_999)).await);
        assert!(may_log_in(&bench, &alice, until).await);
    }

    async fn a_new_ban_replaces_the_end_and_the_reason(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        ban(&bench, &["alice"], Timestamp::FOREVER, "first").await.unwrap();
        let until = NOW.plus_ms(60_000);
        ban(&bench, &["alice"], until, "").await.unwrap();
        let bans = bench.store.bans(bench.app, 0, 10, NOW).await.unwrap();
        assert_eq!(bans, [Ban { user: alice, until, reason: String::new() }]);
    }

    async fn unbanning_lifts_it_and_is_no_error_without_a_ban(bench: Bench) {
        let [alice, bob] = bench.users(["alice", "bob"]).await;
        ban(&bench, &["alice"], Timestamp::FOREVER, "x").await.unwrap();
        bench.store.unban(bench.app, vec![alice.clone(), bob], NOW).await.unwrap();
        assert!(may_log_in(&bench, &alice, NOW).await);
        assert!(banned(&bench, NOW).await.is_empty());
        let outcome = bench.store.unban(bench.app, vec![alice, user("nobody")], NOW).await;
        assert_eq!(refusal(outcome), Refusal::NotRegistered(user("nobody")));
    }

    async fn a_batch_with_a_wrong_user_bans_nobody(bench: Bench) {
        let [alice, gone] = bench.users(["alice", "gone"]).await;
        let outcome = ban(&bench, &["alice", "nobody"], Timestamp::FOREVER, "").await;
        assert_eq!(refusal(outcome), Refusal::NotRegistered(user("nobody")));
        bench.store.soft_delete(bench.app, vec![gone], "op".to_owned(), NOW).await.unwrap();
        let outcome = ban(&bench, &["alice", "gone"], Timestamp::FOREVER, "").await;
        assert_eq!(refusal(outcome), Refusal::SoftDeleted(user("gone")));
        assert!(may_log_in(&bench, &alice, NOW).await);
    }

    async fn bans_are_listed_while_they_last_the_last_to_end_first(bench: Bench) {
        bench.users(["a", "b", "c", "d", "e"]).await;
        ban(&bench, &["b", "a"], NOW.plus_ms(2), "").await.unwrap();
        ban(&bench, &["c"], Timestamp::FOREVER, "").await.unwrap();
        ban(&bench, &["d"], NOW.plus_ms(1), "").await.unwrap();
        assert_eq!(banned(&bench, NOW).await, ["c", "a", "b", "d"]);
        assert_eq!(banned(&bench, NOW.plus_ms(1)).await, ["c", "a", "b"]);
        assert_eq!(banned(&bench, NOW.plus_ms(2)).await, ["c"]);
        let page = bench.store.bans(bench.app, 2, 2, NOW).await.unwrap();
        assert!(page.iter().map(|ban| ban.user.as_str()).eq(["b", "d"]));
        assert_eq!(page[0].until, NOW.plus_ms(2));
    }

    async fn a_ban_outlives_soft_deletion_and_restoration(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        ban(&bench, &["alice"], Timestamp::FOREVER, "x").await.unwrap();
        let users = vec![alice.clone()];
        bench.store.soft_delete(bench.app, users.clone(), "op1".to_owned(), NOW).await.unwrap();
        for deletion in bench.store.open_deletions(10).await.unwrap() {
            while !bench.store.go_on_deleting(deletion.clone(), NOW).await.unwrap() {}
        }
        bench.store.restore(bench.app, users, "op2".to_owned(), NOW).await.unwrap();
        assert!(!may_log_in(&bench, &alice, NOW).await);
    }
}
