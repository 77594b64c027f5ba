//! Tags by which the user sorts channels.

use nuncio_protocol::frames::{
    Channel, ChannelTags, GetChannelTags, GetTaggedChannels, RemoveChannelTags, SetChannelTags,
    SetTaggedChannels, TaggedChannels, server_frame,
};
use nuncio_protocol::ids::ChannelId;
use nuncio_protocol::values::{ChannelTagId, ChannelTagName};
use nuncio_protocol::{Refusal, limits};

use super::{Context, Handled, bad_parameter, channel_id, done};

fn tag_id(id: &str) -> Result<ChannelTagId, Refusal> {
    ChannelTagId::try_from(id).map_err(|error| bad_parameter("tag_id", error))
}

/// Between one and as many tags as a user may have.
fn checked<T>(member: &str, given: &[T]) -> Result<(), Refusal> {
    match given.len() {
        0 => Err(bad_parameter(member, "is empty")),
        1..=limits::CHANNEL_TAGS => Ok(()),
        _ => Err(Refusal::TooManyIds { limit: limits::CHANNEL_TAGS }),
    }
}

fn channels(given: &[Channel]) -> Result<Vec<ChannelId>, Refusal> {
    if given.len() > limits::LARGE_BATCH {
        return Err(Refusal::TooManyIds { limit: limits::LARGE_BATCH });
    }
    given.iter().map(|channel| channel_id(Some(channel))).collect()
}

pub(super) async fn set(ctx: &Context, request: SetChannelTags) -> Handled {
    checked("tags", &request.tags)?;
    let named = request.tags.into_iter().map(|tag| {
        let name = ChannelTagName::try_from(tag.name);
        Ok((tag_id(&tag.id)?, name.map_err(|error| bad_parameter("tags.name", error))?))
    });
    let tags = named.collect::<Result<Vec<_>, Refusal>>()?;
    ctx.core().set_channel_tags(ctx.app(), ctx.me(), tags).await?;
    Ok(done())
}

pub(super) async fn remove(ctx: &Context, request: RemoveChannelTags) -> Handled {
    checked("tag_ids", &request.tag_ids)?;
    let tags = request.tag_ids.iter().map(|id| tag_id(id)).collect::<Result<Vec<_>, _>>()?;
    ctx.core().remove_channel_tags(ctx.app(), ctx.me(), tags).await?;
    Ok(done())
}

pub(super) async fn get(ctx: &Context, request: GetChannelTags) -> Handled {
    let (core, app, me) = (ctx.core(), ctx.app(), ctx.me());
    let tags = match &request.channel {
        None => core.channel_tags(app, me).await?,
        Some(channel) => core.channel_attributes(app, me, channel_id(Some(channel))?).await?.tags,
    };
    let tags = tags.iter().map(nuncio_core::channel_tags::ChannelTag::frame).collect();
    Ok(server_frame::Body::ChannelTags(ChannelTags { tags }))
}

pub(super) async fn set_channels(ctx: &Context, request: SetTaggedChannels) -> Handled {
    let (core, app, tag) = (ctx.core(), ctx.app(), tag_id(&request.tag_id)?);
    let (add, remove) = (channels(&request.add)?, channels(&request.remove)?);
    if !add.is_empty() {
        core.tag_channels(app, ctx.me(), tag.clone(), add).await?;
    }
    if !remove.is_empty() {
        core.untag_channels(app, ctx.me(), tag, remove).await?;
    }
    Ok(done())
}

pub(super) async fn get_channels(ctx: &Context, request: GetTaggedChannels) -> Handled {
    let tag = tag_id(&request.tag_id)?;
    let channels = ctx.core().tagged_channels(ctx.app(), ctx.me(), tag).await?;
    Ok(server_frame::Body::TaggedChannels(TaggedChannels { channels }))
}
