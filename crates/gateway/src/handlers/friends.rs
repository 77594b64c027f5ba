//! Friends and friend requests.

use nuncio_protocol::frames::friend_application::{Direction, Status};
use nuncio_protocol::frames::{
    AddFriend, AddFriendResult, AnswerFriendApplication, CheckFriends, FriendApplications,
    FriendPermissionState, FriendRelation, FriendRelations, Friends, GetFriendApplications,
    GetFriendPermission, GetFriends, GetFriendsInfo, RemoveFriends, SetFriendInfo,
    SetFriendPermission, server_frame,
};
use nuncio_protocol::values::{Alias, ExtProfile, FriendExtra, FriendPermission};
use nuncio_protocol::{Refusal, limits};
use nuncio_store::friend_requests::{Added, How, RequestsFilter};

use super::{Context, Handled, bad_parameter, done, page_size, page_token, user, users};

/// Friends, or requests, of one page at most.
const PAGE: u32 = 100;

pub(super) async fn add(ctx: &Context, request: AddFriend) -> Handled {
    let target = user("user_id", &request.user_id)?;
    let extra = FriendExtra::try_from(request.extra).map_err(|e| bad_parameter("extra", e))?;
    let how = How::ObeyPermission;
    let added = ctx.core().add_friend(ctx.app(), ctx.me(), target, how, extra).await?;
    let result = AddFriendResult { added: added == Added::Friends };
    Ok(server_frame::Body::AddFriendResult(result))
}

pub(super) async fn answer(ctx: &Context, request: AnswerFriendApplication) -> Handled {
    let asker = user("user_id", &request.user_id)?;
    ctx.core().answer_friend_request(ctx.app(), ctx.me(), asker, request.accept).await?;
    Ok(done())
}

pub(super) async fn remove(ctx: &Context, request: RemoveFriends) -> Handled {
    let friends = users("user_ids", &request.user_ids, limits::LARGE_BATCH)?;
    ctx.core().remove_friends(ctx.app(), ctx.me(), friends).await?;
    Ok(done())
}

pub(super) async fn list(ctx: &Context, request: GetFriends) -> Handled {
    let (token, size) = (page_token(&request.page_token), page_size(request.limit, PAGE));
    let page = ctx.core().friends(ctx.app(), ctx.me(), token, size, false).await?;
    Ok(server_frame::Body::Friends(Friends {
        friends: page.friends,
        next_page_token: page.next.unwrap_or_default(),
        total_count: count(page.total),
    }))
}

pub(super) async fn info(ctx: &Context, request: GetFriendsInfo) -> Handled {
    let ids = users("user_ids", &request.user_ids, limits::LARGE_BATCH)?;
    let friends = ctx.core().friends_info(ctx.app(), &ctx.session.user, ids).await?;
    let total_count = u32::try_from(friends.len()).unwrap_or(u32::MAX);
    Ok(server_frame::Body::Friends(Friends {
        friends,
        next_page_token: String::new(),
        total_count,
    }))
}

pub(super) async fn check(ctx: &Context, request: CheckFriends) -> Handled {
    let ids = users("user_ids", &request.user_ids, limits::LARGE_BATCH)?;
    let relations = ctx.core().are_friends(ctx.app(), ctx.me(), ids).await?;
    let relations = relations
        .into_iter()
        .map(|(user, friend)| FriendRelation { user_id: user.into(), friend })
        .collect();
    Ok(server_frame::Body::FriendRelations(FriendRelations { relations }))
}

pub(super) async fn set_info(ctx: &Context, request: SetFriendInfo) -> Handled {
    let friend = user("user_id", &request.user_id)?;
    let alias = request
        .alias
        .map(Alias::try_from)
        .transpose()
        .map_err(|error| bad_parameter("alias", error))?;
    let ext = request
        .set_ext_profile
        .then(|| ExtProfile::parse(request.ext_profile, limits::FRIEND_EXT_PAIRS))
        .transpose()
        .map_err(Refusal::Profile)?;
    ctx.core().set_friend_info(ctx.app(), ctx.me(), friend, alias, ext).await?;
    Ok(done())
}

pub(super) async fn permission(ctx: &Context, _: GetFriendPermission) -> Handled {
    let permissions = ctx.core().friend_permission(ctx.app(), vec![ctx.me()]).await?;
    let permission = permissions.first().map_or(0, |(_, permission)| permission.number());
    let permission = count(permission);
    Ok(server_frame::Body::FriendPermission(FriendPermissionState { permission }))
}

pub(super) async fn set_permission(ctx: &Context, request: SetFriendPermission) -> Handled {
    let permission = FriendPermission::try_from(i64::from(request.permission))
        .map_err(|error| bad_parameter("permission", error))?;
    ctx.core().set_friend_permission(ctx.app(), vec![ctx.me()], permission).await?;
    Ok(done())
}

pub(super) async fn applications(ctx: &Context, request: GetFriendApplications) -> Handled {
    let directions = known("directions", &request.directions, &Direction::Unspecified)?;
    let statuses = known("statuses", &request.statuses, &Status::Unspecified)?;
    let filter = RequestsFilter { directions, statuses, newest_first: !request.ascending };
    let (token, size) = (page_token(&request.page_token), page_size(request.limit, PAGE));
    let page = ctx.core().friend_requests(ctx.app(), ctx.me(), filter, token, size).await?;
    Ok(server_frame::Body::FriendApplications(FriendApplications {
        applications: page.requests,
        next_page_token: page.next.unwrap_or_default(),
        total_count: count(page.total),
    }))
}

/// Numbers of an enum, each once.
pub(super) fn known<T: TryFrom<i32> + PartialEq>(
    member: &str,
    numbers: &[i32],
    unspecified: &T,
) -> Result<Vec<T>, Refusal> {
    let mut known = Vec::new();
    for number in numbers {
        let value = T::try_from(*number).ok().filter(|value| value != unspecified);
        let value = value.ok_or_else(|| bad_parameter(member, "has one that does not exist"))?;
        if !known.contains(&value) {
            known.push(value);
        }
    }
    Ok(known)
}

pub(super) fn count(total: i64) -> u32 {
    u32::try_from(total).unwrap_or(u32::MAX)
}
