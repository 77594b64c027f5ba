//! `POST /v4/channel-type/push/get`: get which messages notify a user in all channels of a type.

use crate::prelude::*;
use crate::wire::ChannelType;

pub(crate) struct TypeLevel;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The user whose setting it is.
    request_id: Id,
    /// `1` or `PERSON`: a direct channel, `3` or `GROUP`: a group.
    #[schemars(with = "String", extend("enum" = ["1", "3", "PERSON", "GROUP"]))]
    channel_type: ChannelType,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    /// One of the numbers that can be set.
    no_disturb_level: i32,
}

impl Operation for TypeLevel {
    const PATH: &'static str = "/v4/channel-type/push/get";
    const ID: &'static str = "get_channel_type_notification";
    const TAG: &'static str = "ChannelManagement";
    const SUMMARY: &'static str = "Get which messages notify a user in all channels of a type";
    const RATE: RateClass = RateClass::Channels;
    const MUTATES: bool = false;

    type Request = Request;
    type Response = Response;

    async fn call(ctx: &Context, request: Request) -> Result<Response, ApiError> {
        let user = wire::user("requestId", &request.request_id)?;
        let kind = request.channel_type.kind("channelType")?;
        let level = ctx.core.channel_type_level(ctx.app.id, user, kind.into()).await?;
        Ok(Response { no_disturb_level: level.number() })
    }
}
