//! The way to app servers: what carries a request there, what it is signed with, and what is counted.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use nuncio_protocol::signing;
use nuncio_store::webhooks::{Target, Webhook};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::{Core, Error, Parts};

/// A request to an app server.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Where to; http or https.
    pub url: String,
    /// Headers besides those of the transport.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// How long all of it may take.
    pub timeout: Duration,
    /// Bytes of the answer that are read at most; of a longer one this is the beginning.
    pub most: usize,
    /// Whether it goes by HTTP/2 alone.
    pub http2: bool,
}

/// What an app server answered.
#[derive(Clone, Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// The body, or its beginning.
    pub body: Vec<u8>,
    /// How long the server wants to be left alone, where it says so.
    pub retry_after: Option<Duration>,
}

impl Reply {
    /// Whether it says that all is well.
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Carries requests to app servers.
#[async_trait]
pub trait Courier: Send + Sync {
    /// Posts; or says in a sentence why there is no answer.
    async fn post(&self, letter: Letter) -> Result<Reply, String>;
}

/// Carries nothing: for a core that sends nothing.
pub(crate) struct NoCourier;

#[async_trait]
impl Courier for NoCourier {
    async fn post(&self, _: Letter) -> Result<Reply, String> {
        Err("this process sends nothing".to_owned())
    }
}

/// How attempts and questions ended.
#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
pub(crate) struct Outcome {
    outcome: &'static str,
}

/// What is counted about webhooks.
#[derive(Clone, Debug, Default)]
pub struct WebhookMetrics {
    attempts: Family<Outcome, Counter>,
    questions: Family<Outcome, Counter>,
    pub(crate) waiting: Gauge,
    pub(crate) oldest_seconds: Gauge,
}

impl WebhookMetrics {
    /// Makes the figures part of `registry`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "webhook_attempts",
            "Attempts to deliver an event, by outcome: delivered, failed, given_up",
            self.attempts.clone(),
        );
        registry.register(
            "webhook_questions",
            "Messages shown to an app server before sending, by outcome: passed, changed, refused, silent",
            self.questions.clone(),
        );
        registry.register(
            "webhook_waiting",
            "Deliveries that wait, at most a hundred thousand of each webhook counted",
            self.waiting.clone(),
        );
        registry.register(
            "webhook_oldest_seconds",
            "Age of the oldest event that waits",
            self.oldest_seconds.clone(),
        );
    }

    pub(crate) fn attempt(&self, outcome: &'static str) {
        self.attempts.get_or_create(&Outcome { outcome }).inc();
    }

    pub(crate) fn question(&self, outcome: &'static str) {
        self.questions.get_or_create(&Outcome { outcome }).inc();
    }
}

impl Core {
    /// The same product with a way to app servers.
    #[must_use]
    pub fn with_courier(self, courier: Arc<dyn Courier>) -> Self {
        let parts = Parts { courier, ..Parts::clone(&self.parts) };
        Self { parts: Arc::new(parts), ..self }
    }

    /// A signed request to a webhook.
    pub(crate) fn letter(
        &self,
        target: &Target,
        body: String,
        timeout: Duration,
        most: usize,
    ) -> Result<Letter, Error> {
        let Target { webhook, app_key } = target;
        let secret = self.secret_of(webhook)?;
        let url = webhook.setup.url.as_str();
        let (timestamp, nonce) =
            (self.now().0.to_string(), signing::hex(&rand::random::<[u8; 8]>()));
        let v1 = signing::v1(&secret, &nonce, &timestamp);
        let v2 = signing::v2(
            &secret,
            "POST",
            signing::path_of(url),
            body.as_bytes(),
            &timestamp,
            &nonce,
        );
        let headers = vec![
            ("content-type", "application/json".to_owned()),
            ("app-key", app_key.to_string()),
            ("nuncio-timestamp", timestamp),
            ("nuncio-nonce", nonce),
            ("signature", v1),
            ("nuncio-signature", v2),
        ];
        let body = body.into_bytes();
        Ok(Letter { url: url.to_owned(), headers, body, timeout, most, http2: false })
    }

    /// A webhook's secret. Fails when it was sealed with another master key.
    pub(crate) fn secret_of(&self, webhook: &Webhook) -> Result<String, Error> {
        let failed = |why: &dyn std::fmt::Display| {
            Error::Internal(format!("the secret of webhook `{}`: {why}", webhook.id))
        };
        let secret = self.parts.vault.unseal(SEALED_FOR, &webhook.sealed_secret);
        String::from_utf8(secret.map_err(|e| failed(&e))?).map_err(|e| failed(&e))
    }
}

/// What webhooks' secrets are sealed for.
pub(crate) const SEALED_FOR: &str = "webhook";

/// How an answer begins, for people.
pub(crate) fn excerpt(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain.take(256).collect()
}
