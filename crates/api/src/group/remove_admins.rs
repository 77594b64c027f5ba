//! `POST /v4/group-channel/admin/remove`: make admins of a group members like others.

use crate::prelude::*;
use nuncio_core::groups::Actor;

pub(crate) struct RemoveAdmins;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The group.
    channel_id: Id,
    /// Who is no admin stays what they are.
    #[schemars(length(min = 1, max = 10))]
    user_ids: Vec<Id>,
}

impl Operation for RemoveAdmins {
    const PATH: &'static str = "/v4/group-channel/admin/remove";
    const ID: &'static str = "remove_group_channel_admins";
    const TAG: &'static str = "GroupChannelManagement";
    const SUMMARY: &'static str = "Make admins of a group members like others";
    const RATE: RateClass = RateClass::Groups;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let group = wire::group("channelId", &request.channel_id)?;
        let users = wire::users("userIds", &request.user_ids, limits::GROUP_ADMINS)?;
        ctx.core.set_group_admins(ctx.app.id, Actor::App, group, users, false).await?;
        Ok(())
    }
}
