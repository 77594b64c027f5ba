//! What users have set for their channels.

use nuncio_protocol::UserId;
use nuncio_protocol::frames::{Channel, ChannelSettingsPage};
use nuncio_protocol::ids::AppId;
use nuncio_store::channel_settings::Change;

use crate::{Core, Error};

/// Channels of one page at most.
const PAGE: u32 = 500;

impl Core {
    /// Changes what a user has set for a direct channel; the user's devices are told.
    pub async fn set_channel(
        &self,
        app: AppId,
        user: UserId,
        peer: UserId,
        change: Change,
    ) -> Result<(), Error> {
        Ok(self.store.set_channel(app, user, peer, change, self.now()).await?)
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
