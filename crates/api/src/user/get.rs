//! `POST /v4/user/get`: read the push identity.

use crate::prelude::*;

pub(crate) struct Get;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The user.
    user_id: Id,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    /// Push identity: the name.
    name: String,
    /// Push identity: the avatar's URL; empty when there is none.
    avatar_url: String,
    /// When the user was registered: `YYYY-MM-DD HH:MM:SS` in UTC.
    created_at: String,
}

impl Operation for Get {
    const PATH: &'static str = "/v4/user/get";
    const ID: &'static str = "get_user";
    const TAG: &'static str = "UserManagement";
    const SUMMARY: &'static str = "Get a user's push identity";
    const RATE: RateClass = RateClass::Users;
    const MUTATES: bool = false;

    type Request = Request;
    type Response = Response;

    async fn call(ctx: &Context, request: Request) -> Result<Response, ApiError> {
        let user = wire::user("userId", &request.user_id)?;
        let user = ctx.core.user(ctx.app.id, user).await?;
        Ok(Response {
            name: user.name,
            avatar_url: user.avatar_url,
            created_at: user.created_at.to_text(),
        })
    }
}
