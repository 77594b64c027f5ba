//! `POST /v4/user/soft-deleted/list`: list who was soft-deleted.

use crate::prelude::*;

pub(crate) struct SoftDeleted;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// Counts from 1.
    #[schemars(range(min = 1), extend("default" = 1))]
    page: Option<Integer>,
    #[schemars(range(min = 1, max = 50), extend("default" = 50))]
    page_size: Option<Integer>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    /// The users, those whose data is still being deleted among them.
    user_ids: Vec<String>,
}

impl Operation for SoftDeleted {
    const PATH: &'static str = "/v4/user/soft-deleted/list";
    const ID: &'static str = "list_soft_deleted_users";
    const TAG: &'static str = "UserManagement";
    const SUMMARY: &'static str = "List soft-deleted users";
    const RATE: RateClass = RateClass::Users;
    const MUTATES: bool = false;

    type Request = Request;
    type Response = Response;

    async fn call(ctx: &Context, request: Request) -> Result<Response, ApiError> {
        let page = wire::within("page", request.page, 1, 1, wire::PAGES)?;
        let page_size = wire::within("pageSize", request.page_size, 50, 1, 50)?;
        let users = ctx.core.soft_deleted(ctx.app.id, page, page_size).await?;
        Ok(Response { user_ids: users.iter().map(ToString::to_string).collect() })
    }
}
