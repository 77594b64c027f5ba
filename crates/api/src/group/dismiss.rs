//! `POST /v4/group-channel/dismiss`: end a group.

use crate::prelude::*;
use nuncio_core::groups::Actor;

pub(crate) struct Dismiss;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The group.
    channel_id: Id,
}

impl Operation for Dismiss {
    const PATH: &'static str = "/v4/group-channel/dismiss";
    const ID: &'static str = "dismiss_group_channel";
    const TAG: &'static str = "GroupChannelManagement";
    const SUMMARY: &'static str = "Dismiss a group";
    const RATE: RateClass = RateClass::Groups;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let group = wire::group("channelId", &request.channel_id)?;
        ctx.core.dismiss_group(ctx.app.id, Actor::App, group).await?;
        Ok(())
    }
}
