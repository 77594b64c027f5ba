//! `POST /v4/channel/push/get`: get which messages of a channel notify a user.

use crate::prelude::*;
use crate::wire::ChannelType;

pub(crate) struct Level;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The user whose setting it is.
    request_id: Id,
    /// `1` or `PERSON`: a direct channel, `3` or `GROUP`: a group.
    #[schemars(with = "String", extend("enum" = ["1", "3", "PERSON", "GROUP"]))]
    channel_type: ChannelType,
    /// The channel: a direct one is named by its other side.
    channel_id: Id,
    /// Without effect here: there are no communities.
    #[serde(rename = "subchannelId")]
    _subchannel_id: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    /// One of the numbers that can be set.
    no_disturb_level: i32,
}

impl Operation for Level {
    const PATH: &'static str = "/v4/channel/push/get";
    const ALIASES: &'static [&'static str] = &["/v4/channel/notification/get"];
    const ID: &'static str = "get_channel_push_notification";
    const TAG: &'static str = "ChannelManagement";
    const SUMMARY: &'static str = "Get which messages of a channel notify a user";
    const RATE: RateClass = RateClass::Channels;
    const MUTATES: bool = false;

    type Request = Request;
    type Response = Response;

    async fn call(ctx: &Context, request: Request) -> Result<Response, ApiError> {
        let user = wire::user("requestId", &request.request_id)?;
        let channel = wire::channel(&request.channel_type, &request.channel_id)?;
        let set = ctx.core.channel_attributes(ctx.app.id, user, channel).await?;
        Ok(Response { no_disturb_level: set.level.number() })
    }
}
