//! `POST /v4/group-channel/user/mute-list/add`: mute users in a group, or in all groups.

use crate::prelude::*;
use nuncio_core::groups::Actor;

pub(crate) struct Mute;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The group; absent or empty: all groups of the app.
    #[schemars(extend("minLength" = 0))]
    channel_id: Option<Id>,
    /// The users; they need not be members. At most 100 can be muted in all groups.
    #[schemars(length(min = 1, max = 20))]
    user_ids: Vec<Id>,
    /// 1 to 43,200; 0 or -1 until unmuted.
    #[schemars(range(min = -1, max = 43_200))]
    duration_minutes: Integer,
}

impl Operation for Mute {
    const PATH: &'static str = "/v4/group-channel/user/mute-list/add";
    const ID: &'static str = "add_group_channel_user_mute_list";
    const TAG: &'static str = "GroupChannelModeration";
    const SUMMARY: &'static str = "Mute users in a group, or in all groups";
    const RATE: RateClass = RateClass::Groups;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let group = wire::optional_group("channelId", request.channel_id.as_ref())?;
        let users = wire::users("userIds", &request.user_ids, limits::BATCH)?;
        let duration = wire::value("durationMinutes", request.duration_minutes.0)?;
        ctx.core.mute_in_group(ctx.app.id, Actor::App, group, users, duration).await?;
        Ok(())
    }
}
