//! `POST /v4/channel/tag/add`: put channels under a tag of a user's.

use super::{ChannelOf, channels};
use crate::prelude::*;

pub(crate) struct TagChannels;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// Whose it is.
    user_id: Id,
    /// One of the user's tags.
    #[schemars(length(min = 1, max = 10))]
    tag_id: String,
    /// The channels.
    #[schemars(length(min = 1, max = 1000))]
    channels: Vec<ChannelOf>,
}

impl Operation for TagChannels {
    const PATH: &'static str = "/v4/channel/tag/add";
    const ID: &'static str = "add_tag_to_channels";
    const TAG: &'static str = "ChannelManagement";
    const SUMMARY: &'static str = "Put channels under a tag of a user's";
    const RATE: RateClass = RateClass::Channels;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let user = wire::user("userId", &request.user_id)?;
        let tag = wire::value("tagId", request.tag_id)?;
        let channels = channels("channels", &request.channels)?;
        ctx.core.tag_channels(ctx.app.id, user, tag, channels).await?;
        Ok(())
    }
}
