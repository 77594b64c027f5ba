//! Groups: what they are called, who is in them, who may do and say what.

use nuncio_protocol::frames::GroupApplication;
use nuncio_protocol::frames::group_result::Process;
use nuncio_protocol::groups::{GroupRole, MemberExtra, Nickname, RefusalReason};
use nuncio_protocol::ids::AppId;
use nuncio_protocol::values::Alias;
use nuncio_protocol::{GroupId, UserId};
use nuncio_store::StoreError;

pub use nuncio_store::groups::{
    Actor, ApplicationsFilter, Favorite, Group, GroupChange, GroupEdit, JoinedGroup, JoinedSearch,
    Leaving, Member, MutedMember, NewGroup, ReceiptUser, RemovalFromAll,
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

/// Removals from all groups that are fetched at once.
const FETCHED: i64 = 1000;
/// Days after which an application or invitation that nothing happens to is forgotten, answered or not.
const APPLICATION_KEPT_DAYS: i64 = 30;

/// A page of applications and invitations.
#[derive(Clone, Debug, PartialEq)]
pub struct ApplicationsPage {
    /// Those of this page, in the order asked for.
    pub applications: Vec<GroupApplication>,
    /// Those that the filter lets through in all.
    pub total: i64,
    /// The token of the next page; `None` on the last one.
    pub next: Option<String>,
}

/// What a list is sorted by, as its page tokens know it.
fn kind(what: &str, role: Option<GroupRole>, newest_first: bool) -> String {
    format!("{what}, {role:?}, {}", if newest_first { "newest first" } else { "oldest first" })
}

impl Core {
    /// Makes a group with its owner and first members; those whom a user invites may have to consent.
    pub async fn create_group(
        &self,
        app: AppId,
        by: Actor,
        new: NewGroup,
    ) -> Result<Process, Error> {
        Ok(self.store.create_group(app, by, new, self.now()).await?)
    }

    /// Ends a group. From the answer on nobody is a member of it; another one may be made under its id.
    pub async fn dismiss_group(&self, app: AppId, by: Actor, group: GroupId) -> Result<(), Error> {
        Ok(self.store.dismiss_group(app, by, group, self.now()).await?)
    }

    /// Changes what a group says of itself, and who may do what in it.
    pub async fn update_group(
        &self,
        app: AppId,
        by: Actor,
        group: GroupId,
        change: GroupChange,
    ) -> Result<(), Error> {
        Ok(self.store.update_group(app, by, group, change, self.now()).await?)
    }

    /// Makes another member the owner of a group; the one before stays a member, or leaves.
    pub async fn transfer_group(
        &self,
        app: AppId,
        by: Actor,
        group: GroupId,
        owner: UserId,
        leaving: Option<Leaving>,
    ) -> Result<(), Error> {
        Ok(self.store.transfer_group(app, by, group, owner, leaving, self.now()).await?)
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

    /// Groups whose id begins with `prefix`, by id, behind `after` where one is given: at most `limit`.
    pub async fn groups_by_id(
        &self,
        app: AppId,
        prefix: String,
        after: Option<GroupId>,
        limit: i64,
    ) -> Result<Vec<Group>, Error> {
        Ok(self.store.groups_by_id(app, prefix, after, limit).await?)
    }

    /// A member of each of some groups, such as its owner, in the order asked for; `None` for who is none.
    pub async fn members_of_groups(
        &self,
        app: AppId,
        members: Vec<(GroupId, UserId)>,
    ) -> Result<Vec<Option<Member>>, Error> {
        Ok(self.store.members_of_groups(app, members).await?)
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

    /// A user joins a group, or asks to, as its permission says.
    pub async fn enter_group(
        &self,
        app: AppId,
        user: UserId,
        group: GroupId,
    ) -> Result<Process, Error> {
        Ok(self.store.enter_group(app, user, group, self.now()).await?)
    }

    /// A member invites users into a group: they are in, or are asked, or those who approve are.
    pub async fn invite_to_group(
        &self,
        app: AppId,
        inviter: UserId,
        group: GroupId,
        users: Vec<UserId>,
    ) -> Result<Process, Error> {
        Ok(self.store.invite_to_group(app, inviter, group, users, self.now()).await?)
    }

    /// An invited user consents, or says why not, for seven days.
    pub async fn answer_group_invitation(
        &self,
        app: AppId,
        user: UserId,
        group: GroupId,
        inviter: UserId,
        answer: Result<(), RefusalReason>,
    ) -> Result<(), Error> {
        let now = self.now();
        Ok(self.store.answer_group_invitation(app, user, group, inviter, answer, now).await?)
    }

    /// Who has to approve an application, or an invitation by `inviter`, does, or says why not, for seven days.
    pub async fn answer_group_application(
        &self,
        app: AppId,
        by: UserId,
        group: GroupId,
        user: UserId,
        inviter: Option<UserId>,
        answer: Result<(), RefusalReason>,
    ) -> Result<Process, Error> {
        let now = self.now();
        let store = &self.store;
        Ok(store.answer_group_application(app, by, group, user, inviter, answer, now).await?)
    }

    /// A page of what a user has asked, was asked, and has to approve, by the time of the last change.
    pub async fn group_applications(
        &self,
        app: AppId,
        user: UserId,
        filter: ApplicationsFilter,
        page_token: Option<&str>,
        limit: i64,
    ) -> Result<ApplicationsPage, Error> {
        let query = Query::new(&format!("group applications, {filter:?}"), app, &user);
        let after = query.position(page_token)?;
        let now = self.now();
        let found = self.store.group_applications(app, user, filter, after, limit, now).await?;
        let page = query.page(found.page);
        Ok(ApplicationsPage { applications: page.items, total: found.total, next: page.next })
    }

    /// Forgets applications and invitations that nothing happened to for 30 days, in all apps; returns how many. A
    /// job's step, in short transactions.
    pub async fn prune_group_applications(&self) -> Result<u64, Error> {
        const DAY_MS: i64 = 24 * 60 * 60 * 1000;
        let before = self.now().plus_ms(-APPLICATION_KEPT_DAYS * DAY_MS);
        let mut deleted = 0;
        loop {
            let rows = self.store.prune_group_applications(before).await?;
            deleted += rows;
            if rows == 0 {
                return Ok(deleted);
            }
        }
    }

    /// Ends users' membership of a group; who is no member does not matter. Refused for its owner.
    pub async fn leave_group(
        &self,
        app: AppId,
        by: Actor,
        group: GroupId,
        users: Vec<UserId>,
        leaving: Leaving,
    ) -> Result<(), Error> {
        Ok(self.store.leave_group(app, by, group, users, leaving, self.now()).await?)
    }

    /// Ends a user's membership of all groups, one after another. Refused for who owns one. Once it has begun it comes to its
    /// end: what this call cannot finish, [`Core::run_group_removals`] does.
    pub async fn leave_all_groups(&self, app: AppId, user: UserId) -> Result<(), Error> {
        let removal = self.store.begin_leaving_all_groups(app, user, self.now()).await?;
        Ok(self.finish_removal(&removal).await?)
    }

    async fn finish_removal(&self, removal: &RemovalFromAll) -> Result<(), StoreError> {
        while !self.store.go_on_leaving_all_groups(removal.clone(), self.now()).await? {}
        Ok(())
    }

    /// Finishes removals of users from all their groups that somebody has left half done; returns how many. A job's step, in
    /// short transactions.
    pub async fn run_group_removals(&self) -> Result<usize, Error> {
        let mut finished = 0;
        for removal in self.store.open_group_removals(FETCHED).await? {
            match self.finish_removal(&removal).await {
                Ok(()) => finished += 1,
                // One user's must not stand in the way of the others'.
                Err(error) => tracing::error!(
                    user.id = %removal.user,
                    "user `{}` could not be removed from all groups: {error}",
                    removal.user
                ),
            }
        }
        Ok(finished)
    }

    /// Makes members of a group admins, or members like others. A group has at most 10 admins.
    pub async fn set_group_admins(
        &self,
        app: AppId,
        by: Actor,
        group: GroupId,
        users: Vec<UserId>,
        admins: bool,
    ) -> Result<(), Error> {
        Ok(self.store.set_group_admins(app, by, group, users, admins, self.now()).await?)
    }

    /// Sets what a member is called in a group, and what the app keeps with the member; what is `None` stays.
    pub async fn set_group_member(
        &self,
        app: AppId,
        by: Actor,
        group: GroupId,
        user: UserId,
        nickname: Option<Nickname>,
        extra: Option<MemberExtra>,
    ) -> Result<(), Error> {
        Ok(self.store.set_group_member(app, by, group, user, nickname, extra, self.now()).await?)
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

    /// Refuses a user who is not a member of a group.
    pub async fn check_group_member(
        &self,
        app: AppId,
        group: GroupId,
        user: UserId,
    ) -> Result<(), Error> {
        Ok(self.store.check_group_member(app, group, user, self.now()).await?)
    }

    /// A page of a group's members whose nickname or name holds a text, in whatever case.
    pub async fn search_group_members(
        &self,
        app: AppId,
        group: GroupId,
        text: String,
        page_token: Option<&str>,
        page_size: i64,
        newest_first: bool,
    ) -> Result<MembersPage, Error> {
        let what = kind(&format!("members with {}", text.escape_default()), None, newest_first);
        let query = Query::of_group(&what, app, &group);
        let after = query.position(page_token)?;
        let found =
            self.store.search_group_members(app, group, text, after, page_size, newest_first);
        let found = found.await?;
        let page = query.page(found.page);
        Ok(MembersPage { members: page.items, total: found.total, next: page.next })
    }

    /// A page of the groups that a user is in whose name, or what the user calls them, holds a text, in whatever case;
    /// and how many there are in all.
    pub async fn search_joined_groups(
        &self,
        app: AppId,
        user: UserId,
        search: JoinedSearch,
        page_token: Option<&str>,
        page_size: i64,
    ) -> Result<(Page<JoinedGroup>, i64), Error> {
        let query = Query::new(&format!("joined groups, {search:?}"), app, &user);
        let after = query.position(page_token)?;
        let found = self.store.search_joined_groups(app, user, search, after, page_size);
        let (page, total) = found.await?;
        Ok((query.page(page), total))
    }

    /// Those of some groups that a user is in, in the order asked for.
    pub async fn joined_groups_of(
        &self,
        app: AppId,
        user: UserId,
        groups: Vec<GroupId>,
    ) -> Result<Vec<JoinedGroup>, Error> {
        Ok(self.store.joined_groups_of(app, user, groups).await?)
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
}
