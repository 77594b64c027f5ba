//! `POST /v4/group-channel/freeze-list/get`: say which groups are frozen.

use crate::prelude::*;

pub(crate) struct Frozen;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The groups in question; absent or empty: a page of all that are frozen.
    #[schemars(length(max = 20))]
    channel_ids: Option<Vec<Id>>,
    #[schemars(range(min = 1), extend("default" = 1))]
    page: Option<Integer>,
    #[schemars(range(min = 1, max = 200), extend("default" = 50))]
    page_size: Option<Integer>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    /// In the order asked for, or by id.
    freeze_statuses: Vec<FreezeStatus>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct FreezeStatus {
    channel_id: String,
    /// 1: only allowed senders can send; 0: every member can.
    status: i64,
}

impl Operation for Frozen {
    const PATH: &'static str = "/v4/group-channel/freeze-list/get";
    const ID: &'static str = "get_group_channel_freeze_list";
    const TAG: &'static str = "GroupChannelModeration";
    const SUMMARY: &'static str = "Say which groups are frozen";
    const RATE: RateClass = RateClass::Groups;
    const MUTATES: bool = false;

    type Request = Request;
    type Response = Response;

    async fn call(ctx: &Context, request: Request) -> Result<Response, ApiError> {
        let page = wire::within("page", request.page, 1, 1, wire::PAGES)?;
        let page_size = wire::within("pageSize", request.page_size, 50, 1, 200)?;
        let groups = match request.channel_ids.as_deref() {
            None | Some([]) => {
                let frozen = ctx.core.frozen_groups(ctx.app.id, page, page_size).await?;
                frozen.into_iter().map(|group| (group.id, group.frozen)).collect()
            }
            Some(ids) => {
                let ids = wire::groups("channelIds", ids, limits::BATCH)?;
                ctx.core.are_groups_frozen(ctx.app.id, ids).await?
            }
        };
        let freeze_statuses = groups
            .into_iter()
            .map(|(id, frozen)| FreezeStatus { channel_id: id.to_string(), status: frozen.into() })
            .collect();
        Ok(Response { freeze_statuses })
    }
}
