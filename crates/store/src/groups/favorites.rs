//! Favorites: members of a group whom another member follows.

use nuncio_protocol::frames::group_event::Kind;
use nuncio_protocol::frames::{GroupEvent, GroupMember, entry};
use nuncio_protocol::groups::GroupRole;
use nuncio_protocol::ids::AppId;
use nuncio_protocol::{GroupId, Refusal, Timestamp, UserId, limits};
use serde_json::json;

use super::{find, members};
use crate::audit::{self, Act};
use crate::engine::{Locks, Store, Tx, params};
use crate::error::StoreError;
use crate::inbox;

/// A member whom another one follows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Favorite {
    /// The member who is followed.
    pub user: UserId,
    /// Since when.
    pub added_at: Timestamp,
}

/// Fails unless there is such a group with such a member.
async fn of_member(
    tx: &Tx<'_>,
    app: AppId,
    group: &GroupId,
    user: &UserId,
) -> Result<GroupRole, StoreError> {
    find(tx, app, group).await?;
    members::role(tx, app, group, user).await
}

/// Tells a member's own devices whom it follows from now on, or no longer.
async fn tell_own(
    tx: &mut Tx<'_>,
    app: AppId,
    group: &GroupId,
    user: &UserId,
    (kind, favorites): (Kind, &[&str]),
    now: Timestamp,
) -> Result<(), StoreError> {
    let member = |id: &&str| GroupMember { user_id: (*id).to_owned(), ..GroupMember::default() };
    let event = GroupEvent {
        kind: kind.into(),
        group: Some(find(tx, app, group).await?.frame(false)),
        members: favorites.iter().map(member).collect(),
        ..GroupEvent::default()
    };
    inbox::add(tx, app, user, entry::Body::Group(Box::new(event)), now).await
}

impl Store {
    /// Has a member follow others of the same group. Refused for oneself, and for who is not a member.
    pub async fn add_group_favorites(
        &self,
        app: AppId,
        group: GroupId,
        user: UserId,
        favorites: Vec<UserId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let locks =
            Locks::of_groups(app, std::slice::from_ref(&group), std::slice::from_ref(&user));
        self.write_under(locks, async move |tx| {
            of_member(tx, app, &group, &user).await?;
            let mut added = Vec::new();
            for favorite in &favorites {
                members::role(tx, app, &group, favorite).await?;
                let rows = tx
                    .execute(
                        "insert into group_favorites (app, group_id, user_id, favorite_id, added_at)
                         values (?1, ?2, ?3, ?4, ?5)
                         on conflict (app, group_id, user_id, favorite_id) do nothing",
                        params![app, &group, &user, favorite, now],
                    )
                    .await?;
                if rows > 0 {
                    added.push(favorite.as_str());
                }
            }
            if added.is_empty() {
                return Ok(());
            }
            let count = tx
                .count(
                    "select count(*) from group_favorites
                     where app = ?1 and group_id = ?2 and user_id = ?3",
                    params![app, &group, &user],
                )
                .await?;
            if count > limits::GROUP_FAVORITES {
                return Err(Refusal::TooManyFavorites { limit: limits::GROUP_FAVORITES }.into());
            }
            let act = Act::on_user("group.favorites.add", app, &user, now);
            audit::note(tx, act, &json!({ "group": group.as_str(), "added": added }));
            tell_own(tx, app, &group, &user, (Kind::FavoritesAdded, &added), now).await
        })
        .await
    }

    /// Has a member follow others no longer; whom the member does not follow does not matter.
    pub async fn remove_group_favorites(
        &self,
        app: AppId,
        group: GroupId,
        user: UserId,
        favorites: Vec<UserId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let locks =
            Locks::of_groups(app, std::slice::from_ref(&group), std::slice::from_ref(&user));
        self.write_under(locks, async move |tx| {
            of_member(tx, app, &group, &user).await?;
            let mut removed = Vec::new();
            for favorite in &favorites {
                let rows = tx
                    .execute(
                        "delete from group_favorites
                         where app = ?1 and group_id = ?2 and user_id = ?3 and favorite_id = ?4",
                        params![app, &group, &user, favorite],
                    )
                    .await?;
                if rows > 0 {
                    removed.push(favorite.as_str());
                }
            }
            if removed.is_empty() {
                return Ok(());
            }
            let act = Act::on_user("group.favorites.remove", app, &user, now);
            audit::note(tx, act, &json!({ "group": group.as_str(), "removed": removed }));
            tell_own(tx, app, &group, &user, (Kind::FavoritesRemoved, &removed), now).await
        })
        .await
    }

    /// Whom a member of a group follows, the first first.
    pub async fn group_favorites(
        &self,
        app: AppId,
        group: GroupId,
        user: UserId,
    ) -> Result<Vec<Favorite>, StoreError> {
        self.read(async move |tx| {
            of_member(tx, app, &group, &user).await?;
            tx.all(
                "select favorite_id, added_at from group_favorites
                 where app = ?1 and group_id = ?2 and user_id = ?3 order by added_at, favorite_id",
                params![app, &group, &user],
                |row| Ok(Favorite { user: row.get(0)?, added_at: row.get(1)? }),
            )
            .await
        })
        .await
    }
}
