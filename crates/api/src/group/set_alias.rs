//! `POST /v4/group-channel/alias/set`: set what a member calls a group.

use crate::prelude::*;

pub(crate) struct SetAlias;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The group.
    channel_id: Id,
    /// The member.
    user_id: Id,
    /// Seen by the member alone; empty for nothing.
    #[schemars(length(max = 64))]
    alias: String,
}

impl Operation for SetAlias {
    const PATH: &'static str = "/v4/group-channel/alias/set";
    const ID: &'static str = "set_group_channel_alias";
    const TAG: &'static str = "GroupChannelManagement";
    const SUMMARY: &'static str = "Set what a member calls a group";
    const RATE: RateClass = RateClass::Groups;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let group = wire::group("channelId", &request.channel_id)?;
        let user = wire::user("userId", &request.user_id)?;
        let alias = wire::value("alias", request.alias)?;
        ctx.core.set_group_alias(ctx.app.id, group, user, alias).await?;
        Ok(())
    }
}
