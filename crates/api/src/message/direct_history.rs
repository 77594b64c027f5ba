//! `POST /v4/direct-channel/history-message/list`: read a direct channel back.

use nuncio_protocol::{Timestamp, frames};

use crate::prelude::*;

pub(crate) struct DirectHistory;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// One side of the channel.
    user_id: Id,
    /// The channel, named by its other side.
    channel_id: Id,
    /// Unix time in milliseconds of the newer end.
    start_at: Integer,
    /// Unix time in milliseconds of the older end, at most 14 days before the newer.
    end_at: Integer,
    #[schemars(range(min = 1, max = 100), extend("default" = 10))]
    page_size: Option<Integer>,
    /// Whether messages sent at `startAt` itself are among the answer: false for the next page.
    include_start: Flag,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Response {
    messages: Vec<Message>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Message {
    /// As in the request.
    channel_id: String,
    from_user_id: String,
    message_id: String,
    /// Unix time in milliseconds.
    sent_at: i64,
    message_type: String,
    /// JSON text; empty once the message was deleted.
    content: String,
    has_metadata: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    metadata: Vec<Metadata>,
    ai_generated: bool,
    /// What the message quotes, as JSON text.
    #[serde(skip_serializing_if = "Option::is_none")]
    quote: Option<String>,
}

/// One entry of a message's metadata.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    key: String,
    value: String,
    /// Unix time in milliseconds.
    updated_at: i64,
}

impl Operation for DirectHistory {
    const PATH: &'static str = "/v4/direct-channel/history-message/list";
    const ID: &'static str = "list_direct_channel_history_messages";
    const TAG: &'static str = "MessageManagement";
    const SUMMARY: &'static str = "List messages of a direct channel, the newest first";
    const RATE: RateClass = RateClass::History;
    const MUTATES: bool = false;

    type Request = Request;
    type Response = Response;

    async fn call(ctx: &Context, request: Request) -> Result<Response, ApiError> {
        let user = wire::user("userId", &request.user_id)?;
        let peer = wire::user("channelId", &request.channel_id)?;
        let limit = wire::within("pageSize", request.page_size, 10, 1, 100)?;
        let (oldest, newest) = range(request.start_at, request.end_at, request.include_start)?;
        let messages =
            ctx.core.history_between(ctx.app.id, user, peer.clone(), oldest, newest, limit).await?;
        Ok(Response::of(messages, peer.as_str()))
    }
}

impl Response {
    /// Messages of a channel that is named so.
    pub(super) fn of(messages: Vec<frames::Message>, channel: &str) -> Self {
        let messages = messages
            .into_iter()
            .map(|message| Message {
                channel_id: channel.to_owned(),
                from_user_id: message.sender_id,
                message_id: message.id,
                sent_at: message.sent_at,
                message_type: message.r#type,
                content: message.content,
                has_metadata: false,
                metadata: Vec::new(),
                ai_generated: false,
                quote: None,
            })
            .collect();
        Self { messages }
    }
}

/// The older and the newer end of what is asked for.
pub(super) fn range(
    start_at: Integer,
    end_at: Integer,
    include_start: Flag,
) -> Result<(Timestamp, Timestamp), ApiError> {
    let (Integer(newest), Integer(oldest)) = (start_at, end_at);
    if oldest > newest {
        let fault = "is later than `startAt`, which is the newer end";
        return Err(ApiError::member(Code::BadParameter, "endAt", fault));
    }
    if newest.abs_diff(oldest) > RANGE_MS {
        let fault = "is more than 14 days before `startAt`: ask for less at once";
        return Err(ApiError::member(Code::BadParameter, "endAt", fault));
    }
    let newest = if include_start.is_set() { newest } else { newest.saturating_sub(1) };
    Ok((Timestamp(oldest), Timestamp(newest)))
}

/// The longest stretch of one call: 14 days.
const RANGE_MS: u64 = 14 * 24 * 60 * 60 * 1000;
