//! What is let go by age: inbox entries that nobody fetched, and messages past their history.
//!
//! Each call is one short transaction over a bounded stretch, so that a job can walk the whole store
//! without standing in anybody's way, and go on after a crash wherever it likes.

use nuncio_protocol::ids::{AppId, MessageId};
use nuncio_protocol::{Timestamp, UserId};

use crate::engine::{Store, params};
use crate::error::StoreError;

/// Users or channels that one call looks at.
const STRETCH: usize = 100;
/// Rows of one user or channel that one call deletes.
const STEP: i64 = 1000;

/// Where a walk goes on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Walked {
    /// The last key that was looked at; `None` when the walk is over.
    pub next: Option<String>,
    /// Rows that were deleted.
    pub deleted: u64,
}

impl Store {
    /// Deletes inbox entries made before `before` of some users whose ids follow `after`.
    pub async fn trim_inboxes(
        &self,
        app: AppId,
        after: String,
        before: Timestamp,
    ) -> Result<Walked, StoreError> {
        self.write(Vec::new(), async move |tx| {
            tx.filed_before(MessageId::first_at(before))?;
            let limit = i64::try_from(STRETCH).unwrap_or(i64::MAX);
            let users = tx
                .all(
                    "select id, inbox_floor from users where app = ?1 and id > ?2 order by id limit ?3",
                    params![app, &after, limit],
                    |row| Ok((row.get::<UserId>(0)?, row.get::<i64>(1)?)),
                )
                .await?;
            let full = users.len() == STRETCH;
            let mut walked = Walked { next: None, deleted: 0 };
            for (user, floor) in &users {
                let last: Option<i64> = tx
                    .one(
                        "select max(seq) from (
                             select seq from inbox
                             where app = ?1 and user_id = ?2 and seq > ?3 and seq <= ?5 and at < ?4
                             union all
                             select seq from group_stretches
                             where app = ?1 and user_id = ?2 and seq > ?3 and seq <= ?5 and at < ?4
                         ) as old",
                        params![app, user, *floor, before, *floor + STEP],
                        |row| row.get(0),
                    )
                    .await?;
                let Some(last) = last else { continue };
                for sql in [
                    "delete from inbox where app = ?1 and user_id = ?2 and seq <= ?3",
                    "delete from group_stretches where app = ?1 and user_id = ?2 and seq <= ?3",
                ] {
                    walked.deleted += tx.execute(sql, params![app, user, last]).await?;
                }
                tx.execute(
                    "update users set inbox_floor = ?3 where app = ?1 and id = ?2 and inbox_floor < ?3",
                    params![app, user, last],
                )
                .await?;
            }
            if full {
                walked.next = users.last().map(|(user, _)| user.as_str().to_owned());
            }
            Ok(walked)
        })
        .await
    }

    /// Deletes entries made before `before` from the sequences of some groups whose ids follow `after`.
    pub async fn trim_group_entries(
        &self,
        app: AppId,
        after: String,
        before: Timestamp,
    ) -> Result<Walked, StoreError> {
        self.write(Vec::new(), async move |tx| {
            let mut walked = Walked { next: Some(after.clone()), deleted: 0 };
            for _ in 0..STRETCH {
                let Some(from) = walked.next.take() else { break };
                let oldest = tx
                    .opt(
                        "select group_id, seq from group_entries where app = ?1 and group_id > ?2
                         order by group_id, seq limit 1",
                        params![app, &from],
                        |row| Ok((row.get::<String>(0)?, row.get::<i64>(1)?)),
                    )
                    .await?;
                let Some((group, oldest)) = oldest else { break };
                walked.deleted += tx
                    .execute(
                        "delete from group_entries
                         where app = ?1 and group_id = ?2 and seq < ?3 and at < ?4",
                        params![app, &group, oldest + STEP, before],
                    )
                    .await?;
                walked.next = Some(group);
            }
            Ok(walked)
        })
        .await
    }

    /// Deletes messages sent before `before` in some channels whose keys follow `after`.
    pub async fn trim_messages(
        &self,
        app: AppId,
        after: String,
        before: Timestamp,
    ) -> Result<Walked, StoreError> {
        self.write(Vec::new(), async move |tx| {
            tx.filed_before(MessageId::first_at(before))?;
            let end = MessageId::first_at(before);
            let mut walked = Walked { next: Some(after.clone()), deleted: 0 };
            for _ in 0..STRETCH {
                let Some(from) = walked.next.take() else { break };
                let oldest = tx
                    .opt(
                        "select channel, id from messages where app = ?1 and channel > ?2
                         order by channel, id limit 1",
                        params![app, &from],
                        |row| Ok((row.get::<String>(0)?, row.get::<MessageId>(1)?)),
                    )
                    .await?;
                let Some((channel, oldest)) = oldest else { break };
                if oldest < end {
                    walked.deleted += tx
                        .execute(
                            "delete from messages where app = ?1 and channel = ?2 and id in (
                                 select id from messages where app = ?1 and channel = ?2 and id < ?3
                                 order by id limit ?4)",
                            params![app, &channel, end, STEP],
                        )
                        .await?;
                    // Who has read a message goes with it: what is left begins with the oldest that is still there.
                    walked.deleted += tx
                        .execute(
                            "delete from message_receipts where app = ?1 and channel = ?2
                               and (message_id, user_id) in (
                                 select message_id, user_id from message_receipts
                                 where app = ?1 and channel = ?2 and message_id < ?3
                                 order by message_id limit ?4)",
                            params![app, &channel, end, STEP],
                        )
                        .await?;
                }
                walked.next = Some(channel);
            }
            Ok(walked)
        })
        .await
    }
}
