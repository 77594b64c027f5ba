//! `POST /v4/friend/remove`: end friendships.

use crate::prelude::*;

pub(crate) struct Remove;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// Whose friends.
    user_id: Id,
    /// The friends. Who is no friend stays so.
    #[schemars(length(min = 1, max = 100))]
    target_ids: Vec<Id>,
}

impl Operation for Remove {
    const PATH: &'static str = "/v4/friend/remove";
    const ALIASES: &'static [&'static str] = &["/v4/friend/delete"];
    const ID: &'static str = "remove_friends";
    const TAG: &'static str = "Friendship";
    const SUMMARY: &'static str = "End friendships";
    const RATE: RateClass = RateClass::Friends;
    const COUNTED: Counted = Counted::Each("targetIds");
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let user = wire::user("userId", &request.user_id)?;
        let targets = wire::others(&user, "targetIds", &request.target_ids, limits::LARGE_BATCH)?;
        ctx.core.remove_friends(ctx.app.id, user, targets).await?;
        Ok(())
    }
}
