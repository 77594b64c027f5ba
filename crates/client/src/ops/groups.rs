//! Groups: make, change and end them; come in, invite, leave; who may do and say what.
//!
//! Whatever changes, on whichever side, comes as an [`Event::Group`](crate::Event::Group). What an operation takes and
//! answers in several parts is the frame of the protocol by that name, in [`frames`](crate::frames).

use nuncio_protocol::frames::group_result::Process;
use nuncio_protocol::frames::{
    GetGroupApplications, GetGroupMembers, GetJoinedGroups, Group, GroupApplication, GroupChange,
    GroupMember, GroupMute, LeavingMember,
};
use nuncio_protocol::groups::{MemberExtra, MuteDuration, Nickname, RefusalReason};
use nuncio_protocol::values::Alias;
use nuncio_protocol::{GroupId, UserId};

use super::friends::Page;
use super::{ask, texts};
use crate::client::Client;
use crate::error::ClientError;

/// What is said to an application or an invitation.
#[derive(Clone, Debug)]
pub enum GroupAnswer {
    /// Yes.
    Accept,
    /// No, and why; at most 128 characters, may be empty.
    Refuse(RefusalReason),
}

impl GroupAnswer {
    fn parts(self) -> (bool, String) {
        match self {
            Self::Accept => (true, String::new()),
            Self::Refuse(reason) => (false, reason.as_str().to_owned()),
        }
    }
}

/// A list's page in the place of an answer.
macro_rules! page {
    ($answer:expr, $items:ident) => {{
        let answer = $answer?;
        Ok(Page::new(answer.$items, answer.next_page_token, answer.total_count))
    }};
}

fn ids(groups: &[GroupId]) -> Vec<String> {
    groups.iter().map(ToString::to_string).collect()
}

impl Client {
    /// Makes a group that the user owns; `info` must have a name. At most 30 others are in it at once, or are asked
    /// first where the group says so ([`Process::ConsentPending`]).
    pub async fn create_group(
        &self,
        group: &GroupId,
        info: GroupChange,
        users: &[UserId],
    ) -> Result<Process, ClientError> {
        let (group_id, info, user_ids) = (group.to_string(), Some(info), texts(users));
        Ok(ask!(self, CreateGroup { group_id, info, user_ids } => GroupResult)?.process())
    }

    /// Any groups of the app, at most 50; those that do not exist are left out.
    pub async fn get_groups(&self, groups: &[GroupId]) -> Result<Vec<Group>, ClientError> {
        Ok(ask!(self, GetGroups { group_ids: ids(groups) } => Groups)?.groups)
    }

    /// Changes what a group says of itself, and who may do what in it; what is absent stays.
    pub async fn update_group(
        &self,
        group: &GroupId,
        info: GroupChange,
    ) -> Result<(), ClientError> {
        let (group_id, info) = (group.to_string(), Some(info));
        ask!(self, UpdateGroup { group_id, info } => Done).map(drop)
    }

    /// Ends a group that the user owns.
    pub async fn dismiss_group(&self, group: &GroupId) -> Result<(), ClientError> {
        ask!(self, DismissGroup { group_id: group.to_string() } => Done).map(drop)
    }

    /// Joins a group, or asks to ([`Process::ApprovalPending`]).
    pub async fn join_group(&self, group: &GroupId) -> Result<Process, ClientError> {
        Ok(ask!(self, JoinGroup { group_id: group.to_string() } => GroupResult)?.process())
    }

    /// Leaves a group; what `leaving` keeps is in force again when the user comes back.
    pub async fn leave_group(
        &self,
        group: &GroupId,
        leaving: LeavingMember,
    ) -> Result<(), ClientError> {
        let (group_id, leaving) = (group.to_string(), Some(leaving));
        ask!(self, LeaveGroup { group_id, leaving } => Done).map(drop)
    }

    /// Removes members, at most 100.
    pub async fn kick_group_members(
        &self,
        group: &GroupId,
        users: &[UserId],
        leaving: LeavingMember,
    ) -> Result<(), ClientError> {
        let (group_id, user_ids, leaving) = (group.to_string(), texts(users), Some(leaving));
        ask!(self, KickGroupMembers { group_id, user_ids, leaving } => Done).map(drop)
    }

    /// Invites users, at most 30: the answer tells what one of them has to wait for.
    pub async fn invite_to_group(
        &self,
        group: &GroupId,
        users: &[UserId],
    ) -> Result<Process, ClientError> {
        let (group_id, user_ids) = (group.to_string(), texts(users));
        Ok(ask!(self, InviteToGroup { group_id, user_ids } => GroupResult)?.process())
    }

    /// Answers an invitation of the user's.
    pub async fn answer_group_invitation(
        &self,
        group: &GroupId,
        inviter: &UserId,
        answer: GroupAnswer,
    ) -> Result<(), ClientError> {
        let (group_id, inviter_id) = (group.to_string(), inviter.to_string());
        let (accept, reason) = answer.parts();
        ask!(self, AnswerGroupInvitation { group_id, inviter_id, accept, reason } => Done).map(drop)
    }

    /// Answers, as owner or admin, who asks to come in, or whom `inviter` wants in.
    pub async fn answer_group_application(
        &self,
        group: &GroupId,
        user: &UserId,
        inviter: Option<&UserId>,
        answer: GroupAnswer,
    ) -> Result<Process, ClientError> {
        let (group_id, user_id) = (group.to_string(), user.to_string());
        let inviter_id = inviter.map_or_else(String::new, UserId::to_string);
        let (accept, reason) = answer.parts();
        Ok(ask!(self, AnswerGroupApplication { group_id, user_id, inviter_id, accept, reason }
            => GroupResult)?
        .process())
    }

    /// A page of what the user has asked, was asked, and has to approve.
    pub async fn get_group_applications(
        &self,
        query: GetGroupApplications,
    ) -> Result<Page<GroupApplication>, ClientError> {
        let GetGroupApplications { directions, statuses, page_token, limit, ascending } = query;
        page!(
            ask!(self, GetGroupApplications { directions, statuses, page_token, limit, ascending }
                => GroupApplications),
            applications
        )
    }

    /// Gives a group to another member; the user stays a member, or leaves.
    pub async fn transfer_group(
        &self,
        group: &GroupId,
        owner: &UserId,
        leaving: Option<LeavingMember>,
    ) -> Result<(), ClientError> {
        let (group_id, owner_id) = (group.to_string(), owner.to_string());
        ask!(self, TransferGroup { group_id, owner_id, leaving } => Done).map(drop)
    }

    /// Makes members admins, or members like others.
    pub async fn set_group_admins(
        &self,
        group: &GroupId,
        users: &[UserId],
        admins: bool,
    ) -> Result<(), ClientError> {
        let (group_id, user_ids) = (group.to_string(), texts(users));
        ask!(self, SetGroupAdmins { group_id, user_ids, admins } => Done).map(drop)
    }

    /// A page of the user's groups, or those among some.
    pub async fn get_joined_groups(
        &self,
        query: GetJoinedGroups,
    ) -> Result<Page<Group>, ClientError> {
        let GetJoinedGroups { group_ids, name, role, page_token, limit, ascending } = query;
        page!(
            ask!(self, GetJoinedGroups { group_ids, name, role, page_token, limit, ascending }
                => Groups),
            groups
        )
    }

    /// A page of the members of a group that the user is in, or those among some users.
    pub async fn get_group_members(
        &self,
        query: GetGroupMembers,
    ) -> Result<Page<GroupMember>, ClientError> {
        let GetGroupMembers { group_id, user_ids, name, role, page_token, limit, ascending } =
            query;
        page!(
            ask!(self, GetGroupMembers {
                group_id, user_ids, name, role, page_token, limit, ascending
            } => GroupMembers),
            members
        )
    }

    /// Sets what a member is called in a group, and what is kept with the member; `None` leaves it.
    pub async fn set_group_member(
        &self,
        group: &GroupId,
        user: &UserId,
        nickname: Option<Nickname>,
        extra: Option<MemberExtra>,
    ) -> Result<(), ClientError> {
        let (group_id, user_id) = (group.to_string(), user.to_string());
        let nickname = nickname.map(|nickname| nickname.as_str().to_owned());
        let extra = extra.map(|extra| extra.as_str().to_owned());
        ask!(self, SetGroupMember { group_id, user_id, nickname, extra } => Done).map(drop)
    }

    /// Sets what the user calls a group; empty for nothing.
    pub async fn set_group_alias(&self, group: &GroupId, alias: &Alias) -> Result<(), ClientError> {
        let (group_id, alias) = (group.to_string(), alias.as_str().to_owned());
        ask!(self, SetGroupAlias { group_id, alias } => Done).map(drop)
    }

    /// Follows members, at most 100 of a group, or follows them no longer.
    pub async fn set_group_favorites(
        &self,
        group: &GroupId,
        add: &[UserId],
        remove: &[UserId],
    ) -> Result<(), ClientError> {
        let (group_id, add, remove) = (group.to_string(), texts(add), texts(remove));
        ask!(self, SetGroupFavorites { group_id, add, remove } => Done).map(drop)
    }

    /// Whom the user follows in a group.
    pub async fn get_group_favorites(&self, group: &GroupId) -> Result<Vec<String>, ClientError> {
        Ok(ask!(self, GetGroupFavorites { group_id: group.to_string() } => UserIds)?.user_ids)
    }

    /// Mutes members, at most 20; the owner and admins may, those below them.
    pub async fn mute_group_members(
        &self,
        group: &GroupId,
        users: &[UserId],
        duration: MuteDuration,
    ) -> Result<(), ClientError> {
        let (group_id, user_ids) = (group.to_string(), texts(users));
        let minutes = match duration {
            MuteDuration::Minutes(minutes) => u32::try_from(minutes).unwrap_or_default(),
            MuteDuration::UntilUnmuted => 0,
        };
        ask!(self, MuteGroupMembers { group_id, user_ids, muted: true, minutes } => Done).map(drop)
    }

    /// Lets members speak again.
    pub async fn unmute_group_members(
        &self,
        group: &GroupId,
        users: &[UserId],
    ) -> Result<(), ClientError> {
        let (group_id, user_ids) = (group.to_string(), texts(users));
        ask!(self, MuteGroupMembers { group_id, user_ids, muted: false, minutes: 0 } => Done)
            .map(drop)
    }

    /// Who is muted in a group.
    pub async fn get_group_mutes(&self, group: &GroupId) -> Result<Vec<GroupMute>, ClientError> {
        Ok(ask!(self, GetGroupMutes { group_id: group.to_string() } => GroupMutes)?.mutes)
    }

    /// Lets only those speak who are allowed, or everybody again.
    pub async fn freeze_group(&self, group: &GroupId, frozen: bool) -> Result<(), ClientError> {
        ask!(self, FreezeGroup { group_id: group.to_string(), frozen } => Done).map(drop)
    }

    /// Sets who may speak while a group is frozen, at most 20 each.
    pub async fn set_group_senders(
        &self,
        group: &GroupId,
        add: &[UserId],
        remove: &[UserId],
    ) -> Result<(), ClientError> {
        let (group_id, add, remove) = (group.to_string(), texts(add), texts(remove));
        ask!(self, SetGroupSenders { group_id, add, remove } => Done).map(drop)
    }

    /// Who may speak while a group is frozen.
    pub async fn get_group_senders(&self, group: &GroupId) -> Result<Vec<String>, ClientError> {
        Ok(ask!(self, GetGroupSenders { group_id: group.to_string() } => UserIds)?.user_ids)
    }
}
