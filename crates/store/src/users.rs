//! Users: who is registered, their push identity, and their standing.

use nuncio_protocol::frames::{Account, AccountChanged, entry};
use nuncio_protocol::ids::AppId;
use nuncio_protocol::values::{AvatarUrl, Name};
use nuncio_protocol::{Refusal, Timestamp, UserId};
use serde_json::json;

use crate::audit::{self, Act};
use crate::engine::{Store, Tx, params};
use crate::error::StoreError;
use crate::{apps, inbox};

/// A user's record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct User {
    /// The user's id.
    pub id: UserId,
    /// Push identity: name.
    pub name: String,
    /// Push identity: avatar, empty when there is none.
    pub avatar_url: String,
    /// When the user was registered.
    pub created_at: Timestamp,
    /// Number of the inbox's last entry.
    pub inbox_head: u64,
    /// Inbox entries up to this one are gone.
    pub inbox_floor: u64,
    /// Tokens issued before are void.
    pub tokens_from: Timestamp,
    /// Issue time of the newest token.
    pub last_token_at: Timestamp,
    /// End of the ban; in the past when there is none.
    pub banned_until: Timestamp,
    /// What the operator gave as the ban's reason.
    pub ban_reason: String,
    /// Whether the user may not send direct messages.
    pub muted: bool,
    /// Whether the user was soft-deleted.
    pub deleted: bool,
    /// Whether the user's whitelist is on.
    pub whitelist_on: bool,
    /// The user's own friend permission; 0 when none was set.
    pub friend_permission: i64,
    /// The user's profile visibility; 0 when none was set.
    pub profile_visibility: i64,
}

/// The record of a user who is not soft-deleted, else the refusal that says what is wrong.
pub(crate) async fn active(tx: &Tx<'_>, app: AppId, id: &UserId) -> Result<User, StoreError> {
    let user = find(tx, app, id).await?.ok_or_else(|| Refusal::NotRegistered(id.clone()))?;
    if user.deleted {
        return Err(Refusal::SoftDeleted(id.clone()).into());
    }
    Ok(user)
}

/// Fails unless every one of `ids` is registered and not soft-deleted; the error names the first that is not.
pub(crate) async fn all_active(tx: &Tx<'_>, app: AppId, ids: &[UserId]) -> Result<(), StoreError> {
    for id in ids {
        active(tx, app, id).await?;
    }
    Ok(())
}

/// Fails unless every one of `ids` is registered, soft-deleted or not; the error names the first that is not.
pub(crate) async fn all_registered(
    tx: &Tx<'_>,
    app: AppId,
    ids: &[UserId],
) -> Result<Vec<User>, StoreError> {
    let mut all = Vec::with_capacity(ids.len());
    for id in ids {
        all.push(find(tx, app, id).await?.ok_or_else(|| Refusal::NotRegistered(id.clone()))?);
    }
    Ok(all)
}

/// A user's standing and settings, as the user's own devices are told them.
pub(crate) async fn account(tx: &Tx<'_>, app: AppId, id: &UserId) -> Result<Account, StoreError> {
    let user = active(tx, app, id).await?;
    let app = apps::by_id(tx, app).await?;
    Ok(account_of(&user, &app))
}

pub(crate) fn account_of(user: &User, app: &apps::App) -> Account {
    let permission = match user.friend_permission {
        0 => app.settings.friend_permission,
        own => own,
    };
    Account {
        user_id: user.id.as_str().to_owned(),
        muted_in_direct_channels: user.muted,
        whitelist_enabled: user.whitelist_on,
        friend_permission: u32::try_from(permission).unwrap_or_default(),
        name: user.name.clone(),
        avatar_url: user.avatar_url.clone(),
        created_at: user.created_at.0,
        only_friends_can_message: app.only_friends,
        message_edit_minutes: app.settings.message_edit_minutes,
    }
}

/// Tells a user's devices that the user's standing or settings have changed. Call it after the change.
pub(crate) async fn tell_account(
    tx: &mut Tx<'_>,
    app: AppId,
    id: &UserId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let account = Some(account(tx, app, id).await?);
    inbox::add(tx, app, id, entry::Body::AccountChanged(AccountChanged { account }), now).await
}

/// What the engine locks before a unit that changes these users.
pub(crate) fn locks(app: AppId, ids: &[UserId]) -> Vec<(AppId, UserId)> {
    ids.iter().map(|id| (app, id.clone())).collect()
}

/// The record of a user, soft-deleted or not.
pub(crate) async fn find(tx: &Tx<'_>, app: AppId, id: &UserId) -> Result<Option<User>, StoreError> {
    let unfiled = tx.unfiled_head(app, id)?.unwrap_or(0);
    tx.opt(
        "select id, name, avatar_url, created_at, inbox_head, inbox_floor, tokens_from, banned_until,
                ban_reason, muted, deleted_at, whitelist_on, friend_permission, profile_visibility,
                last_token_at
         from users where app = ?1 and id = ?2",
        params![app, id],
        |row| {
            Ok(User {
                id: row.get(0)?,
                name: row.get(1)?,
                avatar_url: row.get(2)?,
                created_at: row.get(3)?,
                inbox_head: row.get::<i64>(4)?.cast_unsigned().max(unfiled),
                inbox_floor: row.get::<i64>(5)?.cast_unsigned(),
                tokens_from: row.get(6)?,
                banned_until: row.get(7)?,
                ban_reason: row.get(8)?,
                muted: row.get(9)?,
                deleted: row.get(10)?,
                whitelist_on: row.get(11)?,
                friend_permission: row.get(12)?,
                profile_visibility: row.get(13)?,
                last_token_at: row.get(14)?,
            })
        },
    )
    .await
}

/// Refuses one more active user than the app may have.
pub(crate) async fn check_quota(tx: &Tx<'_>, app: AppId) -> Result<(), StoreError> {
    let Some(limit) = apps::user_limit_of(tx, app).await? else { return Ok(()) };
    // Locks the app's row, so that two registrations never both take the last place.
    tx.execute("update apps set locked = locked where id = ?1", params![app]).await?;
    let users: i64 = tx
        .one("select count(*) from users where app = ?1 and deleted_at = 0", params![app], |row| {
            row.get(0)
        })
        .await?;
    if users >= limit {
        return Err(Refusal::UserQuota { limit }.into());
    }
    Ok(())
}

impl Store {
    /// Registers a user, or sets the push identity of one who is registered, and says when the token that
    /// this is done for counts as issued. No avatar given means no change. Refused past the app's user limit,
    /// and for a soft-deleted user.
    ///
    /// The issue time is `now`, or later where that is needed for the token to live: never before the mark
    /// below which the user's tokens are void.
    pub async fn register(
        &self,
        app: AppId,
        id: UserId,
        name: Name,
        avatar_url: Option<AvatarUrl>,
        now: Timestamp,
    ) -> Result<Timestamp, StoreError> {
        self.write(vec![(app, id.clone())], async move |tx| match find(tx, app, &id).await? {
            Some(user) if user.deleted => Err(Refusal::SoftDeleted(id.clone()).into()),
            Some(user) => {
                identify(tx, app, &user, Some(&name), avatar_url.as_ref(), now).await?;
                let issued_at = now.max(user.tokens_from);
                tx.execute(
                    "update users set last_token_at = ?3
                     where app = ?1 and id = ?2 and last_token_at < ?3",
                    params![app, &id, issued_at],
                )
                .await?;
                let issued = json!({ "issuedAt": issued_at.0 });
                audit::note(tx, Act::on_user("token.issue", app, &id, now), &issued);
                Ok(issued_at)
            }
            None => {
                check_quota(tx, app).await?;
                let avatar_url = avatar_url.as_ref().map_or("", AvatarUrl::as_str);
                insert(tx, app, &id, name.as_str(), avatar_url, now).await?;
                Ok(now)
            }
        })
        .await
    }

    /// Changes a registered user's push identity; what is `None` stays.
    pub async fn update_user(
        &self,
        app: AppId,
        id: UserId,
        name: Option<Name>,
        avatar_url: Option<AvatarUrl>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(vec![(app, id.clone())], async move |tx| {
            let user = active(tx, app, &id).await?;
            identify(tx, app, &user, name.as_ref(), avatar_url.as_ref(), now).await
        })
        .await
    }

    /// A user's record, soft-deleted or not; `None` when not registered.
    pub async fn user(&self, app: AppId, id: UserId) -> Result<Option<User>, StoreError> {
        self.read(async move |tx| find(tx, app, &id).await).await
    }

    /// A user's standing and settings. Refused for who is not registered, or soft-deleted.
    pub async fn account(&self, app: AppId, id: UserId) -> Result<Account, StoreError> {
        self.read(async move |tx| account(tx, app, &id).await).await
    }
}

/// Adds somebody who is not registered.
pub(crate) async fn insert(
    tx: &mut Tx<'_>,
    app: AppId,
    id: &UserId,
    name: &str,
    avatar_url: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    // Tokens of a namesake who was deleted for good stay void.
    tx.execute(
        "insert into users (app, id, name, avatar_url, created_at, tokens_from, last_token_at)
         values (?1, ?2, ?3, ?4, ?5, ?5, ?5)",
        params![app, id, name, avatar_url, now],
    )
    .await?;
    let made = json!({ "name": name, "avatarUrl": avatar_url });
    audit::note(tx, Act::on_user("user.register", app, id, now), &made);
    Ok(())
}

/// Sets the push identity; the user's devices hear of it when it is another than before.
pub(crate) async fn identify(
    tx: &mut Tx<'_>,
    app: AppId,
    user: &User,
    name: Option<&Name>,
    avatar_url: Option<&AvatarUrl>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let name = name.map_or(user.name.as_str(), Name::as_str);
    let avatar_url = avatar_url.map_or(user.avatar_url.as_str(), AvatarUrl::as_str);
    if name == user.name && avatar_url == user.avatar_url {
        return Ok(());
    }
    tx.execute(
        "update users set name = ?3, avatar_url = ?4 where app = ?1 and id = ?2",
        params![app, &user.id, name, avatar_url],
    )
    .await?;
    audit::note_change(
        tx,
        Act::on_user("user.update", app, &user.id, now),
        json!({ "name": user.name, "avatarUrl": user.avatar_url }),
        json!({ "name": name, "avatarUrl": avatar_url }),
    );
    tell_account(tx, app, &user.id, now).await
}
