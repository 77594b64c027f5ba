//! Registered users as an app's owner sees them while trying out: listed, and deleted for good.

use nuncio_protocol::ids::AppId;
use nuncio_protocol::{Refusal, UserId};
use nuncio_store::users::User;

use crate::{Core, Error};

impl Core {
    /// Registered users by age; `page` counts from 1.
    pub async fn registered_users(
        &self,
        app: AppId,
        page: i64,
        page_size: i64,
        newest_first: bool,
    ) -> Result<Vec<User>, Error> {
        let offset = (page - 1).saturating_mul(page_size);
        Ok(self.store.registered_users(app, offset, page_size, newest_first).await?)
    }

    /// Deletes test users and all that is theirs, for good, and closes their connections. Frees the app's
    /// user limit at once. Refused in production.
    pub async fn delete_users(&self, app: AppId, users: Vec<UserId>) -> Result<(), Error> {
        self.store.delete_users(app, users.clone(), self.now()).await?;
        self.close(app, users, Refusal::UserDeleted.to_failure()).await?;
        Ok(())
    }
}
