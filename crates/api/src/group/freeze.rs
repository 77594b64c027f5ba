//! `POST /v4/group-channel/freeze-list/add`: freeze groups, so that only allowed senders can send.

use crate::prelude::*;
use nuncio_core::groups::Actor;

pub(crate) struct Freeze;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The groups.
    #[schemars(length(min = 1, max = 20))]
    channel_ids: Vec<Id>,
}

impl Operation for Freeze {
    const PATH: &'static str = "/v4/group-channel/freeze-list/add";
    const ID: &'static str = "add_group_channel_freeze_list";
    const TAG: &'static str = "GroupChannelModeration";
    const SUMMARY: &'static str = "Freeze groups, so that only allowed senders can send";
    const RATE: RateClass = RateClass::Groups;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let groups = wire::groups("channelIds", &request.channel_ids, limits::BATCH)?;
        ctx.core.freeze_groups(ctx.app.id, Actor::App, groups, true).await?;
        Ok(())
    }
}
