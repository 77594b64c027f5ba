//! Why the product says no: one list for the Server API, for client connections and for the store,
//! whose transactions take the decision.

use crate::codes::Code;
use crate::frames::{Failure, PushProvider};
use crate::ids::{GroupId, UserId};
use crate::time::Timestamp;
use crate::values::{MessageType, ProfileError, ProfileFault};

/// A rule of the product that stands against a request. The display is a sentence for the caller.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "the sentences say it")]
pub enum Refusal {
    /// A parameter that only the store or the rules could judge.
    #[error("{0}")]
    BadParameter(String),
    /// The page token belongs to another query or is none at all.
    #[error("`pageToken` is not one that this query gave: leave it out to begin again")]
    BadPageToken,

    #[error("there is no app with this App Key")]
    AppNotFound,
    #[error(
        "the app may have {limit} registered users in its environment and edition: delete test users, or upgrade the edition"
    )]
    UserQuota { limit: i64 },
    #[error("user `{0}` is not registered: issue an access token for it first")]
    NotRegistered(UserId),
    #[error("user `{0}` was soft-deleted: restore it first")]
    SoftDeleted(UserId),
    #[error("the data of user `{0}` is still being deleted: try again in a moment")]
    DeletionRunning(UserId),

    #[error("this app has no webhook `{0}`")]
    WebhookNotFound(String),
    #[error("this webhook has no delivery `{0}`, or no longer: finished ones are kept for a time")]
    DeliveryNotFound(String),
    #[error("the app has {limit} webhooks, and may not have more: remove one first")]
    WebhooksFull { limit: usize },
    #[error("webhook `{0}` is asked before messages are sent, and an app can have only one such")]
    AskedAlready(String),

    #[error("the app sends nothing through {}: its credentials are set in the console", name_of(*.0))]
    PushOff(PushProvider),

    #[error("users are deleted in the development environment only: soft-delete them instead")]
    NotInProduction,

    #[error("sign in first")]
    NotSignedIn,
    #[error("name, password or code is wrong")]
    WrongCredentials,
    #[error("give the code of your second factor too")]
    SecondFactorNeeded,
    #[error("confirm with your password first")]
    ConfirmationNeeded,
    #[error("your role does not allow this: it needs `{needed}`")]
    RoleTooLow { needed: &'static str },
    #[error("the link was used, replaced by a newer one, or is too old: ask for another")]
    LinkVoid,
    #[error("{0}")]
    NotNow(String),
    #[error("too many tries: wait {} s", wait_ms.div_ceil(1000))]
    TooManyTries { wait_ms: u64 },

    #[error("there is no app with this App Key, or it is locked")]
    AppUnavailable,
    #[error("the token is not one of this app's: get a new one from your app server")]
    TokenInvalid,
    #[error("the token has expired: get a new one from your app server")]
    TokenExpired,
    #[error("the user is banned until {until}{}", if reason.is_empty() { String::new() } else { format!(": {reason}") })]
    Banned { until: Timestamp, reason: String },
    #[error("the user was deleted")]
    UserDeleted,

    #[error("the sender is muted in direct channels")]
    Muted,
    #[error("the recipient has the sender in its blocklist")]
    InBlocklist,
    #[error("the recipient's whitelist is on and does not hold the sender")]
    NotInWhitelist,
    #[error("only friends may write to each other in this app: become friends first")]
    OnlyFriends,
    #[error("{}", if .0.is_empty() { "the app's server refused the message" } else { .0 })]
    RefusedByAppServer(String),
    #[error("the app's server could not be asked about the message: try again later")]
    AppServerSilent,
    #[error("there is no message `{0}` in this channel")]
    MessageNotFound(String),
    #[error("only its sender may recall or edit a message")]
    NotYourMessage,
    #[error("messages of type `{}` cannot be edited: send another one", .0.as_str())]
    NotEditable(MessageType),
    #[error(
        "a message can be edited for {minutes} minutes after it was sent in this app: send another one"
    )]
    EditTooLate { minutes: u32 },

    #[error("the list already has {limit} entries: remove some first")]
    ListFull { limit: usize },
    #[error("`{0}` is a friend already")]
    AlreadyFriends(UserId),
    #[error("a friend request to `{0}` waits for an answer")]
    RequestPending(UserId),
    #[error("`{0}` is not a friend")]
    NotFriends(UserId),
    #[error("there is no friend request from `{0}` to answer, or it has lapsed")]
    NoSuchRequest(UserId),
    #[error("nobody may be a friend of oneself")]
    FriendOfOneself,
    #[error("`{0}` lets nobody add them as a friend")]
    NobodyMayAdd(UserId),
    #[error("the target has the asking user in its blocklist")]
    InTargetBlocklist,
    #[error("the target's whitelist is on and does not hold the asking user")]
    NotInTargetWhitelist,
    #[error("the asking user has the target in its blocklist: remove it there first")]
    TargetInBlocklist,
    #[error("the asking user's whitelist is on and does not hold the target: add it there first")]
    TargetNotInWhitelist,
    #[error("`{0}` has as many friends as allowed")]
    FriendsFull(UserId),
    #[error("`{0}` has as many friends as allowed")]
    TargetFriendsFull(UserId),

    #[error("there is a group `{0}` already: take another id")]
    GroupIdTaken(GroupId),
    #[error("there is no group `{0}`: create it first")]
    NoSuchGroup(GroupId),
    #[error("group `{group}` may have {limit} members: remove some first")]
    GroupFull { group: GroupId, limit: usize },
    #[error("`{user}` is in {limit} groups already: let them leave some first")]
    GroupsFull { user: UserId, limit: usize },
    #[error("`{owner}` owns group `{group}` and cannot leave it: transfer or dismiss it first")]
    OwnerCannotLeave { group: GroupId, owner: UserId },
    #[error("`{user}` is not a member of group `{group}`")]
    NotAMember { group: GroupId, user: UserId },
    #[error("the user is not a member of group `{0}`")]
    NotInGroup(GroupId),
    #[error("the sender is muted in this group, or in all")]
    MutedInGroup,
    #[error("the group is frozen, and the sender not among those who may speak in it")]
    GroupFrozen,
    #[error("only the owner of group `{0}` may do this")]
    OnlyGroupOwner(GroupId),
    #[error("group `{0}` does not let the member do this: ask its owner or an admin")]
    NoGroupRight(GroupId),
    #[error("nobody may join group `{0}` by themselves: ask to be invited")]
    NobodyMayJoin(GroupId),
    #[error("group `{0}` does not let the member invite: ask its owner or an admin")]
    MayNotInvite(GroupId),
    #[error(
        "there is no application or invitation of `{user}` to group `{group}`, or it has lapsed"
    )]
    NoSuchApplication { group: GroupId, user: UserId },
    #[error("the application or invitation of `{user}` to group `{group}` was answered before")]
    ApplicationHandled { group: GroupId, user: UserId },
    #[error("a group may have {limit} admins: remove some first")]
    TooManyAdmins { limit: usize },
    #[error("a member may follow {limit} others of a group: remove some first")]
    TooManyFavorites { limit: usize },
    #[error("`{0}` owns the group and cannot be an admin of it")]
    OwnerAsAdmin(UserId),

    #[error("profile key `{}` {}", .0.key, fault_sentence(&.0.fault))]
    Profile(ProfileError),
    #[error("at most {limit} ids may be asked for at once")]
    TooManyIds { limit: usize },
    #[error("`{0}` has as many subscribers as allowed")]
    TooManySubscribers(UserId),
    #[error("at most {limit} subscriptions are allowed: end some first")]
    TooManySubscriptions { limit: usize },
    #[error("the idempotency key was used with another request: take a new one")]
    IdempotencyKeyReused,
    #[error("the first request with this idempotency key is still being worked on")]
    IdempotencyKeyInUse,
    #[error("too fast: wait {wait_ms} ms")]
    CallingTooFast { wait_ms: u64 },
    #[error("sending too fast: wait {wait_ms} ms")]
    SendingTooFast { wait_ms: u64 },
}

fn fault_sentence(fault: &ProfileFault) -> &'static str {
    match fault {
        ProfileFault::UnknownKey => "is not a key of the basic profile",
        ProfileFault::UndeclaredKey => {
            "is not an extension key of this app: keys are `ext_` and letters or digits, and are declared in the app's settings"
        }
        ProfileFault::TooManyKeys => "is one more than may be set",
        ProfileFault::TooLong => "has too long a value",
        ProfileFault::WrongType => "has a value of the wrong type",
        ProfileFault::OutOfRange => "has a number outside its range",
    }
}

fn name_of(provider: PushProvider) -> &'static str {
    match provider {
        PushProvider::Unspecified => "no provider",
        PushProvider::Fcm => "FCM",
        PushProvider::Apns => "APNs",
        PushProvider::Web => "Web Push",
        PushProvider::Webhook => "a webhook",
    }
}

impl Refusal {
    /// The refusal's public code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::BadParameter(_) => Code::BadParameter,
            Self::BadPageToken => Code::BadPageToken,
            Self::AppNotFound => Code::AppNotFound,
            Self::UserQuota { .. } => Code::UserQuota,
            Self::NotRegistered(_) => Code::NotRegistered,
            Self::SoftDeleted(_) => Code::SoftDeleted,
            Self::DeletionRunning(_) => Code::DeletionRunning,
            Self::NotInProduction => Code::NotAllowedForApp,
            Self::NotSignedIn => Code::NotSignedIn,
            Self::WrongCredentials => Code::WrongCredentials,
            Self::SecondFactorNeeded => Code::SecondFactorNeeded,
            Self::ConfirmationNeeded => Code::ConfirmationNeeded,
            Self::RoleTooLow { .. } => Code::RoleTooLow,
            Self::LinkVoid => Code::LinkVoid,
            Self::NotNow(_) | Self::AskedAlready(_) => Code::NotNow,
            Self::TooManyTries { .. } => Code::TooManyRequests,
            Self::AppUnavailable => Code::AppUnavailable,
            Self::TokenInvalid => Code::TokenInvalid,
            Self::TokenExpired => Code::TokenExpired,
            Self::Banned { .. } => Code::Banned,
            Self::UserDeleted => Code::UserDeleted,
            Self::Muted => Code::Muted,
            Self::InBlocklist => Code::InBlocklist,
            Self::NotInWhitelist => Code::NotInWhitelist,
            Self::OnlyFriends => Code::OnlyFriends,
            Self::RefusedByAppServer(_) | Self::AppServerSilent => Code::RefusedByAppServer,
            Self::PushOff(_) => Code::ServiceOff,
            Self::WebhookNotFound(_) | Self::DeliveryNotFound(_) => Code::WebhookNotFound,
            Self::MessageNotFound(_) => Code::MessageNotFound,
            Self::NotYourMessage => Code::NotYourMessage,
            Self::NotEditable(_) => Code::NotEditable,
            Self::EditTooLate { .. } => Code::EditTooLate,
            Self::ListFull { .. } | Self::WebhooksFull { .. } | Self::GroupsFull { .. } => {
                Code::ListFull
            }
            Self::AlreadyFriends(_) => Code::AlreadyFriends,
            Self::RequestPending(_) => Code::RequestPending,
            Self::NotFriends(_) => Code::NotFriends,
            Self::NoSuchRequest(_) => Code::NoSuchRequest,
            Self::FriendOfOneself => Code::FriendOfOneself,
            Self::NobodyMayAdd(_) => Code::NobodyMayAdd,
            Self::InTargetBlocklist => Code::InTargetBlocklist,
            Self::NotInTargetWhitelist => Code::NotInTargetWhitelist,
            Self::TargetInBlocklist => Code::TargetInBlocklist,
            Self::TargetNotInWhitelist => Code::TargetNotInWhitelist,
            Self::FriendsFull(_) => Code::FriendsFull,
            Self::TargetFriendsFull(_) => Code::TargetFriendsFull,
            Self::Profile(error) => match error.fault {
                ProfileFault::UnknownKey => Code::UnknownProfileKey,
                ProfileFault::UndeclaredKey => Code::UndeclaredProfileKey,
                ProfileFault::TooManyKeys => Code::TooManyProfileKeys,
                ProfileFault::TooLong => Code::ProfileValueTooLong,
                ProfileFault::WrongType => Code::ProfileValueWrongType,
                ProfileFault::OutOfRange => Code::ProfileValueOutOfRange,
            },
            Self::GroupIdTaken(_) => Code::GroupIdTaken,
            Self::NoSuchGroup(_) => Code::NoSuchGroup,
            Self::GroupFull { .. } => Code::GroupFull,
            Self::OwnerCannotLeave { .. } => Code::OwnerCannotLeave,
            Self::NotAMember { .. } => Code::NotAMember,
            Self::NotInGroup(_) => Code::NotInGroup,
            Self::OnlyGroupOwner(_) => Code::OnlyGroupOwner,
            Self::NoGroupRight(_) => Code::NoGroupRight,
            Self::NobodyMayJoin(_) => Code::NobodyMayJoin,
            Self::MayNotInvite(_) => Code::MayNotInvite,
            Self::NoSuchApplication { .. } => Code::NoSuchApplication,
            Self::ApplicationHandled { .. } => Code::ApplicationHandled,
            Self::MutedInGroup | Self::GroupFrozen => Code::MutedInGroup,
            Self::TooManyAdmins { .. } | Self::TooManyFavorites { .. } => Code::TooManyAdmins,
            Self::OwnerAsAdmin(_) => Code::OwnerAsAdmin,
            Self::TooManyIds { .. } => Code::TooManyIds,
            Self::TooManySubscribers(_) => Code::TooManySubscribers,
            Self::TooManySubscriptions { .. } => Code::TooManySubscriptions,
            Self::IdempotencyKeyReused => Code::IdempotencyKeyReused,
            Self::IdempotencyKeyInUse => Code::IdempotencyKeyInUse,
            Self::CallingTooFast { .. } => Code::CallingTooFast,
            Self::SendingTooFast { .. } => Code::SendingTooFast,
        }
    }

    /// The refusal as a client frame tells it.
    #[must_use]
    pub fn to_failure(&self) -> Failure {
        let mut failure = Failure::new(self.code(), self.to_string());
        match self {
            Self::Banned { until, reason } => {
                failure.until = until.0;
                failure.reason.clone_from(reason);
            }
            Self::Profile(error) => failure.keys.push(error.key.clone()),
            Self::CallingTooFast { wait_ms } | Self::SendingTooFast { wait_ms } => {
                failure.retry_after_ms = *wait_ms;
            }
            _ => {}
        }
        failure
    }
}

impl Failure {
    /// A failure with a code and a sentence.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code: code.number(),
            name: code.name().to_owned(),
            message: message.into(),
            ..Self::default()
        }
    }
}
