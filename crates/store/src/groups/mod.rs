//! Groups: what each is called, who owns it and what its members may do, how it begins and how it ends.
//!
//! Every change of a group, and every message to it, holds the group's row: so whatever is decided about a member is
//! decided before or after another change, never beside it. Who is in a group is in `members`, who may speak in
//! `moderation`, what a member is and is called in `standing`, whom a member follows in `favorites`; messages to a
//! group are in `sending` and `messages`.

mod favorites;
mod members;
mod messages;
mod moderation;
mod sending;
mod standing;

use std::collections::BTreeMap;

use nuncio_protocol::groups::{
    GroupName, GroupPermissions, GroupPermissionsChange, GroupProfileChange, GroupRole,
};
use nuncio_protocol::ids::{AppId, MessageId};
use nuncio_protocol::values::ExtProfile;
use nuncio_protocol::{GroupId, Refusal, Timestamp, UserId, limits};
use serde_json::{Map, Value, json};

use crate::audit::{self, Act};
use crate::engine::{Locks, Row, Store, Tx, params};
use crate::error::StoreError;
use crate::keys::ChannelKey;
use crate::paging::{Page, Position};
use crate::users;

pub use favorites::Favorite;
pub(crate) use members::leave_all;
pub use members::{JoinedGroup, Leaving, Member, MembersPage};
pub use messages::GroupEdit;
pub use moderation::MutedMember;

/// A group's record.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The group's id.
    pub id: GroupId,
    /// Its name.
    pub name: String,
    /// The member who owns it.
    pub owner: UserId,
    /// Who owned it when it was made.
    pub creator: UserId,
    /// Introduction, announcement and avatar, those that are set.
    pub profile: Map<String, Value>,
    /// Extension pairs.
    pub ext: BTreeMap<String, String>,
    /// Who may do what.
    pub permissions: GroupPermissions,
    /// Members that it has.
    pub member_count: i64,
    /// Whether only allowed senders may send.
    pub frozen: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A group on its way in.
#[derive(Clone, Debug)]
pub struct NewGroup {
    /// The group's id.
    pub id: GroupId,
    /// Its name.
    pub name: GroupName,
    /// Who owns it, and is its first member.
    pub owner: UserId,
    /// Who else is a member from the beginning.
    pub members: Vec<UserId>,
    /// Introduction, announcement and avatar.
    pub profile: GroupProfileChange,
    /// Extension pairs.
    pub ext: ExtProfile,
    /// Who may do what.
    pub permissions: GroupPermissionsChange,
}

/// What of a group is to be another; what is not given stays.
#[derive(Clone, Debug, Default)]
pub struct GroupChange {
    /// Name, introduction, announcement and avatar.
    pub profile: GroupProfileChange,
    /// Extension pairs; an empty text removes one.
    pub ext: BTreeMap<String, String>,
    /// Who may do what.
    pub permissions: GroupPermissionsChange,
}

/// A query for groups; its tail says which. [`read_group`] reads them.
macro_rules! select_groups {
    ($columns:literal, $tail:literal) => {
        concat!(
            "select g.id, g.name, g.owner, g.creator, g.profile, g.ext, g.permissions,
                    g.member_count, g.frozen, g.created_at",
            $columns,
            " from ",
            $tail
        )
    };
}
use select_groups;

/// The group in a row's first ten columns.
fn read_group(row: &Row<'_>) -> Result<Group, StoreError> {
    fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
        serde_json::from_str(text).map_err(|e| StoreError::corrupt("group", e))
    }
    let mut permissions = GroupPermissions::default();
    GroupPermissionsChange::parse(&parse(&row.get::<String>(6)?)?)
        .map_err(|e| StoreError::corrupt("group", e.key))?
        .apply(&mut permissions);
    Ok(Group {
        id: row.get(0)?,
        name: row.get(1)?,
        owner: row.get(2)?,
        creator: row.get(3)?,
        profile: parse(&row.get::<String>(4)?)?,
        ext: parse(&row.get::<String>(5)?)?,
        permissions,
        member_count: row.get(7)?,
        frozen: row.get(8)?,
        created_at: row.get(9)?,
    })
}

/// A group's record, or the refusal that there is none.
pub(crate) async fn find(tx: &Tx<'_>, app: AppId, id: &GroupId) -> Result<Group, StoreError> {
    maybe(tx, app, id).await?.ok_or_else(|| Refusal::NoSuchGroup(id.clone()).into())
}

async fn maybe(tx: &Tx<'_>, app: AppId, id: &GroupId) -> Result<Option<Group>, StoreError> {
    let sql = select_groups!("", "groups g where g.app = ?1 and g.id = ?2");
    tx.opt(sql, params![app, id], read_group).await
}

/// The last message of a group's channel.
async fn latest(tx: &Tx<'_>, app: AppId, id: &GroupId) -> Result<MessageId, StoreError> {
    let latest = tx
        .opt(
            "select id from messages where app = ?1 and channel = ?2 order by id desc limit 1",
            params![app, ChannelKey::group(id).as_str()],
            |row| row.get(0),
        )
        .await?;
    Ok(latest.unwrap_or(MessageId(0)))
}

/// Holds a group's row that the unit could not name beforehand.
async fn hold(tx: &Tx<'_>, app: AppId, id: &GroupId) -> Result<(), StoreError> {
    tx.execute("update groups set frozen = frozen where app = ?1 and id = ?2", params![app, id])
        .await?;
    Ok(())
}

/// What the audit trail tells of a group.
fn state(group: &Group) -> Value {
    json!({
        "name": group.name,
        "owner": group.owner.as_str(),
        "profile": group.profile,
        "ext": group.ext,
        "permissions": group.permissions.numbers(),
        "frozen": group.frozen,
    })
}

/// Notes how a group has changed. The group is named among what is different since, as nothing else would name it.
fn note_change(
    tx: &mut Tx<'_>,
    operation: &'static str,
    app: AppId,
    before: &Group,
    after: &Group,
    now: Timestamp,
) {
    let mut since = state(after);
    since["group"] = json!(after.id.as_str());
    audit::note_change(tx, Act::on_app(operation, app, now), state(before), since);
}

fn text(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::corrupt("group", e))
}

/// Writes what of a group can be changed.
async fn update(tx: &Tx<'_>, app: AppId, group: &Group) -> Result<(), StoreError> {
    let (profile, ext) = (text(&group.profile)?, text(&group.ext)?);
    let permissions = text(group.permissions.numbers())?;
    tx.execute(
        "update groups set name = ?3, owner = ?4, profile = ?5, ext = ?6, permissions = ?7
         where app = ?1 and id = ?2",
        params![app, &group.id, &group.name, &group.owner, &profile, &ext, &permissions],
    )
    .await?;
    Ok(())
}

impl Store {
    /// Makes a group with its first members. Refused when there is one with its id, and when its owner or one of the
    /// others is not registered.
    pub async fn create_group(
        &self,
        app: AppId,
        new: NewGroup,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut everybody = new.members.clone();
        everybody.retain(|user| *user != new.owner);
        everybody.insert(0, new.owner.clone());
        let locks = Locks::of_groups(app, std::slice::from_ref(&new.id), &everybody);
        self.write_under(locks, async move |tx| {
            if maybe(tx, app, &new.id).await?.is_some() {
                return Err(Refusal::GroupIdTaken(new.id.clone()).into());
            }
            users::all_active(tx, app, &everybody).await?;
            let mut group = Group {
                id: new.id.clone(),
                name: new.name.as_str().to_owned(),
                owner: new.owner.clone(),
                creator: new.owner.clone(),
                profile: Map::new(),
                ext: new.ext.pairs().clone(),
                permissions: GroupPermissions::default(),
                member_count: 0,
                frozen: false,
                created_at: now,
            };
            new.profile.apply(&mut group.profile);
            new.permissions.apply(&mut group.permissions);
            let (profile, ext) = (text(&group.profile)?, text(&group.ext)?);
            let permissions = text(group.permissions.numbers())?;
            let made = tx
                .execute(
                    "insert into groups (app, id, name, owner, creator, profile, ext, permissions,
                                         member_count, created_at)
                     values (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7, 0, ?8)
                     on conflict (app, id) do nothing",
                    params![
                        app,
                        &group.id,
                        &group.name,
                        &group.owner,
                        &profile,
                        &ext,
                        &permissions,
                        now
                    ],
                )
                .await?;
            if made == 0 {
                return Err(Refusal::GroupIdTaken(new.id.clone()).into());
            }
            let mut after = state(&group);
            after["group"] = json!(group.id.as_str());
            audit::note(tx, Act::on_user("group.create", app, &group.owner, now), &after);
            let (owner, others) = everybody.split_at(1);
            members::add(tx, app, &group, owner, GroupRole::Owner, now).await?;
            members::add(tx, app, &group, others, GroupRole::Member, now).await?;
            Ok(())
        })
        .await
    }

    /// Ends a group: its members, mutes and lists go with it. Messages stay until they age.
    pub async fn dismiss_group(
        &self,
        app: AppId,
        id: GroupId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const OF_GROUP: [&str; 5] = [
            "delete from group_favorites where app = ?1 and group_id = ?2",
            "delete from group_allowed_senders where app = ?1 and group_id = ?2",
            "delete from group_mutes where app = ?1 and group_id = ?2",
            "delete from group_members where app = ?1 and group_id = ?2",
            "delete from groups where app = ?1 and id = ?2",
        ];
        let locks = Locks::of_groups(app, std::slice::from_ref(&id), &[]);
        self.write_under(locks, async move |tx| {
            let group = find(tx, app, &id).await?;
            for sql in OF_GROUP {
                tx.execute(sql, params![app, &id]).await?;
            }
            let gone = json!({
                "group": id.as_str(),
                "name": group.name,
                "owner": group.owner.as_str(),
                "memberCount": group.member_count,
            });
            audit::note(tx, Act::on_app("group.dismiss", app, now), &gone);
            Ok(())
        })
        .await
    }

    /// Changes what a group says of itself, and who may do what in it.
    pub async fn update_group(
        &self,
        app: AppId,
        id: GroupId,
        change: GroupChange,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let locks = Locks::of_groups(app, std::slice::from_ref(&id), &[]);
        self.write_under(locks, async move |tx| {
            let before = find(tx, app, &id).await?;
            let mut after = before.clone();
            if let Some(name) = &change.profile.name {
                name.as_str().clone_into(&mut after.name);
            }
            change.profile.apply(&mut after.profile);
            change.permissions.apply(&mut after.permissions);
            for (key, value) in &change.ext {
                if value.is_empty() {
                    after.ext.remove(key);
                } else {
                    after.ext.insert(key.clone(), value.clone());
                }
            }
            // The pairs that stay count too.
            ExtProfile::parse(after.ext.clone(), limits::GROUP_EXT_PAIRS)
                .map_err(Refusal::Profile)?;
            if after == before {
                return Ok(());
            }
            update(tx, app, &after).await?;
            note_change(tx, "group.update", app, &before, &after, now);
            Ok(())
        })
        .await
    }

    /// Makes another member the owner of a group. The one before becomes a member like others, or leaves.
    pub async fn transfer_group(
        &self,
        app: AppId,
        id: GroupId,
        owner: UserId,
        leaving: Option<Leaving>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let locks = Locks::of_groups(app, std::slice::from_ref(&id), &[]);
        self.write_under(locks, async move |tx| {
            let before = find(tx, app, &id).await?;
            members::role(tx, app, &id, &owner).await?;
            if before.owner == owner {
                let sentence = format!("`newOwner`: `{owner}` owns the group already");
                return Err(Refusal::BadParameter(sentence).into());
            }
            users::active(tx, app, &owner).await?;
            let after = Group { owner: owner.clone(), ..before.clone() };
            update(tx, app, &after).await?;
            members::set_role(tx, app, &id, &owner, GroupRole::Owner).await?;
            members::set_role(tx, app, &id, &before.owner, GroupRole::Member).await?;
            note_change(tx, "group.transfer", app, &before, &after, now);
            if let Some(leaving) = leaving {
                members::remove(tx, app, &after, &[before.owner], leaving, now).await?;
            }
            Ok(())
        })
        .await
    }

    /// Groups' records in the order asked for; those that do not exist are left out.
    pub async fn groups(&self, app: AppId, ids: Vec<GroupId>) -> Result<Vec<Group>, StoreError> {
        self.read(async move |tx| {
            let mut found = Vec::with_capacity(ids.len());
            for id in &ids {
                found.extend(maybe(tx, app, id).await?);
            }
            Ok(found)
        })
        .await
    }

    /// A page of an app's groups by age.
    pub async fn all_groups(
        &self,
        app: AppId,
        after: Option<Position<GroupId>>,
        limit: i64,
        newest_first: bool,
    ) -> Result<Page<Group, GroupId>, StoreError> {
        self.read(async move |tx| {
            let (at, id) = Position::or_start(after.as_ref(), newest_first);
            let sql = if newest_first {
                select_groups!(
                    "",
                    "groups g where g.app = ?1 and (g.created_at < ?2 or (g.created_at = ?2 and g.id > ?3))
                     order by g.created_at desc, g.id limit ?4"
                )
            } else {
                select_groups!(
                    "",
                    "groups g where g.app = ?1 and (g.created_at > ?2 or (g.created_at = ?2 and g.id > ?3))
                     order by g.created_at, g.id limit ?4"
                )
            };
            let rows = tx
                .all(sql, params![app, at, id, limit + 1], |row| {
                    let group = read_group(row)?;
                    Ok((Position { at: group.created_at.0, id: group.id.clone() }, group))
                })
                .await?;
            Ok(Page::cut(rows, limit))
        })
        .await
    }
}
