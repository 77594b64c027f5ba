//! What an app's users and server did, counted in steps of time: a row for each minute of the last day, and one
//! for each hour of the last month.
//!
//! The counting happens in memory; what a node has counted in a minute is added here in one transaction. So
//! what is kept is bounded whatever the traffic, and a crash costs the figures of a minute at most.

use std::collections::BTreeMap;
use std::time::Duration;

use nuncio_protocol::Timestamp;
use nuncio_protocol::ids::AppId;
use serde::{Deserialize, Serialize};

use crate::engine::{Store, Tx, params};
use crate::error::StoreError;

/// Milliseconds of the shorter step.
pub const MINUTE_MS: i64 = 60_000;
/// Milliseconds of the longer step.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// How long rows of a step are kept: a little longer than they are shown.
const KEPT: [(i64, i64); 2] = [(MINUTE_MS, 26 * HOUR_MS), (HOUR_MS, 32 * 24 * HOUR_MS)];
/// Classes of times: a quarter of a millisecond, and each a √2 longer than the one before, up to 11.6 seconds.
const CLASSES: usize = 32;

/// Counts by the number of the answer's code; 0 is success.
pub type ByCode = BTreeMap<u32, u64>;

/// What was counted in one step.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Tally {
    /// The most users that were connected at once.
    pub online: u64,
    /// Logins.
    #[serde(skip_serializing_if = "ByCode::is_empty")]
    pub logins: ByCode,
    /// Messages that clients sent.
    #[serde(skip_serializing_if = "ByCode::is_empty")]
    pub messages: ByCode,
    /// Calls of the Server API.
    #[serde(skip_serializing_if = "ByCode::is_empty")]
    pub api_calls: ByCode,
    /// From a message's arrival to its answer.
    #[serde(skip_serializing_if = "Times::is_empty")]
    pub message_times: Times,
    /// From a call's headers to its answer.
    #[serde(skip_serializing_if = "Times::is_empty")]
    pub api_times: Times,
}

impl Tally {
    /// Whether nothing happened and nobody was there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what was counted at another time.
    pub fn add_later(&mut self, other: &Self) {
        self.online = self.online.max(other.online);
        self.add_counts(other);
    }

    /// Adds what another node has counted at the same time.
    pub fn add_beside(&mut self, other: &Self) {
        self.online += other.online;
        self.add_counts(other);
    }

    fn add_counts(&mut self, other: &Self) {
        for (mine, theirs) in [
            (&mut self.logins, &other.logins),
            (&mut self.messages, &other.messages),
            (&mut self.api_calls, &other.api_calls),
        ] {
            for (code, count) in theirs {
                *mine.entry(*code).or_default() += count;
            }
        }
        self.message_times.add(&other.message_times);
        self.api_times.add(&other.api_times);
    }
}

/// How often something took how long, by classes of time.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Times(Vec<u64>);

impl Times {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The upper end of a class, in milliseconds.
    fn end_ms(class: usize) -> f64 {
        0.25 * 2_f64.powf(f64::from(u32::try_from(class).unwrap_or(u32::MAX)) / 2.0)
    }

    /// Counts one that took so long.
    pub fn count(&mut self, took: Duration) {
        let ms = took.as_secs_f64() * 1000.0;
        let class = (0..CLASSES - 1).find(|class| ms <= Self::end_ms(*class));
        let class = class.unwrap_or(CLASSES - 1);
        if self.0.len() <= class {
            self.0.resize(class + 1, 0);
        }
        self.0[class] += 1;
    }

    fn add(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine += theirs;
        }
    }

    /// The milliseconds within which this share of them was done, to the end of its class; `None` when there
    /// were none.
    #[must_use]
    pub fn within(&self, share: f64) -> Option<f64> {
        let all: u64 = self.0.iter().sum();
        if all == 0 {
            return None;
        }
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a count"
        )]
        let needed = ((all as f64 * share).ceil() as u64).clamp(1, all);
        let mut so_far = 0;
        let class = self.0.iter().position(|count| {
            so_far += count;
            so_far >= needed
        });
        class.map(Self::end_ms)
    }
}

fn read(text: &str) -> Result<Tally, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::corrupt("figures", error))
}

impl Store {
    /// Adds what this node has counted in the minute that began at `minute`, to the rows of that minute and its
    /// hour. Lets go of the same apps' rows that have aged.
    pub async fn add_figures(
        &self,
        minute: Timestamp,
        counted: Vec<(AppId, Tally)>,
    ) -> Result<(), StoreError> {
        let node = self.node();
        self.write(Vec::new(), async move |tx| {
            for (app, tally) in &counted {
                for (step, kept) in KEPT {
                    add(tx, *app, step, minute, node, tally).await?;
                    tx.execute(
                        "delete from figures where app = ?1 and step = ?2 and at < ?3",
                        params![*app, step, minute.plus_ms(-kept)],
                    )
                    .await?;
                }
            }
            Ok(())
        })
        .await
    }

    /// Lets go of an app's rows that have aged.
    pub async fn trim_figures(&self, app: AppId, now: Timestamp) -> Result<u64, StoreError> {
        self.write(Vec::new(), async move |tx| {
            let mut gone = 0;
            for (step, kept) in KEPT {
                gone += tx
                    .execute(
                        "delete from figures where app = ?1 and step = ?2 and at < ?3",
                        params![app, step, now.plus_ms(-kept)],
                    )
                    .await?;
            }
            Ok(gone)
        })
        .await
    }

    /// What all nodes have counted of an app in steps of `step` milliseconds from `from` on, oldest first. Steps in
    /// which nothing happened are left out.
    pub async fn figures(
        &self,
        app: AppId,
        step: i64,
        from: Timestamp,
    ) -> Result<Vec<(Timestamp, Tally)>, StoreError> {
        self.read(async move |tx| {
            let rows = tx
                .all(
                    "select at, tally from figures where app = ?1 and step = ?2 and at >= ?3 order by at, node",
                    params![app, step, from],
                    |row| Ok((row.get::<Timestamp>(0)?, read(&row.get::<String>(1)?)?)),
                )
                .await?;
            let mut steps: Vec<(Timestamp, Tally)> = Vec::new();
            for (at, tally) in rows {
                match steps.last_mut() {
                    Some((same, sum)) if *same == at => sum.add_beside(&tally),
                    _ => steps.push((at, tally)),
                }
            }
            Ok(steps)
        })
        .await
    }
}

async fn add(
    tx: &Tx<'_>,
    app: AppId,
    step: i64,
    minute: Timestamp,
    node: i64,
    tally: &Tally,
) -> Result<(), StoreError> {
    let at = minute.0 - minute.0.rem_euclid(step);
    let before = tx
        .opt(
            "select tally from figures where app = ?1 and step = ?2 and at = ?3 and node = ?4",
            params![app, step, at, node],
            |row| read(&row.get::<String>(0)?),
        )
        .await?;
    let mut sum = before.unwrap_or_default();
    sum.add_later(tally);
    let text = serde_json::to_string(&sum).map_err(|e| StoreError::corrupt("figures", e))?;
    tx.execute(
        "insert into figures (app, step, at, node, tally) values (?1, ?2, ?3, ?4, ?5)
         on conflict (app, step, at, node) do update set tally = excluded.tally",
        params![app, step, at, node, &text],
    )
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_times_is_told_to_the_end_of_its_class() {
        let mut times = Times::default();
        assert_eq!(times.within(0.5), None);
        for ms in [1, 1, 1, 100] {
            times.count(Duration::from_millis(ms));
        }
        assert_eq!(times.within(0.5), Some(1.0));
        let most = times.within(0.99).unwrap_or_default();
        assert!((100.0..142.0).contains(&most), "{most}");
        times.count(Duration::from_hours(1));
        assert!(times.within(1.0).is_some_and(|ms| ms > 10_000.0));
    }
}
