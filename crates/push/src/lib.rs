//! Notifications, and how each push provider takes them: FCM, APNs, Web Push, and an app's own gateway.
//!
//! Nothing here opens a connection: a [`Sender`] makes requests, hands them to whoever carries them ([`Http`]), and says
//! what an answer means ([`Verdict`]). A file per provider; what they share is [`Notification`] and the module `jwt`.

mod apns;
mod credentials;
mod encryption;
mod fcm;
#[doc(hidden)]
pub mod fuzzing;
mod jwt;
mod notification;
mod texts;
mod web_push;
mod webhook;

use std::time::Duration;

use async_trait::async_trait;
use nuncio_protocol::Timestamp;
use nuncio_protocol::frames::PushProvider;
use serde_json::Value;

pub use credentials::{CredentialsError, Kept, per_second, prepare};
pub use notification::{Facts, Notification};
pub use web_push::check_keys;

/// A request to a provider.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where to.
    pub url: String,
    /// Headers besides those of the transport.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Whether it goes by HTTP/2 alone.
    pub http2: bool,
}

/// What a provider answered.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body, or its beginning.
    pub body: Vec<u8>,
    /// How long it wants to be left alone.
    pub retry_after: Option<Duration>,
}

impl Answer {
    fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// Carries requests.
#[async_trait]
pub trait Http: Send + Sync {
    /// Posts; or says in a sentence why there is no answer.
    async fn post(&self, request: Request) -> Result<Answer, String>;
}

/// Where a notification goes.
#[derive(Clone, Debug)]
pub struct Target {
    /// What the provider gave the device.
    pub token: String,
    /// Of Web Push: the subscription's keys, as base64url.
    pub p256dh: String,
    /// Likewise.
    pub auth: String,
}

/// What an answer means for the notification and its device.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// The provider took it.
    Sent,
    /// There is no such device any more.
    Gone,
    /// Another try may help, for this device.
    Retry,
    /// The provider takes no more for now, from anybody of the app.
    Busy(Option<Duration>),
    /// The app's credentials are not accepted.
    Credentials,
    /// The provider will never take this notification.
    Refused,
}

impl Verdict {
    /// The word for it, in figures.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Gone => "gone",
            Self::Retry => "failed",
            Self::Busy(_) => "busy",
            Self::Credentials => "credentials",
            Self::Refused => "refused",
        }
    }
}

/// How an attempt ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Report {
    /// What follows from it.
    pub verdict: Verdict,
    /// HTTP status; 0: there was no answer.
    pub status: u16,
    /// How the answer begins, or why there was none.
    pub excerpt: String,
}

impl Report {
    fn silent(why: &str) -> Self {
        Self { verdict: Verdict::Retry, status: 0, excerpt: excerpt(why) }
    }

    fn of(answer: &Answer, verdict: Verdict) -> Self {
        let excerpt = excerpt(&String::from_utf8_lossy(&answer.body));
        Self { verdict, status: answer.status, excerpt }
    }
}

/// What a failure means that says nothing by itself but its status.
fn by_status(answer: &Answer) -> Verdict {
    match answer.status {
        429 | 503 => Verdict::Busy(answer.retry_after),
        401 | 403 => Verdict::Credentials,
        400 | 413 | 422 => Verdict::Refused,
        _ => Verdict::Retry,
    }
}

/// Whether a text can be the value of a header. A request that cannot be written would be tried again and again.
fn is_header(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// How a text begins, for people.
fn excerpt(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(256).collect()
}

/// Names of providers in settings, figures and on the command line.
pub const PROVIDERS: [(&str, PushProvider); 4] = [
    ("fcm", PushProvider::Fcm),
    ("apns", PushProvider::Apns),
    ("web", PushProvider::Web),
    ("webhook", PushProvider::Webhook),
];

/// A provider's name.
#[must_use]
pub fn name_of(provider: PushProvider) -> &'static str {
    PROVIDERS.iter().find(|(_, known)| *known == provider).map_or("none", |(name, _)| name)
}

/// Sends through one provider for one app. Keeps what can be used more than once: keys, access tokens.
pub struct Sender(Kind);

enum Kind {
    Fcm(Box<fcm::Fcm>),
    Apns(apns::Apns),
    Web(web_push::WebPush),
    Webhook(webhook::Webhook),
}

impl Sender {
    /// Reads what [`prepare`] has made. `app_key` names the app to its own gateway.
    pub fn new(
        provider: PushProvider,
        kept: &Kept,
        app_key: &str,
    ) -> Result<Self, CredentialsError> {
        Ok(Self(match provider {
            PushProvider::Unspecified => return Err(CredentialsError::NoProvider),
            PushProvider::Fcm => Kind::Fcm(Box::new(fcm::Fcm::read(kept)?)),
            PushProvider::Apns => Kind::Apns(apns::Apns::read(kept)?),
            PushProvider::Web => Kind::Web(web_push::WebPush::read(kept)?),
            PushProvider::Webhook => Kind::Webhook(webhook::Webhook::read(kept, app_key)),
        }))
    }

    /// Sends a notification, and says what came of it.
    pub async fn send(
        &self,
        http: &dyn Http,
        target: &Target,
        notification: &Notification,
        now: Timestamp,
    ) -> Report {
        match &self.0 {
            Kind::Fcm(fcm) => fcm.send(http, target, notification, now).await,
            Kind::Apns(apns) => apns.send(http, target, notification, now).await,
            Kind::Web(web) => web.send(http, target, notification, now).await,
            Kind::Webhook(webhook) => webhook.send(http, target, notification, now).await,
        }
    }
}
