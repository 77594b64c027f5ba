//! `POST /v4/user/channel/tag/list`: list the tags by which a user sorts channels.

use nuncio_core::channel_tags::ChannelTag;

use crate::prelude::*;

pub(crate) struct Tags;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// Whose it is.
    user_id: Id,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    user_id: String,
    /// The oldest first.
    tags: Vec<Tag>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Tag {
    tag_id: String,
    tag_name: String,
    /// Unix time in milliseconds.
    created_at: i64,
}

impl Operation for Tags {
    const PATH: &'static str = "/v4/user/channel/tag/list";
    const ID: &'static str = "list_user_channel_tags";
    const TAG: &'static str = "ChannelManagement";
    const SUMMARY: &'static str = "List the tags by which a user sorts channels";
    const RATE: RateClass = RateClass::Channels;
    const MUTATES: bool = false;

    type Request = Request;
    type Response = Response;

    async fn call(ctx: &Context, request: Request) -> Result<Response, ApiError> {
        let user = wire::user("userId", &request.user_id)?;
        let found = ctx.core.channel_tags(ctx.app.id, user.clone()).await?;
        let tag = |tag: ChannelTag| Tag {
            tag_id: tag.id,
            tag_name: tag.name,
            created_at: tag.created_at.0,
        };
        Ok(Response { user_id: user.to_string(), tags: found.into_iter().map(tag).collect() })
    }
}
