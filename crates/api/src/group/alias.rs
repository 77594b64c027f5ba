//! `POST /v4/group-channel/alias/get`: get what a member calls a group.

use crate::prelude::*;

pub(crate) struct Alias;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The group.
    channel_id: Id,
    /// The member.
    user_id: Id,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Response {
    /// Empty for nothing.
    alias: String,
}

impl Operation for Alias {
    const PATH: &'static str = "/v4/group-channel/alias/get";
    const ID: &'static str = "get_group_channel_alias";
    const TAG: &'static str = "GroupChannelManagement";
    const SUMMARY: &'static str = "Get what a member calls a group";
    const RATE: RateClass = RateClass::Groups;
    const MUTATES: bool = false;

    type Request = Request;
    type Response = Response;

    async fn call(ctx: &Context, request: Request) -> Result<Response, ApiError> {
        let group = wire::group("channelId", &request.channel_id)?;
        let user = wire::user("userId", &request.user_id)?;
        let alias = ctx.core.group_alias(ctx.app.id, group, user).await?;
        Ok(Response { alias })
    }
}
