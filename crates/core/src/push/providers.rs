//! The credentials that an app shows to push providers: set, removed, tried out, shown.

use std::sync::Arc;

use nuncio_protocol::frames::PushProvider;
use nuncio_protocol::ids::AppId;
use nuncio_protocol::{Refusal, Timestamp, UserId};
use nuncio_push::{Notification, Report, Target, Verdict, name_of, prepare};
use nuncio_store::push::Provider;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::worker::Carrier;
use crate::{Core, Error};

/// What providers' secrets are sealed for.
pub(super) const SEALED_FOR: &str = "push";

/// What a test has shown.
#[derive(Clone, Debug)]
pub struct Tested {
    /// Whether the provider took the notification, or, where no device was named, the credentials.
    pub accepted: bool,
    /// HTTP status; 0: there was no answer.
    pub status: u16,
    /// How the answer begins, or why there was none.
    pub excerpt: String,
}

impl Core {
    /// An app's push providers.
    pub async fn push_providers(&self, app: AppId) -> Result<Vec<Provider>, Error> {
        Ok(self.store.push_providers(app).await?)
    }

    /// Sets up a provider by what its operator gives, see docs/push.md. What of the secrets is left out stays as it was.
    /// Refused with a sentence that says what cannot be used.
    pub async fn set_push_provider(
        &self,
        app: AppId,
        provider: PushProvider,
        given: Value,
        active: bool,
    ) -> Result<Provider, Error> {
        let before = self.store.push_provider(app, provider).await?;
        let before = before.map(|record| self.kept(&record)).transpose()?;
        let kept = prepare(provider, given, before.as_ref())
            .map_err(|error| Refusal::BadParameter(error.to_string()))?;
        let sealed = self.parts.vault.seal(SEALED_FOR, kept.secret.as_bytes());
        let sealed = sealed.map_err(|error| Error::Internal(error.to_string()))?;
        let now = self.now();
        self.store.set_push_provider(app, provider, kept.setup, sealed, active, now).await?;
        self.one_provider(app, provider).await
    }

    /// Removes a provider's credentials. Devices stay registered, and are reached when there are some again.
    pub async fn remove_push_provider(
        &self,
        app: AppId,
        provider: PushProvider,
    ) -> Result<(), Error> {
        Ok(self.store.remove_push_provider(app, provider, self.now()).await?)
    }

    /// The secret with which requests to the app's own gateway are signed.
    pub async fn push_webhook_secret(&self, app: AppId) -> Result<SecretString, Error> {
        let record = self.one_provider(app, PushProvider::Webhook).await?;
        Ok(self.kept(&record)?.secret.into())
    }

    async fn one_provider(&self, app: AppId, provider: PushProvider) -> Result<Provider, Error> {
        let found = self.store.push_provider(app, provider).await?;
        found.ok_or_else(|| Refusal::PushOff(provider).into())
    }

    /// Sends a test through a provider: to the devices of a user, or, without one, to a device that does not exist, which
    /// shows whether the credentials are accepted. Refused when that is done too often.
    pub async fn test_push(
        &self,
        app: AppId,
        provider: PushProvider,
        user: Option<UserId>,
    ) -> Result<Tested, Error> {
        let record = self.one_provider(app, provider).await?;
        let key = format!("{}/{}", app.0, name_of(provider));
        self.parts.push.tests.take(&key, self.now())?;
        let sender = self.new_sender(&record).await?;
        let carrier = Carrier(Arc::clone(&self.parts.courier));
        let notification = Notification::test(&self.store.app_by_id(app).await?.name);
        let Some(user) = user else {
            if provider == PushProvider::Web {
                // There is no push service to ask without a subscription: that the key can be read is all there is.
                let excerpt = "the key is good; name a user to reach a browser".to_owned();
                return Ok(Tested { accepted: true, status: 0, excerpt });
            }
            let target =
                Target { token: "0".repeat(64), p256dh: String::new(), auth: String::new() };
            let report = sender.send(&carrier, &target, &notification, self.now()).await;
            let accepted = matches!(report.verdict, Verdict::Sent | Verdict::Gone);
            return Ok(tested(report, accepted));
        };
        let devices = self.store.push_devices(app, user.clone()).await?;
        let mut last = None;
        for device in devices.into_iter().filter(|device| device.provider == provider) {
            let target = Target { token: device.token, p256dh: device.p256dh, auth: device.auth };
            let report = sender.send(&carrier, &target, &notification, self.now()).await;
            let accepted = report.verdict == Verdict::Sent;
            last = Some(tested(report, accepted));
            if !accepted {
                break;
            }
        }
        last.ok_or_else(|| {
            let sentence =
                format!("user `{user}` has no device registered for `{}`", name_of(provider));
            Refusal::BadParameter(sentence).into()
        })
    }
}

fn tested(report: Report, accepted: bool) -> Tested {
    Tested { accepted, status: report.status, excerpt: report.excerpt }
}

/// A provider, as the console and the command line show it.
#[must_use]
pub fn provider_json(record: &Provider) -> Value {
    let health = &record.health;
    let time = |at: Timestamp| Some(at.0).filter(|ms| *ms > 0);
    json!({
        "provider": name_of(record.provider), "setup": record.setup, "active": record.active,
        "changedAt": record.changed_at.0, "sent": health.sent, "failed": health.failed,
        "sentAt": time(health.sent_at), "lastError": health.last_error,
        "lastErrorAt": time(health.last_error_at),
    })
}
