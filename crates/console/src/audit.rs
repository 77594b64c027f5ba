//! The audit trail, looked through and checked.

use axum::body::Body;
use futures_util::stream;
use nuncio_core::audit::{Entry, Filter, INSTALLATION, json_line};
use nuncio_core::operators::Role;
use nuncio_protocol::ids::AppId;
use nuncio_protocol::{AppKey, Refusal, Timestamp, UserId};
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

/// Whose entries, and which of them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Query {
    app_key: Option<String>,
    user_id: Option<String>,
    operator: Option<String>,
    action: Option<String>,
    from: Option<i64>,
    to: Option<i64>,
    page_token: Option<String>,
    page_size: Option<i64>,
}

/// A chain that the operator may see: an app's, or without one the installation's.
struct Meant {
    app: AppId,
    key: Option<AppKey>,
}

impl Query {
    /// Whoever may see that app, or owns all of them.
    async fn chain(&self, ctx: &Context) -> Result<Meant, ConsoleError> {
        let operator = &ctx.signed_in()?.operator;
        match &self.app_key {
            Some(key) => {
                let key: AppKey = value("appKey", key.as_str())?;
                let app = ctx.core.app(&key).await?.ok_or(Refusal::AppNotFound)?;
                operator.role_on(app.id).ok_or(Refusal::AppNotFound)?;
                Ok(Meant { app: app.id, key: Some(key) })
            }
            None if operator.role_on_all() == Some(Role::Owner) => {
                Ok(Meant { app: INSTALLATION, key: None })
            }
            None => Err(Refusal::RoleTooLow { needed: Role::Owner.word() }.into()),
        }
    }

    fn filter(&self) -> Result<Filter, ConsoleError> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let user = given(&self.user_id);
        Ok(Filter {
            user: user.map(|id| value::<_, UserId>("userId", id.as_str())).transpose()?,
            actor_name: given(&self.operator),
            operation: given(&self.action),
            from: self.from.map(Timestamp),
            to: self.to.map(Timestamp),
        })
    }
}

/// Entries of one app, or of the installation.
pub(crate) struct List;
impl Call for List {
    const PATH: &'static str = "audit/list";
    const WHO: Who = Who::Operator;
    type Request = Query;
    type Response = Listing<Value>;

    async fn call(ctx: &Context, request: Query) -> Result<Listing<Value>, ConsoleError> {
        let Meant { app, key } = request.chain(ctx).await?;
        let filter = request.filter()?;
        let before = request
            .page_token
            .map(|token| token.parse::<i64>().map_err(|_| bad_page()))
            .transpose()?;
        let size = page_size(request.page_size)?;
        let found = ctx.core.audit(app, filter, before, size).await?;
        let mut items: Vec<_> =
            found.entries.iter().map(|entry| to_json(entry, key.as_ref())).collect();
        let users = found.entries.iter().map(|entry| UserId::try_from(entry.user.as_str()).ok());
        let (at, ids): (Vec<usize>, Vec<UserId>) =
            users.enumerate().filter_map(|(at, user)| Some((at, user?))).unzip();
        for (at, known) in at.into_iter().zip(ctx.core.known_as(app, ids).await?) {
            items[at]["userName"] = json!(known.name);
        }
        Ok(Listing { items, page_token: found.next.map(|seq| seq.to_string()) })
    }
}

/// The same entries, all of them, as JSON lines; the newest first.
pub(crate) struct Export;
impl Call for Export {
    const PATH: &'static str = "audit/export";
    const WHO: Who = Who::Operator;
    type Request = Query;
    type Response = Nothing;

    async fn call(ctx: &Context, request: Query) -> Result<Nothing, ConsoleError> {
        /// Entries that are read at once.
        const STRETCH: i64 = 1000;
        let Meant { app, key } = request.chain(ctx).await?;
        let filter = request.filter()?;
        let known = key.map_or_else(|| "-".to_owned(), |key| key.to_string());
        let name = format!("audit-{}.jsonl", known.trim_matches('-'));
        let core = ctx.core.clone();
        // Some at a time, as fast as the browser takes them.
        let lines = stream::try_unfold(Some(i64::MAX), move |before| {
            let (core, filter, known) = (core.clone(), filter.clone(), known.clone());
            async move {
                let Some(before) = before else { return Ok(None) };
                let found = core.audit(app, filter, Some(before), STRETCH).await?;
                let mut text = String::new();
                for entry in &found.entries {
                    text.push_str(&json_line(app, &known, entry)?);
                    text.push('\n');
                }
                Ok::<_, nuncio_core::Error>(Some((text, found.next)))
            }
        });
        ctx.send_file(name, "application/jsonl", Body::from_stream(lines));
        Ok(Nothing {})
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
