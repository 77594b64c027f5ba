//! `nuncio webhook`: tells an app's server of events. A server that runs on the same store reads webhooks anew
//! for each event, so that a change is in force when the command returns.

use clap::{Args, Subcommand};
use nuncio_core::webhooks::{
    Delivery, Event, Events, Setup, State, Webhook, delivery_json, webhook_json,
};
use nuncio_protocol::ids::WebhookId;
use nuncio_protocol::values::{Name, WebhookUrl};
use nuncio_protocol::{AppKey, MessageId};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::output::Output;
use super::print;
use crate::config::{Given, Span};

#[derive(Debug, Subcommand)]
pub(super) enum WebhookCommand {
    /// Add a webhook to an app; prints its id and its secret
    #[command(after_help = EVENTS_HELP)]
    Add(Add),
    /// List an app's webhooks, and how they fare
    List(List),
    /// Change a webhook; what is not named stays
    #[command(after_help = EVENTS_HELP)]
    Set(Box<Set>),
    /// Print a webhook's secret
    Secret(One),
    /// Give a webhook a new secret, in force for what is sent from now on
    RotateSecret(One),
    /// Remove a webhook, and what is on its way to it
    Remove(One),
    /// Post a `webhook:test` event to a webhook, and print what it answers
    Test(Test),
    /// List what was posted to a webhook and what waits, the newest first
    Deliveries(Deliveries),
    /// Post a finished delivery again
    Redeliver(Redeliver),
}

const EVENTS_HELP: &str = "Events:
  user:connection_status        a device connected, disconnected or logged out
  user:activation_state         a soft deletion or restoration is done
  user:profile_update           a hosted profile was changed or cleared
  user:friendship               a friend was asked for, accepted, rejected, removed or made
  message:send                  a user sent a message
  message:send:server           a message was sent through the Server API
  group_channel:changed         a group was made or ended, or something in it changed
  direct_channel:pre_messaging  a user is about to send a message: the answer decides
  group_channel:pre_messaging   a user is about to send a message to a group: likewise

docs/webhooks.md shows what each of them posts, and how to check its signature.";

#[derive(Debug, Args)]
pub(super) struct Add {
    /// The App Key
    app: AppKey,
    /// Its name, for people: 1 to 64 characters
    #[arg(long, value_parser = name)]
    name: Name,
    /// Where events are posted to: http or https
    #[arg(long, value_parser = url)]
    url: WebhookUrl,
    /// Which events, separated by commas; see below
    #[arg(long, value_delimiter = ',', required = true)]
    events: Vec<Event>,
    #[command(flatten)]
    asked: Asked,
    #[command(flatten)]
    output: Output,
}

/// What holds for messages that are shown before they are sent.
#[derive(Clone, Debug, Args)]
struct Asked {
    /// How long an answer about a message may take, 100ms to 10s [default: 5s]
    #[arg(long, value_name = "SPAN")]
    timeout: Option<Span>,
    /// Whether a message is sent about which there was no answer in time [default: false]
    #[arg(long, value_name = "BOOL")]
    pass_when_silent: Option<bool>,
}

impl Asked {
    fn make(&self, setup: &mut Setup) {
        if let Some(Span(span)) = self.timeout {
            setup.timeout_ms = u32::try_from(span.as_millis()).unwrap_or(u32::MAX);
        }
        if let Some(pass) = self.pass_when_silent {
            setup.pass_when_silent = pass;
        }
    }
}

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
    /// The webhook's id, as `list` prints it
    id: WebhookId,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
pub(super) struct Set {
    #[command(flatten)]
    one: One,
    /// Its name, for people
    #[arg(long, value_parser = name)]
    name: Option<Name>,
    /// Where events are posted to
    #[arg(long, value_parser = url)]
    url: Option<WebhookUrl>,
    /// Which events, separated by commas; see below
    #[arg(long, value_delimiter = ',')]
    events: Option<Vec<Event>>,
    /// Whether it is used; off, what waits for it is kept
    #[arg(long, value_name = "BOOL")]
    active: Option<bool>,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Debug, Args)]
pub(super) struct Test {
    #[command(flatten)]
    one: One,
    /// Whether the address may be a private one, as the server's setting of this name says
    #[arg(long, env = "NUNCIO_WEBHOOK_ALLOW_PRIVATE", hide_env_values = true, value_name = "BOOL")]
    webhook_allow_private: Option<bool>,
}

#[derive(Debug, Args)]
pub(super) struct Deliveries {
    #[command(flatten)]
    one: One,
    /// Only those in this state: `waiting`, `delivered` or `given-up`
    #[arg(long, value_parser = state)]
    state: Option<State>,
    /// Only those before the one with this id
    #[arg(long, value_name = "EVENT")]
    before: Option<MessageId>,
    /// How many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=1000))]
    limit: i64,
}

#[derive(Debug, Args)]
pub(super) struct Redeliver {
    #[command(flatten)]
    one: One,
    /// The event's id, as `deliveries` prints it
    event: MessageId,
}

fn name(text: &str) -> Result<Name, String> {
    Name::try_from(text).map_err(|error| error.to_string())
}

fn url(text: &str) -> Result<WebhookUrl, String> {
    WebhookUrl::try_from(text).map_err(|error| error.to_string())
}

fn state(text: &str) -> Result<State, String> {
    let found = State::ALL.into_iter().find(|state| state.word() == text);
    found.ok_or_else(|| "must be `waiting`, `delivered` or `given-up`".to_owned())
}

impl WebhookCommand {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Add(Add { app, name, url, events, asked, output }) => {
                let (core, app, json) = output.open_app(&app).await?;
                let mut setup = Setup::new(name, url, events.into_iter().collect());
                asked.make(&mut setup);
                let made = core.add_webhook(app, setup).await?;
                print_secret(made.webhook.id, &made.secret, json)
            }
            Self::List(List { app, output }) => {
                let (core, app, json) = output.open_app(&app).await?;
                let webhooks = core.webhooks(app).await?;
                if json {
                    let all = webhooks.iter().map(webhook_json).collect();
                    return print(&format!("{:#}", Value::Array(all)));
                }
                webhooks.iter().try_for_each(|webhook| print(&to_lines(webhook)))
            }
            Self::Set(set) => {
                let Set { one: One { app, id, output }, name, url, events, active, asked } = *set;
                let (core, app, json) = output.open_app(&app).await?;
                let events: Option<Events> = events.map(|events| events.into_iter().collect());
                let change = move |setup: &mut Setup| {
                    setup.name = name.clone().unwrap_or_else(|| setup.name.clone());
                    setup.url = url.clone().unwrap_or_else(|| setup.url.clone());
                    setup.events = events.unwrap_or(setup.events);
                    setup.active = active.unwrap_or(setup.active);
                    asked.make(setup);
                };
                let webhook = core.set_webhook(app, id, change).await?;
                let text =
                    if json { format!("{:#}", webhook_json(&webhook)) } else { to_lines(&webhook) };
                print(&text)
            }
            Self::Secret(One { app, id, output }) => {
                let (core, app, json) = output.open_app(&app).await?;
                print_secret(id, &core.webhook_secret(app, id).await?, json)
            }
            Self::RotateSecret(One { app, id, output }) => {
                let (core, app, json) = output.open_app(&app).await?;
                print_secret(id, &core.rotate_webhook_secret(app, id).await?, json)
            }
            Self::Remove(One { app, id, output }) => {
                let (core, app, json) = output.open_app(&app).await?;
                core.remove_webhook(app, id).await?;
                let told = if json {
                    json!({ "removed": id.to_string() }).to_string()
                } else {
                    format!("removed {id}")
                };
                print(&told)
            }
            Self::Test(Test { one: One { app, id, output }, webhook_allow_private }) => {
                let allow = Given { webhook_allow_private, ..Given::default() };
                let (core, app, json) = output.open_app_with(&app, allow).await?;
                let attempt = core.test_webhook(app, id).await?;
                let arrived = (200..300).contains(&attempt.status);
                if json {
                    let (status, excerpt) = (attempt.status, attempt.excerpt);
                    print(
                        &json!({ "arrived": arrived, "status": status, "excerpt": excerpt })
                            .to_string(),
                    )?;
                    return Ok(());
                }
                match attempt.status {
                    _ if arrived => print(&format!("arrived: HTTP status {}", attempt.status)),
                    0 => anyhow::bail!("there was no answer: {}", attempt.excerpt),
                    status => anyhow::bail!("HTTP status {status}: {}", attempt.excerpt),
                }
            }
            Self::Deliveries(Deliveries { one: One { app, id, output }, state, before, limit }) => {
                let (core, app, json) = output.open_app(&app).await?;
                let found = core.deliveries(app, id, state, before, limit).await?;
                if json {
                    let all = found.iter().map(delivery_json).collect();
                    return print(&format!("{:#}", Value::Array(all)));
                }
                found.iter().try_for_each(|delivery| print(&delivery_line(delivery)))
            }
            Self::Redeliver(Redeliver { one: One { app, id, output }, event }) => {
                let (core, app, json) = output.open_app(&app).await?;
                core.redeliver(app, id, event).await?;
                let told = if json {
                    json!({ "redelivered": event.to_string() }).to_string()
                } else {
                    format!("{event} is on its way again")
                };
                print(&told)
            }
        }
    }
}

fn print_secret(id: WebhookId, secret: &SecretString, json: bool) -> anyhow::Result<()> {
    let secret = secret.expose_secret();
    print(&if json {
        json!({ "id": id.to_string(), "secret": secret }).to_string()
    } else {
        format!("Webhook: {id}\nSecret:  {secret}")
    })
}

fn to_lines(webhook: &Webhook) -> String {
    let (setup, health) = (&webhook.setup, &webhook.health);
    let mut line = format!(
        "{}  {}  {}\n  {}\n  {} delivered, {} failed attempts",
        webhook.id,
        setup.name.as_str(),
        setup.url.as_str(),
        setup.events.names().join(", "),
        health.delivered,
        health.failed
    );
    if !setup.active {
        line.push_str("; off");
    }
    if webhook.full {
        line.push_str("; too much waits: new events are left out");
    }
    if !health.last_error.is_empty() {
        line.push_str("; last: ");
        line.push_str(&health.last_error);
    }
    line
}

fn delivery_line(delivery: &Delivery) -> String {
    let Delivery { id, user, event, state, attempts, status, excerpt, .. } = delivery;
    format!("{id}  {}  {event}  {user}  {attempts} attempts  {status}  {excerpt}", state.word())
}
