//! Lists of a group's members, and of a user's groups.

use nuncio_protocol::frames;
use nuncio_protocol::groups::GroupRole;
use nuncio_protocol::ids::AppId;
use nuncio_protocol::{GroupId, Timestamp, UserId};

use super::members::read_role;
use super::{Actor, Group, find, read_group, rights, select_groups};
use crate::engine::{Row, Store, Tx, params};
use crate::error::StoreError;
use crate::paging::{Page, Position};
use crate::profiles::Shown;
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
    /// The name under which others know the user outside of the group.
    pub name: String,
    /// The avatar likewise.
    pub avatar_url: String,
}

impl Member {
    /// The member as devices know it.
    #[must_use]
    pub fn frame(self) -> frames::GroupMember {
        frames::GroupMember {
            user_id: self.user.to_string(),
            role: u32::try_from(self.role.number()).unwrap_or_default(),
            nickname: self.nickname,
            extra: self.extra,
            joined_at: self.joined_at.0,
            name: self.name,
            avatar_url: self.avatar_url,
        }
    }

    /// Whether the nickname or the name holds a text, in whatever case.
    fn holds(&self, text: &str) -> bool {
        [&self.nickname, &self.name].iter().any(|name| name.to_lowercase().contains(text))
    }
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

/// Which of a user's groups are meant, and in which order.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct JoinedSearch {
    /// What the group's name, or what the user calls it, holds; everything holds the empty text.
    pub text: String,
    /// What the user is in it.
    pub role: Option<GroupRole>,
    /// The last joined first.
    pub newest_first: bool,
}

impl JoinedGroup {
    /// The group as the member's devices know it.
    #[must_use]
    pub fn frame(&self) -> frames::Group {
        frames::Group {
            alias: self.alias.clone(),
            role: u32::try_from(self.role.number()).unwrap_or_default(),
            joined_at: self.joined_at.0,
            ..self.group.frame(true)
        }
    }
}

/// A query for members; its tail says which. [`read_member`] reads them.
macro_rules! select_members {
    ($tail:literal) => {
        concat!(
            "select m.user_id, m.role, m.nickname, m.extra, m.joined_at,
                    coalesce(u.name, ''), coalesce(u.avatar_url, ''),
                    coalesce(u.profile_visibility, 0), p.basic
             from group_members m
             left join users u on u.app = m.app and u.id = m.user_id
             left join profiles p on p.app = m.app and p.user_id = m.user_id ",
            $tail
        )
    };
}

fn read_member(row: &Row<'_>) -> Result<Member, StoreError> {
    let shown = Shown::read(row, 5)?;
    Ok(Member {
        user: row.get(0)?,
        role: read_role(row, 1)?,
        nickname: row.get(2)?,
        extra: row.get(3)?,
        joined_at: row.get(4)?,
        name: shown.name,
        avatar_url: shown.avatar_url,
    })
}

fn read_joined(row: &Row<'_>) -> Result<JoinedGroup, StoreError> {
    Ok(JoinedGroup {
        group: read_group(row)?,
        alias: row.get(11)?,
        role: read_role(row, 12)?,
        joined_at: row.get(13)?,
    })
}

pub(super) async fn member(
    tx: &Tx<'_>,
    app: AppId,
    group: &GroupId,
    user: &UserId,
) -> Result<Option<Member>, StoreError> {
    tx.opt(
        select_members!("where m.app = ?1 and m.group_id = ?2 and m.user_id = ?3"),
        params![app, group, user],
        read_member,
    )
    .await
}

impl Store {
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

    /// A member of each of some groups, in the order asked for; `None` for who is none.
    pub async fn members_of_groups(
        &self,
        app: AppId,
        members: Vec<(GroupId, UserId)>,
    ) -> Result<Vec<Option<Member>>, StoreError> {
        self.read(async move |tx| {
            let mut found = Vec::with_capacity(members.len());
            for (group, user) in &members {
                found.push(member(tx, app, group, user).await?);
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
                select_members!(
                    "where m.app = ?1 and m.group_id = ?2 and (m.role = ?6 or ?6 = 0)
                       and (m.joined_at < ?3 or (m.joined_at = ?3 and m.user_id > ?4))
                     order by m.joined_at desc, m.user_id limit ?5"
                )
            } else {
                select_members!(
                    "where m.app = ?1 and m.group_id = ?2 and (m.role = ?6 or ?6 = 0)
                       and (m.joined_at > ?3 or (m.joined_at = ?3 and m.user_id > ?4))
                     order by m.joined_at, m.user_id limit ?5"
                )
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
                    let joined = read_joined(row)?;
                    let id = joined.group.id.clone();
                    Ok((Position { at: joined.joined_at.0, id }, joined))
                })
                .await?;
            Ok(Page::cut(rows, limit))
        })
        .await
    }

    /// Refuses a user who is not a member of a group.
    pub async fn check_group_member(
        &self,
        app: AppId,
        id: GroupId,
        user: UserId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.read(async move |tx| {
            find(tx, app, &id).await?;
            rights::rank(tx, app, &id, &Actor::Member(user.clone()), now).await.map(drop)
        })
        .await
    }

    /// A page of a group's members whose nickname or name holds a text, in whatever case.
    pub async fn search_group_members(
        &self,
        app: AppId,
        id: GroupId,
        text: String,
        after: Option<Position>,
        limit: i64,
        newest_first: bool,
    ) -> Result<MembersPage, StoreError> {
        let (text, all) = (text.to_lowercase(), i64::from(u32::MAX));
        let found = self.group_members(app, id, None, None, all, newest_first).await?.page.items;
        let found = found.into_iter().filter(|member| member.holds(&text));
        let rows = found
            .map(|member| (Position { at: member.joined_at.0, id: member.user.clone() }, member));
        let (rows, total) = behind(rows.collect(), after.as_ref(), newest_first);
        Ok(MembersPage { page: Page::cut(rows, limit), total })
    }

    /// A page of the groups that a user is in whose name, or what the user calls them, holds a text, in whatever case;
    /// and how many there are in all.
    pub async fn search_joined_groups(
        &self,
        app: AppId,
        user: UserId,
        search: JoinedSearch,
        after: Option<Position<GroupId>>,
        limit: i64,
    ) -> Result<(Page<JoinedGroup, GroupId>, i64), StoreError> {
        let JoinedSearch { text, role, newest_first } = search;
        let (text, all) = (text.to_lowercase(), i64::from(u32::MAX));
        let found = self.joined_groups(app, user, role, None, all, newest_first).await?.items;
        let holds = |joined: &JoinedGroup| {
            let names = [&joined.group.name, &joined.alias];
            names.iter().any(|name| name.to_lowercase().contains(&text))
        };
        let rows = found.into_iter().filter(holds).map(|joined| {
            (Position { at: joined.joined_at.0, id: joined.group.id.clone() }, joined)
        });
        let (rows, total) = behind(rows.collect(), after.as_ref(), newest_first);
        Ok((Page::cut(rows, limit), total))
    }

    /// Those of some groups that a user is in, in the order asked for.
    pub async fn joined_groups_of(
        &self,
        app: AppId,
        user: UserId,
        ids: Vec<GroupId>,
    ) -> Result<Vec<JoinedGroup>, StoreError> {
        self.read(async move |tx| {
            let mut found = Vec::with_capacity(ids.len());
            for id in &ids {
                found.extend(joined_group(tx, app, &user, id).await?);
            }
            Ok(found)
        })
        .await
    }
}

/// A group as one of its members has it.
async fn joined_group(
    tx: &Tx<'_>,
    app: AppId,
    user: &UserId,
    id: &GroupId,
) -> Result<Option<JoinedGroup>, StoreError> {
    tx.opt(
        select_groups!(
            ", m.alias, m.role, m.joined_at",
            "group_members m join groups g on g.app = m.app and g.id = m.group_id
             where m.app = ?1 and m.user_id = ?2 and m.group_id = ?3"
        ),
        params![app, user, id],
        read_joined,
    )
    .await
}

/// The rows behind a position, of those that a search has found, and how many it found in all.
fn behind<T, I: Ord>(
    rows: Vec<(Position<I>, T)>,
    after: Option<&Position<I>>,
    newest_first: bool,
) -> (Vec<(Position<I>, T)>, i64) {
    let total = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let Some(after) = after else { return (rows, total) };
    let is_behind = |position: &Position<I>| {
        let by_time = position.at.cmp(&after.at);
        let by_time = if newest_first { by_time.reverse() } else { by_time };
        by_time.then_with(|| position.id.cmp(&after.id)).is_gt()
    };
    (rows.into_iter().filter(|(position, _)| is_behind(position)).collect(), total)
}
