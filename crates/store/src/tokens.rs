//! What the database has to say about tokens: the mark below which a user's are void, and the standing
//! that a login asks for. The tokens themselves are not stored.

use nuncio_protocol::frames::Account;
use nuncio_protocol::ids::AppId;
use nuncio_protocol::{Refusal, Timestamp, UserId};
use serde_json::json;

use crate::apps;
use crate::audit::{self, Act};
use crate::engine::{Store, Tx, params};
use crate::error::StoreError;
use crate::users::{self, User};

/// What a user who may log in is told first.
#[derive(Clone, Debug, PartialEq)]
pub struct Admission {
    /// The user's standing and settings.
    pub account: Account,
    /// The number of the inbox's last entry.
    pub inbox_head: u64,
    /// Inbox entries up to this one are gone.
    pub inbox_floor: u64,
}

/// Voids every token that a user has been issued so far; the next one is issued after the mark.
///
/// The mark lies past the newest issue time as well as past `now`, so that it holds when both fall into
/// one millisecond, and when the node that issued has a faster clock than the one that voids.
pub(crate) async fn void(
    tx: &Tx<'_>,
    app: AppId,
    user: &User,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mark = user.tokens_from.max(user.last_token_at).max(now).plus_ms(1);
    tx.execute(
        "update users set tokens_from = ?3 where app = ?1 and id = ?2",
        params![app, &user.id, mark],
    )
    .await?;
    Ok(())
}

impl Store {
    /// Voids the tokens that users were issued before `before`. An earlier mark never replaces a later.
    pub async fn expire_tokens(
        &self,
        app: AppId,
        users: Vec<UserId>,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(users::locks(app, &users), async move |tx| {
            users::all_active(tx, app, &users).await?;
            for user in &users {
                let changed = tx
                    .execute(
                        "update users set tokens_from = ?3
                         where app = ?1 and id = ?2 and tokens_from < ?3",
                        params![app, user, before],
                    )
                    .await?;
                if changed > 0 {
                    let act = Act::on_user("token.expire", app, user, now);
                    audit::note(tx, act, &json!({ "issuedBefore": before.0 }));
                }
            }
            Ok(())
        })
        .await
    }

    /// Says whether a user may log in now with a token issued at `issued_at` under this version of the App
    /// Secret.
    ///
    /// Refused, in this order: app locked, secret rotated since, user deleted, banned, token voided.
    pub async fn admit(
        &self,
        app: AppId,
        user: UserId,
        issued_at: Timestamp,
        secret_version: i64,
        now: Timestamp,
    ) -> Result<Admission, StoreError> {
        self.read_of_user(app, user.clone(), Some(now), async move |tx: &mut Tx<'_>| {
            standing(tx, app, &user, issued_at, secret_version, now).await
        })
        .await
    }
}

/// What [`Store::admit`] says, in a transaction.
pub(crate) async fn standing(
    tx: &Tx<'_>,
    app: AppId,
    user: &UserId,
    issued_at: Timestamp,
    secret_version: i64,
    now: Timestamp,
) -> Result<Admission, StoreError> {
    let app = apps::by_id(tx, app).await?;
    if app.locked {
        return Err(Refusal::AppUnavailable.into());
    }
    if app.secret_version != secret_version {
        return Err(Refusal::TokenExpired.into());
    }
    // The token proves that the user was registered once.
    let user = users::find(tx, app.id, user)
        .await?
        .filter(|user| !user.deleted)
        .ok_or(Refusal::UserDeleted)?;
    if user.banned_until > now {
        let (until, reason) = (user.banned_until, user.ban_reason);
        return Err(Refusal::Banned { until, reason }.into());
    }
    if issued_at < user.tokens_from {
        return Err(Refusal::TokenExpired.into());
    }
    Ok(Admission {
        account: users::account_of(&user, &app),
        inbox_head: user.inbox_head,
        inbox_floor: user.inbox_floor,
    })
}
