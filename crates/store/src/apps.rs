//! Apps: the tenants. Their key, their sealed secret, and their settings.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use nuncio_protocol::ids::AppId;
use nuncio_protocol::{AppKey, Refusal, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::audit::{self, Act};
use crate::engine::{Row, Store, Tx, params};
use crate::error::StoreError;

/// Where an app is in its life: what may be tried out, and what real users rely on.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// For trying out: at most 100 users, which can be deleted.
    Development,
    /// For real users.
    Production,
}

/// What the app's owner has chosen to pay for, in the hosted kind's words; here, which limits apply.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Edition {
    /// At most 100 users in production too.
    Free,
    /// No limit on registered users in production.
    Flagship,
    /// No limit on registered users in production.
    Premium,
}

macro_rules! words {
    ($type:ident { $($variant:ident = $word:literal),+ }) => {
        impl $type {
            /// The word for it in settings and on the command line.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::str::FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(format!("`{text}` is none of: {}", [$($word),+].join(", "))),
                }
            }
        }
    };
}
pub(crate) use words;
words!(Environment { Development = "development", Production = "production" });
words!(Edition { Free = "free", Flagship = "flagship", Premium = "premium" });

/// What an app's owner can set, besides what has a column of its own. Unset members follow the server's
/// defaults, which are those of [`Settings::default`].
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Settings {
    /// Life of a token in seconds; none by default.
    pub token_ttl_seconds: Option<i64>,
    /// Whether `expire` also closes the connections that logged in with a token it voids.
    pub expire_closes_connections: bool,
    /// Devices of one user that may be connected at once; the oldest gives way.
    pub devices_per_user: u32,
    /// Who may become the friend of a user that has set nothing: 1 anyone, 2 with consent, 3 nobody.
    pub friend_permission: i64,
    /// Extension keys that hosted profiles may have; with none declared, any well-formed key.
    pub profile_ext_keys: Vec<String>,
    /// What strangers see of a profile whose owner has set nothing: everything, or name and avatar.
    pub profiles_visible_to_strangers: bool,
    /// Whether friends are told of a change of profile.
    pub notify_friends_of_profiles: bool,
    /// Whether the whitelist service is on; off, whitelists are kept and not looked at.
    pub whitelist_service: bool,
    /// Whether only requests with the stronger signature are accepted.
    pub require_signature_v2: bool,
    /// Server API calls per second and endpoint class; the server's default when unset.
    pub api_calls_per_second: Option<u32>,
    /// Client operations per second and connection; the server's default when unset.
    pub client_calls_per_second: Option<u32>,
    /// Minutes after sending in which a message can be edited; 0: not at all.
    pub message_edit_minutes: u32,
    /// Days that undelivered inbox entries wait.
    pub inbox_days: i64,
    /// Days that messages can be read in history.
    pub history_days: i64,
    /// Whether changes of a group are told in its conversation, by notices.
    pub group_notices: bool,
    /// Whether members read of a group what was sent since they joined; else all of it.
    pub group_history_from_joining: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            token_ttl_seconds: None,
            expire_closes_connections: true,
            devices_per_user: 10,
            friend_permission: 2,
            profile_ext_keys: Vec::new(),
            profiles_visible_to_strangers: true,
            notify_friends_of_profiles: true,
            whitelist_service: true,
            require_signature_v2: false,
            api_calls_per_second: None,
            client_calls_per_second: None,
            message_edit_minutes: 24 * 60,
            inbox_days: 7,
            history_days: 180,
            group_notices: true,
            group_history_from_joining: true,
        }
    }
}

/// An app's record.
#[derive(Clone, Debug, PartialEq)]
pub struct App {
    /// Its number in this store.
    pub id: AppId,
    /// Its public key.
    pub key: AppKey,
    /// Its secret, sealed with the master key.
    pub sealed_secret: Vec<u8>,
    /// Counts rotations of the secret.
    pub secret_version: i64,
    /// Its name, for people.
    pub name: String,
    /// Development or production.
    pub environment: Environment,
    /// Free, flagship or premium.
    pub edition: Edition,
    /// Whether nothing of it works.
    pub locked: bool,
    /// Whether only friends can send direct messages to each other.
    pub only_friends: bool,
    /// The rest.
    pub settings: Settings,
    /// When it was made.
    pub created_at: Timestamp,
}

impl App {
    /// Registered users that the app may have; `None` for no limit.
    #[must_use]
    pub fn user_limit(&self) -> Option<i64> {
        user_limit(self.environment, self.edition)
    }
}

/// Registered users that an app may have in this environment and edition; `None` for no limit.
#[must_use]
pub fn user_limit(environment: Environment, edition: Edition) -> Option<i64> {
    match (environment, edition) {
        (Environment::Production, Edition::Flagship | Edition::Premium) => None,
        _ => Some(nuncio_protocol::limits::FREE_USERS),
    }
}

impl App {
    /// What can be changed about it, as one JSON object for the audit trail.
    fn state(&self) -> Result<serde_json::Value, StoreError> {
        let mut state = serde_json::to_value(&self.settings)
            .map_err(|error| StoreError::corrupt("settings", error))?;
        state["name"] = json!(self.name);
        state["environment"] = json!(self.environment);
        state["edition"] = json!(self.edition);
        state["locked"] = json!(self.locked);
        state["onlyFriendsCanMessage"] = json!(self.only_friends);
        Ok(state)
    }
}

/// What makes a new app.
#[derive(Clone, Debug)]
pub struct NewApp {
    /// Its public key.
    pub key: AppKey,
    /// Its secret, sealed.
    pub sealed_secret: Vec<u8>,
    /// Its name, for people.
    pub name: String,
    /// Development or production.
    pub environment: Environment,
    /// Free, flagship or premium.
    pub edition: Edition,
}

/// A query for apps; its tail says which.
macro_rules! select_app {
    ($tail:literal) => {
        concat!(
            "select id, app_key, secret, secret_version, name, environment, edition, locked,
                    only_friends, settings, created_at
             from apps ",
            $tail
        )
    };
}
pub(crate) use select_app;

pub(crate) fn read_app(row: &Row<'_>) -> Result<App, StoreError> {
    let corrupt = |error: String| StoreError::corrupt("app", error);
    Ok(App {
        id: row.get(0)?,
        key: AppKey::try_from(row.get::<String>(1)?).map_err(|e| corrupt(e.to_string()))?,
        sealed_secret: row.get(2)?,
        secret_version: row.get(3)?,
        name: row.get(4)?,
        environment: row.text(5)?.parse().map_err(corrupt)?,
        edition: row.text(6)?.parse().map_err(corrupt)?,
        locked: row.get(7)?,
        only_friends: row.get(8)?,
        settings: serde_json::from_str(row.text(9)?).map_err(|e| corrupt(e.to_string()))?,
        created_at: row.get(10)?,
    })
}

/// Apps that are known; with one more, all are forgotten.
const KNOWN: usize = 1024;

/// Apps as they were read last, because every signed call and every login reads one: making a record of a row
/// costs several times what reading the row does. It is no cache of the database: the row is read, and an app that
/// is known is taken for it only while nothing in the row differs.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<HashMap<AppKey, (Arc<App>, String)>>);

impl Known {
    fn read(&self, key: &AppKey, row: &Row<'_>) -> Result<Arc<App>, StoreError> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((app, settings)) = known.get(key)
            && is_row_of(app, settings, row)?
        {
            return Ok(Arc::clone(app));
        }
        let (app, settings) = (Arc::new(read_app(row)?), row.get(9)?);
        if known.len() >= KNOWN {
            known.clear();
        }
        known.insert(key.clone(), (Arc::clone(&app), settings));
        Ok(app)
    }
}

/// Whether [`read_app`] would make this app of the row; `settings` is the text that its settings were read from.
fn is_row_of(app: &App, settings: &str, row: &Row<'_>) -> Result<bool, StoreError> {
    let App { id, key, sealed_secret, secret_version, name, environment, edition, .. } = app;
    Ok(row.get::<AppId>(0)? == *id
        && row.text(1)? == key.as_str()
        && row.bytes(2)? == sealed_secret
        && row.get::<i64>(3)? == *secret_version
        && row.text(4)? == name
        && row.text(5)? == environment.word()
        && row.text(6)? == edition.word()
        && row.get::<bool>(7)? == app.locked
        && row.get::<bool>(8)? == app.only_friends
        && row.text(9)? == settings
        && row.get::<Timestamp>(10)? == app.created_at)
}

/// The app with this number, within a transaction. Refused for one that was deleted.
pub(crate) async fn by_id(tx: &Tx<'_>, app: AppId) -> Result<App, StoreError> {
    tx.opt(select_app!("where id = ?1 and deleted_at = 0"), params![app], read_app)
        .await?
        .ok_or(StoreError::Refused(Refusal::AppNotFound))
}

/// What [`App::user_limit`] is of an app: only what it goes by is read, for every registration asks.
pub(crate) async fn user_limit_of(tx: &Tx<'_>, app: AppId) -> Result<Option<i64>, StoreError> {
    tx.opt(
        "select environment, edition from apps where id = ?1 and deleted_at = 0",
        params![app],
        |row| {
            let corrupt = |error: String| StoreError::corrupt("app", error);
            let environment = row.text(0)?.parse().map_err(corrupt)?;
            Ok(user_limit(environment, row.text(1)?.parse().map_err(corrupt)?))
        },
    )
    .await?
    .ok_or(StoreError::Refused(Refusal::AppNotFound))
}

impl Store {
    /// Makes an app. Refused when the key is taken.
    pub async fn create_app(&self, new: NewApp, now: Timestamp) -> Result<App, StoreError> {
        self.write(Vec::new(), async move |tx| {
            let taken = tx
                .exists("select 1 from apps where app_key = ?1", params![new.key.as_str()])
                .await?;
            if taken {
                let sentence = format!("the App Key `{}` is taken", new.key);
                return Err(Refusal::BadParameter(sentence).into());
            }
            let id: i64 =
                tx.one("select coalesce(max(id), 0) + 1 from apps", &[], |row| row.get(0)).await?;
            let settings = serde_json::to_string(&Settings::default())
                .map_err(|e| StoreError::corrupt("settings", e))?;
            tx.execute(
                "insert into apps (id, app_key, secret, secret_version, name, environment, edition,
                                   locked, only_friends, settings, created_at)
                 values (?1, ?2, ?3, 1, ?4, ?5, ?6, 0, 0, ?7, ?8)",
                params![
                    id,
                    new.key.as_str(),
                    new.sealed_secret.as_slice(),
                    &new.name,
                    new.environment.word(),
                    new.edition.word(),
                    &settings,
                    now,
                ],
            )
            .await?;
            let app = by_id(tx, AppId(id)).await?;
            audit::note(tx, Act::on_app("app.create", app.id, now), &app.state()?);
            Ok(app)
        })
        .await
    }

    /// The app with this key, if there is one.
    pub async fn app(&self, key: AppKey) -> Result<Option<Arc<App>>, StoreError> {
        let known = Arc::clone(&self.known);
        self.read(async move |tx| {
            let sql = select_app!("where app_key = ?1 and deleted_at = 0");
            tx.opt(sql, params![key.as_str()], |row| known.read(&key, row)).await
        })
        .await
    }

    /// The app with this number.
    pub async fn app_by_id(&self, app: AppId) -> Result<App, StoreError> {
        self.read(async move |tx| by_id(tx, app).await).await
    }

    /// All apps, oldest first.
    pub async fn apps(&self) -> Result<Vec<App>, StoreError> {
        self.read(async |tx| {
            tx.all(select_app!("where deleted_at = 0 order by id"), &[], read_app).await
        })
        .await
    }

    /// Changes an app: `change` gets the record as it is and makes it what it shall be. Its id, key, secret
    /// and age stay.
    pub async fn set_app(
        &self,
        app: AppId,
        now: Timestamp,
        change: impl Fn(&mut App) + Send + 'static,
    ) -> Result<App, StoreError> {
        self.write(Vec::new(), async move |tx| {
            let mut record = by_id(tx, app).await?;
            let before = record.state()?;
            change(&mut record);
            let settings = serde_json::to_string(&record.settings)
                .map_err(|e| StoreError::corrupt("settings", e))?;
            tx.execute(
                "update apps set name = ?2, environment = ?3, edition = ?4, locked = ?5,
                                 only_friends = ?6, settings = ?7
                 where id = ?1",
                params![
                    app,
                    &record.name,
                    record.environment.word(),
                    record.edition.word(),
                    record.locked,
                    record.only_friends,
                    &settings,
                ],
            )
            .await?;
            let record = by_id(tx, app).await?;
            audit::note_change(tx, Act::on_app("app.set", app, now), before, record.state()?);
            Ok(record)
        })
        .await
    }

    /// Gives an app a new secret; tokens that were made under the old one are void from now on.
    pub async fn rotate_secret(
        &self,
        app: AppId,
        sealed: Vec<u8>,
        now: Timestamp,
    ) -> Result<App, StoreError> {
        self.write(Vec::new(), async move |tx| {
            tx.execute(
                "update apps set secret = ?2, secret_version = secret_version + 1 where id = ?1",
                params![app, sealed.as_slice()],
            )
            .await?;
            let record = by_id(tx, app).await?;
            let version = json!({ "secretVersion": record.secret_version });
            audit::note(tx, Act::on_app("app.rotate_secret", app, now), &version);
            Ok(record)
        })
        .await
    }
}
