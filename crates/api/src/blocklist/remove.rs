//! `POST /v4/user/blocklist/remove`: take users off a user's blocklist.

use crate::prelude::*;

pub(crate) struct Remove;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// Whose blocklist.
    user_id: Id,
    /// The users to take off it. Who is not on it stays so.
    #[schemars(length(min = 1, max = 20))]
    blocked_user_ids: Vec<Id>,
}

impl Operation for Remove {
    const PATH: &'static str = "/v4/user/blocklist/remove";
    const ID: &'static str = "remove_user_blocklist";
    const TAG: &'static str = "UserBlocklist";
    const SUMMARY: &'static str = "Take users off a blocklist";
    const RATE: RateClass = RateClass::Lists;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let owner = wire::user("userId", &request.user_id)?;
        let targets = wire::users("blockedUserIds", &request.blocked_user_ids, limits::BATCH)?;
        ctx.core.unblock(ctx.app.id, owner, targets).await?;
        Ok(())
    }
}
