//! `POST /v4/auth/access-token/expire`: void the tokens that users got before a moment.

use nuncio_protocol::Timestamp;

use crate::prelude::*;

pub(crate) struct Expire;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The users.
    #[schemars(length(min = 1, max = 20))]
    user_ids: Vec<Id>,
    /// Unix time in milliseconds; tokens issued before it are void. At most 5 seconds ahead.
    expires_at: Integer,
}

impl Operation for Expire {
    const PATH: &'static str = "/v4/auth/access-token/expire";
    const ID: &'static str = "expire_access_token";
    const TAG: &'static str = "UserManagement";
    const SUMMARY: &'static str = "Void the tokens issued before a moment";
    const RATE: RateClass = RateClass::Tokens;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = Option<Effect>;

    async fn call(ctx: &Context, request: Request) -> Result<Option<Effect>, ApiError> {
        let users = wire::users("userIds", &request.user_ids, limits::BATCH)?;
        let Integer(expires_at) = request.expires_at;
        if expires_at < 0 {
            return Err(ApiError::member(Code::BadParameter, "expiresAt", "is before 1970"));
        }
        let applied = ctx.core.expire_tokens(ctx.app.id, users, Timestamp(expires_at)).await?;
        let applied = applied.and_then(|applied| Applied::of(ctx, applied));
        Ok(applied.map(|applied| Effect { applied }))
    }
}
