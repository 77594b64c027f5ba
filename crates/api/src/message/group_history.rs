//! `POST /v4/group-channel/history-message/list`: read a group back, as one of its members.

use super::direct_history::{Response, range};
use crate::prelude::*;

pub(crate) struct GroupHistory;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// A member: messages from before the member joined are not among the answer.
    user_id: Id,
    /// The group.
    channel_id: Id,
    /// Unix time in milliseconds of the newer end.
    start_at: Integer,
    /// Unix time in milliseconds of the older end, at most 14 days before the newer.
    end_at: Integer,
    #[schemars(range(min = 1, max = 100), extend("default" = 10))]
    page_size: Option<Integer>,
    /// Whether messages sent at `startAt` itself are among the answer: false for the next page.
    include_start: Flag,
}

impl Operation for GroupHistory {
    const PATH: &'static str = "/v4/group-channel/history-message/list";
    const ID: &'static str = "list_group_channel_history_messages";
    const TAG: &'static str = "MessageManagement";
    const SUMMARY: &'static str = "List messages of a group, the newest first";
    const RATE: RateClass = RateClass::History;
    const MUTATES: bool = false;

    type Request = Request;
    type Response = Response;

    async fn call(ctx: &Context, request: Request) -> Result<Response, ApiError> {
        let user = wire::user("userId", &request.user_id)?;
        let group = wire::group("channelId", &request.channel_id)?;
        let limit = wire::within("pageSize", request.page_size, 10, 1, 100)?;
        let (oldest, newest) = range(request.start_at, request.end_at, request.include_start)?;
        let app = ctx.app.id;
        let found =
            ctx.core.group_history_between(app, user, group.clone(), oldest, newest, limit).await?;
        Ok(Response::of(found, group.as_str()))
    }
}
