//! Apps: made, changed, and given new secrets.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nuncio_bus::Close;
use nuncio_protocol::frames::Failure;
use nuncio_protocol::ids::AppId;
use nuncio_protocol::values::Name;
use nuncio_protocol::{AppKey, Refusal, Timestamp};
use nuncio_store::apps::{App, Edition, Environment, NewApp};
use rand::distr::{Alphanumeric, SampleString as _};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{Core, Error};

/// Letters and digits of an App Key.
const KEY_CHARS: usize = 18;
/// Letters and digits of an App Secret: 190 bits of chance.
const SECRET_CHARS: usize = 32;

/// Apps whose secrets are kept unsealed; with one more, all are unsealed anew.
const UNSEALED: usize = 1024;

/// A new app. Its secret can be shown now; the database keeps it sealed.
#[derive(Debug)]
pub struct CreatedApp {
    /// The app.
    pub app: App,
    /// Its App Secret.
    pub secret: SecretString,
}

/// App Secrets that were unsealed before, because every signed call needs one. It is no cache of the database:
/// what is asked for is the secret of this very sealed text, which the caller has just read there.
#[derive(Debug, Default)]
pub(crate) struct Unsealed(Mutex<HashMap<AppKey, Opened>>);

/// A sealed text, and what was in it.
type Opened = (Vec<u8>, Arc<str>);

impl Unsealed {
    fn opened(&self) -> MutexGuard<'_, HashMap<AppKey, Opened>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, app: &App) -> Option<Arc<str>> {
        let opened = self.opened();
        let (sealed, secret) = opened.get(&app.key)?;
        (*sealed == app.sealed_secret).then(|| Arc::clone(secret))
    }

    fn keep(&self, app: &App, secret: Arc<str>) {
        let mut opened = self.opened();
        if opened.len() >= UNSEALED {
            opened.clear();
        }
        opened.insert(app.key.clone(), (app.sealed_secret.clone(), secret));
    }
}

fn new_secret() -> SecretString {
    Alphanumeric.sample_string(&mut rand::rng(), SECRET_CHARS).into()
}

impl Core {
    /// Makes an app, with a key and a secret of its own. Its name has 1 to 64 characters.
    pub async fn create_app(
        &self,
        name: &str,
        environment: Environment,
        edition: Edition,
    ) -> Result<CreatedApp, Error> {
        let name = Name::try_from(name)
            .map_err(|error| Refusal::BadParameter(format!("the app's name {error}")))?;
        let key = AppKey::try_from(Alphanumeric.sample_string(&mut rand::rng(), KEY_CHARS))
            .map_err(|error| Error::Internal(format!("a new App Key {error}")))?;
        let secret = new_secret();
        let sealed_secret = self.seal_secret(&key, &secret)?;
        let name = name.as_str().to_owned();
        let new = NewApp { key, sealed_secret, name, environment, edition };
        Ok(CreatedApp { app: self.store.create_app(new, self.now()).await?, secret })
    }

    /// The app with this key, if there is one.
    pub async fn app(&self, key: &AppKey) -> Result<Option<Arc<App>>, Error> {
        Ok(self.store.app(key.clone()).await?)
    }

    /// All apps, oldest first.
    pub async fn apps(&self) -> Result<Vec<App>, Error> {
        Ok(self.store.apps().await?)
    }

    /// An app's secret. Fails when it was sealed with another master key.
    pub fn app_secret(&self, app: &App) -> Result<Arc<str>, Error> {
        if let Some(secret) = self.parts.unsealed.get(app) {
            return Ok(secret);
        }
        let failed = |why: &dyn std::fmt::Display| {
            Error::Internal(format!("the App Secret of `{}`: {why}", app.key))
        };
        let secret = self.parts.vault.unseal(app.key.as_str(), &app.sealed_secret);
        let secret = String::from_utf8(secret.map_err(|e| failed(&e))?).map_err(|e| failed(&e))?;
        let secret: Arc<str> = secret.into();
        self.parts.unsealed.keep(app, Arc::clone(&secret));
        Ok(secret)
    }

    /// Changes an app: `change` gets the record as it is and makes it what it shall be. Its id, key, secret
    /// and age stay. Locking an app closes its connections.
    pub async fn set_app(
        &self,
        app: AppId,
        change: impl Fn(&mut App) + Send + 'static,
    ) -> Result<App, Error> {
        let app = self.store.set_app(app, self.now(), change).await?;
        if app.locked {
            self.parts.bus.close(of_app(&app)).await?;
        }
        Ok(app)
    }

    /// Deletes an app for good, as whoever types its name wants it: its key is unknown and its connections are
    /// closed when this returns. Its users, messages and all other rows go by [`Core::erase_apps`]; its audit trail
    /// ages like any other.
    pub async fn delete_app(&self, app: AppId, name: &str) -> Result<(), Error> {
        let app = self.store.delete_app(app, name.to_owned(), self.now()).await?;
        self.parts.bus.close(of_app(&app)).await?;
        Ok(())
    }

    /// Apps that were deleted.
    pub async fn deleted_apps(&self) -> Result<Vec<App>, Error> {
        Ok(self.store.deleted_apps(Timestamp(0)).await?)
    }

    /// Those that were deleted within the last `span`.
    pub async fn lately_deleted_apps(&self, span: Duration) -> Result<Vec<App>, Error> {
        let span = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        Ok(self.store.deleted_apps(self.now().plus_ms(-span)).await?)
    }

    /// Erases what is left of deleted apps; returns how many rows went. A job's step, in short transactions.
    pub async fn erase_apps(&self) -> Result<u64, Error> {
        let mut all = 0;
        for app in self.store.apps_to_erase().await? {
            loop {
                let gone = self.store.go_on_erasing(app, self.now()).await?;
                all += gone;
                if gone == 0 {
                    break;
                }
            }
        }
        Ok(all)
    }

    /// Gives an app a new secret. Every token made under the old one is void, and the connections that
    /// logged in with one are closed.
    pub async fn rotate_secret(&self, app: AppId) -> Result<SecretString, Error> {
        let key = self.store.app_by_id(app).await?.key;
        let secret = new_secret();
        let sealed = self.seal_secret(&key, &secret)?;
        let app = self.store.rotate_secret(app, sealed, self.now()).await?;
        self.parts.bus.close(of_app(&app)).await?;
        Ok(secret)
    }

    /// Closes the app's connections on this node that must not stay: all when it is locked, else those that
    /// logged in under an earlier App Secret. Returns how many. For a server beside which another process has
    /// changed the app; what changes it here closes them by itself.
    pub async fn close_app(&self, app: &App) -> usize {
        self.parts.bus.close_here(of_app(app)).await
    }

    fn seal_secret(&self, key: &AppKey, secret: &SecretString) -> Result<Vec<u8>, Error> {
        self.parts
            .vault
            .seal(key.as_str(), secret.expose_secret().as_bytes())
            .map_err(|error| Error::Internal(error.to_string()))
    }
}

/// The order to close the connections that must not stay when an app was locked or got a new secret.
fn of_app(app: &App) -> Close {
    let (secret_before, why) = if app.locked {
        (None, Failure::new(Refusal::AppUnavailable.code(), "the app is locked"))
    } else {
        // To these clients their token is one of the past: they shall ask for a new one, not give up.
        (Some(app.secret_version), Refusal::TokenExpired.to_failure())
    };
    Close { app: app.id, users: None, tokens_before: None, secret_before, why }
}
