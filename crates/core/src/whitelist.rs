//! The whitelist: who alone may write to a user, while the user has it on.

use nuncio_protocol::UserId;
use nuncio_protocol::ids::AppId;

use crate::page_token::{Page, Query};
use crate::{Core, Error};

impl Core {
    /// Switches users' whitelists on or off; their entries stay. One that is on and empty admits nobody.
    pub async fn set_whitelist_enabled(
        &self,
        app: AppId,
        owners: Vec<UserId>,
        enabled: bool,
    ) -> Result<(), Error> {
        Ok(self.store.set_whitelist_enabled(app, owners, enabled, self.now()).await?)
    }

    /// Whether users' whitelists are on, in the order asked for.
    pub async fn whitelist_enabled(
        &self,
        app: AppId,
        owners: Vec<UserId>,
    ) -> Result<Vec<(UserId, bool)>, Error> {
        Ok(self.store.whitelist_enabled(app, owners).await?)
    }

    /// Adds users to a whitelist, whether they are registered or not; who is on it already stays where they
    /// are. Refused for oneself, and past 3,000 entries.
    pub async fn whitelist_add(
        &self,
        app: AppId,
        owner: UserId,
        targets: Vec<UserId>,
    ) -> Result<(), Error> {
        Ok(self.store.whitelist_add(app, owner, targets, self.now()).await?)
    }

    /// Removes users from a whitelist; who is not on it does not matter.
    pub async fn whitelist_remove(
        &self,
        app: AppId,
        owner: UserId,
        targets: Vec<UserId>,
    ) -> Result<(), Error> {
        Ok(self.store.whitelist_remove(app, owner, targets, self.now()).await?)
    }

    /// A page of a whitelist, newest first.
    pub async fn whitelist(
        &self,
        app: AppId,
        owner: UserId,
        page_token: Option<&str>,
        page_size: i64,
    ) -> Result<Page<UserId>, Error> {
        let query = Query::new("whitelist", app, &owner);
        let after = query.position(page_token)?;
        Ok(query.page(self.store.whitelist(app, owner, after, page_size).await?))
    }
}
