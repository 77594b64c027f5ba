//! `POST /v4/channel/pin/set`: pin a channel to the top of a user's list, or not.

use nuncio_core::channel_settings::Change;

use crate::prelude::*;
use crate::wire::ChannelType;

pub(crate) struct SetPin;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// Whose it is.
    user_id: Id,
    /// 1: a direct channel, 3: a group.
    #[schemars(with = "i64", extend("enum" = [1, 3]))]
    channel_type: ChannelType,
    /// The channel: a direct one is named by its other side.
    channel_id: Id,
    /// Whether it shall stay on top.
    is_pin: Flag,
}

impl Operation for SetPin {
    const PATH: &'static str = "/v4/channel/pin/set";
    const ID: &'static str = "set_channel_pin";
    const TAG: &'static str = "ChannelManagement";
    const SUMMARY: &'static str = "Pin a channel to the top of a user's list, or not";
    const RATE: RateClass = RateClass::Channels;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let user = wire::user("userId", &request.user_id)?;
        let channel = wire::channel(&request.channel_type, &request.channel_id)?;
        let change = Change { pinned: Some(request.is_pin.is_set()), ..Change::default() };
        ctx.core.set_channel(ctx.app.id, user, channel, change).await?;
        Ok(())
    }
}
