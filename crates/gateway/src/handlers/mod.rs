//! Client operations: from a frame's body to a call of the core, and from its answer to a body.
//!
//! A handler takes the body apart into checked values, calls the core once, and puts the answer together. One
//! file per family of operations; the table below names them all.

mod blocklist;
mod channel_tags;
mod channels;
mod friends;
mod group_doors;
mod groups;
mod messages;
mod presence;
mod profiles;
mod push;
mod receipts;

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::BoxFuture;
use nuncio_core::Error;
use nuncio_protocol::frames::{
    Channel, ChannelType, Failure, MessageSent, client_frame, server_frame,
};
use nuncio_protocol::ids::AppId;
use nuncio_protocol::values::{ProfileError, ProfileFault};
use nuncio_protocol::{ChannelId, Code, GroupId, Refusal, UserId};

use crate::gateway::Gateway;
use crate::session::Session;
pub(crate) use messages::Outgoing;

/// What a handler works with.
pub(crate) struct Context {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) session: Arc<Session>,
}

impl Context {
    fn core(&self) -> &nuncio_core::Core {
        self.gateway.core_of(&self.session)
    }

    fn app(&self) -> AppId {
        self.session.app
    }

    fn me(&self) -> UserId {
        self.session.user.clone()
    }
}

/// What a request is answered with.
pub(crate) type Outcome = Result<Answer, Failure>;

/// A success.
pub(crate) enum Answer {
    Body(Box<server_frame::Body>),
    /// A message was accepted. Its answer takes its place among the inbox's entries.
    Sent(MessageSent),
    /// How far the inbox reaches: the answer to a heartbeat.
    Head(u64),
}

impl From<server_frame::Body> for Answer {
    fn from(body: server_frame::Body) -> Self {
        Self::Body(Box::new(body))
    }
}

/// Success without data.
fn done() -> server_frame::Body {
    server_frame::Body::Done(<_>::default())
}

/// Why a handler says no.
enum No {
    Error(Error),
    Told(Failure),
}

impl From<Error> for No {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<Refusal> for No {
    fn from(refusal: Refusal) -> Self {
        Self::Error(refusal.into())
    }
}

type Handled = Result<server_frame::Body, No>;

/// What a frame asks for.
pub(crate) enum Asked {
    /// A heartbeat, with the last inbox entry that the device holds.
    Ping(u64),
    Logout,
    Send(Outgoing),
    Operation(client_frame::Body),
    /// Nothing that can be asked for, and why.
    Nothing(&'static str),
}

/// Reads a frame's body.
pub(crate) fn read(body: Option<client_frame::Body>) -> Asked {
    match body {
        None => Asked::Nothing("the server knows no such operation"),
        Some(client_frame::Body::Login(_)) => {
            Asked::Nothing("this connection has logged in already")
        }
        Some(client_frame::Body::Ping(ping)) => Asked::Ping(ping.cursor),
        Some(client_frame::Body::Logout(_)) => Asked::Logout,
        Some(client_frame::Body::SendMessage(message)) => Asked::Send(Outgoing::read(message)),
        Some(body) => Asked::Operation(body),
    }
}

/// Begins to do what was asked.
pub(crate) fn start(context: Context, asked: Asked) -> BoxFuture<'static, Outcome> {
    match asked {
        Asked::Send(message) => Box::pin(async move {
            let began = Instant::now();
            let outcome = messages::send(&context, message).await;
            let outcome = outcome.map_err(|no| told(no, Family::Messages, &context));
            context.gateway.metrics.message(outcome.as_ref().err());
            let code = outcome.as_ref().err().map_or(0, |failure| failure.code);
            context.core().figures().message(context.app(), code, Some(began.elapsed()));
            outcome.map(Answer::Sent)
        }),
        Asked::Ping(cursor) => Box::pin(async move {
            let head = context.core().inbox_head(context.app(), &context.session.user).await;
            if let Ok(head) = head {
                push::held(&context, cursor.min(head)).await;
            }
            head.map(Answer::Head).map_err(|error| told(error.into(), Family::Messages, &context))
        }),
        Asked::Operation(body) => operation(context, body),
        Asked::Logout => Box::pin(async move {
            let outcome = push::unregister(&context, <_>::default()).await;
            outcome.map(Answer::from).map_err(|no| told(no, Family::Push, &context))
        }),
        Asked::Nothing(why) => Box::pin(async move { Err(Failure::new(Code::BadFrame, why)) }),
    }
}

/// Families of operations; some tell the same refusal by different codes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Family {
    Messages,
    Blocklist,
    Profiles,
    Friends,
    Groups,
    Presence,
    Push,
}

macro_rules! operations {
    (
        $($special:ident,)+;
        $($family:ident: $($variant:ident => $handler:path,)+;)+
    ) => {
        /// All operations of a client connection, by the names of their frames.
        pub const OPERATIONS: &[&str] =
            &[$(stringify!($special),)+ $($(stringify!($variant),)+)+];

        fn operation(context: Context, body: client_frame::Body) -> BoxFuture<'static, Outcome> {
            match body {
                $(client_frame::Body::$special(_) => Box::pin(async {
                    Err(Failure::new(Code::BadFrame, "not an operation that is looked up here"))
                }),)+
                $($(client_frame::Body::$variant(request) => Box::pin(async move {
                    match $handler(&context, request).await {
                        Ok(body) => Ok(body.into()),
                        Err(no) => Err(told(no, Family::$family, &context)),
                    }
                }),)+)+
            }
        }
    };
}

operations! {
    Login, Ping, Logout, SendMessage,;

    Messages:
        Sync => messages::sync,
        GetHistory => messages::history,
        RecallMessage => messages::recall,
        EditMessage => messages::edit,
        MarkRead => messages::mark_read,
        GetChannels => messages::channels,
        SendTyping => messages::typing,
        SetChannelSettings => channels::set,
        GetChannelSettings => channels::get,
        SetChannelTypeLevel => channels::set_type_level,
        GetChannelTypeLevels => channels::type_levels,
        SetChannelTags => channel_tags::set,
        RemoveChannelTags => channel_tags::remove,
        GetChannelTags => channel_tags::get,
        SetTaggedChannels => channel_tags::set_channels,
        GetTaggedChannels => channel_tags::get_channels,;

    Blocklist:
        AddToBlocklist => blocklist::add,
        RemoveFromBlocklist => blocklist::remove,
        CheckBlocked => blocklist::check,
        GetBlocklist => blocklist::list,;

    Profiles:
        GetProfiles => profiles::get,
        UpdateMyProfile => profiles::update,
        GetProfileVisibility => profiles::visibility,
        SetProfileVisibility => profiles::set_visibility,
        GetAccount => profiles::account,;

    Friends:
        AddFriend => friends::add,
        AnswerFriendApplication => friends::answer,
        RemoveFriends => friends::remove,
        GetFriends => friends::list,
        GetFriendsInfo => friends::info,
        CheckFriends => friends::check,
        SetFriendInfo => friends::set_info,
        GetFriendPermission => friends::permission,
        SetFriendPermission => friends::set_permission,
        GetFriendApplications => friends::applications,;

    Groups:
        CreateGroup => groups::create,
        GetGroups => groups::get,
        UpdateGroup => groups::update,
        DismissGroup => groups::dismiss,
        LeaveGroup => groups::leave,
        KickGroupMembers => groups::kick,
        TransferGroup => groups::transfer,
        SetGroupAdmins => groups::set_admins,
        GetJoinedGroups => groups::joined,
        GetGroupMembers => groups::members,
        SetGroupMember => groups::set_member,
        SetGroupAlias => groups::set_alias,
        SetGroupFavorites => groups::set_favorites,
        GetGroupFavorites => groups::favorites,
        JoinGroup => group_doors::join,
        InviteToGroup => group_doors::invite,
        AnswerGroupInvitation => group_doors::answer_invitation,
        AnswerGroupApplication => group_doors::answer_application,
        GetGroupApplications => group_doors::applications,
        MuteGroupMembers => group_doors::mute,
        GetGroupMutes => group_doors::mutes,
        FreezeGroup => group_doors::freeze,
        SetGroupSenders => group_doors::set_senders,
        GetGroupSenders => group_doors::senders,
        SendReadReceipts => receipts::send,
        GetReadReceipts => receipts::get,
        GetReceiptUsers => receipts::readers,
        GetUnreadMentions => receipts::mentions,;

    Presence:
        Subscribe => presence::subscribe,
        Unsubscribe => presence::unsubscribe,
        GetPresence => presence::get,
        GetSubscriptions => presence::subscriptions,;

    Push:
        GetPushInfo => push::info,
        RegisterPush => push::register,
        UnregisterPush => push::unregister,
        SetPushSettings => push::set,
        GetPushSettings => push::get,;
}

/// What the client is told. The server's own failures are logged here.
fn told(no: No, family: Family, context: &Context) -> Failure {
    let error = match no {
        No::Told(failure) => return failure,
        No::Error(error) => error,
    };
    let Error::Refused(refusal) = &error else {
        let id = context.session.id;
        tracing::error!(session.id = %id, "an operation of session {id} failed: {error}");
        return error.to_failure();
    };
    let mut failure = refusal.to_failure();
    if let Some(code) = code_of_clients(refusal, family) {
        failure.code = code.number();
        code.name().clone_into(&mut failure.name);
    }
    failure
}

/// The code by which clients know a refusal, where it is not the Server API's.
fn code_of_clients(refusal: &Refusal, family: Family) -> Option<Code> {
    use ProfileFault::TooManyKeys;
    match refusal {
        Refusal::AlreadyFriends(_) => Some(Code::FriendAlready),
        Refusal::RequestPending(_) => Some(Code::FriendConsentNeeded),
        Refusal::NotFriends(_) => Some(Code::NotMyFriend),
        Refusal::AppNotFound => Some(Code::AppUnavailable),
        Refusal::NotRegistered(_) | Refusal::SoftDeleted(_)
            if matches!(family, Family::Profiles | Family::Friends | Family::Groups) =>
        {
            Some(Code::NoSuchUser)
        }
        Refusal::Profile(ProfileError { fault: TooManyKeys, .. }) if family == Family::Friends => {
            Some(Code::TooManyFriendKeys)
        }
        _ => None,
    }
}

fn bad_parameter(member: &str, fault: impl std::fmt::Display) -> Refusal {
    Refusal::BadParameter(format!("`{member}` {fault}"))
}

/// A user's id.
fn user(member: &str, id: &str) -> Result<UserId, Refusal> {
    UserId::try_from(id).map_err(|error| bad_parameter(member, error))
}

/// At most `most` users' ids.
pub(crate) fn users(member: &str, ids: &[String], most: usize) -> Result<Vec<UserId>, Refusal> {
    if ids.len() > most {
        return Err(Refusal::TooManyIds { limit: most });
    }
    ids.iter().map(|id| user(member, id)).collect()
}

/// The other side of a direct channel.
pub(crate) fn peer(channel: Option<&Channel>) -> Result<UserId, Refusal> {
    let channel = channel.ok_or_else(|| bad_parameter("channel", "is missing"))?;
    if channel.r#type != i32::from(ChannelType::Direct) {
        return Err(bad_parameter("channel.type", "must be that of a direct channel, 1"));
    }
    user("channel.id", &channel.id)
}

/// A direct channel or a group.
pub(crate) fn channel_id(channel: Option<&Channel>) -> Result<ChannelId, Refusal> {
    match channel {
        Some(Channel { r#type, id }) if *r#type == i32::from(ChannelType::Group) => {
            let group = GroupId::try_from(id.as_str());
            Ok(ChannelId::Group(group.map_err(|error| bad_parameter("channel.id", error))?))
        }
        Some(channel) if channel.r#type != i32::from(ChannelType::Direct) => {
            let types = "must be that of a direct channel, 1, or of a group, 3";
            Err(bad_parameter("channel.type", types))
        }
        channel => peer(channel).map(ChannelId::Direct),
    }
}

/// A page token, as the core takes it.
fn page_token(token: &str) -> Option<&str> {
    (!token.is_empty()).then_some(token)
}

/// A page's size: what the client asked for, within 1 to `most`; `most` when it named none.
fn page_size(asked: u32, most: u32) -> i64 {
    i64::from(if asked == 0 { most } else { asked.min(most) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_of_the_protocol_is_in_the_table() {
        let proto = include_str!("../../../protocol/proto/nuncio/v1/frame.proto");
        let frame = proto.split_once("message ClientFrame").unwrap().1;
        let body = frame.split_once("oneof body {").unwrap().1.split_once('}').unwrap().0;
        let mut declared: Vec<_> = body
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with("//"))
            .map(|line| line.split_once(' ').unwrap().0)
            .collect();
        let mut handled = OPERATIONS.to_vec();
        declared.sort_unstable();
        handled.sort_unstable();
        assert_eq!(declared, handled);
    }

    #[test]
    fn clients_are_refused_by_the_codes_that_clients_know() {
        let user = || UserId::try_from("ada").unwrap();
        let code = |refusal: Refusal, family| {
            code_of_clients(&refusal, family).unwrap_or_else(|| refusal.code()).number()
        };
        let many = |family| {
            let fault = ProfileFault::TooManyKeys;
            code(Refusal::Profile(ProfileError { key: String::new(), fault }), family)
        };
        assert_eq!(code(Refusal::AlreadyFriends(user()), Family::Friends), 25460);
        assert_eq!(code(Refusal::RequestPending(user()), Family::Friends), 25461);
        assert_eq!(code(Refusal::NotFriends(user()), Family::Friends), 25469);
        assert_eq!(code(Refusal::NotRegistered(user()), Family::Friends), 24366);
        assert_eq!(code(Refusal::SoftDeleted(user()), Family::Profiles), 24366);
        assert_eq!(code(Refusal::NotRegistered(user()), Family::Messages), 40401);
        assert_eq!(code(Refusal::SoftDeleted(user()), Family::Messages), 41001);
        assert_eq!(code(Refusal::OnlyFriends, Family::Messages), 40321);
        assert_eq!((many(Family::Friends), many(Family::Profiles)), (25470, 24363));
    }
}
