//! Groups: found, looked at, and acted on. What was said in them is not shown.

use std::collections::HashMap;

use nuncio_core::groups::{Actor, Group, JoinedGroup, Leaving, Member};
use nuncio_core::operators::Role;
use nuncio_protocol::groups::{GroupRole, MuteDuration};
use nuncio_protocol::{GroupId, Refusal, Timestamp, UserId};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::call::{Call, Context, Who};
use crate::error::ConsoleError;
use crate::wire::{self, Listing, Nothing, bad_page, page_size, value};

/// Bytes of what is looked for.
const QUERY_BYTES: usize = 64;

fn role_word(role: GroupRole) -> &'static str {
    match role {
        GroupRole::Member => "member",
        GroupRole::Admin => "admin",
        GroupRole::Owner => "owner",
    }
}

/// The name under which a member is shown in the group, by the same rule as everywhere; an operator has no friends.
fn shown_name(member: &Member) -> &str {
    [&member.nickname, &member.name]
        .into_iter()
        .find(|name| !name.is_empty())
        .map_or_else(|| member.user.as_str(), String::as_str)
}

fn avatar(group: &Group) -> &str {
    group.profile.get("portraitUrl").and_then(Value::as_str).unwrap_or_default()
}

/// Groups as rows of a list, each with its owner's name.
async fn rows(ctx: &Context, groups: &[Group]) -> Result<Vec<Value>, ConsoleError> {
    let owners = groups.iter().map(|group| (group.id.clone(), group.owner.clone())).collect();
    let owners = ctx.core.members_of_groups(ctx.app()?.id, owners).await?;
    let row = |(group, owner): (&Group, &Option<Member>)| {
        json!({
            "groupId": group.id.as_str(),
            "name": group.name,
            "avatarUrl": avatar(group),
            "owner": group.owner.as_str(),
            "ownerName": owner.as_ref().map_or_else(|| group.owner.as_str(), shown_name),
            "memberCount": group.member_count,
            "frozen": group.frozen,
            "createdAt": group.created_at.0,
        })
    };
    Ok(groups.iter().zip(&owners).map(row).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Search {
    query: Option<String>,
    page_token: Option<String>,
    page_size: Option<i64>,
}

/// Groups: the newest, or those whose id begins with a query.
pub(crate) struct List;
impl Call for List {
    const PATH: &'static str = "groups/list";
    const WHO: Who = Who::OnApp(Role::Viewer);
    type Request = Search;
    type Response = Listing<Value>;

    async fn call(ctx: &Context, request: Search) -> Result<Listing<Value>, ConsoleError> {
        let size = page_size(request.page_size)?;
        let token = request.page_token.as_deref().filter(|token| !token.is_empty());
        let query = request.query.filter(|query| !query.is_empty());
        let (groups, next) = if let Some(query) = query {
            find(ctx, query, token, size).await?
        } else {
            let page = ctx.core.all_groups(ctx.app()?.id, token, size, true).await?;
            (page.items, page.next)
        };
        Ok(Listing { items: rows(ctx, &groups).await?, page_token: next })
    }
}

/// Those whose id begins so. The page token is the last id.
async fn find(
    ctx: &Context,
    query: String,
    token: Option<&str>,
    size: i64,
) -> Result<(Vec<Group>, Option<String>), ConsoleError> {
    if query.len() > QUERY_BYTES || query.contains('\0') {
        return Err(ConsoleError::member("query", format!("has more than {QUERY_BYTES} bytes")));
    }
    let after = token.map(|id| GroupId::try_from(id).map_err(|_| bad_page())).transpose()?;
    let mut found = ctx.core.groups_by_id(ctx.app()?.id, query, after, size + 1).await?;
    let room = usize::try_from(size).unwrap_or(usize::MAX);
    let more = found.len() > room;
    found.truncate(room);
    let next = found.last().filter(|_| more).map(|group| group.id.to_string());
    Ok((found, next))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct One {
    group_id: String,
}

impl One {
    fn id(&self) -> Result<GroupId, ConsoleError> {
        value("groupId", self.group_id.as_str())
    }
}

/// What a group says of itself, and its permissions.
pub(crate) struct Get;
impl Call for Get {
    const PATH: &'static str = "groups/get";
    const WHO: Who = Who::OnApp(Role::Viewer);
    type Request = One;
    type Response = Value;

    async fn call(ctx: &Context, request: One) -> Result<Value, ConsoleError> {
        let id = request.id()?;
        let group = ctx.core.groups(ctx.app()?.id, vec![id.clone()]).await?.pop();
        let group = group.ok_or(Refusal::NoSuchGroup(id))?;
        let text = |key: &str| group.profile.get(key).cloned().unwrap_or_else(|| json!(""));
        let mut shown = rows(ctx, std::slice::from_ref(&group)).await?.pop().unwrap_or_default();
        shown["creator"] = json!(group.creator.as_str());
        shown["introduction"] = text("introduction");
        shown["announcement"] = text("announcement");
        shown["ext"] = json!(group.ext);
        shown["permissions"] = json!(group.permissions.numbers());
        Ok(shown)
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum RoleName {
    Member,
    Admin,
    Owner,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MemberQuery {
    #[serde(flatten)]
    one: One,
    role: Option<RoleName>,
    page_token: Option<String>,
    page_size: Option<i64>,
}

/// When somebody's mute ends; both can be in force, and each has to be lifted.
#[derive(Default)]
struct Mutes {
    in_group: HashMap<UserId, Timestamp>,
    in_all: HashMap<UserId, Timestamp>,
}

impl Mutes {
    async fn of(ctx: &Context, group: GroupId) -> Result<Self, ConsoleError> {
        let app = ctx.app()?.id;
        let mut mutes = Self::default();
        for (of, known) in [(Some(group), &mut mutes.in_group), (None, &mut mutes.in_all)] {
            let found = ctx.core.muted_in_group(app, of).await?;
            known.extend(found.into_iter().map(|mute| (mute.user, mute.until)));
        }
        Ok(mutes)
    }

    fn json(known: &HashMap<UserId, Timestamp>, user: &UserId) -> Value {
        known.get(user).map_or(
            Value::Null,
            |until| json!({ "until": until.0, "untilUnmuted": *until == Timestamp::FOREVER }),
        )
    }
}

/// A group's members, of one role or of all, the longest-standing first.
pub(crate) struct Members;
impl Call for Members {
    const PATH: &'static str = "groups/members";
    const WHO: Who = Who::OnApp(Role::Viewer);
    type Request = MemberQuery;
    type Response = Listing<Value>;

    async fn call(ctx: &Context, request: MemberQuery) -> Result<Listing<Value>, ConsoleError> {
        let (id, size) = (request.one.id()?, page_size(request.page_size)?);
        let role = request.role.map(|role| match role {
            RoleName::Member => GroupRole::Member,
            RoleName::Admin => GroupRole::Admin,
            RoleName::Owner => GroupRole::Owner,
        });
        let (app, token) = (ctx.app()?.id, request.page_token.as_deref());
        let page = ctx.core.group_members(app, id.clone(), role, token, size, false).await?;
        let mutes = Mutes::of(ctx, id).await?;
        let row = |member: &Member| {
            json!({
                "userId": member.user.as_str(),
                "name": shown_name(member),
                "avatarUrl": member.avatar_url,
                "role": role_word(member.role),
                "joinedAt": member.joined_at.0,
                "muted": Mutes::json(&mutes.in_group, &member.user),
                "mutedInAllGroups": Mutes::json(&mutes.in_all, &member.user),
            })
        };
        Ok(Listing { items: page.members.iter().map(row).collect(), page_token: page.next })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfUser {
    user_id: String,
    page_token: Option<String>,
    page_size: Option<i64>,
}

/// The groups that a user is in, the last joined first.
pub(crate) struct Joined;
impl Call for Joined {
    const PATH: &'static str = "users/groups";
    const WHO: Who = Who::OnApp(Role::Viewer);
    type Request = OfUser;
    type Response = Listing<Value>;

    async fn call(ctx: &Context, request: OfUser) -> Result<Listing<Value>, ConsoleError> {
        let user: UserId = value("userId", request.user_id.as_str())?;
        let (token, size) = (request.page_token.as_deref(), page_size(request.page_size)?);
        let page = ctx.core.joined_groups(ctx.app()?.id, user, None, token, size, true).await?;
        let row = |joined: &JoinedGroup| {
            json!({
                "groupId": joined.group.id.as_str(),
                "name": joined.group.name,
                "avatarUrl": avatar(&joined.group),
                "role": role_word(joined.role),
                "memberCount": joined.group.member_count,
                "frozen": joined.group.frozen,
                "joinedAt": joined.joined_at.0,
            })
        };
        Ok(Listing { items: page.items.iter().map(row).collect(), page_token: page.next })
    }
}

/// Ends a group. There is no way back.
pub(crate) struct Dismiss;
impl Call for Dismiss {
    const PATH: &'static str = "groups/dismiss";
    const WHO: Who = Who::OnApp(Role::Support);
    const CONFIRMED: bool = true;
    type Request = One;
    type Response = Nothing;

    async fn call(ctx: &Context, request: One) -> Result<Nothing, ConsoleError> {
        ctx.core.dismiss_group(ctx.app()?.id, Actor::App, request.id()?).await?;
        Ok(Nothing {})
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Freezing {
    #[serde(flatten)]
    one: One,
    frozen: bool,
}

/// Lets nobody but the allowed senders speak, or everybody again.
pub(crate) struct SetFrozen;
impl Call for SetFrozen {
    const PATH: &'static str = "groups/set-frozen";
    const WHO: Who = Who::OnApp(Role::Support);
    type Request = Freezing;
    type Response = Nothing;

    async fn call(ctx: &Context, request: Freezing) -> Result<Nothing, ConsoleError> {
        let groups = vec![request.one.id()?];
        ctx.core.freeze_groups(ctx.app()?.id, Actor::App, groups, request.frozen).await?;
        Ok(Nothing {})
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Some20 {
    #[serde(flatten)]
    one: One,
    user_ids: Vec<String>,
}

/// Removes members, with all that goes with them, as the Server API does.
pub(crate) struct Kick;
impl Call for Kick {
    const PATH: &'static str = "groups/kick";
    const WHO: Who = Who::OnApp(Role::Support);
    type Request = Some20;
    type Response = Nothing;

    async fn call(ctx: &Context, request: Some20) -> Result<Nothing, ConsoleError> {
        let (group, users) = (request.one.id()?, wire::users(&request.user_ids)?);
        let leaving = Leaving { forget_mute: true, forget_allowed: true, forget_favorites: true };
        ctx.core.leave_group(ctx.app()?.id, Actor::App, group, users, leaving).await?;
        Ok(Nothing {})
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewMute {
    #[serde(flatten)]
    some: Some20,
    duration_minutes: i64,
}

pub(crate) struct Mute;
impl Call for Mute {
    const PATH: &'static str = "groups/mute";
    const WHO: Who = Who::OnApp(Role::Support);
    type Request = NewMute;
    type Response = Nothing;

    async fn call(ctx: &Context, request: NewMute) -> Result<Nothing, ConsoleError> {
        let (group, users) = (request.some.one.id()?, wire::users(&request.some.user_ids)?);
        let duration: MuteDuration = value("durationMinutes", request.duration_minutes)?;
        ctx.core.mute_in_group(ctx.app()?.id, Actor::App, Some(group), users, duration).await?;
        Ok(Nothing {})
    }
}

pub(crate) struct Unmute;
impl Call for Unmute {
    const PATH: &'static str = "groups/unmute";
    const WHO: Who = Who::OnApp(Role::Support);
    type Request = Some20;
    type Response = Nothing;

    async fn call(ctx: &Context, request: Some20) -> Result<Nothing, ConsoleError> {
        let (group, users) = (request.one.id()?, wire::users(&request.user_ids)?);
        ctx.core.unmute_in_group(ctx.app()?.id, Actor::App, Some(group), users).await?;
        Ok(Nothing {})
    }
}
