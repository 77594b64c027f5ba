//! `POST /v4/group-channel/freeze-list/remove`: let all members of groups send again.

use crate::prelude::*;
use nuncio_core::groups::Actor;

pub(crate) struct Unfreeze;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The groups.
    #[schemars(length(min = 1, max = 20))]
    channel_ids: Vec<Id>,
}

impl Operation for Unfreeze {
    const PATH: &'static str = "/v4/group-channel/freeze-list/remove";
    const ID: &'static str = "remove_group_channel_freeze_list";
    const TAG: &'static str = "GroupChannelModeration";
    const SUMMARY: &'static str = "Let all members of groups send again";
    const RATE: RateClass = RateClass::Groups;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let groups = wire::groups("channelIds", &request.channel_ids, limits::BATCH)?;
        ctx.core.freeze_groups(ctx.app.id, Actor::App, groups, false).await?;
        Ok(())
    }
}
