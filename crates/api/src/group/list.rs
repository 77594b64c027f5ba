//! `POST /v4/group-channel/list`: list the app's groups.

use nuncio_core::groups::Group;
use serde_json::{Map, Value};

use crate::prelude::*;

pub(crate) struct List;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The `pageToken` of the page before; absent: from the beginning.
    #[serde(alias = "next")]
    page_token: Option<String>,
    #[schemars(range(min = 1, max = 100), extend("default" = 50))]
    page_size: Option<Integer>,
    /// By the groups' age: 0 oldest first, 1 newest first.
    #[schemars(range(min = 0, max = 1), extend("default" = 0))]
    order: Option<Integer>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    /// Asks for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    page_token: Option<String>,
    /// Those of this page.
    groups: Vec<Summary>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Summary {
    channel_id: String,
    name: String,
    group_profile: Map<String, Value>,
    /// Who owned it when it was made.
    creator: String,
    owner: String,
    /// Unix time in milliseconds.
    created_at: i64,
}

impl Operation for List {
    const PATH: &'static str = "/v4/group-channel/list";
    const ID: &'static str = "list_group_channels";
    const TAG: &'static str = "GroupChannelManagement";
    const SUMMARY: &'static str = "List the app's groups";
    const RATE: RateClass = RateClass::Groups;
    const MUTATES: bool = false;

    type Request = Request;
    type Response = Response;

    async fn call(ctx: &Context, request: Request) -> Result<Response, ApiError> {
        let page_token = request.page_token.as_deref();
        let page_size = wire::within("pageSize", request.page_size, 50, 1, 100)?;
        let newest_first = wire::newest_first(request.order)?;
        let page = ctx.core.all_groups(ctx.app.id, page_token, page_size, newest_first).await?;
        let groups = page.items.into_iter().map(Summary::from).collect();
        Ok(Response { page_token: page.next, groups })
    }
}

impl From<Group> for Summary {
    fn from(group: Group) -> Self {
        Self {
            channel_id: group.id.to_string(),
            name: group.name,
            group_profile: group.profile,
            creator: group.creator.to_string(),
            owner: group.owner.to_string(),
            created_at: group.created_at.0,
        }
    }
}
