//! Webhooks: where an app's server hears of events, of which ones, and how it fares.

use nuncio_protocol::ids::{AppId, WebhookId};
use nuncio_protocol::values::{Name, WebhookUrl};
use nuncio_protocol::{AppKey, MessageId, Refusal, Timestamp, limits};
use serde_json::{Value, json};

use crate::audit::{self, Act};
use crate::engine::{Row, Store, Tx, params};
use crate::error::StoreError;
pub use crate::events::{Event, Events};

/// A webhook's record.
#[derive(Clone, Debug, PartialEq)]
pub struct Webhook {
    /// Its app.
    pub app: AppId,
    /// Its id.
    pub id: WebhookId,
    /// What can be set.
    pub setup: Setup,
    /// Its secret, sealed with the master key.
    pub sealed_secret: Vec<u8>,
    /// Whether so much waits that nothing is added.
    pub full: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// How it fares.
    pub health: Health,
}

/// What can be set about a webhook.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// Its name, for people.
    pub name: Name,
    /// Where events are posted to.
    pub url: WebhookUrl,
    /// Which ones.
    pub events: Events,
    /// Whether it is used.
    pub active: bool,
    /// How long an answer about a message before it is sent may take, in milliseconds.
    pub timeout_ms: u32,
    /// Whether a message about which there was no answer is sent.
    pub pass_when_silent: bool,
}

/// How a webhook fares.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Health {
    /// Deliveries that arrived.
    pub delivered: i64,
    /// Attempts that failed.
    pub failed: i64,
    /// When one arrived last; 0: never.
    pub delivered_at: Timestamp,
    /// Why one failed last; empty: never.
    pub last_error: String,
    /// When that was.
    pub last_error_at: Timestamp,
}

impl Health {
    /// An attempt failed.
    pub fn fail(&mut self, why: String, at: Timestamp) {
        self.failed += 1;
        self.last_error = why;
        self.last_error_at = at;
    }
}

/// A webhook, and what a request to it needs to know of its app.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// The webhook.
    pub webhook: Webhook,
    /// The app's key.
    pub app_key: AppKey,
}

impl Setup {
    /// One that is used, waits five seconds for answers, and takes silence for no.
    #[must_use]
    pub fn new(name: Name, url: WebhookUrl, events: Events) -> Self {
        Self { name, url, events, active: true, timeout_ms: 5000, pass_when_silent: false }
    }

    /// All of it for the audit trail.
    fn state(&self) -> Value {
        json!({
            "name": self.name.as_str(),
            "url": self.url.as_str(),
            "events": self.events.names(),
            "active": self.active,
            "timeoutMs": self.timeout_ms,
            "passWhenSilent": self.pass_when_silent,
        })
    }
}

/// A query for webhooks and their apps' keys; its tail says which.
macro_rules! select_webhooks {
    ($tail:literal) => {
        concat!(
            "select w.app, w.id, w.name, w.url, w.secret, w.events, w.active, w.is_full, w.timeout_ms,
                    w.pass_when_silent, w.created_at, w.delivered, w.failed, w.delivered_at,
                    w.last_error, w.last_error_at, a.app_key
             from webhooks w join apps a on a.id = w.app ",
            $tail
        )
    };
}
pub(crate) use select_webhooks;

pub(crate) fn read_target(row: &Row<'_>) -> Result<Target, StoreError> {
    let corrupt = |error: &dyn std::fmt::Display| StoreError::corrupt("webhook", error);
    Ok(Target {
        webhook: Webhook {
            app: row.get(0)?,
            id: WebhookId(row.get(1)?),
            setup: Setup {
                name: Name::try_from(row.get::<String>(2)?).map_err(|e| corrupt(&e))?,
                url: WebhookUrl::try_from(row.get::<String>(3)?).map_err(|e| corrupt(&e))?,
                events: Events::from_bits(row.get(5)?),
                active: row.get(6)?,
                timeout_ms: u32::try_from(row.get::<i64>(8)?).map_err(|e| corrupt(&e))?,
                pass_when_silent: row.get(9)?,
            },
            sealed_secret: row.get(4)?,
            full: row.get(7)?,
            created_at: row.get(10)?,
            health: Health {
                delivered: row.get(11)?,
                failed: row.get(12)?,
                delivered_at: row.get(13)?,
                last_error: row.get(14)?,
                last_error_at: row.get(15)?,
            },
        },
        app_key: AppKey::try_from(row.get::<String>(16)?).map_err(|e| corrupt(&e))?,
    })
}

fn read_webhook(row: &Row<'_>) -> Result<Webhook, StoreError> {
    read_target(row).map(|target| target.webhook)
}

pub(crate) async fn find(tx: &Tx<'_>, app: AppId, id: WebhookId) -> Result<Webhook, StoreError> {
    tx.opt(select_webhooks!("where w.app = ?1 and w.id = ?2"), params![app, id.0], read_webhook)
        .await?
        .ok_or_else(|| Refusal::WebhookNotFound(id.to_string()).into())
}

async fn of_app(tx: &Tx<'_>, app: AppId) -> Result<Vec<Webhook>, StoreError> {
    tx.all(select_webhooks!("where w.app = ?1 order by w.id"), params![app], read_webhook).await
}

/// Has changes of one app's webhooks wait for each other, and refuses where there is no such app.
async fn lock(tx: &Tx<'_>, app: AppId) -> Result<(), StoreError> {
    let rows = tx
        .execute("update apps set webhook_events = webhook_events where id = ?1", params![app])
        .await?;
    if rows == 0 { Err(Refusal::AppNotFound.into()) } else { Ok(()) }
}

/// Refuses a second webhook that is asked before the same messages are sent.
async fn check_asked(
    tx: &Tx<'_>,
    app: AppId,
    id: WebhookId,
    setup: &Setup,
) -> Result<(), StoreError> {
    let asked = |other: &Webhook| {
        let both = |event| other.setup.events.has(event) && setup.events.has(event);
        other.id != id && [Event::BeforeMessage, Event::BeforeGroupMessage].into_iter().any(both)
    };
    match of_app(tx, app).await?.into_iter().find(asked) {
        Some(other) => Err(Refusal::AskedAlready(other.setup.name.as_str().to_owned()).into()),
        None => Ok(()),
    }
}

/// Keeps with the app what its webhooks want, so that who appends a message need not look further.
pub(crate) async fn refresh_events(tx: &Tx<'_>, app: AppId) -> Result<(), StoreError> {
    let wanted = of_app(tx, app).await?.into_iter().filter(|webhook| webhook.setup.active);
    let wanted = wanted.fold(Events::default(), |all, webhook| all.and(webhook.setup.events));
    tx.execute("update apps set webhook_events = ?2 where id = ?1", params![app, wanted.bits()])
        .await?;
    Ok(())
}

async fn write_setup(
    tx: &Tx<'_>,
    app: AppId,
    id: WebhookId,
    setup: &Setup,
    sealed_secret: &[u8],
) -> Result<(), StoreError> {
    tx.execute(
        "update webhooks set name = ?3, url = ?4, secret = ?5, events = ?6, active = ?7,
                timeout_ms = ?8, pass_when_silent = ?9
         where app = ?1 and id = ?2",
        params![
            app,
            id.0,
            setup.name.as_str(),
            setup.url.as_str(),
            sealed_secret,
            setup.events.bits(),
            setup.active,
            i64::from(setup.timeout_ms),
            setup.pass_when_silent,
        ],
    )
    .await?;
    Ok(())
}

impl Store {
    /// Makes a webhook. Refused past the number that an app may have.
    pub async fn add_webhook(
        &self,
        app: AppId,
        setup: Setup,
        sealed_secret: Vec<u8>,
        now: Timestamp,
    ) -> Result<Webhook, StoreError> {
        self.write(Vec::new(), async move |tx| {
            lock(tx, app).await?;
            if of_app(tx, app).await?.len() >= limits::WEBHOOKS {
                return Err(Refusal::WebhooksFull { limit: limits::WEBHOOKS }.into());
            }
            let id = WebhookId(tx.message_id(now, MessageId(0)).0);
            check_asked(tx, app, id, &setup).await?;
            tx.execute(
                "insert into webhooks (app, id, name, url, secret, events, active, timeout_ms,
                                       pass_when_silent, created_at)
                 values (?1, ?2, '', '', ?3, 0, 0, 0, 0, ?4)",
                params![app, id.0, sealed_secret.as_slice(), now],
            )
            .await?;
            write_setup(tx, app, id, &setup, &sealed_secret).await?;
            refresh_events(tx, app).await?;
            let mut state = setup.state();
            state["webhook"] = json!(id.to_string());
            audit::note(tx, Act::on_app("webhook.add", app, now), &state);
            find(tx, app, id).await
        })
        .await
    }

    /// An app's webhooks, oldest first.
    pub async fn webhooks(&self, app: AppId) -> Result<Vec<Webhook>, StoreError> {
        self.read(async move |tx| of_app(tx, app).await).await
    }

    /// One of an app's webhooks.
    pub async fn webhook(&self, app: AppId, id: WebhookId) -> Result<Webhook, StoreError> {
        self.read(async move |tx| find(tx, app, id).await).await
    }

    /// The webhook that an app's messages, those that this event is about, are shown to before they are sent, if there is one.
    pub async fn asked_webhook(
        &self,
        app: AppId,
        event: Event,
    ) -> Result<Option<Target>, StoreError> {
        self.read(async move |tx| {
            let sql = select_webhooks!(
                "where w.app = ?1 and w.active = 1 and (w.events & ?2) <> 0 limit 1"
            );
            tx.opt(sql, params![app, event.bit()], read_target).await
        })
        .await
    }

    /// Changes a webhook: `change` gets what can be set and makes it what it shall be.
    pub async fn set_webhook(
        &self,
        app: AppId,
        id: WebhookId,
        now: Timestamp,
        change: impl Fn(&mut Setup) + Send + 'static,
    ) -> Result<Webhook, StoreError> {
        self.write(Vec::new(), async move |tx| {
            lock(tx, app).await?;
            let webhook = find(tx, app, id).await?;
            let mut setup = webhook.setup.clone();
            change(&mut setup);
            check_asked(tx, app, id, &setup).await?;
            write_setup(tx, app, id, &setup, &webhook.sealed_secret).await?;
            refresh_events(tx, app).await?;
            let mut after = setup.state();
            if webhook.setup != setup {
                after["webhook"] = json!(id.to_string());
            }
            let act = Act::on_app("webhook.set", app, now);
            audit::note_change(tx, act, webhook.setup.state(), after);
            find(tx, app, id).await
        })
        .await
    }

    /// Gives a webhook another secret, in force for what is sent from now on.
    pub async fn set_webhook_secret(
        &self,
        app: AppId,
        id: WebhookId,
        sealed_secret: Vec<u8>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(Vec::new(), async move |tx| {
            let webhook = find(tx, app, id).await?;
            write_setup(tx, app, id, &webhook.setup, &sealed_secret).await?;
            let what = json!({ "webhook": id.to_string() });
            audit::note(tx, Act::on_app("webhook.rotate_secret", app, now), &what);
            Ok(())
        })
        .await
    }

    /// Removes a webhook; what is on its way to it is not sent any more, and is deleted by
    /// [`Store::prune_deliveries`].
    pub async fn remove_webhook(
        &self,
        app: AppId,
        id: WebhookId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(Vec::new(), async move |tx| {
            lock(tx, app).await?;
            let webhook = find(tx, app, id).await?;
            tx.execute("delete from webhooks where app = ?1 and id = ?2", params![app, id.0])
                .await?;
            refresh_events(tx, app).await?;
            let mut state = webhook.setup.state();
            state["webhook"] = json!(id.to_string());
            let act = Act::on_app("webhook.remove", app, now);
            audit::note_change(tx, act, state, json!({}));
            Ok(())
        })
        .await
    }

    /// Adds to a webhook's counters, and keeps when and why it failed last.
    pub async fn note_health(
        &self,
        app: AppId,
        id: WebhookId,
        since: Health,
    ) -> Result<(), StoreError> {
        self.write(Vec::new(), async move |tx| {
            tx.execute(
                "update webhooks set delivered = delivered + ?3, failed = failed + ?4,
                        delivered_at = case when ?5 > delivered_at then ?5 else delivered_at end,
                        last_error = case when cast(?7 as bigint) > 0 then ?6 else last_error end,
                        last_error_at = case when cast(?7 as bigint) > 0 then cast(?7 as bigint) else last_error_at end
                 where app = ?1 and id = ?2",
                params![
                    app,
                    id.0,
                    since.delivered,
                    since.failed,
                    since.delivered_at,
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
