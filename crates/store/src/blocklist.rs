//! The blocklist: whom a user does not want to hear from.

use nuncio_protocol::frames::{BlocklistChanged, entry};
use nuncio_protocol::ids::AppId;
use nuncio_protocol::{Timestamp, UserId};
use serde_json::json;

use crate::audit::{self, Act};
use crate::engine::Store;
use crate::error::StoreError;
use crate::lists::{self, ListSql, list_sql};
use crate::paging::{Page, Position};
use crate::{inbox, users};

pub(crate) const SQL: ListSql = list_sql!("blocklist");

impl Store {
    /// Adds users to a blocklist; who is on it already stays where they are. Refused past
    /// [`nuncio_protocol::limits::LIST_ENTRIES`], and for oneself.
    pub async fn block(
        &self,
        app: AppId,
        owner: UserId,
        targets: Vec<UserId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(vec![(app, owner.clone())], async move |tx| {
            users::active(tx, app, &owner).await?;
            let added = lists::add(tx, &SQL, app, &owner, &targets, now).await?;
            if added.is_empty() {
                return Ok(());
            }
            let act = Act::on_user("blocklist.add", app, &owner, now);
            audit::note(tx, act, &json!({ "added": added }));
            let body = BlocklistChanged { added, removed: Vec::new() };
            inbox::add(tx, app, &owner, entry::Body::BlocklistChanged(body), now).await
        })
        .await
    }

    /// Removes users from a blocklist, those who are on it.
    pub async fn unblock(
        &self,
        app: AppId,
        owner: UserId,
        targets: Vec<UserId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(vec![(app, owner.clone())], async move |tx| {
            users::active(tx, app, &owner).await?;
            let removed = lists::remove(tx, &SQL, app, &owner, &targets).await?;
            if removed.is_empty() {
                return Ok(());
            }
            let act = Act::on_user("blocklist.remove", app, &owner, now);
            audit::note(tx, act, &json!({ "removed": removed }));
            let body = BlocklistChanged { added: Vec::new(), removed };
            inbox::add(tx, app, &owner, entry::Body::BlocklistChanged(body), now).await
        })
        .await
    }

    /// Whether `target` is in the owner's blocklist.
    pub async fn is_blocked(
        &self,
        app: AppId,
        owner: UserId,
        target: UserId,
    ) -> Result<bool, StoreError> {
        self.read(async move |tx| {
            users::active(tx, app, &owner).await?;
            lists::holds(tx, &SQL, app, &owner, &target).await
        })
        .await
    }

    /// A page of a blocklist, newest first.
    pub async fn blocklist(
        &self,
        app: AppId,
        owner: UserId,
        after: Option<Position>,
        limit: i64,
    ) -> Result<Page<UserId>, StoreError> {
        self.read(async move |tx| {
            users::active(tx, app, &owner).await?;
            lists::page(tx, &SQL, app, &owner, after.as_ref(), limit).await
        })
        .await
    }

    /// All of a blocklist, newest first.
    pub async fn whole_blocklist(
        &self,
        app: AppId,
        owner: UserId,
    ) -> Result<Vec<UserId>, StoreError> {
        // No list is longer than it may be.
        Ok(self.blocklist(app, owner, None, i64::from(u32::MAX)).await?.items)
    }
}
