//! Figures over time.

use std::time::Duration;

use nuncio_protocol::Timestamp;
use nuncio_store::figures::{HOUR_MS, MINUTE_MS, Tally};

use crate::harness::{NOW, contract};

fn minute(number: i64) -> Timestamp {
    Timestamp(NOW.0 - NOW.0.rem_euclid(HOUR_MS)).plus_ms(number * MINUTE_MS)
}

fn tally(online: u64, logins: u64) -> Tally {
    let mut tally = Tally { online, ..Tally::default() };
    tally.logins.insert(0, logins);
    tally.api_times.count(Duration::from_millis(3));
    tally
}

contract! {
    async fn minutes_add_up_to_hours(bench: Bench) {
        let (store, app) = (&bench.store, bench.app);
        for (at, online, logins) in [(0, 3, 1), (1, 7, 2), (1, 5, 4), (60, 2, 8)] {
            store.add_figures(minute(at), vec![(app, tally(online, logins))]).await.unwrap();
        }
        let minutes = store.figures(app, MINUTE_MS, minute(0)).await.unwrap();
        let read: Vec<_> = minutes.iter().map(|(at, t)| (*at, t.online, t.logins[&0])).collect();
        assert_eq!(read, [(minute(0), 3, 1), (minute(1), 7, 6), (minute(60), 2, 8)]);
        let hours = store.figures(app, HOUR_MS, minute(0)).await.unwrap();
        let read: Vec<_> = hours.iter().map(|(at, t)| (*at, t.online, t.logins[&0])).collect();
        assert_eq!(read, [(minute(0), 7, 7), (minute(60), 2, 8)]);
        assert!(hours[0].1.api_times.within(0.99).is_some_and(|ms| (3.0..5.0).contains(&ms)));
        assert_eq!(store.figures(app, MINUTE_MS, minute(61)).await.unwrap(), []);
    }

    async fn what_has_aged_is_let_go(bench: Bench) {
        let (store, app) = (&bench.store, bench.app);
        for day in [0, 2, 40] {
            store.add_figures(minute(day * 1440), vec![(app, tally(1, 1))]).await.unwrap();
        }
        let kept = async |step| {
            let rows = store.figures(app, step, minute(0)).await.unwrap();
            rows.into_iter().map(|(at, _)| at).collect::<Vec<_>>()
        };
        assert_eq!(kept(MINUTE_MS).await, [minute(40 * 1440)]);
        assert_eq!(kept(HOUR_MS).await, [minute(40 * 1440)]);
        assert_eq!(store.trim_figures(app, minute(100 * 1440)).await.unwrap(), 2);
        assert_eq!(kept(HOUR_MS).await, []);
    }
}
