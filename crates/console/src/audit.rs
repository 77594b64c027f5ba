//! The audit trail, looked through and checked.

use nuncio_core::audit::{Entry, Filter, INSTALLATION};
use nuncio_core::operators::Role;
use nuncio_protocol::ids::AppId;
use nuncio_protocol::{AppKey, Refusal, UserId};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::call::{Call, Context, Who};
use crate::error::ConsoleError;
use crate::wire::{Listing, Nothing, bad_page, page_size, value};

/// An entry, as the pages show it.
pub(crate) fn to_json(entry: &Entry, app: Option<&AppKey>) -> Value {
    let state = |text: &str| serde_json::from_str::<Value>(text).unwrap_or(Value::Null);
    json!({
        "seq": entry.seq,
        "at": entry.at.0,
        "actor": { "kind": entry.actor, "name": entry.actor_name },
        "address": entry.address,
        "requestId": entry.request_id,
        "appKey": app.map(AppKey::as_str),
        "action": entry.operation,
        "userId": Some(&entry.user).filter(|user| !user.is_empty()),
        "before": state(&entry.before),
        "after": state(&entry.after),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Query {
    app_key: Option<String>,
    user_id: Option<String>,
    operator: Option<String>,
    page_token: Option<String>,
    page_size: Option<i64>,
}

/// Entries of one app, or of the installation: whoever may see that app, or owns all of them.
pub(crate) struct List;
impl Call for List {
    const PATH: &'static str = "audit/list";
    const WHO: Who = Who::Operator;
    type Request = Query;
    type Response = Listing<Value>;

    async fn call(ctx: &Context, request: Query) -> Result<Listing<Value>, ConsoleError> {
        let operator = &ctx.signed_in()?.operator;
        let (app, key): (AppId, Option<AppKey>) = match &request.app_key {
            Some(key) => {
                let key: AppKey = value("appKey", key.as_str())?;
                let app = ctx.core.app(&key).await?.ok_or(Refusal::AppNotFound)?;
                operator.role_on(app.id).ok_or(Refusal::AppNotFound)?;
                (app.id, Some(key))
            }
            None if operator.role_on_all() == Some(Role::Owner) => (INSTALLATION, None),
            None => return Err(Refusal::RoleTooLow { needed: Role::Owner.word() }.into()),
        };
        let user = request.user_id.filter(|id| !id.is_empty());
        let user = user.map(|id| value::<_, UserId>("userId", id.as_str())).transpose()?;
        let actor_name = request.operator.filter(|name| !name.is_empty());
        let before = request
            .page_token
            .map(|token| token.parse::<i64>().map_err(|_| bad_page()))
            .transpose()?;
        let filter = Filter { user, actor_name };
        let size = page_size(request.page_size)?;
        let found = ctx.core.audit(app, filter, before, size).await?;
        Ok(Listing {
            items: found.entries.iter().map(|entry| to_json(entry, key.as_ref())).collect(),
            page_token: found.next.map(|seq| seq.to_string()),
        })
    }
}

/// Follows all chains.
pub(crate) struct Verify;
impl Call for Verify {
    const PATH: &'static str = "audit/verify";
    const WHO: Who = Who::OnAll(Role::Owner);
    type Request = Nothing;
    type Response = Value;

    async fn call(ctx: &Context, _: Nothing) -> Result<Value, ConsoleError> {
        let (mut entries, mut problem) = (0, None);
        for app in ctx.core.audited().await? {
            let verified = ctx.core.verify_audit(app, None).await?;
            entries += verified.entries;
            if let Some(found) = verified.breaks.first() {
                problem.get_or_insert_with(|| {
                    format!("the chain of app number {} breaks: {found:?}", app.0)
                });
            }
        }
        Ok(json!({ "entries": entries, "intact": problem.is_none(), "problem": problem }))
    }
}
