//! `POST /v4/user/profile/list`: list all hosted profiles.

use super::Profiles;
use crate::prelude::*;

pub(crate) struct List;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// Counts from 1.
    #[schemars(range(min = 1), extend("default" = 1))]
    page: Option<Integer>,
    #[schemars(range(min = 1, max = 100), extend("default" = 20))]
    page_size: Option<Integer>,
    /// By registration: 0 oldest first, 1 newest first.
    #[schemars(range(min = 0, max = 1), extend("default" = 0))]
    order: Option<Integer>,
}

impl Operation for List {
    const PATH: &'static str = "/v4/user/profile/list";
    const ID: &'static str = "list_user_profiles";
    const TAG: &'static str = "UserProfileHosting";
    const SUMMARY: &'static str = "List the hosted profiles of all users";
    const RATE: RateClass = RateClass::Profiles;
    const MUTATES: bool = false;

    type Request = Request;
    type Response = Profiles;

    async fn call(ctx: &Context, request: Request) -> Result<Profiles, ApiError> {
        let page = wire::within("page", request.page, 1, 1, wire::PAGES)?;
        let page_size = wire::within("pageSize", request.page_size, 20, 1, 100)?;
        let newest_first = wire::newest_first(request.order)?;
        Profiles::of(ctx.core.profile_list(ctx.app.id, page, page_size, newest_first).await?)
    }
}
