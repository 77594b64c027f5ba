//! Who is in a group: joining, leaving, and the lists of members and of groups.

use nuncio_protocol::groups::GroupRole;
use nuncio_protocol::ids::{AppId, MessageId};
use nuncio_protocol::{GroupId, Refusal, Timestamp, UserId, limits};
use serde_json::json;

use super::{Group, find, hold, latest, read_group, select_groups};
use crate::audit::{self, Act};
use crate::engine::{Locks, Row, Store, Tx, params};
use crate::error::StoreError;
use crate::paging::{Page, Position};
use crate::users;

/// A member of a group.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Member {
    /// The user.
    pub user: UserId,
    /// What the user is in the group.
    pub role: GroupRole,
    /// What the user is called there; empty for nothing of its own.
    pub nickname: String,
    /// What the app keeps with the member.
    pub extra: String,
    /// Since when.
    pub joined_at: Timestamp,
}

/// A page of a group's members.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MembersPage {
    /// The members, and where the next page begins.
    pub page: Page<Member>,
    /// Members of that role in all.
    pub total: i64,
}

/// A group as one of its members has it.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinedGroup {
    /// The group.
    pub group: Group,
    /// What the member calls it; empty for nothing.
    pub alias: String,
    /// What the member is in it.
    pub role: GroupRole,
    /// Since when.
    pub joined_at: Timestamp,
}

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

fn read_member(row: &Row<'_>) -> Result<Member, StoreError> {
    Ok(Member {
        user: row.get(0)?,
        role: read_role(row, 1)?,
        nickname: row.get(2)?,
        extra: row.get(3)?,
        joined_at: row.get(4)?,
    })
}

fn read_role(row: &Row<'_>, index: usize) -> Result<GroupRole, StoreError> {
    GroupRole::try_from(row.get::<i64>(index)?).map_err(|e| StoreError::corrupt("role", e))
}

pub(super) async fn member(
    tx: &Tx<'_>,
    app: AppId,
    group: &GroupId,
    user: &UserId,
) -> Result<Option<Member>, StoreError> {
    tx.opt(
        "select user_id, role, nickname, extra, joined_at from group_members
         where app = ?1 and group_id = ?2 and user_id = ?3",
        params![app, group, user],
        read_member,
    )
    .await
}

/// What a member is, or the refusal that the user is none.
pub(super) async fn role(
    tx: &Tx<'_>,
    app: AppId,
    group: &GroupId,
    user: &UserId,
) -> Result<GroupRole, StoreError> {
    let found = member(tx, app, group, user).await?;
    found
        .map(|member| member.role)
        .ok_or_else(|| Refusal::NotAMember { group: group.clone(), user: user.clone() }.into())
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

/// Makes users members; who is one already stays what they are. The users' rows are locked, so that nobody comes to be
/// in more groups than allowed.
pub(super) async fn add(
    tx: &mut Tx<'_>,
    app: AppId,
    group: &Group,
    users: &[UserId],
    role: GroupRole,
    now: Timestamp,
) -> Result<(), StoreError> {
    let history_from = MessageId(latest(tx, app, &group.id).await?.0 + 1);
    for user in users {
        let added = tx
            .execute(
                "insert into group_members (app, group_id, user_id, role, joined_at, history_from)
                 values (?1, ?2, ?3, ?4, ?5, ?6)
                 on conflict (app, group_id, user_id) do nothing",
                params![app, &group.id, user, role.number(), now, history_from],
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
        let came = json!({ "group": group.id.as_str(), "role": role.number() });
        audit::note(tx, Act::on_user("group.join", app, user, now), &came);
    }
    let members = count_members(tx, app, &group.id).await?;
    if members > limits::GROUP_MEMBERS {
        let limit = limits::GROUP_MEMBERS;
        return Err(Refusal::GroupFull { group: group.id.clone(), limit }.into());
    }
    Ok(())
}

/// Counts a group's members anew, and keeps the number.
async fn count_members(tx: &Tx<'_>, app: AppId, group: &GroupId) -> Result<usize, StoreError> {
    tx.count(
        "update groups set member_count =
            (select count(*) from group_members where app = ?1 and group_id = ?2)
         where app = ?1 and id = ?2 returning member_count",
        params![app, group],
    )
    .await
}

/// Ends users' membership; who is none does not matter.
pub(super) async fn remove(
    tx: &mut Tx<'_>,
    app: AppId,
    group: &Group,
    users: &[UserId],
    leaving: Leaving,
    now: Timestamp,
) -> Result<(), StoreError> {
    if let Some(owner) = users.iter().find(|user| **user == group.owner) {
        let (group, owner) = (group.id.clone(), owner.clone());
        return Err(Refusal::OwnerCannotLeave { group, owner }.into());
    }
    for user in users {
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
    }
    count_members(tx, app, &group.id).await?;
    Ok(())
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

/// Ends a user's membership of all groups, and forgets all that goes with it. Refused for who owns one.
pub(crate) async fn leave_all(
    tx: &mut Tx<'_>,
    app: AppId,
    user: &UserId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let leaving = Leaving { forget_mute: true, forget_allowed: true, forget_favorites: true };
    for id in &joined(tx, app, user).await? {
        hold(tx, app, id).await?;
        let group = find(tx, app, id).await?;
        remove(tx, app, &group, std::slice::from_ref(user), leaving, now).await?;
    }
    Ok(())
}

impl Store {
    /// Makes registered users members of a group, those who are not; returns the group as it is then.
    pub async fn join_group(
        &self,
        app: AppId,
        id: GroupId,
        users: Vec<UserId>,
        now: Timestamp,
    ) -> Result<Group, StoreError> {
        let locks = Locks::of_groups(app, std::slice::from_ref(&id), &users);
        self.write_under(locks, async move |tx| {
            let group = find(tx, app, &id).await?;
            users::all_active(tx, app, &users).await?;
            add(tx, app, &group, &users, GroupRole::Member, now).await?;
            find(tx, app, &id).await
        })
        .await
    }

    /// Ends users' membership of a group. Refused when its owner is among them.
    pub async fn leave_group(
        &self,
        app: AppId,
        id: GroupId,
        users: Vec<UserId>,
        leaving: Leaving,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let locks = Locks::of_groups(app, std::slice::from_ref(&id), &[]);
        self.write_under(locks, async move |tx| {
            let group = find(tx, app, &id).await?;
            remove(tx, app, &group, &users, leaving, now).await
        })
        .await
    }

    /// Ends a user's membership of all groups. Refused when the user owns one of them.
    pub async fn leave_all_groups(
        &self,
        app: AppId,
        user: UserId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let of = user.clone();
        let groups = self.read(async move |tx| joined(tx, app, &of).await).await?;
        // A group that the user joins meanwhile is held below, out of order, which is rare enough.
        let locks = Locks::of_groups(app, &groups, std::slice::from_ref(&user));
        self.write_under(locks, async move |tx| {
            users::all_registered(tx, app, std::slice::from_ref(&user)).await?;
            leave_all(tx, app, &user, now).await
        })
        .await
    }

    /// Members among some users, in the order asked for; who is none is left out.
    pub async fn group_members_of(
        &self,
        app: AppId,
        id: GroupId,
        users: Vec<UserId>,
    ) -> Result<Vec<Member>, StoreError> {
        self.read(async move |tx| {
            find(tx, app, &id).await?;
            let mut found = Vec::with_capacity(users.len());
            for user in &users {
                found.extend(member(tx, app, &id, user).await?);
            }
            Ok(found)
        })
        .await
    }

    /// A page of a group's members, of one role or of all, by how long they have been in it.
    pub async fn group_members(
        &self,
        app: AppId,
        id: GroupId,
        role: Option<GroupRole>,
        after: Option<Position>,
        limit: i64,
        newest_first: bool,
    ) -> Result<MembersPage, StoreError> {
        self.read(async move |tx| {
            let group = find(tx, app, &id).await?;
            let (at, user) = Position::or_start(after.as_ref(), newest_first);
            let role = role.map_or(0, GroupRole::number);
            let sql = if newest_first {
                "select user_id, role, nickname, extra, joined_at from group_members
                 where app = ?1 and group_id = ?2 and (role = ?6 or ?6 = 0)
                   and (joined_at < ?3 or (joined_at = ?3 and user_id > ?4))
                 order by joined_at desc, user_id limit ?5"
            } else {
                "select user_id, role, nickname, extra, joined_at from group_members
                 where app = ?1 and group_id = ?2 and (role = ?6 or ?6 = 0)
                   and (joined_at > ?3 or (joined_at = ?3 and user_id > ?4))
                 order by joined_at, user_id limit ?5"
            };
            let rows = tx
                .all(sql, params![app, &id, at, user, limit + 1, role], |row| {
                    let member = read_member(row)?;
                    Ok((Position { at: member.joined_at.0, id: member.user.clone() }, member))
                })
                .await?;
            let total = if role == 0 {
                group.member_count
            } else {
                tx.one(
                    "select count(*) from group_members
                     where app = ?1 and group_id = ?2 and role = ?3",
                    params![app, &id, role],
                    |row| row.get(0),
                )
                .await?
            };
            Ok(MembersPage { page: Page::cut(rows, limit), total })
        })
        .await
    }

    /// A page of the groups that a user is in, with one role or any, by how long.
    pub async fn joined_groups(
        &self,
        app: AppId,
        user: UserId,
        role: Option<GroupRole>,
        after: Option<Position<GroupId>>,
        limit: i64,
        newest_first: bool,
    ) -> Result<Page<JoinedGroup, GroupId>, StoreError> {
        self.read(async move |tx| {
            users::all_registered(tx, app, std::slice::from_ref(&user)).await?;
            let (at, id) = Position::or_start(after.as_ref(), newest_first);
            let role = role.map_or(0, GroupRole::number);
            let sql = if newest_first {
                select_groups!(
                    ", m.alias, m.role, m.joined_at",
                    "group_members m join groups g on g.app = m.app and g.id = m.group_id
                     where m.app = ?1 and m.user_id = ?2 and (m.role = ?6 or ?6 = 0)
                       and (m.joined_at < ?3 or (m.joined_at = ?3 and m.group_id > ?4))
                     order by m.joined_at desc, m.group_id limit ?5"
                )
            } else {
                select_groups!(
                    ", m.alias, m.role, m.joined_at",
                    "group_members m join groups g on g.app = m.app and g.id = m.group_id
                     where m.app = ?1 and m.user_id = ?2 and (m.role = ?6 or ?6 = 0)
                       and (m.joined_at > ?3 or (m.joined_at = ?3 and m.group_id > ?4))
                     order by m.joined_at, m.group_id limit ?5"
                )
            };
            let rows = tx
                .all(sql, params![app, &user, at, id, limit + 1, role], |row| {
                    let joined = JoinedGroup {
                        group: read_group(row)?,
                        alias: row.get(10)?,
                        role: read_role(row, 11)?,
                        joined_at: row.get(12)?,
                    };
                    let id = joined.group.id.clone();
                    Ok((Position { at: joined.joined_at.0, id }, joined))
                })
                .await?;
            Ok(Page::cut(rows, limit))
        })
        .await
    }
}
