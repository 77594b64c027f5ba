//! Who is in a group: coming in, leaving, being removed.

use nuncio_protocol::frames::group_event::Kind;
use nuncio_protocol::groups::{GroupRole, Permitted};
use nuncio_protocol::ids::{AppId, MessageId};
use nuncio_protocol::{GroupId, Refusal, Timestamp, UserId, limits};
use serde_json::json;

use super::rights::{self, Actor, Rank};
use super::tell::{self, News};
use super::{Group, applications, attendance, find, hold, is_big, latest, users_of};
use crate::audit::{self, Act};
use crate::engine::{Locks, Row, Store, Tx, params};
use crate::error::StoreError;
use crate::users;

/// What goes with a member who leaves. What stays is in force again when the user comes back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Leaving {
    /// The member's mute.
    pub forget_mute: bool,
    /// The member's place among the allowed senders.
    pub forget_allowed: bool,
    /// Whom the member follows.
    pub forget_favorites: bool,
}

pub(super) fn read_role(row: &Row<'_>, index: usize) -> Result<GroupRole, StoreError> {
    GroupRole::try_from(row.get::<i64>(index)?).map_err(|e| StoreError::corrupt("role", e))
}

/// What a member is, or the refusal that the user is none.
pub(super) async fn role(
    tx: &Tx<'_>,
    app: AppId,
    group: &GroupId,
    user: &UserId,
) -> Result<GroupRole, StoreError> {
    role_of(tx, app, group, user)
        .await?
        .ok_or_else(|| Refusal::NotAMember { group: group.clone(), user: user.clone() }.into())
}

/// What a member is; `None` for who is none.
pub(super) async fn role_of(
    tx: &Tx<'_>,
    app: AppId,
    group: &GroupId,
    user: &UserId,
) -> Result<Option<GroupRole>, StoreError> {
    tx.opt(
        "select role from group_members where app = ?1 and group_id = ?2 and user_id = ?3",
        params![app, group, user],
        |row| read_role(row, 0),
    )
    .await
}

pub(super) async fn set_role(
    tx: &Tx<'_>,
    app: AppId,
    group: &GroupId,
    user: &UserId,
    role: GroupRole,
) -> Result<(), StoreError> {
    tx.execute(
        "update group_members set role = ?4 where app = ?1 and group_id = ?2 and user_id = ?3",
        params![app, group, user, role.number()],
    )
    .await?;
    Ok(())
}

/// Makes users members, who must be registered, and returns those who were none; who is one stays what they are. What
/// they had asked, or were asked, about the group is settled. The users' rows are locked, so that nobody comes to be in
/// more groups than allowed.
pub(super) async fn add(
    tx: &mut Tx<'_>,
    app: AppId,
    group: &mut Group,
    users: &[UserId],
    role: GroupRole,
    now: Timestamp,
) -> Result<Vec<UserId>, StoreError> {
    let mut came = Vec::new();
    let history_from = MessageId(latest(tx, app, &group.id).await?.0 + 1);
    let attends_until = attendance::of_newcomer(tx, group, now);
    for user in users {
        let added = tx
            .execute(
                "insert into group_members (app, group_id, user_id, role, joined_at, history_from,
                                            caught_up, attends_until)
                 values (?1, ?2, ?3, ?4, ?5, ?6,
                         (select case when big = 1 then head end from groups
                          where app = ?1 and id = ?2), ?7)
                 on conflict (app, group_id, user_id) do nothing",
                params![app, &group.id, user, role.number(), now, history_from, attends_until],
            )
            .await?;
        if added == 0 {
            continue;
        }
        let joined = tx
            .count(
                "select count(*) from group_members where app = ?1 and user_id = ?2",
                params![app, user],
            )
            .await?;
        if joined > limits::JOINED_GROUPS {
            let limit = limits::JOINED_GROUPS;
            return Err(Refusal::GroupsFull { user: user.clone(), limit }.into());
        }
        let role = json!({ "group": group.id.as_str(), "role": role.number() });
        audit::note(tx, Act::on_user("group.join", app, user, now), &role);
        came.push(user.clone());
    }
    count_members(tx, app, group).await?;
    let limit = tx.groups().most_members;
    if usize::try_from(group.member_count).unwrap_or(usize::MAX) > limit {
        return Err(Refusal::GroupFull { group: group.id.clone(), limit }.into());
    }
    attendance::grow(tx, app, group, now).await?;
    for user in &came {
        applications::settle(tx, app, group, user, now).await?;
    }
    Ok(came)
}

/// Makes users members like others, and tells everybody.
pub(super) async fn come_in(
    tx: &mut Tx<'_>,
    app: AppId,
    group: &mut Group,
    by: &Actor,
    users: &[UserId],
    now: Timestamp,
) -> Result<(), StoreError> {
    let came = add(tx, app, group, users, GroupRole::Member, now).await?;
    if came.is_empty() {
        return Ok(());
    }
    let members = tell::members(tx, app, &group.id, &came).await?;
    News::new(Kind::Joined, by, members).tell_all(tx, app, group, &[], now).await
}

/// Counts a group's members anew, and keeps the number.
async fn count_members(tx: &Tx<'_>, app: AppId, group: &mut Group) -> Result<(), StoreError> {
    group.member_count = tx
        .one(
            "update groups set member_count =
                (select count(*) from group_members where app = ?1 and group_id = ?2)
             where app = ?1 and id = ?2 returning member_count",
            params![app, &group.id],
            |row| row.get(0),
        )
        .await?;
    Ok(())
}

/// How members are removed.
#[derive(Clone, Copy)]
pub(super) struct Removal<'a> {
    /// What goes with them.
    pub(super) leaving: Leaving,
    /// What everybody is told: that they left, or that they were removed.
    pub(super) kind: Kind,
    /// Who removes them.
    pub(super) by: &'a Actor,
}

/// Ends users' membership; who is none does not matter. Everybody is told, they too.
pub(super) async fn remove(
    tx: &mut Tx<'_>,
    app: AppId,
    group: &mut Group,
    users: &[UserId],
    removal: Removal<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let leaving = removal.leaving;
    if let Some(owner) = users.iter().find(|user| **user == group.owner) {
        let (group, owner) = (group.id.clone(), owner.clone());
        return Err(Refusal::OwnerCannotLeave { group, owner }.into());
    }
    let (mut gone_ids, mut gone_members) = (Vec::new(), Vec::new());
    for user in users {
        let as_it_was = tell::member(tx, app, &group.id, user).await?;
        if group.big {
            attendance::arrive(tx, app, &group.id, user).await?;
        }
        let key = params![app, &group.id, user];
        let gone = tx
            .execute(
                "delete from group_members where app = ?1 and group_id = ?2 and user_id = ?3",
                key,
            )
            .await?;
        if gone == 0 {
            continue;
        }
        tx.execute(
            "delete from group_favorites where app = ?1 and group_id = ?2 and favorite_id = ?3",
            key,
        )
        .await?;
        for (forget, sql) in [
            (
                leaving.forget_favorites,
                "delete from group_favorites where app = ?1 and group_id = ?2 and user_id = ?3",
            ),
            (
                leaving.forget_mute,
                "delete from group_mutes where app = ?1 and group_id = ?2 and user_id = ?3",
            ),
            (
                leaving.forget_allowed,
                "delete from group_allowed_senders
                 where app = ?1 and group_id = ?2 and user_id = ?3",
            ),
        ] {
            if forget {
                tx.execute(sql, key).await?;
            }
        }
        let left = json!({ "group": group.id.as_str() });
        audit::note(tx, Act::on_user("group.leave", app, user, now), &left);
        gone_ids.push(user.clone());
        gone_members.push(as_it_was);
    }
    count_members(tx, app, group).await?;
    if gone_ids.is_empty() {
        return Ok(());
    }
    let news = News::new(removal.kind, removal.by, gone_members);
    news.tell_all(tx, app, group, &gone_ids, now).await
}

/// Who is in a group, by id.
pub(super) async fn ids(
    tx: &Tx<'_>,
    app: AppId,
    group: &GroupId,
) -> Result<Vec<UserId>, StoreError> {
    tx.all(
        "select user_id from group_members where app = ?1 and group_id = ?2 order by user_id",
        params![app, group],
        |row| row.get(0),
    )
    .await
}

/// The groups that a user is in.
async fn joined(tx: &Tx<'_>, app: AppId, user: &UserId) -> Result<Vec<GroupId>, StoreError> {
    tx.all(
        "select group_id from group_members where app = ?1 and user_id = ?2 order by group_id",
        params![app, user],
        |row| row.get(0),
    )
    .await
}

/// Holds a group's row; members to whose inboxes is written at once, and other users, must be filed. Answers whether the
/// group is big.
pub(super) async fn hold_all(
    tx: &Tx<'_>,
    app: AppId,
    group: &GroupId,
    others: &[UserId],
    now: Timestamp,
) -> Result<bool, StoreError> {
    let big = hold(tx, app, group).await?;
    if big {
        attendance::lapse(tx, app, group, now).await?;
    }
    let members = attendance::told(tx, app, group, big).await?;
    let all: Vec<&UserId> = members.iter().chain(others).collect();
    tx.filed(app, &all)?;
    Ok(big)
}

/// Ends a user's membership of all groups, and forgets all that goes with it. Refused for who owns one.
pub(crate) async fn leave_all(
    tx: &mut Tx<'_>,
    app: AppId,
    user: &UserId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let leaving = Leaving { forget_mute: true, forget_allowed: true, forget_favorites: true };
    let removal = Removal { leaving, kind: Kind::Kicked, by: &Actor::App };
    for id in &joined(tx, app, user).await? {
        hold_all(tx, app, id, std::slice::from_ref(user), now).await?;
        let mut group = find(tx, app, id).await?;
        remove(tx, app, &mut group, std::slice::from_ref(user), removal, now).await?;
    }
    Ok(())
}

impl Store {
    /// The rows of groups, of their members to whose inboxes is written at once, and of other users. Who joins or arrives
    /// meanwhile is held later, out of order, which is rare enough.
    pub(super) async fn locks_of_members(
        &self,
        app: AppId,
        groups: &[GroupId],
        others: &[UserId],
    ) -> Result<Locks, StoreError> {
        let groups_to_read = groups.to_vec();
        let mut users = self
            .read(async move |tx| {
                let mut users = Vec::new();
                for group in &groups_to_read {
                    let big = is_big(tx, app, group).await?;
                    users.extend(attendance::told(tx, app, group, big).await?);
                }
                Ok(users)
            })
            .await?;
        users.extend_from_slice(others);
        Ok(Locks::of_groups(app, groups, &users))
    }

    /// Makes registered users members of a group, those who are not; returns the group as it is then. The app's word:
    /// users themselves ask by [`Store::enter_group`] and [`Store::invite_to_group`].
    pub async fn join_group(
        &self,
        app: AppId,
        id: GroupId,
        users: Vec<UserId>,
        now: Timestamp,
    ) -> Result<Group, StoreError> {
        let locks = self.locks_of_members(app, std::slice::from_ref(&id), &users).await?;
        self.write_under(locks, async move |tx| {
            hold_all(tx, app, &id, &users, now).await?;
            let mut group = find(tx, app, &id).await?;
            users::all_active(tx, app, &users).await?;
            come_in(tx, app, &mut group, &Actor::App, &users, now).await?;
            Ok(group)
        })
        .await
    }

    /// Ends users' membership of a group: one leaves, or others are removed, by whom the group's permission lets and
    /// who stands above them. Where every member may remove, members remove members. Refused when the group's owner
    /// is among them.
    pub async fn leave_group(
        &self,
        app: AppId,
        by: Actor,
        id: GroupId,
        users: Vec<UserId>,
        leaving: Leaving,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let all = [users_of(&by), users.as_slice()].concat();
        let locks = self.locks_of_members(app, std::slice::from_ref(&id), &all).await?;
        self.write_under(locks, async move |tx| {
            hold_all(tx, app, &id, &all, now).await?;
            let mut group = find(tx, app, &id).await?;
            let own = matches!(&by, Actor::Member(user) if users == [user.clone()]);
            let kind = if own || by == Actor::App { Kind::Left } else { Kind::Kicked };
            match rights::rank(tx, app, &id, &by, now).await {
                Ok(rank) if !own => may_remove(tx, app, &group, rank, &users).await?,
                Ok(_) => {}
                // Whoever has left already has left.
                Err(StoreError::Refused(Refusal::NotInGroup(_))) if own => return Ok(()),
                Err(error) => return Err(error),
            }
            let removal = Removal { leaving, kind, by: &by };
            remove(tx, app, &mut group, &users, removal, now).await
        })
        .await
    }
}

/// Refuses unless users may be removed by who has this rank.
async fn may_remove(
    tx: &Tx<'_>,
    app: AppId,
    group: &Group,
    rank: Rank,
    users: &[UserId],
) -> Result<(), StoreError> {
    if rank == Rank::App {
        return Ok(());
    }
    let removing = group.permissions.removing();
    rank.must(&group.id, removing)?;
    for user in users {
        let role = role_of(tx, app, &group.id, user).await?;
        let among_members = removing == Permitted::Members && role == Some(GroupRole::Member);
        if *user != group.owner && !among_members && !rank.is_above(role) {
            return Err(Refusal::NoGroupRight(group.id.clone()).into());
        }
    }
    Ok(())
}
