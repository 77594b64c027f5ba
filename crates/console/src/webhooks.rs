//! Webhooks: set up, tried out, and what became of their deliveries.

use nuncio_core::operators::Role;
use nuncio_core::webhooks::{Event, Events, Setup, State, delivery_json, webhook_json};
use nuncio_protocol::values::{Name, WebhookUrl};
use nuncio_protocol::{MessageId, Refusal};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::call::{Call, Context, Who};
use crate::error::ConsoleError;
use crate::wire::{Listing, Nothing, bad_page, page_size, value};

fn events(names: &[String]) -> Result<Events, ConsoleError> {
    names
        .iter()
        .map(|name| name.parse::<Event>().map_err(|fault| ConsoleError::member("events", fault)))
        .collect()
}

fn event_id(id: &str) -> Result<MessageId, Refusal> {
    id.parse().map_err(|_| Refusal::DeliveryNotFound(id.chars().take(64).collect()))
}

/// A webhook of the app.
#[derive(Deserialize)]
pub(crate) struct One {
    id: String,
}

impl One {
    fn id(&self) -> Result<nuncio_protocol::ids::WebhookId, Refusal> {
        let unknown = || Refusal::WebhookNotFound(self.id.chars().take(64).collect());
        self.id.parse().map_err(|_| unknown())
    }
}

/// The app's webhooks, and the events there are.
pub(crate) struct List;
impl Call for List {
    const PATH: &'static str = "webhooks/list";
    const WHO: Who = Who::OnApp(Role::Developer);
    type Request = Nothing;
    type Response = Value;

    async fn call(ctx: &Context, _: Nothing) -> Result<Value, ConsoleError> {
        let webhooks = ctx.core.webhooks(ctx.app()?.id).await?;
        let events = Event::ALL.iter();
        let events = events.map(|e| json!({ "name": e.name(), "meaning": e.meaning().trim() }));
        Ok(json!({
            "webhooks": webhooks.iter().map(webhook_json).collect::<Vec<_>>(),
            "events": events.collect::<Vec<_>>(),
        }))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewWebhook {
    name: String,
    url: String,
    events: Vec<String>,
    timeout_ms: Option<u32>,
    pass_when_silent: Option<bool>,
}

/// Makes one; answers its secret too.
pub(crate) struct Add;
impl Call for Add {
    const PATH: &'static str = "webhooks/add";
    const WHO: Who = Who::OnApp(Role::Developer);
    type Request = NewWebhook;
    type Response = Value;

    async fn call(ctx: &Context, request: NewWebhook) -> Result<Value, ConsoleError> {
        let name: Name = value("name", request.name.as_str())?;
        let url: WebhookUrl = value("url", request.url.as_str())?;
        let mut setup = Setup::new(name, url, events(&request.events)?);
        setup.timeout_ms = request.timeout_ms.unwrap_or(setup.timeout_ms);
        setup.pass_when_silent = request.pass_when_silent.unwrap_or(setup.pass_when_silent);
        let made = ctx.core.add_webhook(ctx.app()?.id, setup).await?;
        let secret = made.secret.expose_secret();
        Ok(json!({ "webhook": webhook_json(&made.webhook), "secret": secret }))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Change {
    #[serde(flatten)]
    one: One,
    name: Option<String>,
    url: Option<String>,
    events: Option<Vec<String>>,
    active: Option<bool>,
    timeout_ms: Option<u32>,
    pass_when_silent: Option<bool>,
}

/// Changes one; what is left out stays.
pub(crate) struct Set;
impl Call for Set {
    const PATH: &'static str = "webhooks/set";
    const WHO: Who = Who::OnApp(Role::Developer);
    type Request = Change;
    type Response = Value;

    async fn call(ctx: &Context, request: Change) -> Result<Value, ConsoleError> {
        let name = request.name.map(|name| value::<_, Name>("name", name.as_str())).transpose()?;
        let url = request.url.map(|url| value::<_, WebhookUrl>("url", url.as_str())).transpose()?;
        let events = request.events.map(|names| events(&names)).transpose()?;
        let (one, active) = (request.one, request.active);
        let (timeout_ms, pass_when_silent) = (request.timeout_ms, request.pass_when_silent);
        let change = move |setup: &mut Setup| {
            setup.name = name.clone().unwrap_or_else(|| setup.name.clone());
            setup.url = url.clone().unwrap_or_else(|| setup.url.clone());
            setup.events = events.unwrap_or(setup.events);
            setup.active = active.unwrap_or(setup.active);
            setup.timeout_ms = timeout_ms.unwrap_or(setup.timeout_ms);
            setup.pass_when_silent = pass_when_silent.unwrap_or(setup.pass_when_silent);
        };
        Ok(webhook_json(&ctx.core.set_webhook(ctx.app()?.id, one.id()?, change).await?))
    }
}

pub(crate) struct Remove;
impl Call for Remove {
    const PATH: &'static str = "webhooks/remove";
    const WHO: Who = Who::OnApp(Role::Developer);
    type Request = One;
    type Response = Nothing;

    async fn call(ctx: &Context, one: One) -> Result<Nothing, ConsoleError> {
        ctx.core.remove_webhook(ctx.app()?.id, one.id()?).await?;
        Ok(Nothing {})
    }
}

pub(crate) struct Secret;
impl Call for Secret {
    const PATH: &'static str = "webhooks/secret";
    const WHO: Who = Who::OnApp(Role::Developer);
    const CONFIRMED: bool = true;
    type Request = One;
    type Response = Value;

    async fn call(ctx: &Context, one: One) -> Result<Value, ConsoleError> {
        let secret = ctx.core.webhook_secret(ctx.app()?.id, one.id()?).await?;
        Ok(json!({ "secret": secret.expose_secret() }))
    }
}

pub(crate) struct RotateSecret;
impl Call for RotateSecret {
    const PATH: &'static str = "webhooks/rotate-secret";
    const WHO: Who = Who::OnApp(Role::Developer);
    const CONFIRMED: bool = true;
    type Request = One;
    type Response = Value;

    async fn call(ctx: &Context, one: One) -> Result<Value, ConsoleError> {
        let secret = ctx.core.rotate_webhook_secret(ctx.app()?.id, one.id()?).await?;
        Ok(json!({ "secret": secret.expose_secret() }))
    }
}

/// Posts a test event, and tells what came of it.
pub(crate) struct Test;
impl Call for Test {
    const PATH: &'static str = "webhooks/test";
    const WHO: Who = Who::OnApp(Role::Developer);
    type Request = One;
    type Response = Value;

    async fn call(ctx: &Context, one: One) -> Result<Value, ConsoleError> {
        let attempt = ctx.core.test_webhook(ctx.app()?.id, one.id()?).await?;
        let arrived = (200..300).contains(&attempt.status);
        Ok(json!({ "arrived": arrived, "status": attempt.status, "excerpt": attempt.excerpt }))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Query {
    #[serde(flatten)]
    one: One,
    state: Option<String>,
    page_token: Option<String>,
    page_size: Option<i64>,
}

/// A webhook's deliveries, the newest first.
pub(crate) struct Deliveries;
impl Call for Deliveries {
    const PATH: &'static str = "webhooks/deliveries";
    const WHO: Who = Who::OnApp(Role::Developer);
    type Request = Query;
    type Response = Listing<Value>;

    async fn call(ctx: &Context, request: Query) -> Result<Listing<Value>, ConsoleError> {
        let Query { one, state, page_token, page_size: size } = request;
        let state = state
            .map(|word| {
                let found = State::ALL.into_iter().find(|state| state.word() == word);
                found.ok_or_else(|| ConsoleError::member("state", "is none that there is"))
            })
            .transpose()?;
        let before = page_token.map(|token| token.parse().map_err(|_| bad_page())).transpose()?;
        let size = page_size(size)?;
        let app = ctx.app()?.id;
        let mut found = ctx.core.deliveries(app, one.id()?, state, before, size + 1).await?;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let more = found.len() > size;
        found.truncate(size);
        let last = found.last().filter(|_| more).map(|delivery| delivery.id.to_string());
        Ok(Listing { items: found.iter().map(delivery_json).collect(), page_token: last })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Again {
    #[serde(flatten)]
    one: One,
    delivery_id: String,
}

pub(crate) struct Redeliver;
impl Call for Redeliver {
    const PATH: &'static str = "webhooks/redeliver";
    const WHO: Who = Who::OnApp(Role::Developer);
    type Request = Again;
    type Response = Nothing;

    async fn call(ctx: &Context, request: Again) -> Result<Nothing, ConsoleError> {
        let Again { one, delivery_id } = request;
        ctx.core.redeliver(ctx.app()?.id, one.id()?, event_id(&delivery_id)?).await?;
        Ok(Nothing {})
    }
}
