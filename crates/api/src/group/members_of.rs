//! `POST /v4/group-channel/member/batch/get`: get members of a group by their ids.

use super::{Member, MembersPage};

use crate::prelude::*;

pub(crate) struct MembersOf;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The group.
    channel_id: Id,
    /// The users; who is not a member is left out of the answer.
    #[schemars(length(min = 1, max = 100))]
    user_ids: Vec<Id>,
}

impl Operation for MembersOf {
    const PATH: &'static str = "/v4/group-channel/member/batch/get";
    const ID: &'static str = "batch_get_group_channel_members";
    const TAG: &'static str = "GroupChannelManagement";
    const SUMMARY: &'static str = "Get members of a group by their ids";
    const RATE: RateClass = RateClass::Groups;
    const MUTATES: bool = false;

    type Request = Request;
    type Response = MembersPage;

    async fn call(ctx: &Context, request: Request) -> Result<MembersPage, ApiError> {
        let group = wire::group("channelId", &request.channel_id)?;
        let users = wire::users("userIds", &request.user_ids, limits::LARGE_BATCH)?;
        let found = ctx.core.group_members_of(ctx.app.id, group, users).await?;
        let members: Vec<_> = found.into_iter().map(Member::from).collect();
        let total_count = i64::try_from(members.len()).unwrap_or(i64::MAX);
        Ok(MembersPage { total_count, page_token: None, members })
    }
}
