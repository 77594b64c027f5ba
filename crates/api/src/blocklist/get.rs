//! `POST /v4/user/blocklist/get`: list who is on a user's blocklist.

use crate::prelude::*;

pub(crate) struct Get;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// Whose blocklist.
    user_id: Id,
    /// The `pageToken` of the page before; absent: from the beginning.
    #[serde(alias = "next")]
    page_token: Option<String>,
    #[schemars(range(min = 1, max = 1000), extend("default" = 1000))]
    page_size: Option<Integer>,
    /// Without effect: the order is always newest first.
    #[serde(rename = "order")]
    #[schemars(extend("default" = 0))]
    _order: Option<Integer>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    /// The users on it.
    blocked_user_ids: Vec<String>,
    /// Asks for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    page_token: Option<String>,
    /// The same under its other public name.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl Operation for Get {
    const PATH: &'static str = "/v4/user/blocklist/get";
    const ID: &'static str = "get_user_blocklist";
    const TAG: &'static str = "UserBlocklist";
    const SUMMARY: &'static str = "List who is on a blocklist, the newest first";
    const RATE: RateClass = RateClass::Lists;
    const MUTATES: bool = false;

    type Request = Request;
    type Response = Response;

    async fn call(ctx: &Context, request: Request) -> Result<Response, ApiError> {
        let owner = wire::user("userId", &request.user_id)?;
        let page_token = request.page_token.as_deref();
        let page_size = wire::within("pageSize", request.page_size, 1000, 1, 1000)?;
        let page = ctx.core.blocklist(ctx.app.id, owner, page_token, page_size).await?;
        Ok(Response {
            blocked_user_ids: page.items.iter().map(ToString::to_string).collect(),
            page_token: page.next.clone(),
            next: page.next,
        })
    }
}
