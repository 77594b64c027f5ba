//! `POST /v4/group-channel/allowed-sender-list/get`: list who can send while a group is frozen.

use crate::prelude::*;

pub(crate) struct Allowed;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The group.
    channel_id: Id,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    /// The first first.
    user_ids: Vec<String>,
}

impl Operation for Allowed {
    const PATH: &'static str = "/v4/group-channel/allowed-sender-list/get";
    const ID: &'static str = "get_group_channel_allowed_sender_list";
    const TAG: &'static str = "GroupChannelModeration";
    const SUMMARY: &'static str = "List who can send while a group is frozen";
    const RATE: RateClass = RateClass::Groups;
    const MUTATES: bool = false;

    type Request = Request;
    type Response = Response;

    async fn call(ctx: &Context, request: Request) -> Result<Response, ApiError> {
        let group = wire::group("channelId", &request.channel_id)?;
        let users = ctx.core.allowed_group_senders(ctx.app.id, group).await?;
        Ok(Response { user_ids: users.iter().map(ToString::to_string).collect() })
    }
}
