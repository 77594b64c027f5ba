//! `POST /v4/channel/push/set`: say which messages of a channel notify a user.

use nuncio_core::channel_settings::Change;
use nuncio_protocol::values::NotificationLevel;

use crate::prelude::*;
use crate::wire::ChannelType;

pub(crate) struct SetLevel;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The user whose setting it is.
    request_id: Id,
    /// `1` or `PERSON`: a direct channel, `3` or `GROUP`: a group.
    #[schemars(with = "String", extend("enum" = ["1", "3", "PERSON", "GROUP"]))]
    channel_type: ChannelType,
    /// The channel: a direct one is named by its other side.
    channel_id: Id,
    /// Without effect here: there are no communities.
    #[serde(rename = "subchannelId")]
    _subchannel_id: Option<String>,
    /// -1: all, 0: what the channel's type says, and else all, 1: mentions, 2: mentions of the user, 4: mentions of
    /// everybody, 5: none.
    #[schemars(extend("enum" = NotificationLevel::NUMBERS))]
    no_disturb_level: Integer,
}

impl Operation for SetLevel {
    const PATH: &'static str = "/v4/channel/push/set";
    const ID: &'static str = "set_channel_push_notification";
    const TAG: &'static str = "ChannelManagement";
    const SUMMARY: &'static str = "Say which messages of a channel notify a user";
    const RATE: RateClass = RateClass::Channels;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let user = wire::user("requestId", &request.request_id)?;
        let channel = wire::channel(&request.channel_type, &request.channel_id)?;
        let level = wire::value("noDisturbLevel", request.no_disturb_level.0)?;
        let change = Change { level: Some(level), ..Change::default() };
        ctx.core.set_channel(ctx.app.id, user, channel, change).await?;
        Ok(())
    }
}
