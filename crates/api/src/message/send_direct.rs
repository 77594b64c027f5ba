//! `POST /v4/direct-channel/message/send`: send a direct message to one user or many.

use nuncio_core::messages::Send;
use nuncio_protocol::values::MessageType;
use nuncio_store::messages::By;
use serde_json::{Map, Value};

use super::push::Said;
use crate::prelude::*;

pub(crate) struct SendDirect;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// In whose name.
    from_user_id: Id,
    /// The recipients: all of them get it, or none.
    #[schemars(length(min = 1, max = 1000))]
    to_user_ids: Vec<Id>,
    /// A standard type, such as `RC:TxtMsg`, or one of the app's own.
    #[schemars(length(min = 1, max = 32))]
    message_type: String,
    /// JSON text, passed through unchanged; at most 128 KiB.
    content: String,
    /// Whether the sender's own devices get it too.
    is_echo_to_sender: Option<Bit>,
    /// 0: it does not raise the recipients' unread count.
    count: Option<Integer>,
    /// Whether the recipients' blocklists are asked: then one who has the sender there refuses the call.
    #[serde(alias = "verifyBlacklist")]
    verify_blocklist: Option<Bit>,
    /// 0: not stored, and only delivered to devices that are connected now.
    #[schemars(extend("default" = 1))]
    should_persist: Option<Bit>,
    /// Whether the sender asks to be told when it is read.
    need_read_receipt: Option<Bit>,
    /// Message metadata, which this server does not have: must be false.
    has_metadata: Option<Flag>,
    /// Must be empty.
    metadata: Option<Map<String, Value>>,
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
    /// One for each recipient.
    message_ids: Vec<Sent>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Sent {
    /// The recipient.
    user_id: String,
    message_id: String,
}

impl Operation for SendDirect {
    const PATH: &'static str = "/v4/direct-channel/message/send";
    const ID: &'static str = "send_direct_channel_message";
    const TAG: &'static str = "MessageManagement";
    const SUMMARY: &'static str = "Send a direct message to each of several users";
    const RATE: RateClass = RateClass::Messages;
    const COUNTED: Counted = Counted::Each("toUserIds");
    const MUTATES: bool = true;

    type Request = Request;
    type Response = Response;

    async fn call(ctx: &Context, request: Request) -> Result<Response, ApiError> {
        let sender = wire::user("fromUserId", &request.from_user_id)?;
        let to = wire::users("toUserIds", &request.to_user_ids, limits::RECIPIENTS)?;
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
                verify_blocklist: request.verify_blocklist.is_some_and(Bit::is_set),
                echo_to_sender: request.is_echo_to_sender.is_some_and(Bit::is_set),
            },
            client_id: ctx.dedup.clone(),
            r#type: message_type,
            content: wire::value("content", request.content)?,
            counted: request.count != Some(Integer(0)),
            needs_receipt: request.need_read_receipt.is_some_and(Bit::is_set),
            push,
            stored: request.should_persist.is_none_or(Bit::is_set),
        };
        let sent = ctx.core.send_to_many(message, to).await?;
        let message_ids = sent
            .into_iter()
            .map(|(user, id)| Sent { user_id: user.to_string(), message_id: id.to_string() })
            .collect();
        Ok(Response { message_ids })
    }
}

/// A message's type: a standard one, or one of the app's own.
pub(super) fn message_type(name: String) -> Result<MessageType, ApiError> {
    let message_type: MessageType = wire::value("messageType", name)?;
    if is_foreign(message_type.as_str()) {
        let fault = "begins with `RC:` and is no standard type: name your own types otherwise";
        return Err(ApiError::member(Code::BadParameter, "messageType", fault));
    }
    Ok(message_type)
}

/// Refuses a message with metadata.
pub(super) fn no_metadata(
    has: Option<Flag>,
    metadata: Option<&Map<String, Value>>,
) -> Result<(), ApiError> {
    if has.is_some_and(Flag::is_set) || metadata.is_some_and(|map| !map.is_empty()) {
        let sentence = "this server has no message metadata: leave `metadata` out";
        return Err(ApiError::new(Code::ServiceOff, sentence));
    }
    Ok(())
}

/// The standard types; other names that begin alike are nobody's.
const STANDARD: [&str; 27] = [
    "RC:TxtMsg",
    "RC:ImgMsg",
    "RC:ImgTextMsg",
    "RC:VcMsg",
    "RC:HQVCMsg",
    "RC:SightMsg",
    "RC:GIFMsg",
    "RC:FileMsg",
    "RC:LBSMsg",
    "RC:ReferenceMsg",
    "RC:CombineMsg",
    "RC:CombineV2Msg",
    "RC:StreamMsg",
    "RC:CardMsg",
    "RC:StkMsg",
    "RC:RcNtf",
    "RC:RRReqMsg",
    "RC:RRRspMsg",
    "RC:ReadNtf",
    "RC:InfoNtf",
    "RC:ContactNtf",
    "RC:ProfileNtf",
    "RC:CmdNtf",
    "RC:CmdMsg",
    "RC:GrpNtf",
    "RC:TypSts",
    "RC:RcCmd",
];

fn is_foreign(message_type: &str) -> bool {
    message_type.starts_with("RC:") && !STANDARD.contains(&message_type)
}
