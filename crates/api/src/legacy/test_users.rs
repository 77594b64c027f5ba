//! Test users, in the development environment: these two operations have no newer path.

use nuncio_store::apps::Environment;

use crate::prelude::*;

pub(super) struct List;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListRequest {
    page: Option<Integer>,
    page_size: Option<Integer>,
    order: Option<Integer>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Users {
    users: Vec<TestUser>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct TestUser {
    user_id: String,
    user_name: String,
    user_portrait: String,
    reg_time: String,
}

impl Operation for List {
    const PATH: &'static str = "/user/query.json";
    const ID: &'static str = "list_test_users";
    const TAG: &'static str = "UserManagement";
    const SUMMARY: &'static str = "List registered users in the development environment";
    const RATE: RateClass = RateClass::Users;
    const MUTATES: bool = false;

    type Request = ListRequest;
    type Response = Users;

    async fn call(ctx: &Context, request: ListRequest) -> Result<Users, ApiError> {
        only_in_development(ctx)?;
        let page = wire::within("page", request.page, 1, 1, wire::PAGES)?;
        let page_size = wire::within("pageSize", request.page_size, 20, 1, 100)?;
        let newest_first = wire::newest_first(request.order)?;
        let users = ctx.core.registered_users(ctx.app.id, page, page_size, newest_first).await?;
        let users = users
            .into_iter()
            .map(|user| TestUser {
                user_id: user.id.to_string(),
                user_name: user.name,
                user_portrait: user.avatar_url,
                reg_time: user.created_at.to_text(),
            })
            .collect();
        Ok(Users { users })
    }
}

pub(super) struct Delete;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeleteRequest {
    user_ids: Vec<Id>,
}

impl Operation for Delete {
    const PATH: &'static str = "/user/delusers.json";
    const ID: &'static str = "delete_test_users";
    const TAG: &'static str = "UserManagement";
    const SUMMARY: &'static str = "Delete test users in the development environment";
    const RATE: RateClass = RateClass::Users;
    const COUNTED: Counted = Counted::Each("userIds");
    const MUTATES: bool = true;

    type Request = DeleteRequest;
    type Response = ();

    async fn call(ctx: &Context, request: DeleteRequest) -> Result<(), ApiError> {
        only_in_development(ctx)?;
        let users = wire::users("userIds", &request.user_ids, limits::LARGE_BATCH)?;
        ctx.core.delete_users(ctx.app.id, users).await?;
        Ok(())
    }
}

fn only_in_development(ctx: &Context) -> Result<(), ApiError> {
    if ctx.app.environment == Environment::Development {
        return Ok(());
    }
    let sentence = "only in the development environment: soft-delete users in production";
    Err(ApiError::new(Code::NotAllowedForApp, sentence))
}
