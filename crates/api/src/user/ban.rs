//! `POST /v4/user/ban`: keep users out, for a time or until unbanned.

use crate::prelude::*;

pub(crate) struct Ban;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The users.
    #[schemars(length(min = 1, max = 20))]
    user_ids: Vec<Id>,
    /// 1 to 43,200 minutes (30 days), or -1: until unbanned. Replaces the end of an earlier ban.
    #[schemars(range(min = -1, max = 43_200))]
    duration_minutes: Integer,
    /// Told to the users' clients.
    #[schemars(length(max = 256))]
    reason: Option<String>,
    /// Whether the tokens that the users have now are void too, after the ban.
    expire_tokens: Option<Flag>,
}

impl Operation for Ban {
    const PATH: &'static str = "/v4/user/ban";
    const ID: &'static str = "ban_users";
    const TAG: &'static str = "UserManagement";
    const SUMMARY: &'static str = "Ban users and disconnect them";
    const RATE: RateClass = RateClass::Users;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = Option<Effect>;

    async fn call(ctx: &Context, request: Request) -> Result<Option<Effect>, ApiError> {
        let users = wire::users("userIds", &request.user_ids, limits::BATCH)?;
        let duration = wire::value("durationMinutes", request.duration_minutes.0)?;
        let reason = wire::optional("reason", request.reason)?;
        let expire_tokens = request.expire_tokens.is_some_and(Flag::is_set);
        let applied = ctx.core.ban(ctx.app.id, users, duration, reason, expire_tokens).await?;
        Ok(Applied::of(ctx, applied).map(|applied| Effect { applied }))
    }
}
