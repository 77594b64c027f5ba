//! Apps: made, named, upgraded, their secrets, and the way from development to production.

use nuncio_core::operators::Role;
use nuncio_protocol::values::Name;
use nuncio_protocol::{AppKey, Refusal};
use nuncio_store::apps::{App, Edition, Environment};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::call::{Call, Context, Who};
use crate::error::ConsoleError;
use crate::settings::{self, WireSettings};
use crate::wire::{Nothing, value};

pub(crate) fn to_json(app: &App, role: Role) -> Value {
    json!({
        "appKey": app.key.as_str(),
        "name": app.name,
        "environment": app.environment,
        "edition": app.edition,
        "locked": app.locked,
        "createdAt": app.created_at.0,
        "role": role,
        "userLimit": app.user_limit(),
    })
}

fn role(ctx: &Context, app: &App) -> Result<Role, ConsoleError> {
    ctx.signed_in()?.operator.role_on(app.id).ok_or_else(|| Refusal::AppNotFound.into())
}

/// The apps that the operator has a role on.
pub(crate) struct List;
impl Call for List {
    const PATH: &'static str = "apps/list";
    const WHO: Who = Who::Operator;
    type Request = Nothing;
    type Response = Value;

    async fn call(ctx: &Context, _: Nothing) -> Result<Value, ConsoleError> {
        let operator = &ctx.signed_in()?.operator;
        let apps = ctx.core.apps().await?;
        let seen: Vec<_> = apps
            .iter()
            .filter_map(|app| operator.role_on(app.id).map(|role| to_json(app, role)))
            .collect();
        Ok(json!({ "apps": seen }))
    }
}

#[derive(Deserialize)]
pub(crate) struct NewApp {
    name: String,
    environment: Environment,
    edition: Edition,
}

pub(crate) struct Create;
impl Call for Create {
    const PATH: &'static str = "apps/create";
    const WHO: Who = Who::OnAll(Role::Owner);
    type Request = NewApp;
    type Response = Value;

    async fn call(ctx: &Context, request: NewApp) -> Result<Value, ConsoleError> {
        let NewApp { name, environment, edition } = request;
        let made = ctx.core.create_app(&name, environment, edition).await?;
        Ok(json!({
            "app": to_json(&made.app, Role::Owner),
            "appSecret": made.secret.expose_secret(),
        }))
    }
}

/// What each edition allows, told by the rule itself.
pub(crate) struct Editions;
impl Call for Editions {
    const PATH: &'static str = "apps/editions";
    const WHO: Who = Who::Operator;
    type Request = Nothing;
    type Response = Value;

    async fn call(_: &Context, _: Nothing) -> Result<Value, ConsoleError> {
        let mut all = Vec::new();
        for environment in [Environment::Development, Environment::Production] {
            for edition in [Edition::Free, Edition::Flagship, Edition::Premium] {
                let limit = nuncio_store::apps::user_limit(environment, edition);
                all.push(json!({
                    "environment": environment, "edition": edition, "userLimit": limit,
                }));
            }
        }
        Ok(json!({ "editions": all }))
    }
}

pub(crate) struct Get;
impl Call for Get {
    const PATH: &'static str = "apps/get";
    const WHO: Who = Who::OnApp(Role::Viewer);
    type Request = Nothing;
    type Response = Value;

    async fn call(ctx: &Context, _: Nothing) -> Result<Value, ConsoleError> {
        let app = ctx.app()?;
        Ok(to_json(app, role(ctx, app)?))
    }
}

pub(crate) struct Usage;
impl Call for Usage {
    const PATH: &'static str = "apps/usage";
    const WHO: Who = Who::OnApp(Role::Viewer);
    type Request = Nothing;
    type Response = Value;

    async fn call(ctx: &Context, _: Nothing) -> Result<Value, ConsoleError> {
        let app = ctx.app()?;
        let counted = ctx.core.count_users(app.id).await?;
        Ok(json!({
            "registered": counted.registered,
            "softDeleted": counted.soft_deleted,
            "userLimit": app.user_limit(),
            "online": ctx.core.online_users(app.id).await?,
        }))
    }
}

#[derive(Deserialize)]
pub(crate) struct Change {
    name: Option<String>,
    edition: Option<Edition>,
    locked: Option<bool>,
}

/// Changes an app. Its environment stays what it was made for: users of a production app can never be deleted
/// by calling it a development app for a moment.
pub(crate) struct Update;
impl Call for Update {
    const PATH: &'static str = "apps/update";
    const WHO: Who = Who::OnApp(Role::Owner);
    type Request = Change;
    type Response = Value;

    async fn call(ctx: &Context, request: Change) -> Result<Value, ConsoleError> {
        let Change { name, edition, locked } = request;
        let name = name.map(|name| value::<_, Name>("name", name.as_str())).transpose()?;
        let app = ctx.app()?;
        let changed = ctx
            .core
            .set_app(app.id, move |app| {
                if let Some(name) = &name {
                    name.as_str().clone_into(&mut app.name);
                }
                app.edition = edition.unwrap_or(app.edition);
                app.locked = locked.unwrap_or(app.locked);
            })
            .await?;
        Ok(to_json(&changed, role(ctx, app)?))
    }
}

pub(crate) struct Secret;
impl Call for Secret {
    const PATH: &'static str = "apps/secret";
    const WHO: Who = Who::OnApp(Role::Developer);
    const CONFIRMED: bool = true;
    type Request = Nothing;
    type Response = Value;

    async fn call(ctx: &Context, _: Nothing) -> Result<Value, ConsoleError> {
        Ok(json!({ "appSecret": *ctx.core.app_secret(ctx.app()?)? }))
    }
}

pub(crate) struct RotateSecret;
impl Call for RotateSecret {
    const PATH: &'static str = "apps/rotate-secret";
    const WHO: Who = Who::OnApp(Role::Owner);
    const CONFIRMED: bool = true;
    type Request = Nothing;
    type Response = Value;

    async fn call(ctx: &Context, _: Nothing) -> Result<Value, ConsoleError> {
        let secret = ctx.core.rotate_secret(ctx.app()?.id).await?;
        Ok(json!({ "appSecret": secret.expose_secret() }))
    }
}

#[derive(Deserialize)]
pub(crate) struct Deletion {
    /// The app's name, typed.
    confirm: String,
}

/// Deletes an app for good, in either environment.
pub(crate) struct Delete;
impl Call for Delete {
    const PATH: &'static str = "apps/delete";
    const WHO: Who = Who::OnApp(Role::Owner);
    const CONFIRMED: bool = true;
    type Request = Deletion;
    type Response = Nothing;

    async fn call(ctx: &Context, request: Deletion) -> Result<Nothing, ConsoleError> {
        ctx.core.delete_app(ctx.app()?.id, &request.confirm).await?;
        Ok(Nothing {})
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Promotion {
    to_app_key: String,
    #[serde(default)]
    dry_run: bool,
}

/// Copies the settings of a development app to a production app.
pub(crate) struct Promote;
impl Call for Promote {
    const PATH: &'static str = "apps/promote";
    const WHO: Who = Who::OnApp(Role::Viewer);
    type Request = Promotion;
    type Response = Value;

    async fn call(ctx: &Context, request: Promotion) -> Result<Value, ConsoleError> {
        let key: AppKey = value("toAppKey", request.to_app_key.as_str())?;
        let operator = &ctx.signed_in()?.operator;
        let found = ctx.core.app(&key).await?;
        let (role, to) = found
            .and_then(|app| Some((operator.role_on(app.id)?, app)))
            .ok_or(Refusal::AppNotFound)?;
        if role < Role::Owner {
            return Err(Refusal::RoleTooLow { needed: Role::Owner.word() }.into());
        }
        let from = ctx.app()?;
        let way = (from.environment, to.environment);
        if way != (Environment::Development, Environment::Production) {
            let sentence = "settings are promoted from a development app to a production app";
            return Err(Refusal::BadParameter(sentence.to_owned()).into());
        }
        let (before, after) = (settings::to_json(&to)?, settings::to_json(from)?);
        let changes = settings::differences(&before, &after);
        if !request.dry_run {
            let wanted: WireSettings =
                serde_json::from_value(after).map_err(ConsoleError::internal)?;
            wanted.check()?;
            ctx.core.set_app(to.id, move |app| wanted.apply(app)).await?;
        }
        Ok(json!({ "changes": changes }))
    }
}
