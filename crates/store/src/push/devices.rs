//! Devices that are registered for push, each tied to the login that registered it.

use nuncio_protocol::frames::PushProvider;
use nuncio_protocol::ids::{AppId, DeviceId};
use nuncio_protocol::push::{Language, PushToken};
use nuncio_protocol::{Refusal, Timestamp, UserId, limits};
use serde_json::{Value, json};

use crate::engine::{Row, Store, Tx, params};
use crate::error::StoreError;
use crate::exports::After;
use crate::tokens;

/// A device that wants to be pushed to.
#[derive(Clone, Debug)]
pub struct NewDevice {
    /// The app.
    pub app: AppId,
    /// Whose device.
    pub user: UserId,
    /// The device.
    pub device: DeviceId,
    /// Through what it is reached.
    pub provider: PushProvider,
    /// What the provider gave it.
    pub token: PushToken,
    /// Of Web Push: the subscription's keys, as base64url; else empty.
    pub p256dh: String,
    /// Likewise.
    pub auth: String,
    /// In which texts are made for it.
    pub language: Language,
    /// When the login's token was issued.
    pub token_issued_at: Timestamp,
    /// The version of the App Secret that the token was made under.
    pub secret_version: i64,
    /// When the token ends by itself.
    pub token_expires_at: Option<Timestamp>,
}

/// A device as it is registered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Device {
    /// The device.
    pub device: String,
    /// Through what it is reached.
    pub provider: PushProvider,
    /// What the provider gave it.
    pub token: String,
    /// Of Web Push: the subscription's keys, as base64url; else empty.
    pub p256dh: String,
    /// Likewise.
    pub auth: String,
    /// In which texts are made for it; empty where it has said nothing.
    pub language: String,
    /// When it was registered.
    pub registered_at: Timestamp,
    /// Failed attempts in a row.
    pub failures: i64,
}

/// The device in a row's first eight columns.
pub(super) fn read(row: &Row<'_>) -> Result<Device, StoreError> {
    Ok(Device {
        device: row.get(0)?,
        provider: provider(row.enum_number(1)?)?,
        token: row.get(2)?,
        p256dh: row.get(3)?,
        auth: row.get(4)?,
        language: row.get(5)?,
        registered_at: row.get(6)?,
        failures: row.get(7)?,
    })
}

pub(super) fn provider(number: i32) -> Result<PushProvider, StoreError> {
    PushProvider::try_from(number).map_err(|e| StoreError::corrupt("push_devices", e))
}

/// A device, as exports show it. The provider's token and keys are how it is reached, and are left out.
pub(crate) fn exported(row: &Row<'_>) -> Result<(After, Value), StoreError> {
    let Device { device, provider, language, registered_at, .. } = read(row)?;
    let shown = json!({
        "device": device, "provider": provider.as_str_name(), "language": language,
        "registeredAt": registered_at.0,
    });
    Ok((After::text(device), shown))
}

/// Refuses a login whose token has ended by itself; the epoch stands for one that never does.
pub(super) fn check_age(ends_at: Timestamp, now: Timestamp) -> Result<(), StoreError> {
    let over = ends_at > Timestamp(0) && ends_at <= now;
    if over { Err(Refusal::TokenExpired.into()) } else { Ok(()) }
}

/// Lets go of a user's devices: what stands against a login stands against push.
pub(crate) async fn forget(tx: &Tx<'_>, app: AppId, user: &UserId) -> Result<(), StoreError> {
    tx.execute("delete from push_devices where app = ?1 and user_id = ?2", params![app, user])
        .await?;
    Ok(())
}

impl Store {
    /// Registers a device for push, from the end of its user's inbox on; one that is registered already goes on where
    /// it was. Whoever had the same token before has it no more, and past the limit the oldest device makes room.
    ///
    /// Refused as [`Store::admit`] refuses: a login that is over registers nothing.
    pub async fn register_push(&self, new: NewDevice, now: Timestamp) -> Result<(), StoreError> {
        self.write(vec![(new.app, new.user.clone())], async move |tx| {
            let NewDevice { app, user, device, provider, token, .. } = &new;
            let ends_at = new.token_expires_at.unwrap_or_default();
            tx.filed(*app, &[user])?;
            let admission =
                tokens::standing(tx, *app, user, new.token_issued_at, new.secret_version, now)
                    .await?;
            check_age(ends_at, now)?;
            let provider = i64::from(i32::from(*provider));
            tx.execute(
                "delete from push_devices where app = ?1 and provider = ?2 and token = ?3
                    and not (user_id = ?4 and device = ?5)",
                params![*app, provider, token.as_str(), user, device.as_str()],
            )
            .await?;
            tx.execute(
                "insert into push_devices (app, user_id, device, provider, token, p256dh, auth,
                     language, token_issued_at, secret_version, registered_at, cursor,
                     token_expires_at)
                 values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
                 on conflict (app, user_id, device) do update
                 set provider = excluded.provider, token = excluded.token,
                     p256dh = excluded.p256dh, auth = excluded.auth,
                     language = excluded.language, token_issued_at = excluded.token_issued_at,
                     secret_version = excluded.secret_version,
                     token_expires_at = excluded.token_expires_at,
                     registered_at = excluded.registered_at, next_at = 0, failures = 0",
                params![
                    *app,
                    user,
                    device.as_str(),
                    provider,
                    token.as_str(),
                    &new.p256dh,
                    &new.auth,
                    new.language.as_str(),
                    new.token_issued_at,
                    new.secret_version,
                    now,
                    admission.inbox_head.cast_signed(),
                    ends_at
                ],
            )
            .await?;
            let most = i64::try_from(limits::PUSH_DEVICES).unwrap_or(i64::MAX);
            tx.execute(
                "delete from push_devices where app = ?1 and user_id = ?2 and device in (
                     select device from push_devices where app = ?1 and user_id = ?2
                     order by registered_at desc, device limit 1000 offset ?3)",
                params![*app, user, most],
            )
            .await?;
            Ok(())
        })
        .await
    }

    /// Lets go of a device; one that is not registered stays so.
    pub async fn unregister_push(
        &self,
        app: AppId,
        user: UserId,
        device: DeviceId,
    ) -> Result<(), StoreError> {
        self.write(vec![(app, user.clone())], async move |tx| {
            tx.execute(
                "delete from push_devices where app = ?1 and user_id = ?2 and device = ?3",
                params![app, &user, device.as_str()],
            )
            .await?;
            Ok(())
        })
        .await
    }

    /// A user's devices that are registered for push, the latest first.
    pub async fn push_devices(&self, app: AppId, user: UserId) -> Result<Vec<Device>, StoreError> {
        self.read(async move |tx| {
            tx.all(
                "select device, provider, token, p256dh, auth, language, registered_at, failures
                 from push_devices where app = ?1 and user_id = ?2
                 order by registered_at desc, device",
                params![app, &user],
                read,
            )
            .await
        })
        .await
    }

    /// Users who registered devices from a moment on; one more than `limit` when there are more. Sorted by that moment,
    /// which comes with each.
    pub async fn push_users_since(
        &self,
        since: Timestamp,
        limit: i64,
    ) -> Result<Vec<(AppId, UserId, Timestamp)>, StoreError> {
        self.read(async move |tx| {
            tx.all(
                "select app, user_id, registered_at from push_devices
                 where registered_at >= ?1 order by registered_at limit ?2",
                params![since, limit],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .await
        })
        .await
    }

    /// A connected device of the user holds the inbox up to an entry: no device need be pushed to for what lies before.
    pub async fn push_held(&self, app: AppId, user: UserId, seq: u64) -> Result<(), StoreError> {
        self.write(vec![(app, user.clone())], async move |tx| {
            tx.execute(
                "update push_devices set cursor = ?3
                 where app = ?1 and user_id = ?2 and cursor < ?3",
                params![app, &user, seq.cast_signed()],
            )
            .await?;
            Ok(())
        })
        .await
    }
}
