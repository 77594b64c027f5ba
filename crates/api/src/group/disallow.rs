//! `POST /v4/group-channel/allowed-sender-list/remove`: let users send no longer while a group is frozen.

use crate::prelude::*;
use nuncio_core::groups::Actor;

pub(crate) struct Disallow;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The group.
    channel_id: Id,
    /// The users; who is not on the list stays so.
    #[schemars(length(min = 1, max = 100))]
    user_ids: Vec<Id>,
}

impl Operation for Disallow {
    const PATH: &'static str = "/v4/group-channel/allowed-sender-list/remove";
    const ID: &'static str = "remove_group_channel_allowed_sender_list";
    const TAG: &'static str = "GroupChannelModeration";
    const SUMMARY: &'static str = "Let users send no longer while a group is frozen";
    const RATE: RateClass = RateClass::Groups;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let group = wire::group("channelId", &request.channel_id)?;
        let users = wire::users("userIds", &request.user_ids, limits::LARGE_BATCH)?;
        ctx.core.disallow_group_senders(ctx.app.id, Actor::App, group, users).await?;
        Ok(())
    }
}
