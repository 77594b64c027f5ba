//! `POST /v4/channel-type/mute/list`: list who is muted in direct channels.

use crate::prelude::*;
use crate::wire::ChannelType;

pub(crate) struct List;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// Only direct channels: `PERSON`.
    #[serde(alias = "channelTypes")]
    channel_type: ChannelType,
    #[schemars(range(min = 1, max = 200), extend("default" = 100))]
    page_size: Option<Integer>,
    #[schemars(range(min = 0), extend("default" = 0))]
    offset: Option<Integer>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    /// Muted users in all.
    total_count: i64,
    /// Those of this page.
    muted_user_ids: Vec<String>,
}

impl Operation for List {
    const PATH: &'static str = "/v4/channel-type/mute/list";
    const ID: &'static str = "list_channel_type_mute";
    const TAG: &'static str = "UserManagement";
    const SUMMARY: &'static str = "List users who are muted in direct channels";
    const RATE: RateClass = RateClass::Users;
    const MUTATES: bool = false;

    type Request = Request;
    type Response = Response;

    async fn call(ctx: &Context, request: Request) -> Result<Response, ApiError> {
        request.channel_type.must_be_direct("channelType")?;
        let limit = wire::within("pageSize", request.page_size, 100, 1, 200)?;
        let offset = wire::within("offset", request.offset, 0, 0, i64::MAX)?;
        let muted = ctx.core.muted(ctx.app.id, offset, limit).await?;
        Ok(Response {
            total_count: muted.total,
            muted_user_ids: muted.users.iter().map(ToString::to_string).collect(),
        })
    }
}
