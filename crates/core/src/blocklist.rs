//! The blocklist: whom a user does not want to hear from.

use nuncio_protocol::UserId;
use nuncio_protocol::ids::AppId;

use crate::page_token::{Page, Query};
use crate::{Core, Error};

impl Core {
    /// Adds users to a blocklist, whether they are registered or not; who is on it already stays where they
    /// are. Refused for oneself, and past 3,000 entries. No message of theirs is accepted after the answer.
    pub async fn block(
        &self,
        app: AppId,
        owner: UserId,
        targets: Vec<UserId>,
    ) -> Result<(), Error> {
        Ok(self.store.block(app, owner, targets, self.now()).await?)
    }

    /// Removes users from a blocklist; who is not on it does not matter.
    pub async fn unblock(
        &self,
        app: AppId,
        owner: UserId,
        targets: Vec<UserId>,
    ) -> Result<(), Error> {
        Ok(self.store.unblock(app, owner, targets, self.now()).await?)
    }

    /// Whether `target` is in the owner's blocklist.
    pub async fn is_blocked(
        &self,
        app: AppId,
        owner: &UserId,
        target: &UserId,
    ) -> Result<bool, Error> {
        Ok(self.store.is_blocked(app, owner.clone(), target.clone()).await?)
    }

    /// A page of a blocklist, newest first.
    pub async fn blocklist(
        &self,
        app: AppId,
        owner: UserId,
        page_token: Option<&str>,
        page_size: i64,
    ) -> Result<Page<UserId>, Error> {
        let query = Query::new("blocklist", app, &owner);
        let after = query.position(page_token)?;
        Ok(query.page(self.store.blocklist(app, owner, after, page_size).await?))
    }

    /// All of a blocklist, newest first.
    pub async fn whole_blocklist(&self, app: AppId, owner: UserId) -> Result<Vec<UserId>, Error> {
        Ok(self.store.whole_blocklist(app, owner).await?)
    }
}
