//! Removing a user from all groups: begun in one transaction, which decides whether it may be, and gone on with group by
//! group until it is done, whoever is killed on the way.
//!
//! One transaction for all would hold the rows of all members of all groups.

use nuncio_protocol::frames::group_event::Kind;
use nuncio_protocol::groups::GroupRole;
use nuncio_protocol::ids::AppId;
use nuncio_protocol::{GroupId, Refusal, Timestamp, UserId};

use super::maybe;
use super::members::{Leaving, Removal, hold_all, remove};
use super::rights::Actor;
use crate::engine::{Store, params};
use crate::error::StoreError;
use crate::users;

/// A user's removal from all groups that has not run to its end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RemovalFromAll {
    /// The user's app.
    pub app: AppId,
    /// Who is removed.
    pub user: UserId,
    /// When that was decided: what the user has joined since stays.
    pub requested_at: Timestamp,
}

impl Store {
    /// Begins to end a user's membership of all groups. Refused when the user owns one, or is not registered.
    pub async fn begin_leaving_all_groups(
        &self,
        app: AppId,
        user: UserId,
        now: Timestamp,
    ) -> Result<RemovalFromAll, StoreError> {
        self.write(vec![(app, user.clone())], async move |tx| {
            users::all_registered(tx, app, std::slice::from_ref(&user)).await?;
            let owned = tx
                .opt(
                    "select group_id from group_members
                     where app = ?1 and user_id = ?2 and role = ?3 order by group_id limit 1",
                    params![app, &user, GroupRole::Owner.number()],
                    |row| row.get(0),
                )
                .await?;
            if let Some(group) = owned {
                return Err(Refusal::OwnerCannotLeave { group, owner: user.clone() }.into());
            }
            tx.execute(
                "insert into group_removals (app, user_id, requested_at) values (?1, ?2, ?3)
                 on conflict (app, user_id) do update set requested_at = excluded.requested_at",
                params![app, &user, now],
            )
            .await?;
            Ok(RemovalFromAll { app, user: user.clone(), requested_at: now })
        })
        .await
    }

    /// Removals that have not run to their end, in all apps.
    pub async fn open_group_removals(&self, limit: i64) -> Result<Vec<RemovalFromAll>, StoreError> {
        self.read(async move |tx| {
            tx.all(
                "select app, user_id, requested_at from group_removals
                 order by app, user_id limit ?1",
                params![limit],
                |row| {
                    let (app, user) = (row.get(0)?, row.get(1)?);
                    Ok(RemovalFromAll { app, user, requested_at: row.get(2)? })
                },
            )
            .await
        })
        .await
    }

    /// One group's worth of a removal; returns whether that was all. A group that was given to the user in the meantime
    /// keeps its owner. Several may go on with one removal at once.
    pub async fn go_on_leaving_all_groups(
        &self,
        removal: RemovalFromAll,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let RemovalFromAll { app, user, requested_at } = removal;
        let of = user.clone();
        let next: Option<GroupId> = self
            .read(async move |tx| {
                tx.opt(
                    "select group_id from group_members
                     where app = ?1 and user_id = ?2 and joined_at <= ?3 and role <> ?4
                     order by group_id limit 1",
                    params![app, &of, requested_at, GroupRole::Owner.number()],
                    |row| row.get(0),
                )
                .await
            })
            .await?;
        let Some(id) = next else {
            return self
                .write(vec![(app, user.clone())], async move |tx| {
                    // One that was begun meanwhile is another's.
                    tx.execute(
                        "delete from group_removals
                         where app = ?1 and user_id = ?2 and requested_at <= ?3",
                        params![app, &user, requested_at],
                    )
                    .await?;
                    Ok(true)
                })
                .await;
        };
        let locks = self
            .locks_of_members(app, std::slice::from_ref(&id), std::slice::from_ref(&user))
            .await?;
        self.write_under(locks, async move |tx| {
            let users = std::slice::from_ref(&user);
            hold_all(tx, app, &id, users, now).await?;
            let Some(mut group) = maybe(tx, app, &id).await? else { return Ok(false) };
            let there = tx
                .exists(
                    "select 1 from group_members
                     where app = ?1 and group_id = ?2 and user_id = ?3 and joined_at <= ?4",
                    params![app, &id, &user, requested_at],
                )
                .await?;
            if there && group.owner != user {
                let leaving =
                    Leaving { forget_mute: true, forget_allowed: true, forget_favorites: true };
                let removal = Removal { leaving, kind: Kind::Kicked, by: &Actor::App };
                remove(tx, app, &mut group, users, removal, now).await?;
            }
            Ok(false)
        })
        .await
    }
}
