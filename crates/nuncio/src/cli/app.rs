//! `nuncio app`: makes, lists and changes apps. A server that runs on the same store reads an app anew for
//! each call, so that a change is in force when the command returns.

use std::sync::Arc;

use clap::{Args, Subcommand};
use nuncio_core::Core;
use nuncio_protocol::AppKey;
use nuncio_protocol::values::is_ext_key;
use nuncio_store::apps::{App, Edition, Environment};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::output::Output;
use super::print;
use crate::config::Span;

#[derive(Debug, Subcommand)]
pub(super) enum AppCommand {
    /// Make an app; prints its App Key and App Secret
    Create(Create),
    /// List the apps
    List(List),
    /// Change an app; what is not named stays
    Set(Box<Set>),
    /// Give an app a new App Secret; all its tokens become void and its connections are closed
    RotateSecret(RotateSecret),
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// Its name, for people: 1 to 64 characters
    #[arg(long, value_parser = app_name)]
    name: String,
    /// `development`: at most 100 users, who can be deleted; `production`
    #[arg(long, default_value = "development")]
    environment: Environment,
    /// `free`: at most 100 users in production too; `flagship`, `premium`: as many as there are
    #[arg(long, default_value = "free")]
    edition: Edition,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
pub(super) struct RotateSecret {
    /// The App Key
    key: AppKey,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
pub(super) struct Set {
    /// The App Key
    key: AppKey,
    #[command(flatten)]
    change: Change,
    #[command(flatten)]
    output: Output,
}

/// What can be changed about an app.
#[derive(Clone, Debug, Default, Args)]
#[group(id = "change", required = true, multiple = true)]
struct Change {
    /// Its name, for people
    #[arg(long, value_parser = app_name)]
    name: Option<String>,
    /// `development` or `production`
    #[arg(long)]
    environment: Option<Environment>,
    /// `free`, `flagship` or `premium`
    #[arg(long)]
    edition: Option<Edition>,
    /// Whether nothing of the app works; its connections are closed
    #[arg(long, value_name = "BOOL")]
    locked: Option<bool>,
    /// Whether only friends can send direct messages to each other
    #[arg(long, value_name = "BOOL")]
    only_friends_can_message: Option<bool>,
    /// Life of tokens issued from now on, such as `30d`; `none`: until they are expired
    #[arg(long, value_name = "SPAN|none", value_parser = token_ttl)]
    token_ttl: Option<Maybe<i64>>,
    /// Whether expiring a user's tokens also closes the connections that logged in with them
    #[arg(long, value_name = "BOOL")]
    expire_closes_connections: Option<bool>,
    /// Devices of one user that may be connected at once; the oldest gives way
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    devices_per_user: Option<u32>,
    /// Who may become the friend of a user that has set nothing: `anyone`, `with-consent` or `nobody`
    #[arg(long, value_name = "WHO", value_parser = friend_permission)]
    friend_permission: Option<i64>,
    /// Extension keys that hosted profiles may have, as `ext_a,ext_b`; `none`: any well-formed key
    #[arg(long, value_name = "KEYS|none", value_parser = profile_ext_keys)]
    profile_ext_keys: Option<ExtKeys>,
    /// Whether strangers see the whole profile of a user that has set nothing; else name and avatar
    #[arg(long, value_name = "BOOL")]
    profiles_visible_to_strangers: Option<bool>,
    /// Whether friends are told of a changed profile
    #[arg(long, value_name = "BOOL")]
    notify_friends_of_profiles: Option<bool>,
    /// Whether whitelists are looked at; off, they are kept
    #[arg(long, value_name = "BOOL")]
    whitelist_service: Option<bool>,
    /// Whether only Server API calls with the stronger signature are accepted
    #[arg(long, value_name = "BOOL")]
    require_signature_v2: Option<bool>,
    /// Minutes after sending in which a message can be edited; 0: not at all
    #[arg(long, value_name = "MINUTES")]
    message_edit_minutes: Option<u32>,
    /// Days that what was not delivered waits for the user's devices
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i64).range(1..=3650))]
    inbox_days: Option<i64>,
    /// Days that messages can be read in history
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i64).range(1..=36500))]
    history_days: Option<i64>,
    /// Whether changes of a group are told in its conversation, by notices
    #[arg(long, value_name = "BOOL")]
    group_notices: Option<bool>,
    /// Whether members read of a group what was sent since they joined; else all of it
    #[arg(long, value_name = "BOOL")]
    group_history_from_joining: Option<bool>,
    /// Server API calls per second and class of operations; `none`: the server's default
    #[arg(long, value_name = "N|none", value_parser = rate)]
    api_rate: Option<Maybe<u32>>,
    /// Client operations per second and connection; `none`: the server's default
    #[arg(long, value_name = "N|none", value_parser = rate)]
    client_rate: Option<Maybe<u32>>,
}

/// A value, or the word `none` for it.
#[derive(Clone, Copy, Debug)]
struct Maybe<T>(Option<T>);

/// Declared extension keys.
#[derive(Clone, Debug)]
struct ExtKeys(Vec<String>);

fn app_name(text: &str) -> Result<String, String> {
    match text.chars().count() {
        1..=64 => Ok(text.to_owned()),
        _ => Err("must have 1 to 64 characters".to_owned()),
    }
}

fn token_ttl(text: &str) -> Result<Maybe<i64>, String> {
    if text == "none" {
        return Ok(Maybe(None));
    }
    let seconds = text.parse::<Span>()?.0.as_secs();
    match i64::try_from(seconds) {
        Ok(seconds @ 1..) => Ok(Maybe(Some(seconds))),
        _ => Err("must be at least `1s`".to_owned()),
    }
}

fn rate(text: &str) -> Result<Maybe<u32>, String> {
    if text == "none" {
        return Ok(Maybe(None));
    }
    match text.parse() {
        Ok(rate @ 1..) => Ok(Maybe(Some(rate))),
        _ => Err("must be a number from 1, or `none`".to_owned()),
    }
}

fn friend_permission(text: &str) -> Result<i64, String> {
    match text {
        "anyone" | "1" => Ok(1),
        "with-consent" | "2" => Ok(2),
        "nobody" | "3" => Ok(3),
        _ => Err("must be `anyone`, `with-consent` or `nobody`".to_owned()),
    }
}

fn profile_ext_keys(text: &str) -> Result<ExtKeys, String> {
    if text == "none" {
        return Ok(ExtKeys(Vec::new()));
    }
    let keys: Vec<_> = text.split(',').map(|key| key.trim().to_owned()).collect();
    match keys.iter().find(|key| !is_ext_key(key)) {
        Some(key) => {
            Err(format!("`{key}` is not `ext_` and letters, digits or `_`, at most 32 characters"))
        }
        None => Ok(ExtKeys(keys)),
    }
}

impl Change {
    fn make(&self, app: &mut App) {
        fn set<T: Clone>(place: &mut T, value: Option<&T>) {
            if let Some(value) = value {
                place.clone_from(value);
            }
        }
        set(&mut app.name, self.name.as_ref());
        set(&mut app.environment, self.environment.as_ref());
        set(&mut app.edition, self.edition.as_ref());
        set(&mut app.locked, self.locked.as_ref());
        set(&mut app.only_friends, self.only_friends_can_message.as_ref());
        let settings = &mut app.settings;
        set(&mut settings.token_ttl_seconds, self.token_ttl.as_ref().map(|t| &t.0));
        set(&mut settings.expire_closes_connections, self.expire_closes_connections.as_ref());
        set(&mut settings.devices_per_user, self.devices_per_user.as_ref());
        set(&mut settings.friend_permission, self.friend_permission.as_ref());
        set(&mut settings.profile_ext_keys, self.profile_ext_keys.as_ref().map(|k| &k.0));
        set(
            &mut settings.profiles_visible_to_strangers,
            self.profiles_visible_to_strangers.as_ref(),
        );
        set(&mut settings.notify_friends_of_profiles, self.notify_friends_of_profiles.as_ref());
        set(&mut settings.whitelist_service, self.whitelist_service.as_ref());
        set(&mut settings.require_signature_v2, self.require_signature_v2.as_ref());
        set(&mut settings.message_edit_minutes, self.message_edit_minutes.as_ref());
        set(&mut settings.inbox_days, self.inbox_days.as_ref());
        set(&mut settings.history_days, self.history_days.as_ref());
        set(&mut settings.group_notices, self.group_notices.as_ref());
        set(&mut settings.group_history_from_joining, self.group_history_from_joining.as_ref());
        set(&mut settings.api_calls_per_second, self.api_rate.as_ref().map(|r| &r.0));
        set(&mut settings.client_calls_per_second, self.client_rate.as_ref().map(|r| &r.0));
    }
}

impl AppCommand {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Create(Create { name, environment, edition, output }) => {
                let (core, json) = output.open().await?;
                let created = core.create_app(&name, environment, edition).await?;
                print_secret(&created.app.key, &created.secret, json)
            }
            Self::List(List { output }) => {
                let (core, json) = output.open().await?;
                let apps = core.apps().await?;
                if json {
                    return print(&format!(
                        "{:#}",
                        Value::Array(apps.iter().map(to_json).collect())
                    ));
                }
                apps.iter().try_for_each(|app| print(&to_line(app)))
            }
            Self::Set(set) => {
                let Set { key, change, output } = *set;
                let (core, json) = output.open().await?;
                let app = find(&core, &key).await?;
                let app = core.set_app(app.id, move |app| change.make(app)).await?;
                print(&if json { format!("{:#}", to_json(&app)) } else { to_line(&app) })
            }
            Self::RotateSecret(RotateSecret { key, output }) => {
                let (core, json) = output.open().await?;
                let app = find(&core, &key).await?;
                let secret = core.rotate_secret(app.id).await?;
                print_secret(&key, &secret, json)
            }
        }
    }
}

pub(super) async fn find(core: &Core, key: &AppKey) -> anyhow::Result<App> {
    core.app(key).await?.map(Arc::unwrap_or_clone).ok_or_else(|| {
        anyhow::anyhow!("there is no app with the App Key `{key}` here: see `nuncio app list`")
    })
}

fn print_secret(key: &AppKey, secret: &SecretString, json: bool) -> anyhow::Result<()> {
    let secret = secret.expose_secret();
    print(&if json {
        json!({ "appKey": key.as_str(), "appSecret": secret }).to_string()
    } else {
        format!("App Key:    {key}\nApp Secret: {secret}")
    })
}

fn to_line(app: &App) -> String {
    let locked = if app.locked { "  locked" } else { "" };
    format!("{}  {}  {}  {}{locked}", app.key, app.environment.word(), app.edition.word(), app.name)
}

fn to_json(app: &App) -> Value {
    json!({
        "appKey": app.key.as_str(),
        "name": app.name,
        "environment": app.environment,
        "edition": app.edition,
        "locked": app.locked,
        "onlyFriendsCanMessage": app.only_friends,
        "settings": app.settings,
        "createdAt": app.created_at.0,
    })
}
