//! `POST /v4/group-channel/message/update`: give a message to a group another content, for all members.

use nuncio_core::groups::GroupEdit;
use nuncio_protocol::{MessageId, Refusal};
use nuncio_store::messages::By;

use crate::prelude::*;

pub(crate) struct UpdateGroup;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The message's sender.
    from_user_id: Id,
    /// The group.
    channel_id: Id,
    message_id: String,
    /// What it says from now on: JSON text, passed through unchanged; at most 128 KiB.
    content: String,
}

impl Operation for UpdateGroup {
    const PATH: &'static str = "/v4/group-channel/message/update";
    const ID: &'static str = "update_group_channel_message";
    const TAG: &'static str = "MessageManagement";
    const SUMMARY: &'static str = "Edit a message to a group";
    const RATE: RateClass = RateClass::Messages;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let id: MessageId = request
            .message_id
            .parse()
            .map_err(|_| Refusal::MessageNotFound(request.message_id.clone()))?;
        let edit = GroupEdit {
            app: ctx.app.id,
            sender: wire::user("fromUserId", &request.from_user_id)?,
            by: By::Server { verify_blocklist: false, echo_to_sender: true },
            group: wire::group("channelId", &request.channel_id)?,
            id,
            content: wire::value("content", request.content)?,
            asked: true,
        };
        ctx.core.edit_in_group(edit).await?;
        Ok(())
    }
}
