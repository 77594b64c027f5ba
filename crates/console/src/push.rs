//! Push providers: an app's credentials, tried out, and how they fare.

use nuncio_core::operators::Role;
use nuncio_core::push::{PROVIDERS, provider_json};
use nuncio_protocol::UserId;
use nuncio_protocol::frames::PushProvider;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::call::{Call, Context, Who};
use crate::error::ConsoleError;
use crate::wire::{Nothing, value};

fn provider(name: &str) -> Result<PushProvider, ConsoleError> {
    let found = PROVIDERS.iter().find(|(known, _)| *known == name);
    found.map(|(_, provider)| *provider).ok_or_else(|| {
        ConsoleError::member("provider", "must be `fcm`, `apns`, `web` or `webhook`")
    })
}

/// One of the app's providers.
#[derive(Deserialize)]
pub(crate) struct One {
    provider: String,
}

/// The app's providers that are set up, without their secrets.
pub(crate) struct List;
impl Call for List {
    const PATH: &'static str = "push/list";
    const WHO: Who = Who::OnApp(Role::Developer);
    type Request = Nothing;
    type Response = Value;

    async fn call(ctx: &Context, _: Nothing) -> Result<Value, ConsoleError> {
        let providers = ctx.core.push_providers(ctx.app()?.id).await?;
        Ok(json!({ "providers": providers.iter().map(provider_json).collect::<Vec<_>>() }))
    }
}

#[derive(Deserialize)]
pub(crate) struct Given {
    #[serde(flatten)]
    one: One,
    credentials: Value,
    active: Option<bool>,
}

/// Sets one up; secrets that are left out stay.
pub(crate) struct Set;
impl Call for Set {
    const PATH: &'static str = "push/set";
    const WHO: Who = Who::OnApp(Role::Developer);
    type Request = Given;
    type Response = Value;

    async fn call(ctx: &Context, request: Given) -> Result<Value, ConsoleError> {
        let Given { one, credentials, active } = request;
        let (app, provider) = (ctx.app()?.id, provider(&one.provider)?);
        let active = active.unwrap_or(true);
        let set = ctx.core.set_push_provider(app, provider, credentials, active).await?;
        Ok(provider_json(&set))
    }
}

pub(crate) struct Remove;
impl Call for Remove {
    const PATH: &'static str = "push/remove";
    const WHO: Who = Who::OnApp(Role::Developer);
    type Request = One;
    type Response = Nothing;

    async fn call(ctx: &Context, one: One) -> Result<Nothing, ConsoleError> {
        ctx.core.remove_push_provider(ctx.app()?.id, provider(&one.provider)?).await?;
        Ok(Nothing {})
    }
}

/// What requests to the app's own gateway are signed with.
pub(crate) struct Secret;
impl Call for Secret {
    const PATH: &'static str = "push/secret";
    const WHO: Who = Who::OnApp(Role::Developer);
    const CONFIRMED: bool = true;
    type Request = Nothing;
    type Response = Value;

    async fn call(ctx: &Context, _: Nothing) -> Result<Value, ConsoleError> {
        let secret = ctx.core.push_webhook_secret(ctx.app()?.id).await?;
        Ok(json!({ "secret": secret.expose_secret() }))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Tried {
    #[serde(flatten)]
    one: One,
    user_id: Option<String>,
}

/// Sends a test, and tells what came of it.
pub(crate) struct Test;
impl Call for Test {
    const PATH: &'static str = "push/test";
    const WHO: Who = Who::OnApp(Role::Developer);
    type Request = Tried;
    type Response = Value;

    async fn call(ctx: &Context, request: Tried) -> Result<Value, ConsoleError> {
        let Tried { one, user_id } = request;
        let user = user_id.filter(|id| !id.is_empty());
        let user = user.map(|id| value::<_, UserId>("userId", id)).transpose()?;
        let tested = ctx.core.test_push(ctx.app()?.id, provider(&one.provider)?, user).await?;
        let (status, excerpt) = (tested.status, tested.excerpt);
        Ok(json!({ "accepted": tested.accepted, "status": status, "excerpt": excerpt }))
    }
}
