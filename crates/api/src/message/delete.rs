//! `POST /v4/message/delete`: take a message back, for everybody.

use nuncio_protocol::{MessageId, Refusal};
use nuncio_store::messages::Recaller;

use crate::prelude::*;
use crate::wire::{ChannelKind, ChannelType};

pub(crate) struct Delete;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The message's sender.
    from_user_id: Id,
    /// 1: a direct channel, 3: a group.
    #[schemars(with = "i64", extend("enum" = [1, 3]))]
    channel_type: ChannelType,
    /// The channel: a direct one is named by its other side.
    channel_id: Id,
    message_id: String,
    /// 1: the app does it, not the sender; then `fromUserId` may be either side, or any registered user for a group.
    is_admin: Option<Bit>,
    /// Told to both sides, or all members.
    #[schemars(length(max = MOST_EXTRA_CHARS))]
    extra: Option<String>,
    /// Without effect here, like the three that follow.
    #[serde(rename = "subchannelId")]
    _subchannel_id: Option<String>,
    #[serde(rename = "sentAt")]
    _sent_at: Option<Integer>,
    #[serde(rename = "disablePush")]
    _disable_push: Option<Flag>,
    #[serde(rename = "disableUpdateLastMsg")]
    _disable_update_last_msg: Option<Flag>,
}

impl Operation for Delete {
    const PATH: &'static str = "/v4/message/delete";
    const ID: &'static str = "delete_message";
    const TAG: &'static str = "MessageManagement";
    const SUMMARY: &'static str = "Recall a message";
    const RATE: RateClass = RateClass::Messages;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let user = wire::user("fromUserId", &request.from_user_id)?;
        let kind = request.channel_type.kind("channelType")?;
        let id: MessageId = request
            .message_id
            .parse()
            .map_err(|_| Refusal::MessageNotFound(request.message_id.clone()))?;
        let extra = request.extra.unwrap_or_default();
        let found = extra.chars().count();
        if found > MOST_EXTRA_CHARS {
            let fault = format!("has {found} characters, at most {MOST_EXTRA_CHARS} are allowed");
            return Err(ApiError::member(Code::TooLong, "extra", fault));
        }
        let by = Recaller::Server { user, admin: request.is_admin.is_some_and(Bit::is_set) };
        match kind {
            ChannelKind::Direct => {
                let peer = wire::user("channelId", &request.channel_id)?;
                ctx.core.recall(ctx.app.id, by, peer, id, extra).await?;
            }
            ChannelKind::Group => {
                let group = wire::group("channelId", &request.channel_id)?;
                ctx.core.recall_in_group(ctx.app.id, by, group, id, extra).await?;
            }
        }
        Ok(())
    }
}

/// Characters of what goes with the recall.
const MOST_EXTRA_CHARS: usize = 1024;
