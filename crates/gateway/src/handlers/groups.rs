//! Groups: making, changing and ending them, and who is in them.

use std::collections::BTreeMap;

use nuncio_core::groups::{Actor, GroupChange, JoinedGroup, JoinedSearch, Leaving, NewGroup};
use nuncio_protocol::frames::group_result::Process;
use nuncio_protocol::frames::{
    self, CreateGroup, DismissGroup, GetGroupFavorites, GetGroupMembers, GetGroups,
    GetJoinedGroups, GroupMembers, GroupPermissionsChange as PermissionsFrame, GroupResult, Groups,
    KickGroupMembers, LeaveGroup, LeavingMember, SetGroupAdmins, SetGroupAlias, SetGroupFavorites,
    SetGroupMember, TransferGroup, UpdateGroup, UserIds, server_frame,
};
use nuncio_protocol::groups::{
    GroupName, GroupPermissionsChange, GroupProfileChange, GroupRole, MemberExtra, Nickname,
};
use nuncio_protocol::values::{Alias, ExtProfile, ValueError};
use nuncio_protocol::{GroupId, Refusal, limits};
use serde_json::{Map, Value};

use super::{Context, Handled, bad_parameter, done, page_size, page_token, user, users};

/// Groups, members or applications of one page at most.
pub(super) const PAGE: u32 = 100;

pub(super) fn group(id: &str) -> Result<GroupId, Refusal> {
    GroupId::try_from(id).map_err(|error| bad_parameter("group_id", error))
}

/// Groups' ids, as many as may be asked for at once.
fn groups(ids: &[String]) -> Result<Vec<GroupId>, Refusal> {
    let limit = limits::GROUP_READ_BATCH;
    if ids.len() > limit {
        return Err(Refusal::TooManyIds { limit });
    }
    let group = |id: &String| GroupId::try_from(id.as_str());
    ids.iter().map(|id| group(id).map_err(|error| bad_parameter("group_ids", error))).collect()
}

/// This connection's user, as who changes a group.
pub(super) fn me(ctx: &Context) -> Actor {
    Actor::Member(ctx.me())
}

pub(super) fn result(process: Process) -> server_frame::Body {
    server_frame::Body::GroupResult(GroupResult { process: process.into() })
}

fn parsed<T>(member: &str, text: Option<String>) -> Result<Option<T>, Refusal>
where
    T: TryFrom<String, Error = ValueError>,
{
    text.map(|text| T::try_from(text).map_err(|error| bad_parameter(member, error))).transpose()
}

fn role(number: u32) -> Result<Option<GroupRole>, Refusal> {
    if number == 0 {
        return Ok(None);
    }
    let role = GroupRole::try_from(i64::from(number));
    role.map(Some).map_err(|error| bad_parameter("role", error))
}

fn leaving(leaving: Option<LeavingMember>) -> Leaving {
    let keep = leaving.unwrap_or_default();
    Leaving {
        forget_mute: !keep.keep_mute,
        forget_allowed: !keep.keep_allowed,
        forget_favorites: !keep.keep_favorites,
    }
}

fn permissions(change: Option<PermissionsFrame>) -> Result<GroupPermissionsChange, Refusal> {
    let change = change.unwrap_or_default();
    let given = [
        ("joinPerm", change.join),
        ("removePerm", change.remove),
        ("memInvitePerm", change.invite),
        ("invitePerm", change.invite_handle),
        ("profilePerm", change.profile),
        ("memProfilePerm", change.member_profile),
    ];
    let given = given.into_iter().filter_map(|(name, number)| Some((name, number?)));
    let given = given.map(|(name, number)| (name.to_owned(), Value::from(number))).collect();
    GroupPermissionsChange::parse(&given).map_err(Refusal::Profile)
}

fn profile(info: &frames::GroupChange) -> Result<GroupProfileChange, Refusal> {
    let given = [
        ("name", &info.name),
        ("portraitUrl", &info.avatar_url),
        ("introduction", &info.introduction),
        ("announcement", &info.announcement),
    ];
    let given = given.into_iter().filter_map(|(key, text)| Some((key, text.clone()?)));
    let given: Map<String, Value> =
        given.map(|(key, text)| (key.to_owned(), Value::String(text))).collect();
    GroupProfileChange::parse(&given).map_err(Refusal::Profile)
}

pub(super) async fn create(ctx: &Context, request: CreateGroup) -> Handled {
    let info = request.info.unwrap_or_default();
    let name = info.name.clone().ok_or_else(|| bad_parameter("info.name", "is missing"))?;
    let profile = profile(&info)?;
    let ext: BTreeMap<_, _> = info.ext_profile.into_iter().collect();
    let new = NewGroup {
        id: group(&request.group_id)?,
        name: GroupName::try_from(name).map_err(|error| bad_parameter("info.name", error))?,
        owner: ctx.me(),
        members: users("user_ids", &request.user_ids, limits::GROUP_FIRST_MEMBERS)?,
        profile,
        ext: ExtProfile::parse(ext, limits::GROUP_EXT_PAIRS).map_err(Refusal::Profile)?,
        permissions: permissions(info.permissions)?,
    };
    Ok(result(ctx.core().create_group(ctx.app(), me(ctx), new).await?))
}

pub(super) async fn get(ctx: &Context, request: GetGroups) -> Handled {
    let ids = groups(&request.group_ids)?;
    let own = ctx.core().joined_groups_of(ctx.app(), ctx.me(), ids.clone()).await?;
    let found = ctx.core().groups(ctx.app(), ids).await?;
    let groups = found.into_iter().map(|group| {
        let own = own.iter().find(|own| own.group.id == group.id);
        own.map_or_else(
            || group.frame(true),
            |own| frames::Group {
                alias: own.alias.clone(),
                role: u32::try_from(own.role.number()).unwrap_or_default(),
                joined_at: own.joined_at.0,
                ..group.frame(true)
            },
        )
    });
    Ok(answer(groups.collect(), None, 0))
}

fn answer(groups: Vec<frames::Group>, next: Option<String>, total: i64) -> server_frame::Body {
    server_frame::Body::Groups(Groups {
        groups,
        next_page_token: next.unwrap_or_default(),
        total_count: u32::try_from(total).unwrap_or(u32::MAX),
    })
}

pub(super) async fn update(ctx: &Context, request: UpdateGroup) -> Handled {
    let info = request.info.unwrap_or_default();
    let profile = profile(&info)?;
    let permissions = permissions(info.permissions)?;
    let change = GroupChange { profile, ext: info.ext_profile.into_iter().collect(), permissions };
    ctx.core().update_group(ctx.app(), me(ctx), group(&request.group_id)?, change).await?;
    Ok(done())
}

pub(super) async fn dismiss(ctx: &Context, request: DismissGroup) -> Handled {
    ctx.core().dismiss_group(ctx.app(), me(ctx), group(&request.group_id)?).await?;
    Ok(done())
}

pub(super) async fn leave(ctx: &Context, request: LeaveGroup) -> Handled {
    let (group, leaving) = (group(&request.group_id)?, leaving(request.leaving));
    ctx.core().leave_group(ctx.app(), me(ctx), group, vec![ctx.me()], leaving).await?;
    Ok(done())
}

pub(super) async fn kick(ctx: &Context, request: KickGroupMembers) -> Handled {
    let users = users("user_ids", &request.user_ids, limits::LARGE_BATCH)?;
    if users.contains(&ctx.session.user) {
        return Err(bad_parameter("user_ids", "has the acting user: leave instead").into());
    }
    let (group, leaving) = (group(&request.group_id)?, leaving(request.leaving));
    ctx.core().leave_group(ctx.app(), me(ctx), group, users, leaving).await?;
    Ok(done())
}

pub(super) async fn transfer(ctx: &Context, request: TransferGroup) -> Handled {
    let owner = user("owner_id", &request.owner_id)?;
    let (group, leaves) = (group(&request.group_id)?, request.leaving.is_some());
    let leaving = leaves.then(|| leaving(request.leaving));
    ctx.core().transfer_group(ctx.app(), me(ctx), group, owner, leaving).await?;
    Ok(done())
}

pub(super) async fn set_admins(ctx: &Context, request: SetGroupAdmins) -> Handled {
    let users = users("user_ids", &request.user_ids, limits::GROUP_ADMINS)?;
    let group = group(&request.group_id)?;
    ctx.core().set_group_admins(ctx.app(), me(ctx), group, users, request.admins).await?;
    Ok(done())
}

pub(super) async fn joined(ctx: &Context, request: GetJoinedGroups) -> Handled {
    if !request.group_ids.is_empty() {
        let ids = groups(&request.group_ids)?;
        let found = ctx.core().joined_groups_of(ctx.app(), ctx.me(), ids).await?;
        let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
        return Ok(answer(found.iter().map(JoinedGroup::frame).collect(), None, total));
    }
    let search = JoinedSearch {
        text: request.name,
        role: role(request.role)?,
        newest_first: !request.ascending,
    };
    let (token, size) = (page_token(&request.page_token), page_size(request.limit, PAGE));
    let (page, total) =
        ctx.core().search_joined_groups(ctx.app(), ctx.me(), search, token, size).await?;
    Ok(answer(page.items.iter().map(JoinedGroup::frame).collect(), page.next, total))
}

pub(super) async fn members(ctx: &Context, request: GetGroupMembers) -> Handled {
    let (core, app, id) = (ctx.core(), ctx.app(), group(&request.group_id)?);
    core.check_group_member(app, id.clone(), ctx.me()).await?;
    let (token, size) = (page_token(&request.page_token), page_size(request.limit, PAGE));
    let newest_first = !request.ascending;
    let (members, next, total) = if !request.user_ids.is_empty() {
        let asked = users("user_ids", &request.user_ids, limits::LARGE_BATCH)?;
        let members = core.group_members_of(app, id, asked).await?;
        let total = i64::try_from(members.len()).unwrap_or(i64::MAX);
        (members, None, total)
    } else if request.name.is_empty() {
        let role = role(request.role)?;
        let page = core.group_members(app, id, role, token, size, newest_first).await?;
        (page.members, page.next, page.total)
    } else {
        let text = request.name;
        let page = core.search_group_members(app, id, text, token, size, newest_first).await?;
        (page.members, page.next, page.total)
    };
    Ok(server_frame::Body::GroupMembers(GroupMembers {
        members: members.into_iter().map(nuncio_core::groups::Member::frame).collect(),
        next_page_token: next.unwrap_or_default(),
        total_count: u32::try_from(total).unwrap_or(u32::MAX),
    }))
}

pub(super) async fn set_member(ctx: &Context, request: SetGroupMember) -> Handled {
    let (group, member) = (group(&request.group_id)?, user("user_id", &request.user_id)?);
    let nickname = parsed::<Nickname>("nickname", request.nickname)?;
    let extra = parsed::<MemberExtra>("extra", request.extra)?;
    ctx.core().set_group_member(ctx.app(), me(ctx), group, member, nickname, extra).await?;
    Ok(done())
}

pub(super) async fn set_alias(ctx: &Context, request: SetGroupAlias) -> Handled {
    let alias = Alias::try_from(request.alias).map_err(|error| bad_parameter("alias", error))?;
    ctx.core().set_group_alias(ctx.app(), group(&request.group_id)?, ctx.me(), alias).await?;
    Ok(done())
}

pub(super) async fn set_favorites(ctx: &Context, request: SetGroupFavorites) -> Handled {
    let (core, app, group) = (ctx.core(), ctx.app(), group(&request.group_id)?);
    let add = users("add", &request.add, limits::LARGE_BATCH)?;
    let remove = users("remove", &request.remove, limits::LARGE_BATCH)?;
    if add.contains(&ctx.session.user) {
        return Err(bad_parameter("add", "has the acting user").into());
    }
    if !add.is_empty() {
        core.add_group_favorites(app, group.clone(), ctx.me(), add).await?;
    }
    if !remove.is_empty() {
        core.remove_group_favorites(app, group, ctx.me(), remove).await?;
    }
    Ok(done())
}

pub(super) async fn favorites(ctx: &Context, request: GetGroupFavorites) -> Handled {
    let group = group(&request.group_id)?;
    let found = ctx.core().group_favorites(ctx.app(), group, ctx.me()).await?;
    let user_ids = found.into_iter().map(|favorite| favorite.user.to_string()).collect();
    Ok(server_frame::Body::UserIds(UserIds { user_ids }))
}
