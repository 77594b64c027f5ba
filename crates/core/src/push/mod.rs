//! Push: who is told of messages while not connected, and how.

mod hints;
mod pace;
mod providers;
mod worker;

use std::sync::Arc;

use nuncio_protocol::frames::{PushInfo, PushProvider};
use nuncio_protocol::ids::{AppId, DeviceId};
use nuncio_protocol::{Refusal, UserId};

pub use hints::PushTap;
pub use nuncio_push::{PROVIDERS, name_of};
pub use nuncio_store::push::{Change, Device, NewDevice, Provider, Settings};
pub use providers::{Tested, provider_json};
pub use worker::PushMetrics;
pub(crate) use worker::State;

use crate::{Core, Error};

impl Core {
    /// Has what stands between the store and the bus say who may have to be pushed to.
    pub fn attach_push(&self, tap: &PushTap) {
        tap.attach(Arc::clone(&self.parts.push.hints));
    }

    /// What a device of an app can be registered for, and what this one is.
    pub async fn push_info(
        &self,
        app: AppId,
        user: UserId,
        device: &DeviceId,
    ) -> Result<PushInfo, Error> {
        let mut info = PushInfo::default();
        for provider in self.store.push_providers(app).await?.into_iter().filter(|p| p.active) {
            info.providers.push(provider.provider.into());
            if provider.provider == PushProvider::Web {
                let key = provider.setup["publicKey"].as_str().unwrap_or_default();
                key.clone_into(&mut info.vapid_public_key);
            }
        }
        let devices = self.store.push_devices(app, user).await?;
        let own = devices.into_iter().find(|other| other.device == device.as_str());
        info.registered = own.map_or(PushProvider::Unspecified, |own| own.provider).into();
        Ok(info)
    }

    /// Registers a device for push, until its user logs out on it, is banned or deleted, or the provider knows it no more.
    ///
    /// Refused where the app has no credentials for the provider, and where the login is over.
    pub async fn register_push(&self, new: NewDevice) -> Result<(), Error> {
        let provider = self.store.push_provider(new.app, new.provider).await?;
        if !provider.is_some_and(|provider| provider.active) {
            return Err(Refusal::PushOff(new.provider).into());
        }
        if new.provider == PushProvider::Web {
            nuncio_push::check_keys(new.token.as_str(), &new.p256dh, &new.auth)
                .map_err(|(member, fault)| Refusal::BadParameter(format!("`{member}` {fault}")))?;
        }
        let (app, user) = (new.app, new.user.clone());
        self.store.register_push(new, self.now()).await?;
        self.parts.push.hints.learn(app, &user);
        Ok(())
    }

    /// Lets go of a device; one that is not registered stays so.
    pub async fn unregister_push(
        &self,
        app: AppId,
        user: UserId,
        device: DeviceId,
    ) -> Result<(), Error> {
        Ok(self.store.unregister_push(app, user, device).await?)
    }

    /// What a user has set about push.
    pub async fn push_settings(&self, app: AppId, user: UserId) -> Result<Settings, Error> {
        Ok(self.store.push_settings(app, user).await?)
    }

    /// Changes what a user has set about push. Refused where the time zone is none that there is.
    pub async fn set_push_settings(
        &self,
        app: AppId,
        user: UserId,
        change: Change,
    ) -> Result<(), Error> {
        if let Some(Some(quiet)) = &change.quiet {
            let zone = quiet.timezone.as_str();
            if !zone.is_empty() && jiff::tz::TimeZone::get(zone).is_err() {
                let sentence =
                    "`timezone` is none that there is: give a name such as `Europe/Berlin`";
                return Err(Refusal::BadParameter(sentence.to_owned()).into());
            }
        }
        Ok(self.store.set_push_settings(app, user, change, self.now()).await?)
    }
}
