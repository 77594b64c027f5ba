//! `POST /v4/friend/remove-all`: end all friendships of a user.

use crate::prelude::*;

pub(crate) struct RemoveAll;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// Whose friends.
    user_id: Id,
}

impl Operation for RemoveAll {
    const PATH: &'static str = "/v4/friend/remove-all";
    const ID: &'static str = "remove_all_friends";
    const TAG: &'static str = "Friendship";
    const SUMMARY: &'static str = "End all friendships of a user";
    const RATE: RateClass = RateClass::Friends;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let user = wire::user("userId", &request.user_id)?;
        ctx.core.remove_all_friends(ctx.app.id, user).await?;
        Ok(())
    }
}
