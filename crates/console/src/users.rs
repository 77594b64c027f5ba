//! Users: found, looked at, and acted on.

use nuncio_core::operators::Role;
use nuncio_protocol::values::{AvatarUrl, BanDuration, BanReason, Name};
use nuncio_protocol::{Refusal, Timestamp, UserId};
use nuncio_store::directory::{Known, Listed, Named, Standing};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::call::{Call, Context, Who};
use crate::error::ConsoleError;
use crate::wire::{Listing, Nothing, bad_page, page_size, value};
use crate::{audit, wire};

/// Entries of the audit trail on a user's page.
const HISTORY: i64 = 20;
/// Bytes of what is looked for.
const QUERY_BYTES: usize = 256;

fn status(
    banned_until: Timestamp,
    muted: bool,
    deleted: bool,
    now: Timestamp,
) -> Vec<&'static str> {
    let mut all = Vec::new();
    if deleted {
        all.push("softDeleted");
    }
    if banned_until > now {
        all.push("banned");
    }
    if muted {
        all.push("muted");
    }
    if all.is_empty() {
        all.push("active");
    }
    all
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Status {
    Banned,
    Muted,
    SoftDeleted,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Search {
    query: Option<String>,
    status: Option<Status>,
    page_token: Option<String>,
    page_size: Option<i64>,
}

/// Users: the newest, those of a status, or those that a query finds.
pub(crate) struct List;
impl Call for List {
    const PATH: &'static str = "users/list";
    const WHO: Who = Who::OnApp(Role::Viewer);
    type Request = Search;
    type Response = Listing<Value>;

    async fn call(ctx: &Context, request: Search) -> Result<Listing<Value>, ConsoleError> {
        let size = page_size(request.page_size)?;
        let query = request.query.filter(|query| !query.is_empty());
        let token = request.page_token.as_deref().filter(|token| !token.is_empty());
        let (found, next) = match (query, request.status) {
            (Some(_), Some(_)) => {
                let sentence = "`query` and `status` exclude each other: leave one out";
                return Err(Refusal::BadParameter(sentence.to_owned()).into());
            }
            (Some(query), None) => find(ctx, query, token, size).await?,
            (None, Some(status)) => {
                let standing = match status {
                    Status::Banned => Standing::Banned,
                    Status::Muted => Standing::Muted,
                    Status::SoftDeleted => Standing::SoftDeleted,
                };
                let page = ctx.core.users_of(ctx.app()?.id, standing, token, size).await?;
                (page.items, page.next)
            }
            (None, None) => {
                let page = ctx.core.newest_users(ctx.app()?.id, token, size).await?;
                (page.items, page.next)
            }
        };
        let ids: Vec<UserId> = found.iter().map(|user| user.id.clone()).collect();
        let known = ctx.core.known_as(ctx.app()?.id, ids.clone()).await?;
        let presence = ctx.core.presence(ctx.app()?.id, ids).await?;
        let now = ctx.core.now();
        let row = |((user, presence), known): ((&Listed, &nuncio_bus::Presence), &Known)| {
            json!({
                "userId": user.id.as_str(),
                "name": user.name,
                "shownName": known.name,
                "avatarUrl": user.avatar_url,
                "createdAt": user.created_at.0,
                "online": presence.online,
                "status": status(user.banned_until, user.muted, user.deleted, now),
            })
        };
        let items = found.iter().zip(&presence).zip(&known).map(row).collect();
        Ok(Listing { items, page_token: next })
    }
}

type Found = (Vec<Listed>, Option<String>);

/// First those whose id begins so, by id; then those whose name does.
async fn find(
    ctx: &Context,
    query: String,
    token: Option<&str>,
    size: i64,
) -> Result<Found, ConsoleError> {
    if query.len() > QUERY_BYTES || query.contains('\0') {
        return Err(ConsoleError::member("query", format!("has more than {QUERY_BYTES} bytes")));
    }
    let (store, app) = (ctx.core.store(), ctx.app()?.id);
    let by_id = |user: &Listed| format!("i{}", user.id);
    let by_name = |place: &Named| format!("n{}:{}", place.id, place.name);
    let id = |text: &str| UserId::try_from(text).map_err(|_| bad_page());
    let (mut found, after) = match token.map(|token| token.split_at_checked(1)) {
        Some(Some(("n", place))) => {
            let (user, name) = place.split_once(':').ok_or_else(bad_page)?;
            if name.contains('\0') {
                return Err(bad_page());
            }
            (Vec::new(), Some(Named { name: name.to_owned(), id: id(user)? }))
        }
        Some(Some(("i", user))) => {
            (store.users_by_id(app, query.clone(), Some(id(user)?), size + 1).await?, None)
        }
        Some(_) => return Err(bad_page()),
        None => (store.users_by_id(app, query.clone(), None, size + 1).await?, None),
    };
    let size_here = usize::try_from(size).unwrap_or(usize::MAX);
    if found.len() > size_here {
        found.truncate(size_here);
        let next = found.last().map(by_id);
        return Ok((found, next));
    }
    let room = size - i64::try_from(found.len()).unwrap_or(size);
    let first = after.is_none();
    let mut named = store.users_by_name(app, query.clone(), after, room + 1).await?;
    let more = i64::try_from(named.len()).unwrap_or(0) > room;
    named.truncate(usize::try_from(room).unwrap_or(0));
    // A page that those found by id have filled goes on with the first of the others.
    let last = named.last().map(|(place, _)| by_name(place));
    let next = match last {
        Some(last) => more.then_some(last),
        None => found.last().filter(|_| more && first).map(by_id),
    };
    // Who was found by id is not shown twice.
    named.retain(|(_, user)| !user.id.as_str().starts_with(&query));
    found.extend(named.into_iter().map(|(_, user)| user));
    Ok((found, next))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct One {
    user_id: String,
}

impl One {
    fn id(&self) -> Result<UserId, ConsoleError> {
        value("userId", self.user_id.as_str())
    }
}

/// Everything that a user's page shows.
pub(crate) struct Get;
impl Call for Get {
    const PATH: &'static str = "users/get";
    const WHO: Who = Who::OnApp(Role::Viewer);
    type Request = One;
    type Response = Value;

    async fn call(ctx: &Context, request: One) -> Result<Value, ConsoleError> {
        let (core, app, id) = (&ctx.core, ctx.app()?, request.id()?);
        let user = core.store().user(app.id, id.clone()).await?;
        let user = user.ok_or_else(|| Refusal::NotRegistered(id.clone()))?;
        let now = core.now();
        let profile = core.profiles(app.id, vec![id.clone()]).await?;
        let profile = profile.first().filter(|profile| profile.version > 0).map(|profile| {
            let basic = serde_json::from_str::<Value>(&profile.basic);
            json!({
                "basic": basic.unwrap_or(Value::Null),
                "ext": profile.ext,
                "updatedAt": profile.version,
            })
        });
        let tags = if user.deleted {
            Vec::new()
        } else {
            core.tags(app.id, vec![id.clone()]).await?.pop().map(|tags| tags.1).unwrap_or_default()
        };
        let tags: Vec<_> = tags.iter().map(|tag| tag.as_str().to_owned()).collect();
        let devices: Vec<_> = core
            .devices(app.id, &id)
            .await?
            .into_iter()
            .map(|device| {
                json!({
                    "deviceId": device.device,
                    "platform": device.platform,
                    "sdkVersion": device.sdk_version,
                    "since": device.since.0,
                    "node": device.node,
                    "address": device.address,
                    "sessionId": device.session,
                })
            })
            .collect();
        let filter = audit_filter(&id);
        let history = core.audit(app.id, filter, None, HISTORY).await?.entries;
        let known = core.known_as(app.id, vec![id.clone()]).await?.pop().unwrap_or_default();
        let counts = core.store().count_relations(app.id, id).await?;
        let ban = (user.banned_until > now).then(|| {
            json!({
                "until": user.banned_until.0,
                "untilUnbanned": user.banned_until == Timestamp::FOREVER,
                "reason": user.ban_reason,
            })
        });
        Ok(json!({
            "userId": user.id.as_str(),
            "name": user.name,
            "shownName": known.name,
            "avatarUrl": user.avatar_url,
            "createdAt": user.created_at.0,
            "status": status(user.banned_until, user.muted, user.deleted, now),
            "ban": ban,
            "muted": user.muted,
            "softDeleted": user.deleted,
            "tokensFrom": user.tokens_from.0,
            "lastTokenAt": user.last_token_at.0,
            "devices": devices,
            "profile": profile,
            "tags": tags,
            "whitelistOn": user.whitelist_on,
            "friendPermission": Some(user.friend_permission).filter(|own| *own != 0),
            "counts": {
                "blocklist": counts.blocklist,
                "whitelist": counts.whitelist,
                "friends": counts.friends,
            },
            "history": history.iter().map(|e| audit::to_json(e, Some(&app.key))).collect::<Vec<_>>(),
        }))
    }
}

fn audit_filter(id: &UserId) -> nuncio_core::audit::Filter {
    nuncio_core::audit::Filter { user: Some(id.clone()), ..Default::default() }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum ListName {
    Blocklist,
    Whitelist,
    Friends,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RelationQuery {
    user_id: String,
    list: ListName,
    page_token: Option<String>,
    page_size: Option<i64>,
}

/// Whom a user has on a list.
pub(crate) struct Relations;
impl Call for Relations {
    const PATH: &'static str = "users/relations";
    const WHO: Who = Who::OnApp(Role::Viewer);
    type Request = RelationQuery;
    type Response = Listing<Value>;

    async fn call(ctx: &Context, request: RelationQuery) -> Result<Listing<Value>, ConsoleError> {
        let id: UserId = value("userId", request.user_id.as_str())?;
        let size = page_size(request.page_size)?;
        let token = request.page_token.as_deref();
        let (core, app) = (&ctx.core, ctx.app()?.id);
        let plain = |id: UserId| (json!({ "userId": id.as_str() }), id);
        let (found, next): (Vec<(Value, UserId)>, _) = match request.list {
            ListName::Blocklist => {
                let page = core.blocklist(app, id, token, size).await?;
                (page.items.into_iter().map(plain).collect(), page.next)
            }
            ListName::Whitelist => {
                let page = core.whitelist(app, id, token, size).await?;
                (page.items.into_iter().map(plain).collect(), page.next)
            }
            ListName::Friends => {
                let page = core.friends(app, id, token, size, true).await?;
                let mut friends = Vec::with_capacity(page.friends.len());
                for friend in &page.friends {
                    let id: UserId = value("userId", friend.user_id.as_str())?;
                    let (since, alias) = (friend.added_at, &friend.alias);
                    let row = json!({ "userId": id.as_str(), "since": since, "alias": alias });
                    friends.push((row, id));
                }
                (friends, page.next)
            }
        };
        let (mut items, ids): (Vec<Value>, Vec<UserId>) = found.into_iter().unzip();
        for (item, known) in items.iter_mut().zip(core.known_as(app, ids).await?) {
            item["name"] = json!(known.name);
        }
        Ok(Listing { items, page_token: next })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Registration {
    user_id: String,
    name: String,
    avatar_url: Option<String>,
    ttl_seconds: Option<i64>,
}

pub(crate) struct Register;
impl Call for Register {
    const PATH: &'static str = "users/register";
    const WHO: Who = Who::OnApp(Role::Support);
    type Request = Registration;
    type Response = Value;

    async fn call(ctx: &Context, request: Registration) -> Result<Value, ConsoleError> {
        let user: UserId = value("userId", request.user_id.as_str())?;
        let name: Name = value("name", request.name.as_str())?;
        let avatar = request.avatar_url.map(|url| value::<_, AvatarUrl>("avatarUrl", url.as_str()));
        let app = ctx.app()?;
        let ttl = request.ttl_seconds;
        let token = ctx.core.issue_token(app, user, name, avatar.transpose()?, ttl).await?;
        let claim = ctx.core.read_token(app.key.as_str(), &token).await?;
        Ok(json!({ "token": token, "expiresAt": claim.expires_at.map(|at| at.0) }))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Some20 {
    user_ids: Vec<String>,
}

impl Some20 {
    fn users(&self) -> Result<Vec<UserId>, ConsoleError> {
        wire::users(&self.user_ids)
    }
}

pub(crate) struct ExpireTokens;
impl Call for ExpireTokens {
    const PATH: &'static str = "users/expire-tokens";
    const WHO: Who = Who::OnApp(Role::Support);
    type Request = Some20;
    type Response = Nothing;

    async fn call(ctx: &Context, request: Some20) -> Result<Nothing, ConsoleError> {
        // One more, so that a token of this very millisecond is void too.
        let before = ctx.core.now().plus_ms(1);
        ctx.core.expire_tokens(ctx.app()?.id, request.users()?, before).await?;
        Ok(Nothing {})
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewBan {
    user_ids: Vec<String>,
    duration_minutes: i64,
    reason: Option<String>,
    #[serde(default)]
    expire_tokens: bool,
}

pub(crate) struct Ban;
impl Call for Ban {
    const PATH: &'static str = "users/ban";
    const WHO: Who = Who::OnApp(Role::Support);
    type Request = NewBan;
    type Response = Nothing;

    async fn call(ctx: &Context, request: NewBan) -> Result<Nothing, ConsoleError> {
        let users = wire::users(&request.user_ids)?;
        let duration: BanDuration = value("durationMinutes", request.duration_minutes)?;
        let reason = request.reason.map(|text| value::<_, BanReason>("reason", text.as_str()));
        let expire = request.expire_tokens;
        ctx.core.ban(ctx.app()?.id, users, duration, reason.transpose()?, expire).await?;
        Ok(Nothing {})
    }
}

pub(crate) struct Unban;
impl Call for Unban {
    const PATH: &'static str = "users/unban";
    const WHO: Who = Who::OnApp(Role::Support);
    type Request = Some20;
    type Response = Nothing;

    async fn call(ctx: &Context, request: Some20) -> Result<Nothing, ConsoleError> {
        ctx.core.unban(ctx.app()?.id, request.users()?).await?;
        Ok(Nothing {})
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Mute {
    user_ids: Vec<String>,
    muted: bool,
}

pub(crate) struct SetMuted;
impl Call for SetMuted {
    const PATH: &'static str = "users/set-muted";
    const WHO: Who = Who::OnApp(Role::Support);
    type Request = Mute;
    type Response = Nothing;

    async fn call(ctx: &Context, request: Mute) -> Result<Nothing, ConsoleError> {
        ctx.core.mute(ctx.app()?.id, wire::users(&request.user_ids)?, request.muted).await?;
        Ok(Nothing {})
    }
}

pub(crate) struct SoftDelete;
impl Call for SoftDelete {
    const PATH: &'static str = "users/soft-delete";
    const WHO: Who = Who::OnApp(Role::Support);
    type Request = Some20;
    type Response = Value;

    async fn call(ctx: &Context, request: Some20) -> Result<Value, ConsoleError> {
        let (operation, _) = ctx.core.soft_delete(ctx.app()?.id, request.users()?).await?;
        Ok(json!({ "operationId": operation.0 }))
    }
}

pub(crate) struct Restore;
impl Call for Restore {
    const PATH: &'static str = "users/restore";
    const WHO: Who = Who::OnApp(Role::Support);
    type Request = Some20;
    type Response = Value;

    async fn call(ctx: &Context, request: Some20) -> Result<Value, ConsoleError> {
        let operation = ctx.core.restore(ctx.app()?.id, request.users()?).await?;
        Ok(json!({ "operationId": operation.0 }))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Connection {
    user_id: String,
    session_id: Option<String>,
}

pub(crate) struct Disconnect;
impl Call for Disconnect {
    const PATH: &'static str = "users/disconnect";
    const WHO: Who = Who::OnApp(Role::Support);
    type Request = Connection;
    type Response = Value;

    async fn call(ctx: &Context, request: Connection) -> Result<Value, ConsoleError> {
        let user: UserId = value("userId", request.user_id.as_str())?;
        let closed = ctx.core.disconnect(ctx.app()?.id, user, request.session_id).await?;
        Ok(json!({ "closed": closed }))
    }
}

/// Deletes test users for good; the store refuses it in production.
pub(crate) struct Delete;
impl Call for Delete {
    const PATH: &'static str = "users/delete";
    const WHO: Who = Who::OnApp(Role::Support);
    type Request = Some20;
    type Response = Nothing;

    async fn call(ctx: &Context, request: Some20) -> Result<Nothing, ConsoleError> {
        ctx.core.delete_users(ctx.app()?.id, request.users()?).await?;
        Ok(Nothing {})
    }
}
