//! `POST /v4/group-channel/joined/list`: list the groups that a user is in.

use nuncio_core::groups::JoinedGroup;

use super::Profile;

use crate::prelude::*;

pub(crate) struct Joined;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The member.
    user_id: Id,
    /// Groups in which the user is: 0 anything, 1 a member like others, 2 an admin, 3 the owner.
    #[schemars(range(min = 0, max = 3), extend("default" = 0))]
    role: Option<Integer>,
    /// The `pageToken` of the page before; absent: from the beginning.
    #[serde(alias = "next")]
    page_token: Option<String>,
    #[schemars(range(min = 1, max = 100), extend("default" = 50))]
    page_size: Option<Integer>,
    /// By the time of joining: 0 oldest first, 1 newest first.
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
    groups: Vec<Item>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Item {
    #[serde(flatten)]
    group: Profile,
    /// What the user calls the group; empty for nothing.
    alias: String,
    /// Unix time in milliseconds.
    joined_at: i64,
    /// 1 a member like others, 2 an admin, 3 the owner.
    role: i64,
}

impl Operation for Joined {
    const PATH: &'static str = "/v4/group-channel/joined/list";
    const ID: &'static str = "list_user_joined_group_channels";
    const TAG: &'static str = "GroupChannelManagement";
    const SUMMARY: &'static str = "List the groups that a user is in";
    const RATE: RateClass = RateClass::Groups;
    const MUTATES: bool = false;

    type Request = Request;
    type Response = Response;

    async fn call(ctx: &Context, request: Request) -> Result<Response, ApiError> {
        let user = wire::user("userId", &request.user_id)?;
        let role = super::role("role", request.role)?;
        let page_token = request.page_token.as_deref();
        let page_size = wire::within("pageSize", request.page_size, 50, 1, 100)?;
        let newest_first = wire::newest_first(request.order)?;
        let page = ctx
            .core
            .joined_groups(ctx.app.id, user, role, page_token, page_size, newest_first)
            .await?;
        let groups = page.items.into_iter().map(Item::from).collect();
        Ok(Response { page_token: page.next, groups })
    }
}

impl From<JoinedGroup> for Item {
    fn from(joined: JoinedGroup) -> Self {
        Self {
            group: joined.group.into(),
            alias: joined.alias,
            joined_at: joined.joined_at.0,
            role: joined.role.number(),
        }
    }
}
