//! `POST /v4/user/whitelist/remove`: take users off a user's whitelist.

use crate::prelude::*;

pub(crate) struct Remove;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// Whose whitelist.
    user_id: Id,
    /// The users to take off it. Who is not on it stays so.
    #[schemars(length(min = 1, max = 20))]
    target_user_ids: Vec<Id>,
}

impl Operation for Remove {
    const PATH: &'static str = "/v4/user/whitelist/remove";
    const ID: &'static str = "remove_user_whitelist";
    const TAG: &'static str = "UserWhitelist";
    const SUMMARY: &'static str = "Take users off a whitelist";
    const RATE: RateClass = RateClass::Lists;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let owner = wire::user("userId", &request.user_id)?;
        let targets = wire::users("targetUserIds", &request.target_user_ids, limits::BATCH)?;
        ctx.core.whitelist_remove(ctx.app.id, owner, targets).await?;
        Ok(())
    }
}
