//! `POST /v4/group-channel/allowed-sender-list/add`: let users send while a group is frozen.

use crate::prelude::*;
use nuncio_core::groups::Actor;

pub(crate) struct Allow;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The group.
    channel_id: Id,
    /// The users; they need not be members. A mute outweighs it.
    #[schemars(length(min = 1, max = 100))]
    user_ids: Vec<Id>,
}

impl Operation for Allow {
    const PATH: &'static str = "/v4/group-channel/allowed-sender-list/add";
    const ID: &'static str = "add_group_channel_allowed_sender_list";
    const TAG: &'static str = "GroupChannelModeration";
    const SUMMARY: &'static str = "Let users send while a group is frozen";
    const RATE: RateClass = RateClass::Groups;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let group = wire::group("channelId", &request.channel_id)?;
        let users = wire::users("userIds", &request.user_ids, limits::LARGE_BATCH)?;
        ctx.core.allow_group_senders(ctx.app.id, Actor::App, group, users).await?;
        Ok(())
    }
}
