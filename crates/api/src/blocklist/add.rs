//! `POST /v4/user/blocklist/add`: put users on a user's blocklist.

use crate::prelude::*;

pub(crate) struct Add;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// Whose blocklist.
    user_id: Id,
    /// The users to put on it, who cannot send direct messages to the owner any more.
    #[schemars(length(min = 1, max = 20))]
    target_user_ids: Vec<Id>,
}

impl Operation for Add {
    const PATH: &'static str = "/v4/user/blocklist/add";
    const ID: &'static str = "add_user_blocklist";
    const TAG: &'static str = "UserBlocklist";
    const SUMMARY: &'static str = "Put users on a blocklist";
    const RATE: RateClass = RateClass::Lists;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let owner = wire::user("userId", &request.user_id)?;
        let targets =
            wire::others(&owner, "targetUserIds", &request.target_user_ids, limits::BATCH)?;
        ctx.core.block(ctx.app.id, owner, targets).await?;
        Ok(())
    }
}
