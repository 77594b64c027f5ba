//! Tags by which the user sorts channels.

use nuncio_protocol::frames::{Channel, ChannelTag};
use nuncio_protocol::values::{ChannelTagId, ChannelTagName};

use super::ask;
use crate::client::Client;
use crate::error::ClientError;

impl Client {
    /// Makes tags by which the user sorts channels, at most 20 in all, or gives those that are there another name. All of the
    /// user's devices are told, by [`Event::ChannelTagsChanged`](crate::Event::ChannelTagsChanged), as of the other changes here.
    pub async fn set_channel_tags(
        &self,
        tags: &[(ChannelTagId, ChannelTagName)],
    ) -> Result<(), ClientError> {
        let tag = |(id, name): &(ChannelTagId, ChannelTagName)| ChannelTag {
            id: id.as_str().to_owned(),
            name: name.as_str().to_owned(),
            created_at: 0,
        };
        let tags = tags.iter().map(tag).collect();
        ask!(self, SetChannelTags { tags } => Done).map(drop)
    }

    /// Ends tags, 1 to 20; channels are under them no more. Those that are not there do not matter.
    pub async fn remove_channel_tags(&self, tags: &[ChannelTagId]) -> Result<(), ClientError> {
        let tag_ids = tags.iter().map(|tag| tag.as_str().to_owned()).collect();
        ask!(self, RemoveChannelTags { tag_ids } => Done).map(drop)
    }

    /// The user's tags, or those that a channel is under, the oldest first.
    pub async fn get_channel_tags(
        &self,
        channel: Option<&Channel>,
    ) -> Result<Vec<ChannelTag>, ClientError> {
        Ok(ask!(self, GetChannelTags { channel: channel.cloned() } => ChannelTags)?.tags)
    }

    /// Puts channels under a tag, and takes others from under it: at most 100 each, and at most 1,000 under a tag.
    pub async fn set_tagged_channels(
        &self,
        tag: &ChannelTagId,
        add: &[Channel],
        remove: &[Channel],
    ) -> Result<(), ClientError> {
        let (tag_id, add, remove) = (tag.as_str().to_owned(), add.to_vec(), remove.to_vec());
        ask!(self, SetTaggedChannels { tag_id, add, remove } => Done).map(drop)
    }

    /// The channels under a tag, by type and id.
    pub async fn get_tagged_channels(
        &self,
        tag: &ChannelTagId,
    ) -> Result<Vec<Channel>, ClientError> {
        let tag_id = tag.as_str().to_owned();
        Ok(ask!(self, GetTaggedChannels { tag_id } => TaggedChannels)?.channels)
    }
}
