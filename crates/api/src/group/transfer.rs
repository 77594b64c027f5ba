//! `POST /v4/group-channel/transfer/owner`: make another member the owner of a group.

use crate::prelude::*;
use nuncio_core::groups::Actor;

pub(crate) struct Transfer;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The group.
    channel_id: Id,
    /// The member who owns it from now on.
    new_owner: Id,
    /// Whether the owner before leaves the group; else becomes a member like others.
    #[schemars(extend("default" = 0))]
    should_leave: Option<Bit>,
    /// Whether the mute of who leaves is forgotten; else it is in force again when the user comes back.
    #[schemars(extend("default" = 1))]
    should_delete_mute: Option<Bit>,
    /// Whether the place among the allowed senders of who leaves is forgotten.
    #[schemars(extend("default" = 1))]
    should_delete_allowed_senders_list: Option<Bit>,
    /// Whether it is forgotten whom the one who leaves has followed.
    #[schemars(extend("default" = 1))]
    should_delete_favorites: Option<Bit>,
}

impl Operation for Transfer {
    const PATH: &'static str = "/v4/group-channel/transfer/owner";
    const ID: &'static str = "transfer_group_channel_owner";
    const TAG: &'static str = "GroupChannelManagement";
    const SUMMARY: &'static str = "Make another member the owner of a group";
    const RATE: RateClass = RateClass::Groups;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let group = wire::group("channelId", &request.channel_id)?;
        let owner = wire::user("newOwner", &request.new_owner)?;
        let leaving = super::leaving(
            request.should_delete_mute,
            request.should_delete_allowed_senders_list,
            request.should_delete_favorites,
        );
        let leaving = request.should_leave.is_some_and(Bit::is_set).then_some(leaving);
        ctx.core.transfer_group(ctx.app.id, Actor::App, group, owner, leaving).await?;
        Ok(())
    }
}
