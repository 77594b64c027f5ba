//! `POST /v4/user/restore`: let soft-deleted users in again.

use crate::prelude::*;

pub(crate) struct Restore;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The users. Their deleted data does not come back.
    #[schemars(length(min = 1, max = 100))]
    user_ids: Vec<Id>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    /// The operation, whose outcome for each user the webhook tells.
    operation_id: String,
}

impl Operation for Restore {
    const PATH: &'static str = "/v4/user/restore";
    const ID: &'static str = "restore_users";
    const TAG: &'static str = "UserManagement";
    const SUMMARY: &'static str = "Restore soft-deleted users";
    const RATE: RateClass = RateClass::Users;
    const COUNTED: Counted = Counted::Each("userIds");
    const MUTATES: bool = true;

    type Request = Request;
    type Response = Response;

    async fn call(ctx: &Context, request: Request) -> Result<Response, ApiError> {
        let users = wire::users("userIds", &request.user_ids, limits::LARGE_BATCH)?;
        let operation_id = ctx.core.restore(ctx.app.id, users).await?;
        Ok(Response { operation_id: operation_id.0 })
    }
}
