//! Signing in and out, and the one-time links.

use nuncio_core::operators::{CONFIRMED_MS, IDLE_MS, Role, SESSION_MS, SignedIn};
use nuncio_protocol::ids::OperatorName;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::call::{Call, Context, Cookie, Who};
use crate::error::ConsoleError;
use crate::wire::{Nothing, value};

/// A role on one app, or on all of them.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireGrant {
    pub(crate) app_key: Option<String>,
    pub(crate) role: Role,
}

/// An operator's roles, by the apps' keys. One for an app that has gone is left out.
pub(crate) async fn grants(
    ctx: &Context,
    operator: &nuncio_core::operators::Operator,
) -> Result<Vec<WireGrant>, ConsoleError> {
    let apps = ctx.core.apps().await?;
    let named = |grant: &nuncio_core::operators::Grant| match grant.app {
        None => Some(WireGrant { app_key: None, role: grant.role }),
        Some(id) => apps
            .iter()
            .find(|app| app.id == id)
            .map(|app| WireGrant { app_key: Some(app.key.to_string()), role: grant.role }),
    };
    Ok(operator.grants.iter().filter_map(named).collect())
}

async fn answer(ctx: &Context, signed_in: &SignedIn) -> Result<Value, ConsoleError> {
    let SignedIn { session, operator, .. } = signed_in;
    let confirmed_until = session.confirmed_at.plus_ms(CONFIRMED_MS);
    let expires_at = session.created_at.plus_ms(SESSION_MS);
    Ok(json!({
        "operator": operator.name.as_str(),
        "grants": grants(ctx, operator).await?,
        "secondFactor": operator.second_factor.is_some(),
        "recoveryCodesLeft": operator.recovery_left,
        "idleAt": session.used_at.plus_ms(IDLE_MS).min(expires_at).0,
        "expiresAt": expires_at.0,
        "confirmedUntil": if confirmed_until > ctx.core.now() { confirmed_until.0 } else { 0 },
        "server": { "version": env!("CARGO_PKG_VERSION") },
    }))
}

pub(crate) async fn goes_on(ctx: &Context, signed_in: &SignedIn) -> Result<Value, ConsoleError> {
    ctx.go_on_as(signed_in);
    answer(ctx, signed_in).await
}

#[derive(Deserialize)]
pub(crate) struct Credentials {
    #[serde(default)]
    name: String,
    password: SecretString,
    code: Option<String>,
}

/// Begins a session, always under a token of its own: one that was planted before is of no use.
pub(crate) struct SignIn;
impl Call for SignIn {
    const PATH: &'static str = "session/sign-in";
    const WHO: Who = Who::Anybody;
    type Request = Credentials;
    type Response = Value;

    async fn call(ctx: &Context, request: Credentials) -> Result<Value, ConsoleError> {
        let Credentials { name, password, code } = request;
        let signed_in = ctx.core.sign_in(&name, password, code.as_deref(), &ctx.visitor).await?;
        if let Some(old) = &ctx.signed_in {
            ctx.core.sign_out(&old.session).await?;
        }
        goes_on(ctx, &signed_in).await
    }
}

#[derive(Deserialize)]
pub(crate) struct LinkToken {
    token: SecretString,
}

/// Says what a one-time link is for.
pub(crate) struct Link;
impl Call for Link {
    const PATH: &'static str = "session/link";
    const WHO: Who = Who::Anybody;
    type Request = LinkToken;
    type Response = Value;

    async fn call(ctx: &Context, request: LinkToken) -> Result<Value, ConsoleError> {
        let (operator, first) = ctx.core.operator_of_link(&request.token, &ctx.visitor).await?;
        let expires_at = operator.link_expires_at.map(|at| at.0);
        Ok(json!({
            "operator": operator.name.as_str(),
            "firstOwner": first,
            "expiresAt": expires_at,
        }))
    }
}

#[derive(Deserialize)]
pub(crate) struct Redemption {
    token: SecretString,
    name: Option<String>,
    password: SecretString,
}

/// Uses a one-time link up.
pub(crate) struct Redeem;
impl Call for Redeem {
    const PATH: &'static str = "session/redeem";
    const WHO: Who = Who::Anybody;
    type Request = Redemption;
    type Response = Value;

    async fn call(ctx: &Context, request: Redemption) -> Result<Value, ConsoleError> {
        let Redemption { token, name, password } = request;
        let name = name
            .map(|name| value::<_, OperatorName>("name", name.to_lowercase().as_str()))
            .transpose()?;
        let signed_in = ctx.core.redeem_link(&token, name, password, &ctx.visitor).await?;
        goes_on(ctx, &signed_in).await
    }
}

/// Who is signed in.
pub(crate) struct Get;
impl Call for Get {
    const PATH: &'static str = "session/get";
    const WHO: Who = Who::Operator;
    type Request = Nothing;
    type Response = Value;

    async fn call(ctx: &Context, _: Nothing) -> Result<Value, ConsoleError> {
        answer(ctx, ctx.signed_in()?).await
    }
}

/// Ends the session.
pub(crate) struct SignOut;
impl Call for SignOut {
    const PATH: &'static str = "session/sign-out";
    const WHO: Who = Who::Operator;
    type Request = Nothing;
    type Response = Nothing;

    async fn call(ctx: &Context, _: Nothing) -> Result<Nothing, ConsoleError> {
        ctx.core.sign_out(&ctx.signed_in()?.session).await?;
        ctx.set_cookie(Cookie::Clear);
        Ok(Nothing {})
    }
}

/// Asks for the password once more.
pub(crate) struct Confirm;
impl Call for Confirm {
    const PATH: &'static str = "session/confirm";
    const WHO: Who = Who::Operator;
    type Request = Credentials;
    type Response = Value;

    async fn call(ctx: &Context, request: Credentials) -> Result<Value, ConsoleError> {
        let Credentials { password, code, .. } = request;
        let current = ctx.signed_in()?;
        let signed_in = ctx.core.confirm(current, password, code.as_deref(), &ctx.visitor).await?;
        goes_on(ctx, &signed_in).await
    }
}
