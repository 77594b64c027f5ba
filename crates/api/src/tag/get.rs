//! `POST /v4/user/tag/batch/get`: read users' tags.

use crate::prelude::*;

pub(crate) struct Get;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The users.
    #[schemars(length(min = 1, max = 50))]
    user_ids: Vec<Id>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Response {
    /// In the order asked for.
    users: Vec<Tags>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Tags {
    user_id: String,
    tags: Vec<String>,
}

impl Operation for Get {
    const PATH: &'static str = "/v4/user/tag/batch/get";
    const ID: &'static str = "batch_get_user_tags";
    const TAG: &'static str = "UserManagement";
    const SUMMARY: &'static str = "Get the tags of users";
    const RATE: RateClass = RateClass::Users;
    const MUTATES: bool = false;

    type Request = Request;
    type Response = Response;

    async fn call(ctx: &Context, request: Request) -> Result<Response, ApiError> {
        let users = wire::users("userIds", &request.user_ids, limits::TAG_READ_BATCH)?;
        let tags = ctx.core.tags(ctx.app.id, users).await?;
        let users = tags
            .into_iter()
            .map(|(user, tags)| Tags {
                user_id: user.to_string(),
                tags: tags.iter().map(|tag| tag.as_str().to_owned()).collect(),
            })
            .collect();
        Ok(Response { users })
    }
}
