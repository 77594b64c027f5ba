//! `POST /v4/channel/attribute/get`: get all that a user has set for a channel.

use nuncio_core::channel_tags::ChannelTag;
use nuncio_protocol::frames::Channel;

use crate::prelude::*;
use crate::wire::ChannelType;

pub(crate) struct Attributes;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// Whose it is.
    user_id: Id,
    /// The channel: a direct one is named by its other side.
    channel_id: Id,
    /// 1: a direct channel, 3: a group.
    #[schemars(with = "i64", extend("enum" = [1, 3]))]
    channel_type: ChannelType,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    channel_id: String,
    /// 1: a direct channel, 3: a group.
    channel_type: i32,
    pin: Pin,
    notification: Notification,
    /// The tags it is under, the oldest tag first.
    tags: Vec<Tag>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Pin {
    is_pinned: bool,
    /// Unix time in milliseconds; 0 when it is not pinned.
    pinned_at: i64,
}

#[derive(Serialize, JsonSchema)]
struct Notification {
    /// As `noDisturbLevel` of the call that sets it.
    level: i32,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Tag {
    tag_id: String,
    tag_name: String,
}

impl Operation for Attributes {
    const PATH: &'static str = "/v4/channel/attribute/get";
    const ID: &'static str = "get_channel_attribute";
    const TAG: &'static str = "ChannelManagement";
    const SUMMARY: &'static str = "Get all that a user has set for a channel";
    const RATE: RateClass = RateClass::Channels;
    const MUTATES: bool = false;

    type Request = Request;
    type Response = Response;

    async fn call(ctx: &Context, request: Request) -> Result<Response, ApiError> {
        let user = wire::user("userId", &request.user_id)?;
        let channel = wire::channel(&request.channel_type, &request.channel_id)?;
        let named = Channel::from(&channel);
        let set = ctx.core.channel_attributes(ctx.app.id, user, channel).await?;
        let tag = |tag: ChannelTag| Tag { tag_id: tag.id, tag_name: tag.name };
        Ok(Response {
            channel_id: named.id,
            channel_type: named.r#type,
            pin: Pin { is_pinned: set.pinned, pinned_at: set.pinned_at.0 },
            notification: Notification { level: set.level.number() },
            tags: set.tags.into_iter().map(tag).collect(),
        })
    }
}
