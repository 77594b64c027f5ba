//! What users have set for their channels.

use nuncio_protocol::UserId;
use nuncio_protocol::frames::{Channel, ChannelSettingsPage, ChannelType, ChannelTypeLevels};
use nuncio_protocol::ids::{AppId, ChannelId};
use nuncio_protocol::values::NotificationLevel;

pub use nuncio_store::channel_settings::{Attributes, Change};

use crate::{Core, Error};

/// Channels of one page at most.
const PAGE: u32 = 500;

impl Core {
    /// Changes what a user has set for a channel; the user's devices are told.
    pub async fn set_channel(
        &self,
        app: AppId,
        user: UserId,
        channel: ChannelId,
        change: Change,
    ) -> Result<(), Error> {
        Ok(self.store.set_channel(app, user, channel, change, self.now()).await?)
    }

    /// What a user has set for one channel, and the tags it is under.
    pub async fn channel_attributes(
        &self,
        app: AppId,
        user: UserId,
        channel: ChannelId,
    ) -> Result<Attributes, Error> {
        Ok(self.store.channel_attributes(app, user, channel).await?)
    }

    /// Says which messages notify a user in all channels of a type that have no level of their own.
    pub async fn set_channel_type_level(
        &self,
        app: AppId,
        user: UserId,
        r#type: ChannelType,
        level: NotificationLevel,
    ) -> Result<(), Error> {
        Ok(self.store.set_channel_type_level(app, user, r#type, level, self.now()).await?)
    }

    /// The levels that a user has set for types of channels.
    pub async fn channel_type_levels(
        &self,
        app: AppId,
        user: UserId,
    ) -> Result<ChannelTypeLevels, Error> {
        Ok(ChannelTypeLevels { levels: self.store.channel_type_levels(app, user).await? })
    }

    /// Which messages notify a user in channels of a type that have no level of their own.
    pub async fn channel_type_level(
        &self,
        app: AppId,
        user: UserId,
        r#type: ChannelType,
    ) -> Result<NotificationLevel, Error> {
        Ok(self.store.channel_type_level(app, user, r#type).await?)
    }

    /// What a user has set for channels after one, in the order of their types and ids.
    pub async fn channel_settings(
        &self,
        app: AppId,
        user: UserId,
        after: Option<Channel>,
        limit: u32,
    ) -> Result<ChannelSettingsPage, Error> {
        let limit = if limit == 0 { PAGE } else { limit.min(PAGE) };
        let after = after.unwrap_or_default();
        let mut settings = self.store.channel_settings(app, user, after, limit).await?;
        let has_more = settings.len() > limit as usize;
        settings.truncate(limit as usize);
        Ok(ChannelSettingsPage { settings, has_more })
    }
}
