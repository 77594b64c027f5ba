//! Groups: what they are called, who is in them, who may do and say what.

pub(crate) mod add_admins;
pub(crate) mod add_favorites;
pub(crate) mod alias;
pub(crate) mod allow;
pub(crate) mod allowed;
pub(crate) mod create;
pub(crate) mod delete_alias;
pub(crate) mod disallow;
pub(crate) mod dismiss;
pub(crate) mod favorites;
pub(crate) mod freeze;
pub(crate) mod frozen;
pub(crate) mod join;
pub(crate) mod joined;
pub(crate) mod leave;
pub(crate) mod leave_all;
pub(crate) mod list;
pub(crate) mod members;
pub(crate) mod members_of;
pub(crate) mod mute;
pub(crate) mod muted;
pub(crate) mod profiles;
pub(crate) mod remove_admins;
pub(crate) mod remove_favorites;
pub(crate) mod set_alias;
pub(crate) mod set_member;
pub(crate) mod transfer;
pub(crate) mod unfreeze;
pub(crate) mod unmute;
pub(crate) mod update;

use std::collections::BTreeMap;

use nuncio_core::groups::{self, Group, Leaving};
use nuncio_protocol::groups::{GroupPermissionsChange, GroupRole};
use serde_json::{Map, Value};

use crate::prelude::*;

/// A group as most calls answer it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Profile {
    channel_id: String,
    name: String,
    group_profile: Map<String, Value>,
    group_ext_profile: BTreeMap<String, String>,
    /// All of them, as the call that creates a group explains them.
    permissions: BTreeMap<&'static str, i64>,
    owner: String,
    /// Unix time in milliseconds.
    created_at: i64,
    member_count: i64,
}

impl From<Group> for Profile {
    fn from(group: Group) -> Self {
        Self {
            channel_id: group.id.to_string(),
            name: group.name,
            group_profile: group.profile,
            group_ext_profile: group.ext,
            permissions: group.permissions.numbers().clone(),
            owner: group.owner.to_string(),
            created_at: group.created_at.0,
            member_count: group.member_count,
        }
    }
}

/// Some members of a group.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MembersPage {
    /// Members that were asked for in all.
    total_count: i64,
    /// Asks for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    page_token: Option<String>,
    /// Those of this page.
    members: Vec<Member>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Member {
    user_id: String,
    /// 1 a member like others, 2 an admin, 3 the owner.
    role: i64,
    /// What the member is called in the group; empty for nothing of its own.
    nickname: String,
    /// What is kept with the member.
    extra: String,
    /// Unix time in milliseconds.
    joined_at: i64,
}

impl From<groups::Member> for Member {
    fn from(member: groups::Member) -> Self {
        Self {
            user_id: member.user.to_string(),
            role: member.role.number(),
            nickname: member.nickname,
            extra: member.extra,
            joined_at: member.joined_at.0,
        }
    }
}

/// The role that a list is asked for; 0 and nothing mean all.
fn role(member: &str, given: Option<Integer>) -> Result<Option<GroupRole>, ApiError> {
    let number = wire::within(member, given, 0, 0, GroupRole::Owner.number())?;
    Ok(GroupRole::try_from(number).ok())
}

/// What goes with who leaves: everything, unless it is said to stay.
fn leaving(mute: Option<Bit>, allowed: Option<Bit>, favorites: Option<Bit>) -> Leaving {
    Leaving {
        forget_mute: mute.is_none_or(Bit::is_set),
        forget_allowed: allowed.is_none_or(Bit::is_set),
        forget_favorites: favorites.is_none_or(Bit::is_set),
    }
}

fn permissions(given: Option<Map<String, Value>>) -> Result<GroupPermissionsChange, ApiError> {
    GroupPermissionsChange::parse(&given.unwrap_or_default()).map_err(ApiError::profile)
}
