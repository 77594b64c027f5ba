//! Figures while they go from memory to the store.

use std::time::Duration;

use nuncio_core::figures::Span;

use crate::harness::Bench;

/// Logins of the last hour, as the overview adds them up.
async fn logins(bench: &Bench, span: Span) -> u64 {
    let series = bench.core.series(bench.app, span).await.unwrap();
    series.points.iter().filter_map(|(_, tally)| tally.logins.get(&0)).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_minute_that_is_on_its_way_to_the_store_is_seen_once() {
    let bench = Bench::new().await;
    bench.core.turn_figures(false).await.unwrap();
    for _ in 0..3 {
        bench.core.figures().login(bench.app, 0);
    }
    bench.clock.advance_ms(60_000);
    // Nobody can write to the database, so that the minute stays on its way.
    let mut connection = rusqlite::Connection::open(bench.database()).unwrap();
    connection.busy_timeout(Duration::from_secs(10)).unwrap();
    let immediate = rusqlite::TransactionBehavior::Immediate;
    let held = connection.transaction_with_behavior(immediate).unwrap();
    let core = bench.core.clone();
    let mut turn = tokio::spawn(async move { core.turn_figures(false).await });
    let pause = Duration::from_millis(300);
    assert!(tokio::time::timeout(pause, &mut turn).await.is_err(), "it waits for the database");
    // Whoever looks now is told of the minute, be it only once it has arrived.
    let look = logins(&bench, Span::Hour);
    tokio::pin!(look);
    let early = tokio::time::timeout(pause, &mut look).await;
    held.rollback().unwrap();
    let seen = match early {
        Ok(seen) => seen,
        Err(_) => look.await,
    };
    assert_eq!(seen, 3);
    turn.await.unwrap().unwrap();
    for span in [Span::Hour, Span::Day, Span::Month] {
        assert_eq!(logins(&bench, span).await, 3, "{span:?}");
    }
}
