//! What a member is in a group and is called there, and what the member calls the group.

use nuncio_protocol::frames::group_event::Kind;
use nuncio_protocol::frames::{self, GroupEvent, entry};
use nuncio_protocol::groups::{GroupRole, MemberEditing, MemberExtra, Nickname, Permitted};
use nuncio_protocol::ids::AppId;
use nuncio_protocol::values::Alias;
use nuncio_protocol::{GroupId, Refusal, Timestamp, UserId, limits};
use serde_json::json;

use super::lists::member;
use super::members::{self, set_role};
use super::rights::{self, Actor, Rank};
use super::tell::{self, News};
use super::{find, users_of};
use crate::audit::{self, Act};
use crate::engine::{Locks, Store, Tx, params};
use crate::error::StoreError;
use crate::inbox;

impl Store {
    /// Makes members admins, or members like others, which is the owner's to do. Who already is stays; the owner cannot
    /// be an admin, and who is not a member cannot become one.
    pub async fn set_group_admins(
        &self,
        app: AppId,
        by: Actor,
        id: GroupId,
        users: Vec<UserId>,
        admins: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let locks = self.locks_of_members(app, std::slice::from_ref(&id), users_of(&by)).await?;
        self.write_under(locks, async move |tx| {
            members::hold_all(tx, app, &id, users_of(&by), now).await?;
            let group = find(tx, app, &id).await?;
            rights::rank(tx, app, &id, &by, now).await?.must_own(&id)?;
            let mut changed = Vec::new();
            for user in &users {
                let before = match members::role_of(tx, app, &id, user).await? {
                    Some(role) => role,
                    None if admins => {
                        let (group, user) = (id.clone(), user.clone());
                        return Err(Refusal::NotAMember { group, user }.into());
                    }
                    None => continue,
                };
                let after = match (before, admins) {
                    (GroupRole::Owner, true) => {
                        return Err(Refusal::OwnerAsAdmin(user.clone()).into());
                    }
                    (GroupRole::Owner, false) => continue,
                    (_, true) => GroupRole::Admin,
                    (_, false) => GroupRole::Member,
                };
                if before == after {
                    continue;
                }
                set_role(tx, app, &id, user, after).await?;
                changed.push(user.clone());
                audit::note_change(
                    tx,
                    Act::on_user("group.role", app, user, now),
                    json!({ "role": before.number() }),
                    json!({ "role": after.number(), "group": id.as_str() }),
                );
            }
            let count = tx
                .count(
                    "select count(*) from group_members
                     where app = ?1 and group_id = ?2 and role = ?3",
                    params![app, &id, GroupRole::Admin.number()],
                )
                .await?;
            if admins && count > limits::GROUP_ADMINS {
                return Err(Refusal::TooManyAdmins { limit: limits::GROUP_ADMINS }.into());
            }
            if changed.is_empty() {
                return Ok(());
            }
            let kind = if admins { Kind::AdminsAdded } else { Kind::AdminsRemoved };
            let members = tell::members(tx, app, &id, &changed).await?;
            News::new(kind, &by, members).tell_all(tx, app, &group, &[], now).await
        })
        .await
    }

    /// Sets what a member is called in a group, and what the app keeps with the member; what is `None` stays. A member
    /// sets its own, and others', below itself, as the group's permission says.
    #[expect(clippy::too_many_arguments, reason = "each is a thing of its own")]
    pub async fn set_group_member(
        &self,
        app: AppId,
        by: Actor,
        id: GroupId,
        user: UserId,
        nickname: Option<Nickname>,
        extra: Option<MemberExtra>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let locks = self.locks_of_members(app, std::slice::from_ref(&id), users_of(&by)).await?;
        self.write_under(locks, async move |tx| {
            members::hold_all(tx, app, &id, users_of(&by), now).await?;
            let group = find(tx, app, &id).await?;
            let rank = rights::rank(tx, app, &id, &by, now).await?;
            let before = member(tx, app, &id, &user).await?;
            let Some(before) = before else {
                return Err(Refusal::NotAMember { group: id.clone(), user: user.clone() }.into());
            };
            if by != Actor::Member(user.clone()) {
                let permitted = match group.permissions.member_editing() {
                    MemberEditing::Admins => Permitted::Admins,
                    MemberEditing::Owner => Permitted::Owner,
                    MemberEditing::Nobody if rank == Rank::App => Permitted::Owner,
                    MemberEditing::Nobody => return Err(Refusal::NoGroupRight(id.clone()).into()),
                };
                rank.must(&id, permitted)?;
                if !rank.is_above(Some(before.role)) {
                    return Err(Refusal::NoGroupRight(id.clone()).into());
                }
            }
            let nickname = nickname.as_ref().map_or(before.nickname.as_str(), Nickname::as_str);
            let extra = extra.as_ref().map_or(before.extra.as_str(), MemberExtra::as_str);
            if nickname == before.nickname && extra == before.extra {
                return Ok(());
            }
            tx.execute(
                "update group_members set nickname = ?4, extra = ?5
                 where app = ?1 and group_id = ?2 and user_id = ?3",
                params![app, &id, &user, nickname, extra],
            )
            .await?;
            audit::note_change(
                tx,
                Act::on_user("group.member", app, &user, now),
                json!({ "nickname": before.nickname, "extra": before.extra }),
                json!({ "nickname": nickname, "extra": extra, "group": id.as_str() }),
            );
            let members = vec![tell::member(tx, app, &id, &user).await?];
            News::new(Kind::MemberChanged, &by, members).tell_all(tx, app, &group, &[], now).await
        })
        .await
    }

    /// Sets what a member calls a group; empty for nothing.
    pub async fn set_group_alias(
        &self,
        app: AppId,
        id: GroupId,
        user: UserId,
        alias: Alias,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let locks = Locks::of_groups(app, std::slice::from_ref(&id), std::slice::from_ref(&user));
        self.write_under(locks, async move |tx| {
            let group = find(tx, app, &id).await?;
            let before = alias_of(tx, app, &id, &user).await?;
            if before == alias.as_str() {
                return Ok(());
            }
            tx.execute(
                "update group_members set alias = ?4
                 where app = ?1 and group_id = ?2 and user_id = ?3",
                params![app, &id, &user, alias.as_str()],
            )
            .await?;
            audit::note_change(
                tx,
                Act::on_user("group.alias", app, &user, now),
                json!({ "alias": before }),
                json!({ "alias": alias.as_str(), "group": id.as_str() }),
            );
            let alias = alias.as_str().to_owned();
            let event = GroupEvent {
                kind: Kind::AliasChanged.into(),
                group: Some(frames::Group { alias, ..group.frame(false) }),
                ..GroupEvent::default()
            };
            inbox::add(tx, app, &user, entry::Body::Group(Box::new(event)), now).await
        })
        .await
    }

    /// What a member calls a group; empty for nothing.
    pub async fn group_alias(
        &self,
        app: AppId,
        id: GroupId,
        user: UserId,
    ) -> Result<String, StoreError> {
        self.read(async move |tx| {
            find(tx, app, &id).await?;
            alias_of(tx, app, &id, &user).await
        })
        .await
    }
}

async fn alias_of(
    tx: &Tx<'_>,
    app: AppId,
    group: &GroupId,
    user: &UserId,
) -> Result<String, StoreError> {
    tx.opt(
        "select alias from group_members where app = ?1 and group_id = ?2 and user_id = ?3",
        params![app, group, user],
        |row| row.get(0),
    )
    .await?
    .ok_or_else(|| Refusal::NotAMember { group: group.clone(), user: user.clone() }.into())
}
