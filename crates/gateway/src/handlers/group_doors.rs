//! Coming into groups, and who may speak in them.

use nuncio_core::groups::ApplicationsFilter;
use nuncio_protocol::frames::group_application::{Direction, Status};
use nuncio_protocol::frames::{
    AnswerGroupApplication, AnswerGroupInvitation, FreezeGroup, GetGroupApplications,
    GetGroupMutes, GetGroupSenders, GroupApplications, GroupMute, GroupMutes, InviteToGroup,
    JoinGroup, MuteGroupMembers, SetGroupSenders, UserIds, server_frame,
};
use nuncio_protocol::groups::{MuteDuration, RefusalReason};
use nuncio_protocol::{Refusal, limits};

use super::friends::{count, known};
use super::groups::{PAGE, group, me, result};
use super::{Context, Handled, bad_parameter, done, page_size, page_token, user, users};

fn answer(accept: bool, reason: String) -> Result<Result<(), RefusalReason>, Refusal> {
    if accept {
        return Ok(Ok(()));
    }
    RefusalReason::try_from(reason).map(Err).map_err(|error| bad_parameter("reason", error))
}

pub(super) async fn join(ctx: &Context, request: JoinGroup) -> Handled {
    let group = group(&request.group_id)?;
    Ok(result(ctx.core().enter_group(ctx.app(), ctx.me(), group).await?))
}

pub(super) async fn invite(ctx: &Context, request: InviteToGroup) -> Handled {
    let users = users("user_ids", &request.user_ids, limits::GROUP_INVITE_BATCH)?;
    let group = group(&request.group_id)?;
    Ok(result(ctx.core().invite_to_group(ctx.app(), ctx.me(), group, users).await?))
}

pub(super) async fn answer_invitation(ctx: &Context, request: AnswerGroupInvitation) -> Handled {
    let (group, inviter) = (group(&request.group_id)?, user("inviter_id", &request.inviter_id)?);
    let answer = answer(request.accept, request.reason)?;
    ctx.core().answer_group_invitation(ctx.app(), ctx.me(), group, inviter, answer).await?;
    Ok(done())
}

pub(super) async fn answer_application(ctx: &Context, request: AnswerGroupApplication) -> Handled {
    let (group, joiner) = (group(&request.group_id)?, user("user_id", &request.user_id)?);
    let inviter = match request.inviter_id.as_str() {
        "" => None,
        id => Some(user("inviter_id", id)?),
    };
    let answer = answer(request.accept, request.reason)?;
    let core = ctx.core();
    let process =
        core.answer_group_application(ctx.app(), ctx.me(), group, joiner, inviter, answer).await?;
    Ok(result(process))
}

pub(super) async fn applications(ctx: &Context, request: GetGroupApplications) -> Handled {
    let directions = known("directions", &request.directions, &Direction::Unspecified)?;
    let statuses = known("statuses", &request.statuses, &Status::Unspecified)?;
    let filter = ApplicationsFilter { directions, statuses, newest_first: !request.ascending };
    let (token, size) = (page_token(&request.page_token), page_size(request.limit, PAGE));
    let page = ctx.core().group_applications(ctx.app(), ctx.me(), filter, token, size).await?;
    Ok(server_frame::Body::GroupApplications(GroupApplications {
        applications: page.applications,
        next_page_token: page.next.unwrap_or_default(),
        total_count: count(page.total),
    }))
}

pub(super) async fn mute(ctx: &Context, request: MuteGroupMembers) -> Handled {
    let users = users("user_ids", &request.user_ids, limits::BATCH)?;
    let (core, app, by) = (ctx.core(), ctx.app(), me(ctx));
    let group = Some(group(&request.group_id)?);
    if request.muted {
        let duration = MuteDuration::try_from(i64::from(request.minutes));
        let duration = duration.map_err(|error| bad_parameter("minutes", error))?;
        core.mute_in_group(app, by, group, users, duration).await?;
    } else {
        core.unmute_in_group(app, by, group, users).await?;
    }
    Ok(done())
}

pub(super) async fn mutes(ctx: &Context, request: GetGroupMutes) -> Handled {
    let group = group(&request.group_id)?;
    ctx.core().check_group_member(ctx.app(), group.clone(), ctx.me()).await?;
    let found = ctx.core().muted_in_group(ctx.app(), Some(group)).await?;
    let mutes = found.into_iter().map(|muted| GroupMute {
        user_id: muted.user.to_string(),
        muted_at: muted.muted_at.0,
        until: muted.until.0,
    });
    Ok(server_frame::Body::GroupMutes(GroupMutes { mutes: mutes.collect() }))
}

pub(super) async fn freeze(ctx: &Context, request: FreezeGroup) -> Handled {
    let groups = vec![group(&request.group_id)?];
    ctx.core().freeze_groups(ctx.app(), me(ctx), groups, request.frozen).await?;
    Ok(done())
}

pub(super) async fn set_senders(ctx: &Context, request: SetGroupSenders) -> Handled {
    let (core, app, group) = (ctx.core(), ctx.app(), group(&request.group_id)?);
    let add = users("add", &request.add, limits::BATCH)?;
    let remove = users("remove", &request.remove, limits::BATCH)?;
    if !add.is_empty() {
        core.allow_group_senders(app, me(ctx), group.clone(), add).await?;
    }
    if !remove.is_empty() {
        core.disallow_group_senders(app, me(ctx), group, remove).await?;
    }
    Ok(done())
}

pub(super) async fn senders(ctx: &Context, request: GetGroupSenders) -> Handled {
    let group = group(&request.group_id)?;
    ctx.core().check_group_member(ctx.app(), group.clone(), ctx.me()).await?;
    let found = ctx.core().allowed_group_senders(ctx.app(), group).await?;
    let user_ids = found.into_iter().map(|user| user.to_string()).collect();
    Ok(server_frame::Body::UserIds(UserIds { user_ids }))
}
