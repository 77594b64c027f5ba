//! `POST /v4/group-channel/leave`: end users' membership of a group.

use crate::prelude::*;
use nuncio_core::groups::Actor;

pub(crate) struct Leave;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The group.
    channel_id: Id,
    /// The members; who is none stays so. The owner cannot be among them.
    #[schemars(length(min = 1, max = 100))]
    user_ids: Vec<Id>,
    /// Whether their mute is forgotten; else it is in force again when the user comes back.
    #[schemars(extend("default" = 1))]
    should_delete_mute: Option<Bit>,
    /// Whether their place among the allowed senders is forgotten.
    #[schemars(extend("default" = 1))]
    should_delete_allowed_senders_list: Option<Bit>,
    /// Whether it is forgotten whom they have followed.
    #[schemars(extend("default" = 1))]
    should_delete_favorites: Option<Bit>,
}

impl Operation for Leave {
    const PATH: &'static str = "/v4/group-channel/leave";
    const ID: &'static str = "quit_group_channel";
    const TAG: &'static str = "GroupChannelManagement";
    const SUMMARY: &'static str = "Remove users from a group";
    const RATE: RateClass = RateClass::Groups;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let group = wire::group("channelId", &request.channel_id)?;
        let users = wire::users("userIds", &request.user_ids, limits::LARGE_BATCH)?;
        let leaving = super::leaving(
            request.should_delete_mute,
            request.should_delete_allowed_senders_list,
            request.should_delete_favorites,
        );
        ctx.core.leave_group(ctx.app.id, Actor::App, group, users, leaving).await?;
        Ok(())
    }
}
