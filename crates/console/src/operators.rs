//! Who else works with the console.

use nuncio_core::operators::{Grant, OneTimeLink, Role};
use nuncio_protocol::ids::OperatorName;
use nuncio_protocol::{AppKey, Refusal};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::call::{Call, Context, Who};
use crate::error::ConsoleError;
use crate::session::{WireGrant, grants};
use crate::wire::{Nothing, value};

const OWNER: Who = Who::OnAll(Role::Owner);

fn link(link: &OneTimeLink) -> Value {
    let token = link.token.expose_secret();
    // Behind `#`, so that no server on the way writes it into a log.
    json!({ "url": format!("/console/#/link/{token}"), "expiresAt": link.expires_at.0 })
}

fn name(text: &str) -> Result<OperatorName, ConsoleError> {
    value("name", text.to_lowercase().as_str())
}

async fn read(ctx: &Context, wire: &[WireGrant]) -> Result<Vec<Grant>, ConsoleError> {
    let mut grants = Vec::with_capacity(wire.len());
    for grant in wire {
        let app = match &grant.app_key {
            None => None,
            Some(key) => {
                let key: AppKey = value("grants", key.as_str())?;
                Some(ctx.core.app(&key).await?.ok_or(Refusal::AppNotFound)?.id)
            }
        };
        grants.push(Grant { app, role: grant.role });
    }
    Ok(grants)
}

pub(crate) struct List;
impl Call for List {
    const PATH: &'static str = "operators/list";
    const WHO: Who = OWNER;
    type Request = Nothing;
    type Response = Value;

    async fn call(ctx: &Context, _: Nothing) -> Result<Value, ConsoleError> {
        let mut all = Vec::new();
        for operator in ctx.core.operators().await? {
            let seen = operator.last_seen_at.0;
            all.push(json!({
                "name": operator.name.as_str(),
                "grants": grants(ctx, &operator).await?,
                "secondFactor": operator.second_factor.is_some(),
                "createdAt": operator.created_at.0,
                "active": !operator.password.is_empty(),
                "linkExpiresAt": operator.link_expires_at.map(|at| at.0),
                "lastSeenAt": (seen > 0).then_some(seen),
            }));
        }
        Ok(json!({ "operators": all }))
    }
}

#[derive(Deserialize)]
pub(crate) struct Named {
    name: String,
}

#[derive(Deserialize)]
pub(crate) struct WithGrants {
    name: String,
    grants: Vec<WireGrant>,
}

pub(crate) struct Invite;
impl Call for Invite {
    const PATH: &'static str = "operators/invite";
    const WHO: Who = OWNER;
    const CONFIRMED: bool = true;
    type Request = WithGrants;
    type Response = Value;

    async fn call(ctx: &Context, request: WithGrants) -> Result<Value, ConsoleError> {
        let grants = read(ctx, &request.grants).await?;
        Ok(link(&ctx.core.invite_operator(name(&request.name)?, grants).await?))
    }
}

pub(crate) struct NewLink;
impl Call for NewLink {
    const PATH: &'static str = "operators/new-link";
    const WHO: Who = OWNER;
    const CONFIRMED: bool = true;
    type Request = Named;
    type Response = Value;

    async fn call(ctx: &Context, request: Named) -> Result<Value, ConsoleError> {
        Ok(link(&ctx.core.renew_operator_link(name(&request.name)?).await?))
    }
}

pub(crate) struct SetGrants;
impl Call for SetGrants {
    const PATH: &'static str = "operators/set-grants";
    const WHO: Who = OWNER;
    const CONFIRMED: bool = true;
    type Request = WithGrants;
    type Response = Nothing;

    async fn call(ctx: &Context, request: WithGrants) -> Result<Nothing, ConsoleError> {
        let grants = read(ctx, &request.grants).await?;
        ctx.core.set_operator_grants(name(&request.name)?, grants).await?;
        Ok(Nothing {})
    }
}

pub(crate) struct Remove;
impl Call for Remove {
    const PATH: &'static str = "operators/remove";
    const WHO: Who = OWNER;
    const CONFIRMED: bool = true;
    type Request = Named;
    type Response = Nothing;

    async fn call(ctx: &Context, request: Named) -> Result<Nothing, ConsoleError> {
        ctx.core.remove_operator(name(&request.name)?).await?;
        Ok(Nothing {})
    }
}
