//! Mutes of users in direct channels.

use nuncio_protocol::UserId;
use nuncio_protocol::ids::AppId;
pub use nuncio_store::mutes::Muted;

use crate::{Core, Error};

impl Core {
    /// Mutes users in direct channels, or lets them speak again. Messages that an app server sends in their
    /// names pass.
    pub async fn mute(&self, app: AppId, users: Vec<UserId>, muted: bool) -> Result<(), Error> {
        Ok(self.store.mute(app, users, muted, self.now()).await?)
    }

    /// Muted users by id, from `offset` on.
    pub async fn muted(&self, app: AppId, offset: i64, limit: i64) -> Result<Muted, Error> {
        Ok(self.store.muted(app, offset, limit).await?)
    }
}
