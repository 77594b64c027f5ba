//! `POST /v4/user/channel/tag/remove`: end tags by which a user sorts channels.

use crate::prelude::*;

pub(crate) struct RemoveTags;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// Whose it is.
    user_id: Id,
    /// The tags; those that are not there are passed over.
    #[schemars(length(min = 1, max = 20))]
    tag_ids: Vec<String>,
}

impl Operation for RemoveTags {
    const PATH: &'static str = "/v4/user/channel/tag/remove";
    const ID: &'static str = "remove_user_channel_tags";
    const TAG: &'static str = "ChannelManagement";
    const SUMMARY: &'static str = "End tags by which a user sorts channels";
    const RATE: RateClass = RateClass::Channels;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let user = wire::user("userId", &request.user_id)?;
        wire::length("tagIds", request.tag_ids.len(), limits::CHANNEL_TAGS)?;
        let ids = (0..).zip(request.tag_ids);
        let ids = ids
            .map(|(index, id): (usize, _)| wire::value(&format!("tagIds[{index}]"), id))
            .collect::<Result<Vec<_>, _>>()?;
        ctx.core.remove_channel_tags(ctx.app.id, user, ids).await?;
        Ok(())
    }
}
