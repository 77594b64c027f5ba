//! `POST /v4/user/unban`: end bans before their time.

use crate::prelude::*;

pub(crate) struct Unban;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The users. Who is not banned stays so.
    #[schemars(length(min = 1, max = 20))]
    user_ids: Vec<Id>,
}

impl Operation for Unban {
    const PATH: &'static str = "/v4/user/unban";
    const ID: &'static str = "unban_users";
    const TAG: &'static str = "UserManagement";
    const SUMMARY: &'static str = "End users' bans";
    const RATE: RateClass = RateClass::Users;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let users = wire::users("userIds", &request.user_ids, limits::BATCH)?;
        ctx.core.unban(ctx.app.id, users).await?;
        Ok(())
    }
}
