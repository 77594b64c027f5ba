//! `POST /v4/group-channel/admin/add`: make members of a group admins.

use crate::prelude::*;
use nuncio_core::groups::Actor;

pub(crate) struct AddAdmins;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The group.
    channel_id: Id,
    /// Members, the owner not among them; a group has at most 10 admins.
    #[schemars(length(min = 1, max = 10))]
    user_ids: Vec<Id>,
}

impl Operation for AddAdmins {
    const PATH: &'static str = "/v4/group-channel/admin/add";
    const ID: &'static str = "add_group_channel_admins";
    const TAG: &'static str = "GroupChannelManagement";
    const SUMMARY: &'static str = "Make members of a group admins";
    const RATE: RateClass = RateClass::Groups;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let group = wire::group("channelId", &request.channel_id)?;
        let users = wire::users("userIds", &request.user_ids, limits::GROUP_ADMINS)?;
        ctx.core.set_group_admins(ctx.app.id, Actor::App, group, users, true).await?;
        Ok(())
    }
}
