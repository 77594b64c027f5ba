//! `POST /v4/group-channel/alias/delete`: forget what a member calls a group.

use crate::prelude::*;

pub(crate) struct DeleteAlias;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The group.
    channel_id: Id,
    /// The member.
    user_id: Id,
}

impl Operation for DeleteAlias {
    const PATH: &'static str = "/v4/group-channel/alias/delete";
    const ID: &'static str = "delete_group_channel_alias";
    const TAG: &'static str = "GroupChannelManagement";
    const SUMMARY: &'static str = "Forget what a member calls a group";
    const RATE: RateClass = RateClass::Groups;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let group = wire::group("channelId", &request.channel_id)?;
        let user = wire::user("userId", &request.user_id)?;
        let nothing = wire::value("alias", "")?;
        ctx.core.set_group_alias(ctx.app.id, group, user, nothing).await?;
        Ok(())
    }
}
