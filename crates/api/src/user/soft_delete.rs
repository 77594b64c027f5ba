//! `POST /v4/user/soft-delete`: delete users' data, and keep them out.

use crate::prelude::*;

pub(crate) struct SoftDelete;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The users. Whose data is gone already stay so.
    #[schemars(length(min = 1, max = 100))]
    user_ids: Vec<Id>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    /// The operation, whose outcome for each user the webhook tells.
    operation_id: String,
    /// How far the closing of connections has got, in a cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    applied: Option<Applied>,
}

impl Operation for SoftDelete {
    const PATH: &'static str = "/v4/user/soft-delete";
    const ID: &'static str = "soft_delete_users";
    const TAG: &'static str = "UserManagement";
    const SUMMARY: &'static str = "Soft-delete users";
    const RATE: RateClass = RateClass::Users;
    const COUNTED: Counted = Counted::Each("userIds");
    const MUTATES: bool = true;

    type Request = Request;
    type Response = Response;

    async fn call(ctx: &Context, request: Request) -> Result<Response, ApiError> {
        let users = wire::users("userIds", &request.user_ids, limits::LARGE_BATCH)?;
        let (operation_id, applied) = ctx.core.soft_delete(ctx.app.id, users).await?;
        Ok(Response { operation_id: operation_id.0, applied: Applied::of(ctx, applied) })
    }
}
