//! `POST /v4/group-channel/message/send`: send a message to one group or a few.

use nuncio_core::messages::Send;
use nuncio_store::messages::By;
use serde_json::{Map, Value};

use super::push::Said;
use super::send_direct::{message_type, no_metadata};
use crate::prelude::*;

pub(crate) struct SendGroup;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// In whose name; need not be a member.
    from_user_id: Id,
    /// The groups: all of them get it, or none.
    #[schemars(length(min = 1, max = 3))]
    to_channel_ids: Vec<Id>,
    /// The members whom it is for, where it is not for all: nobody else but the sender gets it or reads it. With one group only.
    #[schemars(length(max = 200))]
    to_user_ids: Option<Vec<Id>>,
    /// A standard type, such as `RC:TxtMsg`, or one of the app's own.
    #[schemars(length(min = 1, max = 32))]
    message_type: String,
    /// JSON text, passed through unchanged; at most 128 KiB.
    content: String,
    /// Whether the sender's own devices get it too, when the sender is a member.
    is_echo_to_sender: Option<Bit>,
    /// 0: not stored, and only delivered to devices that are connected now.
    #[schemars(extend("default" = 1))]
    should_persist: Option<Bit>,
    /// Whether it is kept who has read it, for the sender, in groups of up to 500 members.
    need_read_receipt: Option<Bit>,
    /// Message metadata, which this server does not have: must be false.
    has_metadata: Option<Flag>,
    /// Must be empty.
    metadata: Option<Map<String, Value>>,
    /// Without effect: whom a message mentions is in its content.
    #[serde(rename = "hasMention")]
    _has_mention: Option<Bit>,
    /// What a notification says, in place of what the message's type gives; at most 1,024 bytes.
    push_content: Option<String>,
    /// Passed to the receiving app with a notification; at most 1,024 bytes.
    push_data: Option<String>,
    /// JSON text, at most 4,096 bytes: `title`, `forceShowPushContent`, `pushConfigs`.
    push_ext: Option<String>,
    /// Without effect: a notification is always shown.
    #[serde(rename = "contentAvailable")]
    _content_available: Option<Bit>,
    /// Whether nothing is pushed.
    disable_push: Option<Flag>,
    /// Without effect: the channel list shows each message.
    #[serde(rename = "disableUpdateLastMsg")]
    _disable_update_last_msg: Option<Flag>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    /// One for each group.
    message_ids: Vec<Sent>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Sent {
    /// The group.
    channel_id: String,
    message_id: String,
}

impl Operation for SendGroup {
    const PATH: &'static str = "/v4/group-channel/message/send";
    const ID: &'static str = "send_group_channel_message";
    const TAG: &'static str = "MessageManagement";
    const SUMMARY: &'static str = "Send a message to each of a few groups";
    const RATE: RateClass = RateClass::Messages;
    const COUNTED: Counted = Counted::Each("toChannelIds");
    const MUTATES: bool = true;

    type Request = Request;
    type Response = Response;

    async fn call(ctx: &Context, request: Request) -> Result<Response, ApiError> {
        let sender = wire::user("fromUserId", &request.from_user_id)?;
        let groups =
            wire::groups("toChannelIds", &request.to_channel_ids, limits::RECIPIENT_GROUPS)?;
        let to = request.to_user_ids.unwrap_or_default();
        let to = match to.as_slice() {
            [] => Vec::new(),
            _ if groups.len() > 1 => {
                let fault = "goes with one group: send to each group by itself";
                return Err(ApiError::member(Code::BadParameter, "toUserIds", fault));
            }
            ids => wire::users("toUserIds", ids, limits::GROUP_DIRECTED_USERS)?,
        };
        let message_type = message_type(request.message_type)?;
        no_metadata(request.has_metadata, request.metadata.as_ref())?;
        let push = Said {
            content: request.push_content,
            data: request.push_data,
            ext: request.push_ext,
            disabled: request.disable_push,
        };
        let push = push.options()?;
        let message = Send {
            app: ctx.app.id,
            sender,
            by: By::Server {
                verify_blocklist: false,
                echo_to_sender: request.is_echo_to_sender.is_some_and(Bit::is_set),
            },
            client_id: ctx.dedup.clone(),
            r#type: message_type,
            content: wire::value("content", request.content)?,
            counted: true,
            needs_receipt: request.need_read_receipt.is_some_and(Bit::is_set),
            push,
            stored: request.should_persist.is_none_or(Bit::is_set),
        };
        let sent = ctx.core.send_to_groups(message, groups, to).await?;
        let message_ids = sent
            .into_iter()
            .map(|(group, sent)| Sent {
                channel_id: group.to_string(),
                message_id: sent.id.to_string(),
            })
            .collect();
        Ok(Response { message_ids })
    }
}
