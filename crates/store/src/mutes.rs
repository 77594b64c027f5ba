//! Mutes: who may not send direct messages.

use nuncio_protocol::ids::AppId;
use nuncio_protocol::{Timestamp, UserId};
use serde_json::json;

use crate::audit::{self, Act};
use crate::engine::{Store, params};
use crate::error::StoreError;
use crate::users;

/// A page of muted users.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Muted {
    /// Muted users in all.
    pub total: i64,
    /// Those of this page, by id.
    pub users: Vec<UserId>,
}

impl Store {
    /// Mutes users in direct channels, or lets them speak again; their devices are told.
    pub async fn mute(
        &self,
        app: AppId,
        users: Vec<UserId>,
        muted: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(users::locks(app, &users), async move |tx| {
            users::all_active(tx, app, &users).await?;
            for user in &users {
                let changed = tx
                    .execute(
                        "update users set muted = ?3 where app = ?1 and id = ?2 and muted <> ?3",
                        params![app, user, muted],
                    )
                    .await?;
                if changed > 0 {
                    let act = Act::on_user("user.mute", app, user, now);
                    audit::note_change(
                        tx,
                        act,
                        json!({ "muted": !muted }),
                        json!({ "muted": muted }),
                    );
                    users::tell_account(tx, app, user, now).await?;
                }
            }
            Ok(())
        })
        .await
    }

    /// Muted users by id.
    pub async fn muted(&self, app: AppId, offset: i64, limit: i64) -> Result<Muted, StoreError> {
        self.read(async move |tx| {
            let total = tx
                .one(
                    "select count(*) from users where app = ?1 and muted = 1",
                    params![app],
                    |row| row.get(0),
                )
                .await?;
            let users = tx
                .all(
                    "select id from users where app = ?1 and muted = 1
                     order by id limit ?3 offset ?2",
                    params![app, offset, limit],
                    |row| row.get(0),
                )
                .await?;
            Ok(Muted { total, users })
        })
        .await
    }
}
