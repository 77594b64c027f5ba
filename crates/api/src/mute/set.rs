//! `POST /v4/channel-type/mute/set`: mute or unmute users in direct channels.

use crate::prelude::*;
use crate::wire::ChannelTypes;

pub(crate) struct Set;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The users.
    #[schemars(length(min = 1, max = 1000))]
    user_ids: Vec<Id>,
    /// 1 mutes, 0 unmutes.
    mute_state: Bit,
    /// Only direct channels: `PERSON`.
    #[serde(alias = "channelType")]
    #[schemars(length(min = 1))]
    channel_types: ChannelTypes,
}

impl Operation for Set {
    const PATH: &'static str = "/v4/channel-type/mute/set";
    const ID: &'static str = "set_channel_type_mute";
    const TAG: &'static str = "UserManagement";
    const SUMMARY: &'static str = "Mute or unmute users in direct channels";
    const RATE: RateClass = RateClass::Users;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let users = wire::users("userIds", &request.user_ids, limits::HUGE_BATCH)?;
        request.channel_types.must_be_direct("channelTypes")?;
        ctx.core.mute(ctx.app.id, users, request.mute_state.is_set()).await?;
        Ok(())
    }
}
