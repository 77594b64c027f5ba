//! `POST /v4/direct-channel/message/update`: give a direct message another content, on both sides.

use nuncio_protocol::{MessageId, Refusal};
use nuncio_store::edits::Edit;
use nuncio_store::messages::By;

use crate::prelude::*;

pub(crate) struct UpdateDirect;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The message's sender.
    from_user_id: Id,
    /// The other side of the channel.
    target_id: Id,
    message_id: String,
    /// What it says from now on: JSON text, passed through unchanged; at most 128 KiB.
    content: String,
}

impl Operation for UpdateDirect {
    const PATH: &'static str = "/v4/direct-channel/message/update";
    const ID: &'static str = "update_direct_channel_message";
    const TAG: &'static str = "MessageManagement";
    const SUMMARY: &'static str = "Edit a direct message";
    const RATE: RateClass = RateClass::Messages;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let id: MessageId = request
            .message_id
            .parse()
            .map_err(|_| Refusal::MessageNotFound(request.message_id.clone()))?;
        let edit = Edit {
            app: ctx.app.id,
            sender: wire::user("fromUserId", &request.from_user_id)?,
            by: By::Server { verify_blocklist: false, echo_to_sender: true },
            peer: wire::user("targetId", &request.target_id)?,
            id,
            content: wire::value("content", request.content)?,
            asked: false,
        };
        ctx.core.edit(edit).await?;
        Ok(())
    }
}
