//! The whitelist: who alone may write to a user, while the user has it on.

use nuncio_protocol::frames::{WhitelistChanged, entry};
use nuncio_protocol::ids::AppId;
use nuncio_protocol::{Timestamp, UserId};
use serde_json::json;

use crate::audit::{self, Act};
use crate::engine::{Store, Tx, params};
use crate::error::StoreError;
use crate::lists::{self, ListSql, list_sql};
use crate::paging::{Page, Position};
use crate::users::User;
use crate::{inbox, users};

const SQL: ListSql = list_sql!("whitelist");

/// Whether the user's whitelist is on and does not hold `other`. The app's switch for all whitelists is the
/// caller's to look at.
pub(crate) async fn keeps_out(
    tx: &Tx<'_>,
    app: AppId,
    user: &User,
    other: &UserId,
) -> Result<bool, StoreError> {
    Ok(user.whitelist_on && !lists::holds(tx, &SQL, app, &user.id, other).await?)
}

impl Store {
    /// Switches users' whitelists on or off; their entries stay.
    pub async fn set_whitelist_enabled(
        &self,
        app: AppId,
        owners: Vec<UserId>,
        enabled: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let locks = owners.iter().map(|owner| (app, owner.clone())).collect();
        self.write(locks, async move |tx| {
            for owner in &owners {
                if users::active(tx, app, owner).await?.whitelist_on == enabled {
                    continue;
                }
                tx.execute(
                    "update users set whitelist_on = ?3 where app = ?1 and id = ?2",
                    params![app, owner, enabled],
                )
                .await?;
                audit::note_change(
                    tx,
                    Act::on_user("whitelist.switch", app, owner, now),
                    json!({ "enabled": !enabled }),
                    json!({ "enabled": enabled }),
                );
                let body = WhitelistChanged { enabled: Some(enabled), ..Default::default() };
                inbox::add(tx, app, owner, entry::Body::WhitelistChanged(body), now).await?;
            }
            Ok(())
        })
        .await
    }

    /// Whether users' whitelists are on, in the order asked for.
    pub async fn whitelist_enabled(
        &self,
        app: AppId,
        owners: Vec<UserId>,
    ) -> Result<Vec<(UserId, bool)>, StoreError> {
        self.read(async move |tx| {
            let mut all = Vec::with_capacity(owners.len());
            for owner in &owners {
                all.push((owner.clone(), users::active(tx, app, owner).await?.whitelist_on));
            }
            Ok(all)
        })
        .await
    }

    /// Adds users to a whitelist; who is on it already stays where they are. Refused past
    /// [`nuncio_protocol::limits::LIST_ENTRIES`], and for oneself.
    pub async fn whitelist_add(
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
            let act = Act::on_user("whitelist.add", app, &owner, now);
            audit::note(tx, act, &json!({ "added": added }));
            let body = WhitelistChanged { added, ..Default::default() };
            inbox::add(tx, app, &owner, entry::Body::WhitelistChanged(body), now).await
        })
        .await
    }

    /// Removes users from a whitelist, those who are on it.
    pub async fn whitelist_remove(
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
            let act = Act::on_user("whitelist.remove", app, &owner, now);
            audit::note(tx, act, &json!({ "removed": removed }));
            let body = WhitelistChanged { removed, ..Default::default() };
            inbox::add(tx, app, &owner, entry::Body::WhitelistChanged(body), now).await
        })
        .await
    }

    /// A page of a whitelist, newest first.
    pub async fn whitelist(
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
}
