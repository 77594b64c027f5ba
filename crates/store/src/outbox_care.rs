//! What keeps the outbox from growing: how much waits is measured, what is past its time goes, and texts go with
//! their users.

use nuncio_protocol::ids::AppId;
use nuncio_protocol::{MessageId, Timestamp, UserId};

use crate::engine::{Store, Tx, params};
use crate::error::StoreError;
use crate::events::Event;
use crate::webhooks::{Target, read_target, select_webhooks};

/// Deliveries that may wait for one webhook, about; with so many, nothing is added before half are gone.
const MOST_WAITING: i64 = 100_000;
/// Finished deliveries that are kept for one webhook, and for how long.
const KEPT: i64 = 10_000;
const KEPT_MS: i64 = 3 * 24 * 60 * 60 * 1000;
/// Rows that one transaction deletes.
const STEP: i64 = 1000;

/// How much waits for a webhook.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Waiting {
    /// Deliveries that wait; no more than a hundred thousand are counted.
    pub count: i64,
    /// When the oldest of them happened; 0 when none waits.
    pub oldest: Timestamp,
}

/// Takes the texts out of a user's finished deliveries, at most `limit`; returns out of how many. That a user was
/// deleted stays.
pub(crate) async fn forget_texts(
    tx: &Tx<'_>,
    app: AppId,
    user: &UserId,
    limit: i64,
) -> Result<u64, StoreError> {
    tx.execute(
        "update webhook_deliveries set body = '' where (app, webhook, id) in (
             select app, webhook, id from webhook_deliveries
             where app = ?1 and user_id = ?2 and state <> 0 and body <> '' and event <> ?3 limit ?4)",
        params![app, user, Event::ActivationState.bit(), limit],
    )
    .await
}

impl Store {
    /// How much waits for each webhook of all apps. Where that is too much, nothing is added any more, until
    /// less waits.
    pub async fn measure_outbox(&self) -> Result<Vec<(Target, Waiting)>, StoreError> {
        let measured = self
            .read(async move |tx| {
                let targets =
                    tx.all(select_webhooks!("order by w.app, w.id"), &[], read_target).await?;
                let mut all = Vec::with_capacity(targets.len());
                for target in targets {
                    let waiting = tx
                        .one(
                            "select count(*), coalesce(min(id), 0) from (
                                 select id from webhook_deliveries
                                 where app = ?1 and webhook = ?2 and state = 0 limit ?3) w",
                            params![target.webhook.app, target.webhook.id.0, MOST_WAITING],
                            |row| {
                                let (count, oldest) = (row.get(0)?, row.get::<MessageId>(1)?);
                                let oldest =
                                    if count == 0 { Timestamp(0) } else { oldest.sent_at() };
                                Ok(Waiting { count, oldest })
                            },
                        )
                        .await?;
                    all.push((target, waiting));
                }
                Ok(all)
            })
            .await?;
        for (Target { webhook, .. }, waiting) in &measured {
            let full = match waiting.count {
                count if count >= MOST_WAITING => true,
                count if count < MOST_WAITING / 2 => false,
                _ => webhook.full,
            };
            if full != webhook.full {
                let (app, id) = (webhook.app, webhook.id);
                self.write(Vec::new(), async move |tx| {
                    tx.execute(
                        "update webhooks set is_full = ?3 where app = ?1 and id = ?2",
                        params![app, id.0, full],
                    )
                    .await
                })
                .await?;
            }
        }
        Ok(measured)
    }

    /// Deletes some deliveries that are past their time, are too many, or belong to no webhook any more;
    /// returns how many rows went. None: there are no more.
    pub async fn prune_deliveries(&self, now: Timestamp) -> Result<u64, StoreError> {
        let before = MessageId::first_at(now.plus_ms(-KEPT_MS));
        let ends = self
            .read(async move |tx| {
                let webhooks = tx
                    .all("select app, id from webhooks", &[], |row| {
                        Ok((row.get::<AppId>(0)?, row.get::<i64>(1)?))
                    })
                    .await?;
                let mut ends = Vec::with_capacity(webhooks.len());
                for (app, webhook) in webhooks {
                    let too_many: Option<MessageId> = tx
                        .opt(
                            "select id from webhook_deliveries
                             where app = ?1 and webhook = ?2 and state <> 0
                             order by id desc limit 1 offset ?3",
                            params![app, webhook, KEPT],
                            |row| row.get(0),
                        )
                        .await?;
                    ends.push((app, webhook, too_many.map_or(before, |id| id.max(before))));
                }
                Ok(ends)
            })
            .await?;
        let mut gone = 0;
        for (app, webhook, end) in ends {
            gone += self
                .write(Vec::new(), async move |tx| {
                    tx.execute(
                        "delete from webhook_deliveries where app = ?1 and webhook = ?2 and id in (
                             select id from webhook_deliveries
                             where app = ?1 and webhook = ?2 and id <= ?3 and state <> 0
                             order by id limit ?4)",
                        params![app, webhook, end, STEP],
                    )
                    .await
                })
                .await?;
        }
        gone += self
            .write(Vec::new(), async |tx| {
                let rows = tx
                    .execute(
                        "delete from webhook_deliveries where (app, webhook, id) in (
                             select d.app, d.webhook, d.id from webhook_deliveries d
                             where not exists (select 1 from webhooks w
                                               where w.app = d.app and w.id = d.webhook)
                             limit ?1)",
                        params![STEP],
                    )
                    .await?;
                let lanes = tx
                    .execute(
                        "delete from webhook_lanes where (app, webhook, user_id) in (
                             select l.app, l.webhook, l.user_id from webhook_lanes l
                             where not exists (select 1 from webhooks w
                                               where w.app = l.app and w.id = l.webhook)
                             limit ?1)",
                        params![STEP],
                    )
                    .await?;
                Ok(rows + lanes)
            })
            .await?;
        Ok(gone)
    }
}
