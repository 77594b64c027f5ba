//! Idempotency keys, whose answers are kept sealed.

use nuncio_core::Claimed;
use nuncio_protocol::Refusal;

use crate::harness::{Bench, NOW, refusal};

#[tokio::test]
async fn an_answer_is_kept_sealed_for_a_day_and_given_again() {
    let bench = Bench::new().await;
    let (core, app) = (&bench.core, bench.app);
    assert_eq!(core.claim(app, "k", "f").await.unwrap(), Claimed::First);
    assert_eq!(refusal(core.claim(app, "k", "f").await), Refusal::IdempotencyKeyInUse);
    let answer = r#"{"accessToken":"nct_secret","name":"贵"}"#.to_owned();
    core.finish(app, "k", 200, &answer).await.unwrap();
    let again = Claimed::Answered { status: 200, answer };
    assert_eq!(core.claim(app, "k", "f").await.unwrap(), again);
    assert_eq!(refusal(core.claim(app, "k", "g").await), Refusal::IdempotencyKeyReused);

    // What lies in the database is not what was answered.
    let stored = core.store().claim(app, "k".to_owned(), "f".to_owned(), NOW).await.unwrap();
    assert!(!format!("{stored:?}").contains("nct_"), "{stored:?}");

    bench.clock.advance_ms(24 * 60 * 60 * 1000);
    assert_eq!(core.prune_idempotency().await.unwrap(), 1);
    assert_eq!(core.claim(app, "k", "g").await.unwrap(), Claimed::First);
}

#[tokio::test]
async fn a_forgotten_key_lets_the_next_try_do_the_work() {
    let bench = Bench::new().await;
    let (core, app) = (&bench.core, bench.app);
    core.claim(app, "k", "f").await.unwrap();
    core.forget(app, "k").await.unwrap();
    assert_eq!(core.claim(app, "k", "f").await.unwrap(), Claimed::First);
}
