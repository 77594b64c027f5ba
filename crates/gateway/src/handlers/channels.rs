//! What the user has set for channels.

use nuncio_protocol::Refusal;
use nuncio_protocol::frames::{
    ChannelType, GetChannelSettings, GetChannelTypeLevels, SetChannelSettings, SetChannelTypeLevel,
    server_frame,
};
use nuncio_protocol::ids::MessageId;
use nuncio_protocol::values::NotificationLevel;
use nuncio_store::channel_settings::Change;

use super::messages::message_id;
use super::{Context, Handled, bad_parameter, channel_id, done};

fn level(number: i32) -> Result<NotificationLevel, Refusal> {
    NotificationLevel::try_from(i64::from(number)).map_err(|error| bad_parameter("level", error))
}

pub(super) async fn set(ctx: &Context, request: SetChannelSettings) -> Handled {
    let channel = channel_id(request.channel.as_ref())?;
    let level = request.level.map(level).transpose()?;
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

pub(super) async fn set_type_level(ctx: &Context, request: SetChannelTypeLevel) -> Handled {
    let r#type = request.r#type();
    if !matches!(r#type, ChannelType::Direct | ChannelType::Group) {
        let types = "must be that of direct channels, 1, or of groups, 3";
        return Err(bad_parameter("type", types).into());
    }
    let level = level(request.level)?;
    ctx.core().set_channel_type_level(ctx.app(), ctx.me(), r#type, level).await?;
    Ok(done())
}

pub(super) async fn type_levels(ctx: &Context, _: GetChannelTypeLevels) -> Handled {
    let levels = ctx.core().channel_type_levels(ctx.app(), ctx.me()).await?;
    Ok(server_frame::Body::ChannelTypeLevels(levels))
}
