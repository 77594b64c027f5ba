//! Who changes a group, and whether they may: looked up in the transaction of the change, under the group's row.

use nuncio_protocol::groups::{GroupRole, Permitted};
use nuncio_protocol::ids::AppId;
use nuncio_protocol::{GroupId, Refusal, Timestamp, UserId};

use super::{Group, members};
use crate::engine::Tx;
use crate::error::StoreError;
use crate::users;

/// Who changes a group.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Actor {
    /// An app server or an operator, who may do everything.
    App,
    /// A user on a device of its own, who may do what the group lets it.
    Member(UserId),
}

/// What an actor may do in a group.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Rank {
    /// Everything.
    App,
    /// What a member with this role may.
    Member(GroupRole),
}

impl Rank {
    /// Refuses unless the permission allows it.
    pub(super) fn must(self, group: &GroupId, permitted: Permitted) -> Result<(), Refusal> {
        match self {
            Self::Member(role) if !permitted.allows(role) => {
                Err(Refusal::NoGroupRight(group.clone()))
            }
            _ => Ok(()),
        }
    }

    /// Refuses unless it is the owner's word, or the app's.
    pub(super) fn must_own(self, group: &GroupId) -> Result<(), Refusal> {
        match self {
            Self::App | Self::Member(GroupRole::Owner) => Ok(()),
            Self::Member(_) => Err(Refusal::OnlyGroupOwner(group.clone())),
        }
    }

    /// Whether it stands above a member; who is no member is below everybody.
    pub(super) fn is_above(self, other: Option<GroupRole>) -> bool {
        match self {
            Self::App => true,
            Self::Member(role) => other.is_none_or(|other| role > other),
        }
    }
}

/// Refuses who may not act at all: not registered, deleted, banned.
pub(super) async fn may_act(
    tx: &Tx<'_>,
    app: AppId,
    user: &UserId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let user = users::active(tx, app, user).await?;
    if user.banned_until > now {
        let (until, reason) = (user.banned_until, user.ban_reason);
        return Err(Refusal::Banned { until, reason }.into());
    }
    Ok(())
}

/// What an actor may do in a group; refuses a user who is not a member.
pub(super) async fn rank(
    tx: &Tx<'_>,
    app: AppId,
    group: &GroupId,
    by: &Actor,
    now: Timestamp,
) -> Result<Rank, StoreError> {
    let Actor::Member(user) = by else { return Ok(Rank::App) };
    may_act(tx, app, user, now).await?;
    match members::role_of(tx, app, group, user).await? {
        Some(role) => Ok(Rank::Member(role)),
        None => Err(Refusal::NotInGroup(group.clone()).into()),
    }
}

/// Refuses unless an actor stands above users in a group. Nobody does above who owns it.
pub(super) async fn must_be_above(
    tx: &Tx<'_>,
    app: AppId,
    group: &Group,
    rank: Rank,
    users: &[UserId],
) -> Result<(), StoreError> {
    if rank == Rank::App {
        return Ok(());
    }
    for user in users {
        if !rank.is_above(members::role_of(tx, app, &group.id, user).await?) {
            return Err(Refusal::NoGroupRight(group.id.clone()).into());
        }
    }
    Ok(())
}
