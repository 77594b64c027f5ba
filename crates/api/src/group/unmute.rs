//! `POST /v4/group-channel/user/mute-list/remove`: unmute users in a group, or in all groups.

use crate::prelude::*;
use nuncio_core::groups::Actor;

pub(crate) struct Unmute;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The group; absent or empty: what was muted in all groups of the app.
    #[schemars(extend("minLength" = 0))]
    channel_id: Option<Id>,
    /// The users; who is not muted stays so.
    #[schemars(length(min = 1, max = 20))]
    user_ids: Vec<Id>,
}

impl Operation for Unmute {
    const PATH: &'static str = "/v4/group-channel/user/mute-list/remove";
    const ID: &'static str = "remove_group_channel_user_mute_list";
    const TAG: &'static str = "GroupChannelModeration";
    const SUMMARY: &'static str = "Unmute users in a group, or in all groups";
    const RATE: RateClass = RateClass::Groups;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let group = wire::optional_group("channelId", request.channel_id.as_ref())?;
        let users = wire::users("userIds", &request.user_ids, limits::BATCH)?;
        ctx.core.unmute_in_group(ctx.app.id, Actor::App, group, users).await?;
        Ok(())
    }
}
