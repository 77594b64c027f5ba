//! Tags by which users sort their channels.

use nuncio_protocol::UserId;
use nuncio_protocol::frames::Channel;
use nuncio_protocol::ids::{AppId, ChannelId};
use nuncio_protocol::values::{ChannelTagId, ChannelTagName};

pub use nuncio_store::channel_tags::ChannelTag;

use crate::{Core, Error};

impl Core {
    /// Makes tags of a user's, or gives those that are there another name.
    pub async fn set_channel_tags(
        &self,
        app: AppId,
        user: UserId,
        tags: Vec<(ChannelTagId, ChannelTagName)>,
    ) -> Result<(), Error> {
        Ok(self.store.set_channel_tags(app, user, tags, self.now()).await?)
    }

    /// Ends tags of a user's; channels are under them no more.
    pub async fn remove_channel_tags(
        &self,
        app: AppId,
        user: UserId,
        tags: Vec<ChannelTagId>,
    ) -> Result<(), Error> {
        Ok(self.store.remove_channel_tags(app, user, tags, self.now()).await?)
    }

    /// A user's tags, the oldest first.
    pub async fn channel_tags(&self, app: AppId, user: UserId) -> Result<Vec<ChannelTag>, Error> {
        Ok(self.store.channel_tags(app, user).await?)
    }

    /// Puts channels under a tag of the user's.
    pub async fn tag_channels(
        &self,
        app: AppId,
        user: UserId,
        tag: ChannelTagId,
        channels: Vec<ChannelId>,
    ) -> Result<(), Error> {
        Ok(self.store.tag_channels(app, user, tag, channels, self.now()).await?)
    }

    /// Takes channels from under a tag of the user's.
    pub async fn untag_channels(
        &self,
        app: AppId,
        user: UserId,
        tag: ChannelTagId,
        channels: Vec<ChannelId>,
    ) -> Result<(), Error> {
        Ok(self.store.untag_channels(app, user, tag, channels, self.now()).await?)
    }

    /// The channels under a tag of the user's, by type and id.
    pub async fn tagged_channels(
        &self,
        app: AppId,
        user: UserId,
        tag: ChannelTagId,
    ) -> Result<Vec<Channel>, Error> {
        Ok(self.store.tagged_channels(app, user, tag).await?)
    }
}
