//! How an app's devices are reached: the credentials for each provider, and how it fares.

use nuncio_protocol::frames::PushProvider;
use nuncio_protocol::ids::AppId;
use nuncio_protocol::{Refusal, Timestamp};
use serde_json::{Value, json};

use super::devices::provider;
use crate::audit::{self, Act};
use crate::engine::{Row, Store, Tx, params};
use crate::error::StoreError;

/// A provider as an app has set it up.
#[derive(Clone, Debug, PartialEq)]
pub struct Provider {
    /// The app.
    pub app: AppId,
    /// Which one.
    pub provider: PushProvider,
    /// What is not secret, as JSON.
    pub setup: Value,
    /// What is, sealed with the master key.
    pub sealed_secret: Vec<u8>,
    /// Whether it is used; off, what waits for it is kept as long as anything.
    pub active: bool,
    /// When the credentials were set.
    pub changed_at: Timestamp,
    /// How it fares.
    pub health: Health,
}

/// How a provider fares.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Health {
    /// Notifications that it took.
    pub sent: i64,
    /// Attempts that failed.
    pub failed: i64,
    /// When it took one last; 0: never.
    pub sent_at: Timestamp,
    /// Why one failed last; empty: never.
    pub last_error: String,
    /// When that was.
    pub last_error_at: Timestamp,
}

fn number(provider: PushProvider) -> i64 {
    i64::from(i32::from(provider))
}

fn read(row: &Row<'_>) -> Result<Provider, StoreError> {
    let setup: String = row.get(2)?;
    Ok(Provider {
        app: row.get(0)?,
        provider: provider(row.enum_number(1)?)?,
        setup: serde_json::from_str(&setup).map_err(|e| StoreError::corrupt("push setup", e))?,
        sealed_secret: row.get(3)?,
        active: row.get(4)?,
        changed_at: row.get(5)?,
        health: Health {
            sent: row.get(6)?,
            failed: row.get(7)?,
            sent_at: row.get(8)?,
            last_error: row.get(9)?,
            last_error_at: row.get(10)?,
        },
    })
}

/// A query for providers; its tail says which.
macro_rules! select_providers {
    ($tail:literal) => {
        concat!(
            "select app, provider, setup, secret, active, changed_at, sent, failed, sent_at,
                    last_error, last_error_at from push_providers ",
            $tail
        )
    };
}

async fn find(
    tx: &Tx<'_>,
    app: AppId,
    provider: PushProvider,
) -> Result<Option<Provider>, StoreError> {
    let sql = select_providers!("where app = ?1 and provider = ?2");
    tx.opt(sql, params![app, number(provider)], read).await
}

fn state(setup: &Value, provider: PushProvider, active: bool) -> Value {
    json!({ "provider": provider.as_str_name(), "setup": setup, "active": active })
}

impl Store {
    /// An app's providers.
    pub async fn push_providers(&self, app: AppId) -> Result<Vec<Provider>, StoreError> {
        self.read(async move |tx| {
            tx.all(select_providers!("where app = ?1 order by provider"), params![app], read).await
        })
        .await
    }

    /// One of an app's providers, if it is set up.
    pub async fn push_provider(
        &self,
        app: AppId,
        provider: PushProvider,
    ) -> Result<Option<Provider>, StoreError> {
        self.read(async move |tx| find(tx, app, provider).await).await
    }

    /// Sets up a provider, in place of how it was.
    pub async fn set_push_provider(
        &self,
        app: AppId,
        provider: PushProvider,
        setup: Value,
        sealed_secret: Vec<u8>,
        active: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(Vec::new(), async move |tx| {
            // Changes of one app's providers wait for each other.
            let rows =
                tx.execute("update apps set locked = locked where id = ?1", params![app]).await?;
            if rows == 0 {
                return Err(Refusal::AppNotFound.into());
            }
            let before = find(tx, app, provider).await?;
            tx.execute(
                "insert into push_providers (app, provider, setup, secret, active, changed_at)
                 values (?1, ?2, ?3, ?4, ?5, ?6)
                 on conflict (app, provider) do update
                 set setup = excluded.setup, secret = excluded.secret, active = excluded.active,
                     changed_at = excluded.changed_at, last_error = '', last_error_at = 0",
                params![
                    app,
                    number(provider),
                    &setup.to_string(),
                    sealed_secret.as_slice(),
                    active,
                    now
                ],
            )
            .await?;
            let mut after = state(&setup, provider, active);
            let is_new = before.as_ref().is_none_or(|b| b.sealed_secret != sealed_secret);
            after["secretChanged"] = json!(is_new);
            let before = before.map_or(json!({}), |b| state(&b.setup, provider, b.active));
            audit::note_change(tx, Act::on_app("push.set", app, now), before, after);
            Ok(())
        })
        .await
    }

    /// Removes a provider's credentials. Its devices stay registered, and are reached when there are some again.
    pub async fn remove_push_provider(
        &self,
        app: AppId,
        provider: PushProvider,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(Vec::new(), async move |tx| {
            let Some(before) = find(tx, app, provider).await? else { return Ok(()) };
            tx.execute(
                "delete from push_providers where app = ?1 and provider = ?2",
                params![app, number(provider)],
            )
            .await?;
            let before = state(&before.setup, provider, before.active);
            audit::note_change(tx, Act::on_app("push.remove", app, now), before, json!({}));
            Ok(())
        })
        .await
    }

    /// Adds to a provider's counters, and keeps when and why it failed last.
    pub async fn note_push_health(
        &self,
        app: AppId,
        provider: PushProvider,
        since: Health,
    ) -> Result<(), StoreError> {
        self.write(Vec::new(), async move |tx| {
            tx.execute(
                "update push_providers set sent = sent + ?3, failed = failed + ?4,
                        sent_at = case when ?5 > sent_at then ?5 else sent_at end,
                        last_error = case when cast(?7 as bigint) > 0 then ?6 else last_error end,
                        last_error_at = case when cast(?7 as bigint) > 0 then cast(?7 as bigint) else last_error_at end
                 where app = ?1 and provider = ?2",
                params![
                    app,
                    number(provider),
                    since.sent,
                    since.failed,
                    since.sent_at,
                    &since.last_error,
                    since.last_error_at,
                ],
            )
            .await?;
            Ok(())
        })
        .await
    }
}
