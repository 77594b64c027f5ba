//! Groups: what they are called, who is in them, who may do and say what.

use nuncio_protocol::groups::{GroupRole, MemberExtra, MuteDuration, Nickname};
use nuncio_protocol::ids::AppId;
use nuncio_protocol::values::Alias;
use nuncio_protocol::{GroupId, UserId};

pub use nuncio_store::groups::{
    Favorite, Group, GroupChange, GroupEdit, JoinedGroup, Leaving, Member, MutedMember, NewGroup,
};

use crate::page_token::{Page, Query};
use crate::{Core, Error};

/// A page of a group's members.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MembersPage {
    /// The members, in the order asked for.
    pub members: Vec<Member>,
    /// Members of that role in all.
    pub total: i64,
    /// The token of the next page; `None` on the last one.
    pub next: Option<String>,
}

/// What a list is sorted by, as its page tokens know it.
fn kind(what: &str, role: Option<GroupRole>, newest_first: bool) -> String {
    format!("{what}, {role:?}, {}", if newest_first { "newest first" } else { "oldest first" })
}

impl Core {
    /// Makes a group with its owner and first members.
    pub async fn create_group(&self, app: AppId, new: NewGroup) -> Result<(), Error> {
        Ok(self.store.create_group(app, new, self.now()).await?)
    }

    /// Ends a group. From the answer on nobody is a member of it; another one may be made under its id.
    pub async fn dismiss_group(&self, app: AppId, group: GroupId) -> Result<(), Error> {
        Ok(self.store.dismiss_group(app, group, self.now()).await?)
    }

    /// Changes what a group says of itself, and who may do what in it.
    pub async fn update_group(
        &self,
        app: AppId,
        group: GroupId,
        change: GroupChange,
    ) -> Result<(), Error> {
        Ok(self.store.update_group(app, group, change, self.now()).await?)
    }

    /// Makes another member the owner of a group; the one before stays a member, or leaves.
    pub async fn transfer_group(
        &self,
        app: AppId,
        group: GroupId,
        owner: UserId,
        leaving: Option<Leaving>,
    ) -> Result<(), Error> {
        Ok(self.store.transfer_group(app, group, owner, leaving, self.now()).await?)
    }

    /// Groups' records in the order asked for; those that do not exist are left out.
    pub async fn groups(&self, app: AppId, groups: Vec<GroupId>) -> Result<Vec<Group>, Error> {
        Ok(self.store.groups(app, groups).await?)
    }

    /// A page of an app's groups by age.
    pub async fn all_groups(
        &self,
        app: AppId,
        page_token: Option<&str>,
        page_size: i64,
        newest_first: bool,
    ) -> Result<Page<Group>, Error> {
        let query = Query::of_app(&kind("groups", None, newest_first), app);
        let after = query.position(page_token)?;
        Ok(query.page(self.store.all_groups(app, after, page_size, newest_first).await?))
    }

    /// Makes registered users members of a group; who is one stays what they are. Refused past 3,000 members.
    pub async fn join_group(
        &self,
        app: AppId,
        group: GroupId,
        users: Vec<UserId>,
    ) -> Result<Group, Error> {
        Ok(self.store.join_group(app, group, users, self.now()).await?)
    }

    /// Ends users' membership of a group; who is no member does not matter. Refused for its owner.
    pub async fn leave_group(
        &self,
        app: AppId,
        group: GroupId,
        users: Vec<UserId>,
        leaving: Leaving,
    ) -> Result<(), Error> {
        Ok(self.store.leave_group(app, group, users, leaving, self.now()).await?)
    }

    /// Ends a user's membership of all groups. Refused for who owns one.
    pub async fn leave_all_groups(&self, app: AppId, user: UserId) -> Result<(), Error> {
        Ok(self.store.leave_all_groups(app, user, self.now()).await?)
    }

    /// Makes members of a group admins, or members like others. A group has at most 10 admins.
    pub async fn set_group_admins(
        &self,
        app: AppId,
        group: GroupId,
        users: Vec<UserId>,
        admins: bool,
    ) -> Result<(), Error> {
        Ok(self.store.set_group_admins(app, group, users, admins, self.now()).await?)
    }

    /// Sets what a member is called in a group, and what the app keeps with the member; what is `None` stays.
    pub async fn set_group_member(
        &self,
        app: AppId,
        group: GroupId,
        user: UserId,
        nickname: Option<Nickname>,
        extra: Option<MemberExtra>,
    ) -> Result<(), Error> {
        Ok(self.store.set_group_member(app, group, user, nickname, extra, self.now()).await?)
    }

    /// Sets what a member calls a group; empty for nothing.
    pub async fn set_group_alias(
        &self,
        app: AppId,
        group: GroupId,
        user: UserId,
        alias: Alias,
    ) -> Result<(), Error> {
        Ok(self.store.set_group_alias(app, group, user, alias, self.now()).await?)
    }

    /// What a member calls a group; empty for nothing.
    pub async fn group_alias(
        &self,
        app: AppId,
        group: GroupId,
        user: UserId,
    ) -> Result<String, Error> {
        Ok(self.store.group_alias(app, group, user).await?)
    }

    /// Members among some users, in the order asked for; who is none is left out.
    pub async fn group_members_of(
        &self,
        app: AppId,
        group: GroupId,
        users: Vec<UserId>,
    ) -> Result<Vec<Member>, Error> {
        Ok(self.store.group_members_of(app, group, users).await?)
    }

    /// A page of a group's members, of one role or of all, by how long they have been in it.
    pub async fn group_members(
        &self,
        app: AppId,
        group: GroupId,
        role: Option<GroupRole>,
        page_token: Option<&str>,
        page_size: i64,
        newest_first: bool,
    ) -> Result<MembersPage, Error> {
        let query = Query::of_group(&kind("members", role, newest_first), app, &group);
        let after = query.position(page_token)?;
        let found =
            self.store.group_members(app, group, role, after, page_size, newest_first).await?;
        let page = query.page(found.page);
        Ok(MembersPage { members: page.items, total: found.total, next: page.next })
    }

    /// A page of the groups that a user is in, with one role or any, by how long.
    pub async fn joined_groups(
        &self,
        app: AppId,
        user: UserId,
        role: Option<GroupRole>,
        page_token: Option<&str>,
        page_size: i64,
        newest_first: bool,
    ) -> Result<Page<JoinedGroup>, Error> {
        let query = Query::new(&kind("joined groups", role, newest_first), app, &user);
        let after = query.position(page_token)?;
        let found = self.store.joined_groups(app, user, role, after, page_size, newest_first);
        Ok(query.page(found.await?))
    }

    /// Has a member follow others of the same group, at most 100.
    pub async fn add_group_favorites(
        &self,
        app: AppId,
        group: GroupId,
        user: UserId,
        favorites: Vec<UserId>,
    ) -> Result<(), Error> {
        Ok(self.store.add_group_favorites(app, group, user, favorites, self.now()).await?)
    }

    /// Has a member follow others no longer.
    pub async fn remove_group_favorites(
        &self,
        app: AppId,
        group: GroupId,
        user: UserId,
        favorites: Vec<UserId>,
    ) -> Result<(), Error> {
        Ok(self.store.remove_group_favorites(app, group, user, favorites, self.now()).await?)
    }

    /// Whom a member of a group follows, the first first.
    pub async fn group_favorites(
        &self,
        app: AppId,
        group: GroupId,
        user: UserId,
    ) -> Result<Vec<Favorite>, Error> {
        Ok(self.store.group_favorites(app, group, user).await?)
    }

    /// Mutes users in a group, or in all groups. Messages that an app server sends in their names pass.
    pub async fn mute_in_group(
        &self,
        app: AppId,
        group: Option<GroupId>,
        users: Vec<UserId>,
        duration: MuteDuration,
    ) -> Result<(), Error> {
        let now = self.now();
        Ok(self.store.mute_in_group(app, group, users, duration.end(now), now).await?)
    }

    /// Lets users speak again in a group, or in all groups.
    pub async fn unmute_in_group(
        &self,
        app: AppId,
        group: Option<GroupId>,
        users: Vec<UserId>,
    ) -> Result<(), Error> {
        Ok(self.store.unmute_in_group(app, group, users, self.now()).await?)
    }

    /// Who is muted in a group, or in all groups, by id.
    pub async fn muted_in_group(
        &self,
        app: AppId,
        group: Option<GroupId>,
    ) -> Result<Vec<MutedMember>, Error> {
        Ok(self.store.muted_in_group(app, group, self.now()).await?)
    }

    /// Freezes groups, so that only allowed senders can send to them, or lets all members speak again.
    pub async fn freeze_groups(
        &self,
        app: AppId,
        groups: Vec<GroupId>,
        frozen: bool,
    ) -> Result<(), Error> {
        Ok(self.store.freeze_groups(app, groups, frozen, self.now()).await?)
    }

    /// Whether groups are frozen, in the order asked for.
    pub async fn are_groups_frozen(
        &self,
        app: AppId,
        groups: Vec<GroupId>,
    ) -> Result<Vec<(GroupId, bool)>, Error> {
        Ok(self.store.are_groups_frozen(app, groups).await?)
    }

    /// Frozen groups by id; `page` counts from 1.
    pub async fn frozen_groups(
        &self,
        app: AppId,
        page: i64,
        page_size: i64,
    ) -> Result<Vec<Group>, Error> {
        let offset = (page - 1).saturating_mul(page_size);
        Ok(self.store.frozen_groups(app, offset, page_size).await?)
    }

    /// Lets users speak while a group is frozen.
    pub async fn allow_group_senders(
        &self,
        app: AppId,
        group: GroupId,
        users: Vec<UserId>,
    ) -> Result<(), Error> {
        Ok(self.store.allow_group_senders(app, group, users, self.now()).await?)
    }

    /// Takes users out of those who may speak while a group is frozen.
    pub async fn disallow_group_senders(
        &self,
        app: AppId,
        group: GroupId,
        users: Vec<UserId>,
    ) -> Result<(), Error> {
        Ok(self.store.disallow_group_senders(app, group, users, self.now()).await?)
    }

    /// Who may speak while a group is frozen, the first first.
    pub async fn allowed_group_senders(
        &self,
        app: AppId,
        group: GroupId,
    ) -> Result<Vec<UserId>, Error> {
        Ok(self.store.allowed_group_senders(app, group).await?)
    }
}
