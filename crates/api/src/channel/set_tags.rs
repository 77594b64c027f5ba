//! `POST /v4/user/channel/tag/add`: make tags by which a user sorts channels, or name them anew.

use crate::prelude::*;

pub(crate) struct SetTags;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// Whose it is.
    user_id: Id,
    /// The tags.
    #[schemars(length(min = 1, max = 20))]
    tags: Vec<Tag>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Tag {
    /// One that is there gets the name.
    #[schemars(length(min = 1, max = 10))]
    tag_id: String,
    #[schemars(length(min = 1, max = 15))]
    tag_name: String,
}

impl Operation for SetTags {
    const PATH: &'static str = "/v4/user/channel/tag/add";
    const ID: &'static str = "add_user_channel_tags";
    const TAG: &'static str = "ChannelManagement";
    const SUMMARY: &'static str = "Make tags by which a user sorts channels, or name them anew";
    const RATE: RateClass = RateClass::Channels;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let user = wire::user("userId", &request.user_id)?;
        wire::length("tags", request.tags.len(), limits::CHANNEL_TAGS)?;
        let tags = (0..).zip(request.tags);
        let tags = tags
            .map(|(index, tag): (usize, Tag)| {
                let id = wire::value(&format!("tags[{index}].tagId"), tag.tag_id)?;
                Ok((id, wire::value(&format!("tags[{index}].tagName"), tag.tag_name)?))
            })
            .collect::<Result<Vec<_>, ApiError>>()?;
        ctx.core.set_channel_tags(ctx.app.id, user, tags).await?;
        Ok(())
    }
}
