//! `POST /v4/user/whitelist/add`: put users on a user's whitelist.

use crate::prelude::*;

pub(crate) struct Add;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// Whose whitelist.
    user_id: Id,
    /// The users to put on it, who may send direct messages to the owner while the whitelist is on.
    #[schemars(length(min = 1, max = 20))]
    target_user_ids: Vec<Id>,
}

impl Operation for Add {
    const PATH: &'static str = "/v4/user/whitelist/add";
    const ID: &'static str = "add_user_whitelist";
    const TAG: &'static str = "UserWhitelist";
    const SUMMARY: &'static str = "Put users on a whitelist";
    const RATE: RateClass = RateClass::Lists;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let owner = wire::user("userId", &request.user_id)?;
        let targets =
            wire::others(&owner, "targetUserIds", &request.target_user_ids, limits::BATCH)?;
        ctx.core.whitelist_add(ctx.app.id, owner, targets).await?;
        Ok(())
    }
}
