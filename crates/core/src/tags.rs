//! Tags of users.

use nuncio_protocol::UserId;
use nuncio_protocol::ids::AppId;
use nuncio_protocol::values::Tag;

use crate::{Core, Error};

impl Core {
    /// Gives each of the users these tags and no others; none clears them.
    pub async fn set_tags(
        &self,
        app: AppId,
        users: Vec<UserId>,
        tags: Vec<Tag>,
    ) -> Result<(), Error> {
        Ok(self.store.set_tags(app, users, tags, self.now()).await?)
    }

    /// The users' tags, in the order asked for.
    pub async fn tags(
        &self,
        app: AppId,
        users: Vec<UserId>,
    ) -> Result<Vec<(UserId, Vec<Tag>)>, Error> {
        Ok(self.store.tags(app, users).await?)
    }
}
