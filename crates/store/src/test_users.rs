//! Registered users as an app's owner sees them while trying out: listed, and deleted for good.
//!
//! Deleting is for the development environment, where it frees the app's user limit. What real users go
//! through is a soft deletion.

use nuncio_protocol::ids::AppId;
use nuncio_protocol::{Refusal, Timestamp, UserId};
use serde_json::Value;

use crate::apps::{self, Environment};
use crate::audit::{self, Act};
use crate::engine::{Store, params};
use crate::error::StoreError;
use crate::groups;
use crate::users::{self, User};
use crate::{exports, outbox_care};

/// What goes with a user's row. Messages stay: they are the other side's history too.
const OF_USER: [&str; 26] = [
    "delete from inbox where app = ?1 and user_id = ?2",
    "delete from group_stretches where app = ?1 and user_id = ?2",
    "delete from channels where app = ?1 and user_id = ?2",
    "delete from channel_settings where app = ?1 and user_id = ?2",
    "delete from channel_type_settings where app = ?1 and user_id = ?2",
    "delete from tagged_channels where app = ?1 and user_id = ?2",
    "delete from channel_tags where app = ?1 and user_id = ?2",
    "delete from blocklist where app = ?1 and user_id = ?2",
    "delete from whitelist where app = ?1 and user_id = ?2",
    "delete from friends where app = ?1 and user_id = ?2",
    "delete from friends where app = ?1 and friend_id = ?2",
    "delete from friend_requests where app = ?1 and user_id = ?2",
    "delete from friend_requests where app = ?1 and target_id = ?2",
    "delete from profiles where app = ?1 and user_id = ?2",
    "delete from user_tags where app = ?1 and user_id = ?2",
    "delete from subscriptions where app = ?1 and user_id = ?2",
    "delete from group_applications where app = ?1 and user_id = ?2",
    "delete from group_applications where app = ?1 and inviter_id = ?2",
    "delete from group_mutes where app = ?1 and user_id = ?2",
    "delete from group_allowed_senders where app = ?1 and user_id = ?2",
    "delete from push_devices where app = ?1 and user_id = ?2",
    "delete from push_settings where app = ?1 and user_id = ?2",
    "delete from message_receipts where app = ?1 and user_id = ?2",
    "delete from group_removals where app = ?1 and user_id = ?2",
    "delete from activations where app = ?1 and user_id = ?2",
    "delete from users where app = ?1 and id = ?2",
];

impl Store {
    /// Registered users by age, soft-deleted ones left out.
    pub async fn registered_users(
        &self,
        app: AppId,
        offset: i64,
        limit: i64,
        newest_first: bool,
    ) -> Result<Vec<User>, StoreError> {
        self.read(async move |tx| {
            let sql = if newest_first {
                "select id from users where app = ?1 and deleted_at = 0
                 order by created_at desc, id desc limit ?3 offset ?2"
            } else {
                "select id from users where app = ?1 and deleted_at = 0
                 order by created_at, id limit ?3 offset ?2"
            };
            let ids = tx.all(sql, params![app, offset, limit], |row| row.get::<UserId>(0)).await?;
            let mut found = Vec::with_capacity(ids.len());
            for id in &ids {
                found.extend(users::find(tx, app, id).await?);
            }
            Ok(found)
        })
        .await
    }

    /// Deletes users and all that is theirs, for good. Refused outside the development environment, and for who owns a
    /// group.
    pub async fn delete_users(
        &self,
        app: AppId,
        ids: Vec<UserId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let locks = ids.iter().map(|id| (app, id.clone())).collect();
        self.write(locks, async move |tx| {
            // A namesake who registers later begins a new inbox: nothing of the old one may be left to file.
            tx.all_filed()?;
            if apps::by_id(tx, app).await?.environment != Environment::Development {
                return Err(Refusal::NotInProduction.into());
            }
            for id in &ids {
                if users::find(tx, app, id).await?.is_none() {
                    return Err(Refusal::NotRegistered(id.clone()).into());
                }
                groups::leave_all(tx, app, id, now).await?;
                for sql in OF_USER {
                    tx.execute(sql, params![app, id]).await?;
                }
                exports::forget(tx, app, id).await?;
                outbox_care::forget_texts(tx, app, id, i64::MAX).await?;
                audit::note(tx, Act::on_user("user.delete", app, id, now), &Value::Null);
            }
            Ok(())
        })
        .await
    }
}
