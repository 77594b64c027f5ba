//! What a member is in a group and is called there, and what the member calls the group.

use nuncio_protocol::groups::{GroupRole, MemberExtra, Nickname};
use nuncio_protocol::ids::AppId;
use nuncio_protocol::values::Alias;
use nuncio_protocol::{GroupId, Refusal, Timestamp, UserId, limits};
use serde_json::json;

use super::find;
use super::members::{member, set_role};
use crate::audit::{self, Act};
use crate::engine::{Locks, Store, Tx, params};
use crate::error::StoreError;

impl Store {
    /// Makes members admins, or members like others. Who already is stays; the owner cannot be an admin, and who is not
    /// a member cannot become one.
    pub async fn set_group_admins(
        &self,
        app: AppId,
        id: GroupId,
        users: Vec<UserId>,
        admins: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let locks = Locks::of_groups(app, std::slice::from_ref(&id), &[]);
        self.write_under(locks, async move |tx| {
            find(tx, app, &id).await?;
            for user in &users {
                let before = match member(tx, app, &id, user).await? {
                    Some(member) => member.role,
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
            Ok(())
        })
        .await
    }

    /// Sets what a member is called in a group, and what the app keeps with the member; what is `None` stays.
    pub async fn set_group_member(
        &self,
        app: AppId,
        id: GroupId,
        user: UserId,
        nickname: Option<Nickname>,
        extra: Option<MemberExtra>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let locks = Locks::of_groups(app, std::slice::from_ref(&id), &[]);
        self.write_under(locks, async move |tx| {
            find(tx, app, &id).await?;
            let before = member(tx, app, &id, &user).await?;
            let Some(before) = before else {
                return Err(Refusal::NotAMember { group: id.clone(), user: user.clone() }.into());
            };
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
            Ok(())
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
        let locks = Locks::of_groups(app, std::slice::from_ref(&id), &[]);
        self.write_under(locks, async move |tx| {
            find(tx, app, &id).await?;
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
            Ok(())
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
