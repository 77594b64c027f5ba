//! Groups come into being, change, change hands and end.

use nuncio_protocol::frames::group_event::Kind;
use nuncio_protocol::frames::group_result::Process;
use nuncio_protocol::groups::{GroupPermissions, GroupRole};
use nuncio_protocol::ids::AppId;
use nuncio_protocol::values::ExtProfile;
use nuncio_protocol::{GroupId, Refusal, Timestamp, UserId, limits};
use serde_json::{Map, json};

use super::members::{self, Leaving, Removal};
use super::rights::{self, Actor};
use super::tell::{self, News};
use super::{
    Group, GroupChange, NewGroup, applications, attendance, find, maybe, note_change, state, text,
};
use super::{update, users_of};
use crate::audit::{self, Act};
use crate::engine::{Locks, Store, Tx, params};
use crate::error::StoreError;
use crate::users;

/// What goes with a group.
const OF_GROUP: [&str; 6] = [
    "delete from group_applications where app = ?1 and group_id = ?2",
    "delete from group_favorites where app = ?1 and group_id = ?2",
    "delete from group_allowed_senders where app = ?1 and group_id = ?2",
    "delete from group_mutes where app = ?1 and group_id = ?2",
    "delete from group_members where app = ?1 and group_id = ?2",
    "delete from groups where app = ?1 and id = ?2",
];

/// Writes a new group without members.
async fn make(
    tx: &mut Tx<'_>,
    app: AppId,
    new: &NewGroup,
    now: Timestamp,
) -> Result<Group, StoreError> {
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
        big: false,
        created_at: now,
    };
    new.profile.apply(&mut group.profile);
    new.permissions.apply(&mut group.permissions);
    let (profile, ext) = (text(&group.profile)?, text(&group.ext)?);
    let permissions = text(group.permissions.numbers())?;
    let made = tx
        .execute(
            "insert into groups (app, id, name, owner, creator, profile, ext, permissions,
                                 member_count, created_at, head)
             values (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7, 0, ?8,
                     (select coalesce(max(seq), 0) from group_entries
                      where app = ?1 and group_id = ?2))
             on conflict (app, id) do nothing",
            params![app, &group.id, &group.name, &group.owner, &profile, &ext, &permissions, now],
        )
        .await?;
    if made == 0 {
        return Err(Refusal::GroupIdTaken(new.id.clone()).into());
    }
    let mut after = state(&group);
    after["group"] = json!(group.id.as_str());
    audit::note(tx, Act::on_user("group.create", app, &group.owner, now), &after);
    Ok(group)
}

/// The fields of a group's frame that are different.
fn differences(before: &Group, after: &Group) -> Vec<String> {
    let (old, new) = (before.frame(true), after.frame(true));
    let (was, is) = (old.permissions.unwrap_or_default(), new.permissions.unwrap_or_default());
    let fields = [
        ("name", old.name != new.name),
        ("avatar_url", old.avatar_url != new.avatar_url),
        ("introduction", old.introduction != new.introduction),
        ("announcement", old.announcement != new.announcement),
        ("ext_profile", old.ext_profile != new.ext_profile),
        ("permissions.join", was.join != is.join),
        ("permissions.remove", was.remove != is.remove),
        ("permissions.invite", was.invite != is.invite),
        ("permissions.invite_handle", was.invite_handle != is.invite_handle),
        ("permissions.profile", was.profile != is.profile),
        ("permissions.member_profile", was.member_profile != is.member_profile),
    ];
    fields.iter().filter(|(_, differs)| *differs).map(|(name, _)| (*name).to_owned()).collect()
}

impl Store {
    /// Makes a group with its first members. Refused when there is one with its id, and when its owner or one of the
    /// others is not registered. A user who makes a group in which the invited must consent only invites the others.
    pub async fn create_group(
        &self,
        app: AppId,
        by: Actor,
        new: NewGroup,
        now: Timestamp,
    ) -> Result<Process, StoreError> {
        let mut others = new.members.clone();
        others.retain(|user| *user != new.owner);
        let everybody: Vec<UserId> = [std::slice::from_ref(&new.owner), others.as_slice()].concat();
        let locks = Locks::of_groups(app, std::slice::from_ref(&new.id), &everybody);
        self.write_under(locks, async move |tx| {
            tx.filed(app, &everybody.iter().collect::<Vec<_>>())?;
            if maybe(tx, app, &new.id).await?.is_some() {
                return Err(Refusal::GroupIdTaken(new.id.clone()).into());
            }
            users::all_active(tx, app, &everybody).await?;
            if let Actor::Member(user) = &by {
                rights::may_act(tx, app, user, now).await?;
            }
            let mut group = make(tx, app, &new, now).await?;
            let owner = std::slice::from_ref(&new.owner);
            members::add(tx, app, &mut group, owner, GroupRole::Owner, now).await?;
            let asked = by != Actor::App && group.permissions.asks_invited();
            if !asked {
                members::add(tx, app, &mut group, &others, GroupRole::Member, now).await?;
            }
            let ids = members::ids(tx, app, &group.id).await?;
            let came = tell::members(tx, app, &group.id, &ids).await?;
            News::new(Kind::Created, &by, came).tell_all(tx, app, &group, &[], now).await?;
            if !asked || others.is_empty() {
                return Ok(Process::Done);
            }
            for user in &others {
                applications::invite(tx, app, &group, &new.owner, user, None, now).await?;
            }
            Ok(Process::ConsentPending)
        })
        .await
    }

    /// Ends a group: its members, mutes and lists go with it. Messages stay until they age. The owner's to do.
    pub async fn dismiss_group(
        &self,
        app: AppId,
        by: Actor,
        id: GroupId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let locks = self.locks_of_members(app, std::slice::from_ref(&id), users_of(&by)).await?;
        self.write_under(locks, async move |tx| {
            members::hold_all(tx, app, &id, users_of(&by), now).await?;
            let group = find(tx, app, &id).await?;
            rights::rank(tx, app, &id, &by, now).await?.must_own(&id)?;
            News::new(Kind::Dismissed, &by, Vec::new()).tell_all(tx, app, &group, &[], now).await?;
            // Who is absent has no group to catch up with any more.
            attendance::arrive_all(tx, app, &group).await?;
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

    /// Changes what a group says of itself, which is whose the group's permission says, and who may do what in it,
    /// which is the owner's.
    pub async fn update_group(
        &self,
        app: AppId,
        by: Actor,
        id: GroupId,
        change: GroupChange,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let locks = self.locks_of_members(app, std::slice::from_ref(&id), users_of(&by)).await?;
        self.write_under(locks, async move |tx| {
            members::hold_all(tx, app, &id, users_of(&by), now).await?;
            let before = find(tx, app, &id).await?;
            let rank = rights::rank(tx, app, &id, &by, now).await?;
            rank.must(&id, before.permissions.editing())?;
            if !change.permissions.is_empty() {
                rank.must_own(&id)?;
            }
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
            let mut news = News::new(Kind::InfoChanged, &by, Vec::new());
            news.changed = differences(&before, &after);
            news.tell_all(tx, app, &after, &[], now).await
        })
        .await
    }

    /// Makes another member the owner of a group. The one before, who alone may do it, becomes a member like others, or
    /// leaves.
    pub async fn transfer_group(
        &self,
        app: AppId,
        by: Actor,
        id: GroupId,
        owner: UserId,
        leaving: Option<Leaving>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let locks = self.locks_of_members(app, std::slice::from_ref(&id), users_of(&by)).await?;
        self.write_under(locks, async move |tx| {
            members::hold_all(tx, app, &id, users_of(&by), now).await?;
            let before = find(tx, app, &id).await?;
            rights::rank(tx, app, &id, &by, now).await?.must_own(&id)?;
            members::role(tx, app, &id, &owner).await?;
            if before.owner == owner {
                let sentence = format!("`newOwner`: `{owner}` owns the group already");
                return Err(Refusal::BadParameter(sentence).into());
            }
            users::active(tx, app, &owner).await?;
            let mut after = Group { owner: owner.clone(), ..before.clone() };
            update(tx, app, &after).await?;
            members::set_role(tx, app, &id, &owner, GroupRole::Owner).await?;
            members::set_role(tx, app, &id, &before.owner, GroupRole::Member).await?;
            note_change(tx, "group.transfer", app, &before, &after, now);
            let both = tell::members(tx, app, &id, &[owner.clone(), before.owner.clone()]).await?;
            let news = News::new(Kind::OwnerTransferred, &by, both);
            news.tell_all(tx, app, &after, &[], now).await?;
            if let Some(leaving) = leaving {
                let removal = Removal { leaving, kind: Kind::Left, by: &by };
                members::remove(tx, app, &mut after, &[before.owner], removal, now).await?;
            }
            Ok(())
        })
        .await
    }
}
