//! Groups: what each is called, who owns it and what its members may do, how it begins and how it ends.
//!
//! Every change of a group, and every message to it, holds the group's row: so whatever is decided about a member is
//! decided before or after another change, never beside it. One function makes each change, whoever asks for it; what
//! a user may do is in `rights`, how everybody learns of it in `tell`. How a group begins, changes and ends is in
//! `changes`, who is in it in `members` and `lists`, who wants to be in `joining` and `applications`, who may speak in `moderation`,
//! what a member is and is called in `standing`, whom a member follows in `favorites`; messages to a group are in
//! `sending`, `posting` and `messages`, what members read of changes in `notices`, who has read what in `receipts`;
//! a user's removal from all groups is in `removals`. To whose inboxes is written at once, and how others catch up with groups that
//! are big, is in `attendance`.

mod application_list;
mod applications;
mod attendance;
mod changes;
mod favorites;
mod joining;
mod lists;
mod members;
mod messages;
mod moderation;
mod notices;
mod posting;
mod receipts;
mod removals;
mod rights;
mod sending;
mod standing;
mod tell;

use std::collections::BTreeMap;

use nuncio_protocol::groups::{
    GroupName, GroupPermissions, GroupPermissionsChange, GroupProfileChange,
};
use nuncio_protocol::ids::{AppId, MessageId};
use nuncio_protocol::values::ExtProfile;
use nuncio_protocol::{GroupId, Refusal, Timestamp, UserId};
use serde_json::{Map, Value, json};

use crate::audit::{self, Act};
use crate::directory::behind;
use crate::engine::{Row, Store, Tx, params};
use crate::error::StoreError;
use crate::keys::ChannelKey;
use crate::paging::{Page, Position};

pub use application_list::{ApplicationsFilter, ApplicationsPage};
pub use attendance::GroupOptions;
pub(crate) use attendance::forget_missed;
pub use favorites::Favorite;
pub use lists::{JoinedGroup, JoinedSearch, Member, MembersPage};
pub use members::Leaving;
pub(crate) use members::leave_all;
pub use messages::GroupEdit;
pub use moderation::MutedMember;
pub use receipts::{ReceiptUser, Recorded};
pub use removals::RemovalFromAll;
pub use rights::Actor;

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
    /// Whether it has, or had, more members than a group whose entries are written to every member's inbox at once.
    pub big: bool,
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
                    g.member_count, g.frozen, g.created_at, g.big",
            $columns,
            " from ",
            $tail
        )
    };
}
use select_groups;

/// The group in a row's first eleven columns.
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
        big: row.get(10)?,
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

/// Holds a group's row that the unit could not name beforehand; answers whether the group is big.
async fn hold(tx: &Tx<'_>, app: AppId, id: &GroupId) -> Result<bool, StoreError> {
    let held = tx
        .opt(
            "update groups set frozen = frozen where app = ?1 and id = ?2 returning big",
            params![app, id],
            |row| row.get(0),
        )
        .await?;
    Ok(held == Some(true))
}

/// Whether a group is big.
async fn is_big(tx: &Tx<'_>, app: AppId, id: &GroupId) -> Result<bool, StoreError> {
    let sql = "select big from groups where app = ?1 and id = ?2";
    Ok(tx.opt(sql, params![app, id], |row| row.get(0)).await? == Some(true))
}

/// The acting user, if it is one.
fn users_of(by: &Actor) -> &[UserId] {
    match by {
        Actor::App => &[],
        Actor::Member(user) => std::slice::from_ref(user),
    }
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

    /// Groups whose id begins with `prefix`, by id, byte by byte; those behind `after` where one is given.
    pub async fn groups_by_id(
        &self,
        app: AppId,
        prefix: String,
        after: Option<GroupId>,
        limit: i64,
    ) -> Result<Vec<Group>, StoreError> {
        self.read(async move |tx| {
            let end = behind(&prefix);
            let (from, after) = match &after {
                Some(id) => (id.as_str(), id.as_str()),
                None => (prefix.as_str(), ""),
            };
            let sql = select_groups!(
                "",
                "groups g where g.app = ?1 and g.id collate \"binary\" >= ?2
                   and g.id collate \"binary\" < ?3 and g.id <> ?4
                 order by g.id collate \"binary\" limit ?5"
            );
            tx.all(sql, params![app, from, &end, after, limit], read_group).await
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
