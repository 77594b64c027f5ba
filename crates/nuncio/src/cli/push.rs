//! `nuncio push`: how an app's devices are told of messages while their users are away. A server that runs on the same
//! store reads credentials anew for each notification, so that a change is in force when the command returns.

use std::io::Read as _;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use nuncio_core::push::{PROVIDERS, Provider, name_of, provider_json};
use nuncio_protocol::frames::PushProvider;
use nuncio_protocol::{AppKey, UserId};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::output::Output;
use super::print;
use crate::config::Given;

#[derive(Debug, Subcommand)]
pub(super) enum PushCommand {
    /// List an app's push providers, and how they fare
    List(List),
    /// Set up a provider by the JSON of its credentials
    #[command(after_help = CREDENTIALS_HELP)]
    Set(Set),
    /// Remove a provider's credentials; devices stay registered
    Remove(One),
    /// Send a test, and print what the provider answers
    Test(Test),
    /// Print the secret with which requests to the app's own gateway are signed
    Secret(List),
}

const CREDENTIALS_HELP: &str = "Credentials, by provider; secrets that are left out stay as they were:
  fcm      {\"serviceAccount\": {...}}, the service account's file
  apns     {\"key\": \"...\", \"keyId\": \"...\", \"teamId\": \"...\", \"topic\": \"...\", \"sandbox\": false}, the key being the .p8 file's text
  web      {\"subject\": \"mailto:you@example.com\"}; the key pair is made here
  webhook  {\"url\": \"https://...\"}; the secret is made here
Each may have \"perSecond\": how many notifications a second are sent through it at most, 1 to 10,000 [default: 500].

docs/push.md shows each of them.";

#[derive(Debug, Args)]
pub(super) struct List {
    /// The App Key
    app: AppKey,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
pub(super) struct One {
    /// The App Key
    app: AppKey,
    /// `fcm`, `apns`, `web` or `webhook`
    #[arg(value_parser = provider)]
    provider: PushProvider,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
pub(super) struct Set {
    #[command(flatten)]
    one: One,
    /// A file with the credentials, JSON; `-` for standard input
    #[arg(long, value_name = "FILE", default_value = "-")]
    credentials: String,
    /// Whether it is used; off, what waits is kept for a day
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set)]
    active: bool,
}

#[derive(Debug, Args)]
pub(super) struct Test {
    #[command(flatten)]
    one: One,
    /// To the devices of this user; without, to a device that does not exist, which shows whether the credentials are accepted
    #[arg(long, value_name = "ID")]
    user: Option<UserId>,
    /// Whether addresses may be private ones, as the server's setting of this name says
    #[arg(long, env = "NUNCIO_WEBHOOK_ALLOW_PRIVATE", hide_env_values = true, value_name = "BOOL")]
    webhook_allow_private: Option<bool>,
}

fn provider(name: &str) -> Result<PushProvider, String> {
    let found = PROVIDERS.iter().find(|(known, _)| *known == name);
    found
        .map(|(_, provider)| *provider)
        .ok_or_else(|| "must be `fcm`, `apns`, `web` or `webhook`".to_owned())
}

fn read(path: &str) -> anyhow::Result<Value> {
    let mut text = String::new();
    if path == "-" {
        std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
    } else {
        text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{path}`"))?;
    }
    serde_json::from_str(&text).context("the credentials are not JSON")
}

impl PushCommand {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::List(List { app, output }) => {
                let (core, app, json) = output.open_app(&app).await?;
                let providers = core.push_providers(app).await?;
                if json {
                    let all = providers.iter().map(provider_json).collect();
                    return print(&format!("{:#}", Value::Array(all)));
                }
                providers.iter().try_for_each(|provider| print(&to_lines(provider)))
            }
            Self::Set(Set { one: One { app, provider, output }, credentials, active }) => {
                let given = read(&credentials)?;
                let (core, app, json) = output.open_app(&app).await?;
                let set = core.set_push_provider(app, provider, given, active).await?;
                print(&if json { format!("{:#}", provider_json(&set)) } else { to_lines(&set) })
            }
            Self::Remove(One { app, provider, output }) => {
                let (core, app, json) = output.open_app(&app).await?;
                core.remove_push_provider(app, provider).await?;
                let name = name_of(provider);
                print(&if json {
                    json!({ "removed": name }).to_string()
                } else {
                    format!("removed {name}")
                })
            }
            Self::Test(Test { one, user, webhook_allow_private }) => {
                let One { app, provider, output } = one;
                let allow = Given { webhook_allow_private, ..Given::default() };
                let (core, app, json) = output.open_app_with(&app, allow).await?;
                let tested = core.test_push(app, provider, user).await?;
                let (accepted, status, excerpt) = (tested.accepted, tested.status, tested.excerpt);
                if json {
                    let told =
                        json!({ "accepted": accepted, "status": status, "excerpt": excerpt });
                    return print(&told.to_string());
                }
                match status {
                    _ if accepted => print(&format!("accepted: {excerpt}")),
                    0 => anyhow::bail!("there was no answer: {excerpt}"),
                    status => anyhow::bail!("HTTP status {status}: {excerpt}"),
                }
            }
            Self::Secret(List { app, output }) => {
                let (core, app, json) = output.open_app(&app).await?;
                let secret = core.push_webhook_secret(app).await?;
                let secret = secret.expose_secret();
                print(&if json {
                    json!({ "secret": secret }).to_string()
                } else {
                    secret.to_owned()
                })
            }
        }
    }
}

fn to_lines(provider: &Provider) -> String {
    let health = &provider.health;
    let (sent, failed) = (health.sent, health.failed);
    let mut lines = format!(
        "{}  {}\n  {sent} sent, {failed} failed attempts",
        name_of(provider.provider),
        provider.setup
    );
    if !provider.active {
        lines.push_str("; off");
    }
    if !health.last_error.is_empty() {
        lines.push_str("; last: ");
        lines.push_str(&health.last_error);
    }
    lines
}
