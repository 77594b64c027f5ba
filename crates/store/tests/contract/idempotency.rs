//! Idempotency keys.

use futures_util::future::join_all;
use nuncio_protocol::ids::AppId;
use nuncio_protocol::{Refusal, Timestamp};
use nuncio_store::apps::Environment;
use nuncio_store::idempotency::Claimed;
use nuncio_store::{Store, StoreError};

use crate::harness::{NOW, contract, make_app, refusal};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

async fn claim(
    store: &Store,
    app: AppId,
    key: &str,
    fingerprint: &str,
    now: Timestamp,
) -> Result<Claimed, StoreError> {
    store.claim(app, key.to_owned(), fingerprint.to_owned(), now).await
}

async fn finish(store: &Store, app: AppId, key: &str, answer: &str) {
    store.finish(app, key.to_owned(), 200, answer.to_owned()).await.unwrap();
}

fn answered(answer: &str) -> Claimed {
    Claimed::Answered { status: 200, answer: answer.to_owned() }
}

contract! {
    async fn the_first_answer_is_given_again_for_a_day(bench: Bench) {
        let (store, app) = (&bench.store, bench.app);
        assert_eq!(claim(store, app, "k", "f", NOW).await.unwrap(), Claimed::First);
        finish(store, app, "k", "one").await;
        finish(store, app, "k", "two").await;
        for later in [0, 60_000, DAY_MS - 1] {
            let claimed = claim(store, app, "k", "f", NOW.plus_ms(later)).await.unwrap();
            assert_eq!(claimed, answered("one"));
        }
        let claimed = claim(store, app, "k", "g", NOW.plus_ms(DAY_MS)).await.unwrap();
        assert_eq!(claimed, Claimed::First);
    }

    async fn another_call_may_not_use_the_key(bench: Bench) {
        let (store, app) = (&bench.store, bench.app);
        claim(store, app, "k", "f", NOW).await.unwrap();
        let reused = |outcome| assert_eq!(refusal(outcome), Refusal::IdempotencyKeyReused);
        reused(claim(store, app, "k", "g", NOW).await);
        // Not even when the first seems to have died: it may have taken effect.
        reused(claim(store, app, "k", "g", NOW.plus_ms(120_000)).await);
        finish(store, app, "k", "one").await;
        reused(claim(store, app, "k", "g", NOW).await);
        let other = make_app(store, "app2", Environment::Production).await.id;
        assert_eq!(claim(store, other, "k", "g", NOW).await.unwrap(), Claimed::First);
    }

    async fn a_call_that_is_worked_on_is_not_begun_twice_until_it_seems_dead(bench: Bench) {
        let (store, app) = (&bench.store, bench.app);
        claim(store, app, "k", "f", NOW).await.unwrap();
        let in_use = |outcome| assert_eq!(refusal(outcome), Refusal::IdempotencyKeyInUse);
        in_use(claim(store, app, "k", "f", NOW.plus_ms(59_999)).await);
        let dead = NOW.plus_ms(60_000);
        assert_eq!(claim(store, app, "k", "f", dead).await.unwrap(), Claimed::First);
        // The second try has a minute of its own.
        in_use(claim(store, app, "k", "f", dead.plus_ms(59_999)).await);
    }

    async fn only_one_of_many_tries_at_once_is_the_first(bench: Bench) {
        let beside = bench.another().await;
        let tries = (0..20).map(|n| {
            let store = if n % 2 == 0 { &bench.store } else { &beside };
            claim(store, bench.app, "k", "f", NOW)
        });
        let outcomes = join_all(tries).await;
        let first = |outcome: &Result<_, _>| matches!(outcome, Ok(Claimed::First));
        assert_eq!(outcomes.iter().filter(|outcome| first(outcome)).count(), 1);
        for outcome in outcomes.into_iter().filter(|outcome| !first(outcome)) {
            assert_eq!(refusal(outcome), Refusal::IdempotencyKeyInUse);
        }
    }

    async fn a_forgotten_key_is_free_and_an_answered_one_is_not_forgotten(bench: Bench) {
        let (store, app) = (&bench.store, bench.app);
        claim(store, app, "k", "f", NOW).await.unwrap();
        store.forget(app, "k".to_owned()).await.unwrap();
        assert_eq!(claim(store, app, "k", "g", NOW).await.unwrap(), Claimed::First);
        finish(store, app, "k", "one").await;
        store.forget(app, "k".to_owned()).await.unwrap();
        assert_eq!(claim(store, app, "k", "g", NOW).await.unwrap(), answered("one"));
    }

    async fn pruning_lets_go_of_what_is_a_day_old(bench: Bench) {
        let (store, app) = (&bench.store, bench.app);
        for (key, age) in [("old", DAY_MS), ("older", DAY_MS + 1), ("young", DAY_MS - 1)] {
            claim(store, app, key, "f", NOW.plus_ms(-age)).await.unwrap();
            finish(store, app, key, "one").await;
        }
        assert_eq!(store.prune_idempotency(NOW).await.unwrap(), 2);
        assert_eq!(store.prune_idempotency(NOW).await.unwrap(), 0);
        assert_eq!(claim(store, app, "young", "f", NOW).await.unwrap(), answered("one"));
    }
}
