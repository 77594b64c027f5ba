//! `POST /v4/user/tag/batch/set`: replace users' tags.

use crate::prelude::*;

pub(crate) struct Set;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The users, each of whom gets just these tags.
    #[schemars(length(min = 1, max = 1000))]
    user_ids: Vec<Id>,
    /// At most 20 of 1 to 40 bytes each; none clears.
    #[schemars(length(max = 20))]
    tags: Vec<String>,
}

impl Operation for Set {
    const PATH: &'static str = "/v4/user/tag/batch/set";
    const ID: &'static str = "batch_set_user_tags";
    const TAG: &'static str = "UserManagement";
    const SUMMARY: &'static str = "Replace the tags of users";
    const RATE: RateClass = RateClass::Users;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let users = wire::users("userIds", &request.user_ids, limits::HUGE_BATCH)?;
        if !request.tags.is_empty() {
            wire::length("tags", request.tags.len(), limits::TAGS)?;
        }
        let tags = (0..).zip(request.tags);
        let tags = tags
            .map(|(index, tag): (usize, _)| wire::value(&format!("tags[{index}]"), tag))
            .collect::<Result<Vec<_>, _>>()?;
        ctx.core.set_tags(ctx.app.id, users, tags).await?;
        Ok(())
    }
}
