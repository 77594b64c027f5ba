//! Profiles, friends, members of groups and user information in the local database.

use std::collections::HashMap;

use nuncio_protocol::frames::group_event::Kind;
use nuncio_protocol::frames::{Friend, GroupEvent, GroupMember, Profile};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::{Map, Value};

use super::{Keep, StoreError};
use crate::user_info::UserInfo;

fn json(map: &HashMap<String, String>) -> String {
    serde_json::to_string(map).unwrap_or_else(|_| "{}".into())
}

fn map(text: &str) -> HashMap<String, String> {
    serde_json::from_str(text).unwrap_or_default()
}

/// Drops the rows that were stored longest ago.
fn trim(db: &Connection, table: &str, keep: Keep) -> Result<(), StoreError> {
    db.prepare_cached(&format!(
        "delete from {table} where rowid <= (select max(rowid) from {table}) - ?1"
    ))?
    .execute([keep.rows])?;
    Ok(())
}

pub(crate) fn store_profiles(
    db: &Connection,
    profiles: &[Profile],
    keep: Keep,
) -> Result<(), StoreError> {
    for profile in profiles {
        // `replace` gives the row a new place at the end, so that what is in use stays.
        db.prepare_cached(
            "insert or replace into profiles (user_id, version, basic, ext) values (?1, ?2, ?3, ?4)",
        )?
        .execute(params![profile.user_id, profile.version, profile.basic, json(&profile.ext)])?;
    }
    trim(db, "profiles", keep)
}

pub(crate) fn profile(db: &Connection, user: &str) -> Result<Option<Profile>, StoreError> {
    let profile = db
        .prepare_cached("select user_id, version, basic, ext from profiles where user_id = ?1")?
        .query_row([user], |row| {
            Ok(Profile {
                user_id: row.get(0)?,
                version: row.get(1)?,
                basic: row.get(2)?,
                ext: map(&row.get::<_, String>(3)?),
            })
        })
        .optional()?;
    Ok(profile)
}

/// Keeps the name and avatar of a friend who is about to be none, where the profile has no name.
pub(crate) fn keep_name(db: &Connection, user: &str, keep: Keep) -> Result<(), StoreError> {
    let Some(friend) = friend(db, user)?.filter(|friend| !friend.name.is_empty()) else {
        return Ok(());
    };
    let mut profile = profile(db, user)?.unwrap_or_default();
    let mut basic: Map<String, Value> = serde_json::from_str(&profile.basic).unwrap_or_default();
    for (key, value) in [("name", friend.name), ("portraitUri", friend.avatar_url)] {
        let is_empty = basic.get(key).is_none_or(|old| old.as_str() == Some(""));
        if is_empty && !value.is_empty() {
            basic.insert(key.to_owned(), value.into());
        }
    }
    user.clone_into(&mut profile.user_id);
    profile.basic = Value::Object(basic).to_string();
    store_profiles(db, &[profile], keep)
}

pub(crate) fn store_friends(
    db: &Connection,
    friends: &[Friend],
    keep: Keep,
) -> Result<(), StoreError> {
    for friend in friends {
        db.prepare_cached(
            "insert or replace into friends (user_id, name, avatar_url, alias, ext_profile, added_at)
             values (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            friend.user_id,
            friend.name,
            friend.avatar_url,
            friend.alias,
            json(&friend.ext_profile),
            friend.added_at,
        ])?;
    }
    trim(db, "friends", keep)
}

pub(crate) fn friend(db: &Connection, user: &str) -> Result<Option<Friend>, StoreError> {
    let friend = db
        .prepare_cached(
            "select user_id, name, avatar_url, alias, ext_profile, added_at from friends
             where user_id = ?1",
        )?
        .query_row([user], |row| {
            Ok(Friend {
                user_id: row.get(0)?,
                name: row.get(1)?,
                avatar_url: row.get(2)?,
                alias: row.get(3)?,
                ext_profile: map(&row.get::<_, String>(4)?),
                added_at: row.get(5)?,
            })
        })
        .optional()?;
    Ok(friend)
}

pub(crate) fn forget_friend(db: &Connection, user: &str) -> Result<(), StoreError> {
    db.prepare_cached("delete from friends where user_id = ?1")?.execute([user])?;
    Ok(())
}

pub(crate) fn store_user_info(
    db: &Connection,
    info: &UserInfo,
    keep: Keep,
) -> Result<(), StoreError> {
    db.prepare_cached(
        "insert or replace into user_infos (user_id, name, avatar_url, extra)
         values (?1, ?2, ?3, ?4)",
    )?
    .execute([&info.user_id, &info.name, &info.avatar_url, &info.extra])?;
    trim(db, "user_infos", keep)
}

pub(crate) fn user_info(db: &Connection, user: &str) -> Result<Option<UserInfo>, StoreError> {
    let info = db
        .prepare_cached(
            "select user_id, name, avatar_url, extra from user_infos where user_id = ?1",
        )?
        .query_row([user], |row| {
            Ok(UserInfo {
                user_id: row.get(0)?,
                name: row.get(1)?,
                avatar_url: row.get(2)?,
                extra: row.get(3)?,
            })
        })
        .optional()?;
    Ok(info)
}

/// Keeps what members of a group are called there.
pub(crate) fn store_members(
    db: &Connection,
    group: &str,
    members: &[GroupMember],
    keep: Keep,
) -> Result<(), StoreError> {
    for member in members {
        db.prepare_cached(
            "insert or replace into group_members (group_id, user_id, nickname, name, avatar_url)
             values (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute([
            group,
            &member.user_id,
            &member.nickname,
            &member.name,
            &member.avatar_url,
        ])?;
    }
    trim(db, "group_members", keep)
}

pub(crate) fn member(
    db: &Connection,
    group: &str,
    user: &str,
) -> Result<Option<GroupMember>, StoreError> {
    let member = db
        .prepare_cached(
            "select user_id, nickname, name, avatar_url from group_members
             where group_id = ?1 and user_id = ?2",
        )?
        .query_row([group, user], |row| {
            Ok(GroupMember {
                user_id: row.get(0)?,
                nickname: row.get(1)?,
                name: row.get(2)?,
                avatar_url: row.get(3)?,
                ..GroupMember::default()
            })
        })
        .optional()?;
    Ok(member)
}

/// Takes in what happened to a group: members that are known here follow, and those that are gone are forgotten.
pub(crate) fn follow_members(
    db: &Connection,
    me: &str,
    event: &GroupEvent,
) -> Result<(), StoreError> {
    let Some(group) = event.group.as_ref().map(|group| group.id.as_str()) else { return Ok(()) };
    let gone = matches!(event.kind(), Kind::Kicked | Kind::Left);
    let mine = event.members.iter().any(|member| member.user_id == me);
    if event.kind() == Kind::Dismissed || (gone && mine) {
        db.prepare_cached("delete from group_members where group_id = ?1")?.execute([group])?;
        return Ok(());
    }
    for member in event.members.iter().chain(&event.operator) {
        if gone && event.members.contains(member) {
            db.prepare_cached("delete from group_members where group_id = ?1 and user_id = ?2")?
                .execute([group, &member.user_id])?;
        } else {
            db.prepare_cached(
                "update group_members set nickname = ?3, name = ?4, avatar_url = ?5
                 where group_id = ?1 and user_id = ?2",
            )?
            .execute([
                group,
                &member.user_id,
                &member.nickname,
                &member.name,
                &member.avatar_url,
            ])?;
        }
    }
    Ok(())
}

pub(crate) fn forget_user_infos(db: &Connection) -> Result<(), StoreError> {
    db.prepare_cached("delete from user_infos")?.execute([])?;
    Ok(())
}
