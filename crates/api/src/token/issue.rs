//! `POST /v4/auth/access-token/issue`: register a user, and make a token to log in with.

use crate::prelude::*;

pub(crate) struct Issue;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The user's id, as the app names the user: 1 to 64 bytes of `A-Z a-z 0-9 + = - _ |`.
    user_id: Id,
    /// Push identity: the name shown in notifications.
    #[schemars(length(min = 1, max = 64))]
    name: String,
    /// Push identity: empty, or an absolute http(s) URL. Absent: unchanged.
    #[schemars(length(max = 1024))]
    avatar_url: Option<String>,
    /// Life of this token in seconds; absent: the app's setting.
    #[schemars(range(min = 1, max = MAX_TTL_SECONDS))]
    ttl_seconds: Option<Integer>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    /// The user.
    user_id: String,
    /// The token; opaque, at most 256 bytes.
    access_token: String,
}

impl Operation for Issue {
    const PATH: &'static str = "/v4/auth/access-token/issue";
    const ID: &'static str = "issue_access_token";
    const TAG: &'static str = "UserManagement";
    const SUMMARY: &'static str = "Register a user, or issue a further token";
    const RATE: RateClass = RateClass::Tokens;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = Response;

    async fn call(ctx: &Context, request: Request) -> Result<Response, ApiError> {
        let user = wire::user("userId", &request.user_id)?;
        let name = wire::value("name", request.name)?;
        let avatar_url = wire::optional("avatarUrl", request.avatar_url)?;
        let ttl_seconds = match request.ttl_seconds {
            None => None,
            given => Some(wire::within("ttlSeconds", given, 0, 1, MAX_TTL_SECONDS)?),
        };
        let token =
            ctx.core.issue_token(&ctx.app, user.clone(), name, avatar_url, ttl_seconds).await?;
        Ok(Response { user_id: user.to_string(), access_token: token })
    }
}

/// The longest life of a token that has an end: a hundred years.
const MAX_TTL_SECONDS: i64 = 100 * 365 * 24 * 3600;
