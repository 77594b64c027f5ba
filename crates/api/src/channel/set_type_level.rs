//! `POST /v4/channel-type/push/set`: say which messages notify a user in all channels of a type.

use nuncio_protocol::values::NotificationLevel;

use crate::prelude::*;
use crate::wire::ChannelType;

pub(crate) struct SetTypeLevel;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The user whose setting it is.
    request_id: Id,
    /// `1` or `PERSON`: a direct channel, `3` or `GROUP`: a group.
    #[schemars(with = "String", extend("enum" = ["1", "3", "PERSON", "GROUP"]))]
    channel_type: ChannelType,
    /// -1: all, 0: the default, all, 1: mentions, 2: mentions of the user, 4: mentions of
    /// everybody, 5: none.
    #[schemars(extend("enum" = NotificationLevel::NUMBERS))]
    no_disturb_level: Integer,
}

impl Operation for SetTypeLevel {
    const PATH: &'static str = "/v4/channel-type/push/set";
    const ID: &'static str = "set_channel_type_notification";
    const TAG: &'static str = "ChannelManagement";
    const SUMMARY: &'static str = "Say which messages notify a user in all channels of a type";
    const RATE: RateClass = RateClass::Channels;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let user = wire::user("requestId", &request.request_id)?;
        let kind = request.channel_type.kind("channelType")?;
        let level = wire::value("noDisturbLevel", request.no_disturb_level.0)?;
        ctx.core.set_channel_type_level(ctx.app.id, user, kind.into(), level).await?;
        Ok(())
    }
}
