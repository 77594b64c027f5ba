//! What the user has set for channels.

use nuncio_protocol::frames::{GetChannelSettings, SetChannelSettings, server_frame};
use nuncio_protocol::ids::MessageId;
use nuncio_store::channel_settings::Change;

use super::messages::message_id;
use super::{Context, Handled, bad_parameter, done, peer};

/// The levels that clients know.
const LEVELS: [i32; 6] = [-1, 0, 1, 2, 4, 5];

pub(super) async fn set(ctx: &Context, request: SetChannelSettings) -> Handled {
    let peer = peer(request.channel.as_ref())?;
    if request.level.is_some_and(|level| !LEVELS.contains(&level)) {
        return Err(bad_parameter("level", "must be -1, 0, 1, 2, 4 or 5").into());
    }
    let removed = match request.removed_message_id.as_deref() {
        None => None,
        Some("") => Some(MessageId(0)),
        Some(id) => Some(message_id(id)?),
    };
    let change = Change { pinned: request.pinned, level: request.level, removed };
    ctx.core().set_channel(ctx.app(), ctx.me(), peer, change).await?;
    Ok(done())
}

pub(super) async fn get(ctx: &Context, request: GetChannelSettings) -> Handled {
    let GetChannelSettings { after, limit } = request;
    let page = ctx.core().channel_settings(ctx.app(), ctx.me(), after, limit).await?;
    Ok(server_frame::Body::ChannelSettings(page))
}
