//! Soft deletion and restoration.
//!
//! What must hold at once holds when [`Store::soft_delete`] returns: the user cannot log in, send or be
//! written to, has no name, and finds an empty inbox and no history should the user ever be restored. The
//! user's rows elsewhere go afterwards, in short transactions, for as long as the activation's row says that
//! there is work to do. Each of them may be repeated, so a job that dies goes on wherever the rows are.

use nuncio_protocol::ids::{AppId, MessageId};
use nuncio_protocol::{Refusal, Timestamp, UserId};
use serde_json::json;

use crate::audit::{self, Act};
use crate::engine::{Store, Tx, params};
use crate::error::StoreError;
use crate::{events, exports, friends, groups, outbox_care, push, tokens, users};

/// Rows that one transaction deletes.
const STEP: i64 = 1000;
/// Friendships that one transaction ends; each is an entry in somebody's inbox.
const FRIENDS_STEP: i64 = 50;

/// Numbers of `activations.kind`.
const SOFT_DELETION: i64 = 0;
const RESTORATION: i64 = 1;

/// A soft deletion that has not run to its end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Deletion {
    /// The user's app.
    pub app: AppId,
    /// Whose data goes.
    pub user: UserId,
    /// The operation that asked for it.
    pub operation_id: String,
}

/// What can be many rows of one user. Kept are the rows that others have about the user.
const MANY: [&str; 13] = [
    "delete from inbox where app = ?1 and user_id = ?2 and seq in
         (select seq from inbox where app = ?1 and user_id = ?2 order by seq limit ?3)",
    "delete from group_stretches where app = ?1 and user_id = ?2 and seq in
         (select seq from group_stretches where app = ?1 and user_id = ?2 order by seq limit ?3)",
    "delete from channels where app = ?1 and user_id = ?2 and channel in
         (select channel from channels where app = ?1 and user_id = ?2 limit ?3)",
    "delete from channel_settings where app = ?1 and user_id = ?2 and (channel_type, channel_id) in
         (select channel_type, channel_id from channel_settings
          where app = ?1 and user_id = ?2 limit ?3)",
    "delete from tagged_channels
     where app = ?1 and user_id = ?2 and (tag_id, channel_type, channel_id) in
         (select tag_id, channel_type, channel_id from tagged_channels
          where app = ?1 and user_id = ?2 limit ?3)",
    "delete from blocklist where app = ?1 and user_id = ?2 and target_id in
         (select target_id from blocklist where app = ?1 and user_id = ?2 limit ?3)",
    "delete from whitelist where app = ?1 and user_id = ?2 and target_id in
         (select target_id from whitelist where app = ?1 and user_id = ?2 limit ?3)",
    "delete from friend_requests where app = ?1 and user_id = ?2 and target_id in
         (select target_id from friend_requests where app = ?1 and user_id = ?2 limit ?3)",
    "delete from friend_requests where app = ?1 and target_id = ?2 and user_id in
         (select user_id from friend_requests where app = ?1 and target_id = ?2 limit ?3)",
    "delete from group_applications where app = ?1 and user_id = ?2 and (group_id, inviter_id) in
         (select group_id, inviter_id from group_applications
          where app = ?1 and user_id = ?2 limit ?3)",
    "delete from group_applications where app = ?1 and inviter_id = ?2 and (group_id, user_id) in
         (select group_id, user_id from group_applications
          where app = ?1 and inviter_id = ?2 limit ?3)",
    "delete from subscriptions where app = ?1 and user_id = ?2 and (type, target_id) in
         (select type, target_id from subscriptions where app = ?1 and user_id = ?2 limit ?3)",
    "delete from message_receipts where app = ?1 and user_id = ?2 and (channel, message_id) in
         (select channel, message_id from message_receipts
          where app = ?1 and user_id = ?2 limit ?3)",
];

/// What is a few rows of a user at most.
const FEW: [&str; 5] = [
    "delete from push_settings where app = ?1 and user_id = ?2",
    "delete from profiles where app = ?1 and user_id = ?2",
    "delete from user_tags where app = ?1 and user_id = ?2",
    "delete from channel_type_settings where app = ?1 and user_id = ?2",
    "delete from channel_tags where app = ?1 and user_id = ?2",
];

impl Store {
    /// Soft-deletes users; who is soft-deleted already stays so. Leaves a [`Deletion`] for each.
    pub async fn soft_delete(
        &self,
        app: AppId,
        users: Vec<UserId>,
        operation_id: String,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(users::locks(app, &users), async move |tx| {
            users::all_registered(tx, app, &users).await?;
            for id in &users {
                // Read again: the call may name a user twice.
                let Some(user) = users::find(tx, app, id).await? else { continue };
                if !user.deleted {
                    tokens::void(tx, app, &user, now).await?;
                    push::forget(tx, app, id).await?;
                    let latest: MessageId = tx
                        .one(
                            "select coalesce(max(latest_id), 0) from channels
                             where app = ?1 and user_id = ?2",
                            params![app, id],
                            |row| row.get(0),
                        )
                        .await?;
                    // Later than any message that the user has, whatever the clock of the node that took it.
                    let history_from = tx.message_id(now, latest);
                    tx.execute(
                        "update users set deleted_at = ?3, history_from = ?4, inbox_floor = inbox_head,
                                name = '', avatar_url = '', whitelist_on = 0, friend_permission = 0,
                                profile_visibility = 0
                         where app = ?1 and id = ?2",
                        params![app, id, now, history_from],
                    )
                    .await?;
                    let act = Act::on_user("user.soft_delete", app, id, now);
                    audit::note(tx, act, &json!({ "operationId": operation_id }));
                }
                note(tx, app, id, &operation_id, SOFT_DELETION, now, Timestamp(0)).await?;
            }
            Ok(())
        })
        .await
    }

    /// Makes soft-deleted users usable again, without what was theirs; others stay as they are. Refused
    /// while a user's deletion runs, and past the app's user limit.
    pub async fn restore(
        &self,
        app: AppId,
        users: Vec<UserId>,
        operation_id: String,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(users::locks(app, &users), async move |tx| {
            users::all_registered(tx, app, &users).await?;
            for id in &users {
                let running = tx
                    .exists(
                        "select 1 from activations
                         where app = ?1 and user_id = ?2 and finished_at = 0",
                        params![app, id],
                    )
                    .await?;
                if running {
                    return Err(Refusal::DeletionRunning(id.clone()).into());
                }
            }
            for id in &users {
                if users::find(tx, app, id).await?.is_some_and(|user| user.deleted) {
                    users::check_quota(tx, app).await?;
                    tx.execute(
                        "update users set deleted_at = 0 where app = ?1 and id = ?2",
                        params![app, id],
                    )
                    .await?;
                    groups::forget_missed(tx, app, id).await?;
                    let act = Act::on_user("user.restore", app, id, now);
                    audit::note(tx, act, &json!({ "operationId": operation_id }));
                }
                note(tx, app, id, &operation_id, RESTORATION, now, now).await?;
                events::activation(tx, app, id, &operation_id, true, now).await?;
            }
            Ok(())
        })
        .await
    }

    /// Soft-deleted users, the first to be deleted first; those whose deletion still runs among them.
    pub async fn soft_deleted(
        &self,
        app: AppId,
        offset: i64,
        limit: i64,
    ) -> Result<Vec<UserId>, StoreError> {
        self.read(async move |tx| {
            tx.all(
                "select id from users where app = ?1 and deleted_at > 0
                 order by deleted_at, id limit ?3 offset ?2",
                params![app, offset, limit],
                |row| row.get(0),
            )
            .await
        })
        .await
    }

    /// Deletions that have not run to their end, in all apps, oldest first.
    pub async fn open_deletions(&self, limit: i64) -> Result<Vec<Deletion>, StoreError> {
        self.read(async move |tx| {
            tx.all(
                "select app, user_id, operation_id from activations
                 where finished_at = 0 order by requested_at limit ?1",
                params![limit],
                |row| {
                    Ok(Deletion { app: row.get(0)?, user: row.get(1)?, operation_id: row.get(2)? })
                },
            )
            .await
        })
        .await
    }

    /// One short transaction's worth of a deletion. Returns whether the user is rid of everything; then the
    /// deletion is finished too.
    pub async fn go_on_deleting(
        &self,
        deletion: Deletion,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (app, user) = (deletion.app, deletion.user.clone());
        let some = self
            .read(async move |tx| {
                tx.all(
                    "select friend_id from friends where app = ?1 and user_id = ?2 limit ?3",
                    params![app, &user, FRIENDS_STEP],
                    |row| row.get::<UserId>(0),
                )
                .await
            })
            .await?;
        let mut locks = users::locks(app, &some);
        locks.push((app, deletion.user.clone()));
        self.write(locks, async move |tx| {
            let Deletion { app, user, operation_id } = &deletion;
            let open = tx
                .exists(
                    "select 1 from activations where app = ?1 and user_id = ?2 and operation_id = ?3
                     and finished_at = 0",
                    params![*app, user, operation_id],
                )
                .await?;
            if !open {
                // Somebody else has finished it, and the user may have been restored since.
                return Ok(true);
            }
            for friend in &some {
                friends::part(tx, *app, user, friend, now).await?;
            }
            if !some.is_empty() || !delete_rows(tx, *app, user).await? {
                return Ok(false);
            }
            tx.execute(
                "update activations set finished_at = ?4
                 where app = ?1 and user_id = ?2 and operation_id = ?3 and finished_at = 0",
                params![*app, user, operation_id, now],
            )
            .await?;
            let act = Act::on_user("user.erase", *app, user, now);
            audit::note(tx, act, &json!({ "operationId": operation_id }));
            events::activation(tx, *app, user, operation_id, false, now).await?;
            Ok(true)
        })
        .await
    }
}

/// Writes down an operation on a user, in place of those that are over.
async fn note(
    tx: &Tx<'_>,
    app: AppId,
    user: &UserId,
    operation_id: &str,
    kind: i64,
    now: Timestamp,
    finished_at: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "delete from activations where app = ?1 and user_id = ?2 and finished_at > 0",
        params![app, user],
    )
    .await?;
    tx.execute(
        "insert into activations (app, user_id, operation_id, kind, requested_at, finished_at)
         values (?1, ?2, ?3, ?4, ?5, ?6) on conflict (app, user_id, operation_id) do nothing",
        params![app, user, operation_id, kind, now, finished_at],
    )
    .await?;
    Ok(())
}

/// Deletes at most [`STEP`] rows; returns whether there are no more.
async fn delete_rows(tx: &Tx<'_>, app: AppId, user: &UserId) -> Result<bool, StoreError> {
    for sql in FEW {
        tx.execute(sql, params![app, user]).await?;
    }
    exports::forget(tx, app, user).await?;
    let mut left = STEP - outbox_care::forget_texts(tx, app, user, STEP).await?.cast_signed();
    for sql in MANY {
        left -= tx.execute(sql, params![app, user, left]).await?.cast_signed();
        if left <= 0 {
            return Ok(false);
        }
    }
    Ok(true)
}
