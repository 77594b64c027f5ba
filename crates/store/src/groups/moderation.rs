//! Who may speak in a group: mutes of members, frozen groups, and who may speak in those.
//!
//! All of it binds what users send themselves. What an app server sends in their names passes.

use nuncio_protocol::frames::GroupMember;
use nuncio_protocol::frames::group_event::Kind;
use nuncio_protocol::groups::Permitted;
use nuncio_protocol::ids::AppId;
use nuncio_protocol::{GroupId, Refusal, Timestamp, UserId, limits};
use serde_json::json;

use super::rights::{self, Actor};
use super::tell::{self, News};
use super::{Group, find, members, read_group, select_groups, users_of};
use crate::audit::{self, Act};
use crate::engine::{Locks, Store, Tx, params};
use crate::error::StoreError;

/// Somebody who may not speak.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MutedMember {
    /// The user, a member or not.
    pub user: UserId,
    /// Since when.
    pub muted_at: Timestamp,
    /// When it ends; [`Timestamp::FOREVER`] when somebody has to lift it.
    pub until: Timestamp,
}

/// What stands for a group in `group_mutes`: its id, or nothing where all groups are meant.
async fn place<'a>(
    tx: &Tx<'_>,
    app: AppId,
    group: Option<&'a GroupId>,
) -> Result<&'a str, StoreError> {
    match group {
        Some(id) => find(tx, app, id).await.map(|_| id.as_str()),
        None => Ok(""),
    }
}

/// The rows that a mute holds: the group's, which appending a message to it holds too, and the users', who are told, and
/// which appending holds as well.
fn locks(app: AppId, group: Option<&GroupId>, users: &[UserId]) -> Locks {
    Locks::of_groups(app, group.map_or(&[], std::slice::from_ref), users)
}

/// Refuses unless an actor may say who speaks in a group, and stands above those whom it says it of.
async fn may_moderate(
    tx: &Tx<'_>,
    app: AppId,
    by: &Actor,
    group: Option<&GroupId>,
    users: &[UserId],
    now: Timestamp,
) -> Result<Option<Group>, StoreError> {
    let Some(id) = group else { return Ok(None) };
    let group = find(tx, app, id).await?;
    let rank = rights::rank(tx, app, id, by, now).await?;
    rank.must(id, Permitted::Admins)?;
    rights::must_be_above(tx, app, &group, rank, users).await?;
    Ok(Some(group))
}

/// Refuses unless an actor may say who speaks in a frozen group.
async fn may_allow(
    tx: &Tx<'_>,
    app: AppId,
    by: &Actor,
    group: &GroupId,
    now: Timestamp,
) -> Result<Group, StoreError> {
    let found = find(tx, app, group).await?;
    rights::rank(tx, app, group, by, now).await?.must(group, Permitted::Admins)?;
    Ok(found)
}

/// Tells users what was decided of them.
async fn tell_them(
    tx: &mut Tx<'_>,
    app: AppId,
    group: Option<&Group>,
    mut news: News<'_>,
    users: &[UserId],
    now: Timestamp,
) -> Result<(), StoreError> {
    if users.is_empty() {
        return Ok(());
    }
    for user in users {
        news.members.push(match group {
            Some(group) => tell::member(tx, app, &group.id, user).await?,
            None => GroupMember { user_id: user.to_string(), ..GroupMember::default() },
        });
    }
    news.tell(tx, app, group, users, now).await
}

impl Store {
    /// Mutes users in a group, or in all groups; one who is muted already is from now on muted as said here. Users
    /// need not be members, so that a mute outlasts leaving.
    pub async fn mute_in_group(
        &self,
        app: AppId,
        by: Actor,
        group: Option<GroupId>,
        users: Vec<UserId>,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write_under(locks(app, group.as_ref(), &users), async move |tx| {
            let of = may_moderate(tx, app, &by, group.as_ref(), &users, now).await?;
            let place = group.as_ref().map_or("", GroupId::as_str);
            // What has run out is in nobody's way, and nobody would miss it.
            tx.execute(
                "delete from group_mutes where app = ?1 and group_id = ?2 and until <= ?3",
                params![app, place, now],
            )
            .await?;
            for user in &users {
                tx.execute(
                    "insert into group_mutes (app, group_id, user_id, muted_at, until)
                     values (?1, ?2, ?3, ?4, ?5)
                     on conflict (app, group_id, user_id) do update
                     set muted_at = excluded.muted_at, until = excluded.until",
                    params![app, place, user, now, until],
                )
                .await?;
                let muted = json!({ "group": place, "until": until.0 });
                audit::note(tx, Act::on_user("group.mute", app, user, now), &muted);
            }
            let count = tx
                .count(
                    "select count(*) from group_mutes where app = ?1 and group_id = ?2",
                    params![app, place],
                )
                .await?;
            let limit = match group {
                Some(_) => limits::GROUP_MEMBERS,
                None => limits::MUTED_IN_ALL_GROUPS,
            };
            if count > limit {
                return Err(Refusal::ListFull { limit }.into());
            }
            let news = News { until: until.0, ..News::new(Kind::Muted, &by, Vec::new()) };
            tell_them(tx, app, of.as_ref(), news, &users, now).await
        })
        .await
    }

    /// Lets users speak again in a group, or in all groups; who is not muted there does not matter. A mute in one group
    /// and one in all are two: each has to be lifted.
    pub async fn unmute_in_group(
        &self,
        app: AppId,
        by: Actor,
        group: Option<GroupId>,
        users: Vec<UserId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write_under(locks(app, group.as_ref(), &users), async move |tx| {
            let of = may_moderate(tx, app, &by, group.as_ref(), &users, now).await?;
            let place = group.as_ref().map_or("", GroupId::as_str);
            let mut told = Vec::new();
            for user in &users {
                let lifted = tx
                    .execute(
                        "delete from group_mutes
                         where app = ?1 and group_id = ?2 and user_id = ?3",
                        params![app, place, user],
                    )
                    .await?;
                if lifted > 0 {
                    let group = json!({ "group": place });
                    audit::note(tx, Act::on_user("group.unmute", app, user, now), &group);
                    told.push(user.clone());
                }
            }
            let news = News::new(Kind::Unmuted, &by, Vec::new());
            tell_them(tx, app, of.as_ref(), news, &told, now).await
        })
        .await
    }

    /// Who is muted in a group, or in all groups, by id.
    pub async fn muted_in_group(
        &self,
        app: AppId,
        group: Option<GroupId>,
        now: Timestamp,
    ) -> Result<Vec<MutedMember>, StoreError> {
        self.read(async move |tx| {
            let place = place(tx, app, group.as_ref()).await?;
            tx.all(
                "select user_id, muted_at, until from group_mutes
                 where app = ?1 and group_id = ?2 and until > ?3 order by user_id",
                params![app, place, now],
                |row| {
                    Ok(MutedMember { user: row.get(0)?, muted_at: row.get(1)?, until: row.get(2)? })
                },
            )
            .await
        })
        .await
    }

    /// Freezes groups, so that only allowed senders can send to them, or lets all members speak again.
    pub async fn freeze_groups(
        &self,
        app: AppId,
        by: Actor,
        groups: Vec<GroupId>,
        frozen: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let locks = self.locks_of_members(app, &groups, users_of(&by)).await?;
        self.write_under(locks, async move |tx| {
            for id in &groups {
                members::hold_all(tx, app, id, users_of(&by), now).await?;
                let before = find(tx, app, id).await?;
                rights::rank(tx, app, id, &by, now).await?.must(id, Permitted::Admins)?;
                if before.frozen == frozen {
                    continue;
                }
                tx.execute(
                    "update groups set frozen = ?3 where app = ?1 and id = ?2",
                    params![app, id, frozen],
                )
                .await?;
                let after = Group { frozen, ..before.clone() };
                super::note_change(tx, "group.freeze", app, &before, &after, now);
                let kind = if frozen { Kind::Frozen } else { Kind::Unfrozen };
                News::new(kind, &by, Vec::new()).tell_all(tx, app, &after, &[], now).await?;
            }
            Ok(())
        })
        .await
    }

    /// Whether groups are frozen, in the order asked for; the error names one that does not exist.
    pub async fn are_groups_frozen(
        &self,
        app: AppId,
        groups: Vec<GroupId>,
    ) -> Result<Vec<(GroupId, bool)>, StoreError> {
        self.read(async move |tx| {
            let mut all = Vec::with_capacity(groups.len());
            for id in &groups {
                all.push((id.clone(), find(tx, app, id).await?.frozen));
            }
            Ok(all)
        })
        .await
    }

    /// Frozen groups by id.
    pub async fn frozen_groups(
        &self,
        app: AppId,
        offset: i64,
        limit: i64,
    ) -> Result<Vec<Group>, StoreError> {
        self.read(async move |tx| {
            let sql = select_groups!(
                "",
                "groups g where g.app = ?1 and g.frozen = 1 order by g.id limit ?3 offset ?2"
            );
            tx.all(sql, params![app, offset, limit], read_group).await
        })
        .await
    }

    /// Lets users speak while a group is frozen; it does not outweigh a mute. They need not be members.
    pub async fn allow_group_senders(
        &self,
        app: AppId,
        by: Actor,
        group: GroupId,
        users: Vec<UserId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let locks = Locks::of_groups(app, std::slice::from_ref(&group), &users);
        self.write_under(locks, async move |tx| {
            let of = may_allow(tx, app, &by, &group, now).await?;
            let mut told = Vec::new();
            for user in &users {
                let added = tx
                    .execute(
                        "insert into group_allowed_senders (app, group_id, user_id, added_at)
                         values (?1, ?2, ?3, ?4) on conflict (app, group_id, user_id) do nothing",
                        params![app, &group, user, now],
                    )
                    .await?;
                if added > 0 {
                    let act = Act::on_user("group.allow", app, user, now);
                    audit::note(tx, act, &json!({ "group": group.as_str() }));
                    told.push(user.clone());
                }
            }
            let count = tx
                .count(
                    "select count(*) from group_allowed_senders where app = ?1 and group_id = ?2",
                    params![app, &group],
                )
                .await?;
            if count > limits::GROUP_MEMBERS {
                return Err(Refusal::ListFull { limit: limits::GROUP_MEMBERS }.into());
            }
            let news = News::new(Kind::Allowed, &by, Vec::new());
            tell_them(tx, app, Some(&of), news, &told, now).await
        })
        .await
    }

    /// Takes users out of those who may speak while a group is frozen; who is none of them does not matter.
    pub async fn disallow_group_senders(
        &self,
        app: AppId,
        by: Actor,
        group: GroupId,
        users: Vec<UserId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let locks = Locks::of_groups(app, std::slice::from_ref(&group), &users);
        self.write_under(locks, async move |tx| {
            let of = may_allow(tx, app, &by, &group, now).await?;
            let mut told = Vec::new();
            for user in &users {
                let removed = tx
                    .execute(
                        "delete from group_allowed_senders
                         where app = ?1 and group_id = ?2 and user_id = ?3",
                        params![app, &group, user],
                    )
                    .await?;
                if removed > 0 {
                    let act = Act::on_user("group.disallow", app, user, now);
                    audit::note(tx, act, &json!({ "group": group.as_str() }));
                    told.push(user.clone());
                }
            }
            let news = News::new(Kind::Disallowed, &by, Vec::new());
            tell_them(tx, app, Some(&of), news, &told, now).await
        })
        .await
    }

    /// Who may speak while a group is frozen, the first first.
    pub async fn allowed_group_senders(
        &self,
        app: AppId,
        group: GroupId,
    ) -> Result<Vec<UserId>, StoreError> {
        self.read(async move |tx| {
            find(tx, app, &group).await?;
            tx.all(
                "select user_id from group_allowed_senders
                 where app = ?1 and group_id = ?2 order by added_at, user_id",
                params![app, &group],
                |row| row.get(0),
            )
            .await
        })
        .await
    }
}
