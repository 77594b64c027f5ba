//! `POST /v4/group-channel/member/list`: list a group's members.

use super::{Member, MembersPage};

use crate::prelude::*;

pub(crate) struct Members;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The group.
    channel_id: Id,
    /// Members who are: 0 anything, 1 members like others, 2 admins, 3 the owner.
    #[schemars(range(min = 0, max = 3), extend("default" = 0))]
    member_role: Option<Integer>,
    /// The `pageToken` of the page before; absent: from the beginning.
    #[serde(alias = "next")]
    page_token: Option<String>,
    #[schemars(range(min = 1, max = 100), extend("default" = 50))]
    page_size: Option<Integer>,
    /// By the time of joining: 0 oldest first, 1 newest first.
    #[schemars(range(min = 0, max = 1), extend("default" = 0))]
    order: Option<Integer>,
}

impl Operation for Members {
    const PATH: &'static str = "/v4/group-channel/member/list";
    const ID: &'static str = "list_group_channel_members";
    const TAG: &'static str = "GroupChannelManagement";
    const SUMMARY: &'static str = "List a group's members";
    const RATE: RateClass = RateClass::Groups;
    const MUTATES: bool = false;

    type Request = Request;
    type Response = MembersPage;

    async fn call(ctx: &Context, request: Request) -> Result<MembersPage, ApiError> {
        let group = wire::group("channelId", &request.channel_id)?;
        let role = super::role("memberRole", request.member_role)?;
        let page_token = request.page_token.as_deref();
        let page_size = wire::within("pageSize", request.page_size, 50, 1, 100)?;
        let newest_first = wire::newest_first(request.order)?;
        let page = ctx
            .core
            .group_members(ctx.app.id, group, role, page_token, page_size, newest_first)
            .await?;
        Ok(MembersPage {
            total_count: page.total,
            page_token: page.next,
            members: page.members.into_iter().map(Member::from).collect(),
        })
    }
}
