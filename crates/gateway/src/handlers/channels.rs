//! What the user has set for channels.

use nuncio_protocol::frames::{GetChannelSettings, SetChannelSettings, server_frame};
use nuncio_protocol::ids::MessageId;
use nuncio_protocol::values::NotificationLevel;
use nuncio_store::channel_settings::Change;

use super::messages::message_id;
use super::{Context, Handled, bad_parameter, channel_id, done};

pub(super) async fn set(ctx: &Context, request: SetChannelSettings) -> Handled {
    let channel = channel_id(request.channel.as_ref())?;
    let level = request.level.map(|level| NotificationLevel::try_from(i64::from(level)));
    let level = level.transpose().map_err(|error| bad_parameter("level", error))?;
    let removed = match request.removed_message_id.as_deref() {
        None => None,
        Some("") => Some(MessageId(0)),
        Some(id) => Some(message_id(id)?),
    };
    let change = Change { pinned: request.pinned, level, removed };
    ctx.core().set_channel(ctx.app(), ctx.me(), channel, change).await?;
    Ok(done())
}

pub(super) async fn get(ctx: &Context, request: GetChannelSettings) -> Handled {
    let GetChannelSettings { after, limit } = request;
    let page = ctx.core().channel_settings(ctx.app(), ctx.me(), after, limit).await?;
    Ok(server_frame::Body::ChannelSettings(page))
}
