//! `POST /v4/channel/tag/list`: list the channels under a tag of a user's.

use nuncio_protocol::values::ChannelTagId;

use crate::prelude::*;

pub(crate) struct Tagged;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// Whose it is.
    user_id: Id,
    /// One of the user's tags.
    #[schemars(length(min = 1, max = 10))]
    tag_id: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    tag_id: String,
    /// By type and id.
    channels: Vec<Channel>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Channel {
    channel_id: String,
    /// 1: a direct channel, 3: a group.
    channel_type: i32,
}

impl Operation for Tagged {
    const PATH: &'static str = "/v4/channel/tag/list";
    const ID: &'static str = "list_channels_by_tag";
    const TAG: &'static str = "ChannelManagement";
    const SUMMARY: &'static str = "List the channels under a tag of a user's";
    const RATE: RateClass = RateClass::Channels;
    const MUTATES: bool = false;

    type Request = Request;
    type Response = Response;

    async fn call(ctx: &Context, request: Request) -> Result<Response, ApiError> {
        let user = wire::user("userId", &request.user_id)?;
        let tag: ChannelTagId = wire::value("tagId", request.tag_id)?;
        let found = ctx.core.tagged_channels(ctx.app.id, user, tag.clone()).await?;
        let channels = found
            .into_iter()
            .map(|channel| Channel { channel_id: channel.id, channel_type: channel.r#type })
            .collect();
        Ok(Response { tag_id: tag.as_str().to_owned(), channels })
    }
}
