//! `POST /v4/group-channel/join`: make users members of a group.

use super::Profile;

use crate::prelude::*;

pub(crate) struct Join;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The group.
    channel_id: Id,
    /// Registered users; who is a member already stays what they are.
    #[schemars(length(min = 1, max = 100))]
    user_ids: Vec<Id>,
}

impl Operation for Join {
    const PATH: &'static str = "/v4/group-channel/join";
    const ID: &'static str = "join_group_channel";
    const TAG: &'static str = "GroupChannelManagement";
    const SUMMARY: &'static str = "Make users members of a group";
    const RATE: RateClass = RateClass::Groups;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = Profile;

    async fn call(ctx: &Context, request: Request) -> Result<Profile, ApiError> {
        let group = wire::group("channelId", &request.channel_id)?;
        let users = wire::users("userIds", &request.user_ids, limits::LARGE_BATCH)?;
        Ok(ctx.core.join_group(ctx.app.id, group, users).await?.into())
    }
}
