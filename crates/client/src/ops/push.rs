//! Push: being told of messages while not connected.

use nuncio_protocol::frames::{PushInfo, PushProvider, PushSettings, QuietHours};

use super::ask;
use crate::client::Client;
use crate::error::ClientError;

/// Through what a device is pushed to, and what its provider gave it.
#[derive(Clone, Debug, Default)]
pub struct PushRegistration {
    /// Which provider.
    pub provider: PushProvider,
    /// What the provider gave the device: at most 1,024 bytes. For Web Push the subscription's endpoint.
    pub token: String,
    /// Of a Web Push subscription: its key `p256dh`, as base64url; else empty.
    pub p256dh: String,
    /// Likewise its key `auth`.
    pub auth: String,
    /// In which texts are made, such as `de`; empty: as the user's settings say, else English.
    pub language: String,
}

/// What is to be different; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct PushSettingsChange {
    /// Whether notifications leave out what a message says.
    pub hide_content: Option<bool>,
    /// In which texts are made for devices that have said nothing.
    pub language: Option<String>,
    /// When fewer messages notify; one of 0 minutes: never.
    pub quiet_hours: Option<QuietHours>,
}

impl Client {
    /// What this device can be registered for, and what it is.
    pub async fn get_push_info(&self) -> Result<PushInfo, ClientError> {
        ask!(self, GetPushInfo {} => PushInfo)
    }

    /// Has messages pushed to this device while the user is not connected, until the user logs out on it. Fails with
    /// 1009 where the app has no credentials for the provider.
    pub async fn register_push(&self, registration: PushRegistration) -> Result<(), ClientError> {
        let PushRegistration { provider, token, p256dh, auth, language } = registration;
        let provider = provider.into();
        ask!(self, RegisterPush { provider, token, p256dh, auth, language } => Done).map(drop)
    }

    /// Has nothing pushed to this device any more.
    pub async fn unregister_push(&self) -> Result<(), ClientError> {
        ask!(self, UnregisterPush {} => Done).map(drop)
    }

    /// What the user has set about push.
    pub async fn get_push_settings(&self) -> Result<PushSettings, ClientError> {
        ask!(self, GetPushSettings {} => PushSettings)
    }

    /// Changes what the user has set about push, for all devices.
    pub async fn set_push_settings(&self, change: PushSettingsChange) -> Result<(), ClientError> {
        let PushSettingsChange { hide_content, language, quiet_hours } = change;
        ask!(self, SetPushSettings { hide_content, language, quiet_hours } => Done).map(drop)
    }
}
