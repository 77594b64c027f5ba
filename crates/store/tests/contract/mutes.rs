//! Mutes.

use nuncio_protocol::Refusal;

use crate::harness::{Bench, NOW, contract, refusal, user};
use crate::users::accounts;

async fn mute(bench: &Bench, ids: &[&str], muted: bool) {
    let users = ids.iter().map(|id| user(id)).collect();
    bench.store.mute(bench.app, users, muted, NOW).await.unwrap();
}

contract! {
    async fn muted_users_are_counted_and_listed_by_id(bench: Bench) {
        bench.users(["a", "b", "c", "d"]).await;
        mute(&bench, &["d", "a", "c", "a"], true).await;
        let page = bench.store.muted(bench.app, 1, 1).await.unwrap();
        assert_eq!((page.total, page.users), (3, vec![user("c")]));
        mute(&bench, &["c", "b"], false).await;
        let page = bench.store.muted(bench.app, 0, 10).await.unwrap();
        assert_eq!((page.total, page.users), (2, vec![user("a"), user("d")]));
    }

    async fn the_devices_are_told_of_a_change_and_only_of_a_change(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        for muted in [true, true, false, false] {
            mute(&bench, &["alice"], muted).await;
        }
        let told: Vec<_> =
            accounts(&bench, &alice).await.iter().map(|a| a.muted_in_direct_channels).collect();
        assert_eq!(told, [true, false]);
    }

    async fn a_batch_with_an_unknown_user_mutes_nobody(bench: Bench) {
        let [alice] = bench.users(["alice"]).await;
        let users = vec![alice.clone(), user("nobody")];
        let outcome = bench.store.mute(bench.app, users, true, NOW).await;
        assert_eq!(refusal(outcome), Refusal::NotRegistered(user("nobody")));
        assert_eq!(bench.store.muted(bench.app, 0, 10).await.unwrap().total, 0);
        assert!(accounts(&bench, &alice).await.is_empty());
    }
}
