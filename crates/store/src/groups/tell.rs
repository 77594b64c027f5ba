//! What members' devices are told of a change: an entry of the inbox of everybody whom it concerns, written in the
//! change's transaction. An app's server is told by the same news.

use nuncio_protocol::frames::group_event::Kind;
use nuncio_protocol::frames::{self, GroupEvent, entry};
use nuncio_protocol::ids::AppId;
use nuncio_protocol::{GroupId, Timestamp, UserId};

use super::{Actor, Group, notices};
use crate::engine::{Tx, params};
use crate::error::StoreError;
use crate::events;
use crate::inbox::{self, Audience, Place};
use crate::profiles::Shown;

impl Group {
    /// The group as devices know it. Its texts and pairs can be long, and are left out unless it is `whole`.
    #[must_use]
    pub fn frame(&self, whole: bool) -> frames::Group {
        let text = |key: &str| {
            let value = self.profile.get(key).and_then(|value| value.as_str());
            value.unwrap_or_default().to_owned()
        };
        let permission = |name: &str| {
            let number = self.permissions.numbers().get(name).copied().unwrap_or_default();
            u32::try_from(number).unwrap_or_default()
        };
        let mut frame = frames::Group {
            id: self.id.to_string(),
            name: self.name.clone(),
            avatar_url: text("portraitUrl"),
            owner_id: self.owner.to_string(),
            creator_id: self.creator.to_string(),
            created_at: self.created_at.0,
            member_count: u32::try_from(self.member_count).unwrap_or(u32::MAX),
            frozen: self.frozen,
            permissions: Some(frames::GroupPermissions {
                join: permission("joinPerm"),
                remove: permission("removePerm"),
                invite: permission("memInvitePerm"),
                invite_handle: permission("invitePerm"),
                profile: permission("profilePerm"),
                member_profile: permission("memProfilePerm"),
            }),
            ..frames::Group::default()
        };
        if whole {
            frame.introduction = text("introduction");
            frame.announcement = text("announcement");
            frame.ext_profile = self.ext.clone().into_iter().collect();
        }
        frame
    }
}

/// A user in a group, or at its door, as devices know it.
pub(super) async fn member(
    tx: &Tx<'_>,
    app: AppId,
    group: &GroupId,
    user: &UserId,
) -> Result<frames::GroupMember, StoreError> {
    let found = tx
        .opt(
            "select u.name, u.avatar_url, u.profile_visibility, p.basic,
                    m.role, m.nickname, m.extra, m.joined_at
             from users u left join profiles p on p.app = u.app and p.user_id = u.id
             left join group_members m
               on m.app = u.app and m.group_id = ?2 and m.user_id = u.id
             where u.app = ?1 and u.id = ?3",
            params![app, group, user],
            |row| {
                let shown = Shown::read(row, 0)?;
                let role = row.get::<Option<i64>>(4)?.unwrap_or_default();
                Ok(frames::GroupMember {
                    user_id: user.to_string(),
                    role: u32::try_from(role).unwrap_or_default(),
                    nickname: row.get::<Option<String>>(5)?.unwrap_or_default(),
                    extra: row.get::<Option<String>>(6)?.unwrap_or_default(),
                    joined_at: row.get::<Option<i64>>(7)?.unwrap_or_default(),
                    name: shown.name,
                    avatar_url: shown.avatar_url,
                })
            },
        )
        .await?;
    Ok(found.unwrap_or_else(|| frames::GroupMember {
        user_id: user.to_string(),
        ..frames::GroupMember::default()
    }))
}

/// Several of them.
pub(super) async fn members(
    tx: &Tx<'_>,
    app: AppId,
    group: &GroupId,
    users: &[UserId],
) -> Result<Vec<frames::GroupMember>, StoreError> {
    let mut all = Vec::with_capacity(users.len());
    for user in users {
        all.push(member(tx, app, group, user).await?);
    }
    Ok(all)
}

/// What happened to a group.
pub(super) struct News<'a> {
    pub(super) kind: Kind,
    pub(super) by: &'a Actor,
    /// Whom it concerns.
    pub(super) members: Vec<frames::GroupMember>,
    /// What of the group is different.
    pub(super) changed: Vec<String>,
    /// When it ends.
    pub(super) until: i64,
}

impl<'a> News<'a> {
    pub(super) fn new(kind: Kind, by: &'a Actor, members: Vec<frames::GroupMember>) -> Self {
        Self { kind, by, members, changed: Vec::new(), until: 0 }
    }

    /// The event; `group` is the group as it is since.
    async fn event(
        &self,
        tx: &Tx<'_>,
        app: AppId,
        group: Option<&Group>,
    ) -> Result<GroupEvent, StoreError> {
        let whole = matches!(self.kind, Kind::Created | Kind::InfoChanged);
        let operator = match (self.by, group) {
            (Actor::Member(user), Some(group)) => Some(member(tx, app, &group.id, user).await?),
            _ => None,
        };
        Ok(GroupEvent {
            kind: self.kind.into(),
            group: group.map(|group| group.frame(whole)),
            operator,
            members: self.members.clone(),
            changed: self.changed.clone(),
            until: self.until,
            ..GroupEvent::default()
        })
    }

    /// Tells all members of a group, `also` some users who are none any more, and the app's server; what members expect
    /// to read in the conversation they are told there too. All of them must be filed.
    pub(super) async fn tell_all(
        self,
        tx: &mut Tx<'_>,
        app: AppId,
        group: &Group,
        also: &[UserId],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let event = self.event(tx, app, Some(group)).await?;
        let body = inbox::encode(entry::Body::Group(Box::new(event.clone())), now);
        let stored = body.clone();
        let place = Place { channel: None, message: None, stored: Some(&stored) };
        inbox::add_for_group(tx, app, Audience::all(group), place, body, now).await?;
        for user in also {
            inbox::add(tx, app, user, entry::Body::Group(Box::new(event.clone())), now).await?;
        }
        notices::write(tx, app, group, &event, now).await?;
        self.tell_app(tx, app, group, now).await
    }

    /// Tells some users, and the app's server where a group is meant.
    pub(super) async fn tell(
        self,
        tx: &mut Tx<'_>,
        app: AppId,
        group: Option<&Group>,
        users: &[UserId],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let event = self.event(tx, app, group).await?;
        for user in users {
            inbox::add(tx, app, user, entry::Body::Group(Box::new(event.clone())), now).await?;
        }
        match group {
            Some(group) => self.tell_app(tx, app, group, now).await,
            None => Ok(()),
        }
    }

    async fn tell_app(
        &self,
        tx: &mut Tx<'_>,
        app: AppId,
        group: &Group,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let operator = match self.by {
            Actor::Member(user) => user.as_str(),
            Actor::App => "",
        };
        let users: Vec<&str> = self.members.iter().map(|member| member.user_id.as_str()).collect();
        let change = events::GroupChange {
            group: &group.id,
            owner: &group.owner,
            kind: self.kind,
            operator,
            users: &users,
            changed: &self.changed,
        };
        events::group_changed(tx, app, &change, now).await
    }
}
