//! Bans: who may not log in or send, until when, and why.

use nuncio_protocol::ids::AppId;
use nuncio_protocol::{Timestamp, UserId};
use serde_json::json;

use crate::audit::{self, Act};
use crate::engine::{Store, params};
use crate::error::StoreError;
use crate::users::User;
use crate::{push, tokens, users};

/// A ban in force.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ban {
    /// Who is banned.
    pub user: UserId,
    /// When it ends; [`Timestamp::FOREVER`] when somebody has to lift it.
    pub until: Timestamp,
    /// What the operator gave as its reason; may be empty.
    pub reason: String,
}

fn state(until: Timestamp, reason: &str) -> serde_json::Value {
    json!({ "bannedUntil": until.0, "reason": reason })
}

fn state_of(user: &User) -> serde_json::Value {
    state(user.banned_until, &user.ban_reason)
}

impl Store {
    /// Bans users until `until`; end and reason replace those of an earlier ban. With `void_tokens`, what
    /// tokens they have now stay void after the ban.
    pub async fn ban(
        &self,
        app: AppId,
        users: Vec<UserId>,
        until: Timestamp,
        reason: String,
        void_tokens: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(users::locks(app, &users), async move |tx| {
            users::all_active(tx, app, &users).await?;
            for id in &users {
                // Read again: the call may name a user twice.
                let user = users::active(tx, app, id).await?;
                tx.execute(
                    "update users set banned_until = ?3, ban_reason = ?4 where app = ?1 and id = ?2",
                    params![app, id, until, &reason],
                )
                .await?;
                push::forget(tx, app, id).await?;
                if void_tokens {
                    tokens::void(tx, app, &user, now).await?;
                }
                let mut after = state(until, &reason);
                after["tokensExpired"] = json!(void_tokens);
                let act = Act::on_user("user.ban", app, id, now);
                audit::note_change(tx, act, state_of(&user), after);
            }
            Ok(())
        })
        .await
    }

    /// Lifts users' bans; who is not banned stays so.
    pub async fn unban(
        &self,
        app: AppId,
        users: Vec<UserId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(users::locks(app, &users), async move |tx| {
            for user in users::all_registered(tx, app, &users).await? {
                tx.execute(
                    "update users set banned_until = 0, ban_reason = '' where app = ?1 and id = ?2",
                    params![app, &user.id],
                )
                .await?;
                let act = Act::on_user("user.unban", app, &user.id, now);
                audit::note_change(tx, act, state_of(&user), state(Timestamp(0), ""));
            }
            Ok(())
        })
        .await
    }

    /// Bans that are in force at `now`, the last to end first.
    pub async fn bans(
        &self,
        app: AppId,
        offset: i64,
        limit: i64,
        now: Timestamp,
    ) -> Result<Vec<Ban>, StoreError> {
        self.read(async move |tx| {
            tx.all(
                "select id, banned_until, ban_reason from users
                 where app = ?1 and banned_until > 0 and banned_until > ?2
                 order by banned_until desc, id limit ?4 offset ?3",
                params![app, now, offset, limit],
                |row| Ok(Ban { user: row.get(0)?, until: row.get(1)?, reason: row.get(2)? }),
            )
            .await
        })
        .await
    }
}
