//! The table of codes: every way in which the service says no, with its number, HTTP status and name.
//!
//! Numbers are API: add to the table, and never change or reuse one. Four- and five-digit numbers of
//! other makers' clients keep their meaning; our own are five digits, HTTP status times 100 plus n.

use std::fmt;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $number:literal, $status:literal, $name:literal;)+) => {
        /// A public code.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum Code {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Code {
            /// All codes, in the table's order.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The number on the wire.
            #[must_use]
            pub const fn number(self) -> u32 {
                match self { $(Self::$variant => $number,)+ }
            }

            /// The HTTP status of a Server API answer with this code.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)+ }
            }

            /// The name, as in docs/codes.md and in client frames.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What the code means.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+),)+ }
            }

            /// The code with this number.
            #[must_use]
            pub const fn from_number(number: u32) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

codes! {
    // The Server API, with the numbers that its callers know.
    /// The server failed; its log tells more under the request's id.
    Internal = 1000, 500, "INTERNAL";
    /// App Key and App Secret do not belong together, or there is no such App Key.
    UnknownAppKey = 1001, 401, "UNKNOWN_APP_KEY";
    /// A parameter is missing, of the wrong type or outside its allowed values.
    BadParameter = 1002, 400, "BAD_PARAMETER";
    /// The request has no body.
    EmptyBody = 1003, 400, "EMPTY_BODY";
    /// The signature does not match, is too old, or was used before.
    BadSignature = 1004, 401, "BAD_SIGNATURE";
    /// A value is longer than allowed.
    TooLong = 1005, 400, "TOO_LONG";
    /// The app is locked or deleted.
    AppLocked = 1006, 401, "APP_LOCKED";
    /// This call is not allowed for the app.
    NotAllowedForApp = 1007, 401, "NOT_ALLOWED_FOR_APP";
    /// Called more often than the limit allows; `Retry-After` says when to come back.
    TooManyRequests = 1008, 429, "TOO_MANY_REQUESTS";
    /// The service is not switched on for the app.
    ServiceOff = 1009, 430, "SERVICE_OFF";
    /// The server did not finish in time; whether the call took effect is not known.
    Timeout = 1050, 504, "TIMEOUT";
    /// More entries than one call may have.
    TooManyItems = 1502, 400, "TOO_MANY_ITEMS";
    /// The request's body is larger than allowed.
    BodyTooLarge = 1508, 413, "BODY_TOO_LARGE";
    /// The app may not have more registered users in this environment and edition.
    UserQuota = 2007, 403, "USER_QUOTA";

    // Our own.
    /// There is no session, or it is over: sign in.
    NotSignedIn = 40101, 401, "NOT_SIGNED_IN";
    /// The operator's name, password or code is wrong.
    WrongCredentials = 40102, 401, "WRONG_CREDENTIALS";
    /// The password is right, and the operator's second factor is asked for too.
    SecondFactorNeeded = 40103, 401, "SECOND_FACTOR_NEEDED";
    /// The password must be given again before this is done.
    ConfirmationNeeded = 40301, 403, "CONFIRMATION_NEEDED";
    /// The operator's role is not enough for this.
    RoleTooLow = 40302, 403, "ROLE_TOO_LOW";
    /// The request did not come from the console's own pages.
    ForeignOrigin = 40303, 403, "FOREIGN_ORIGIN";
    /// Only friends may write to each other in this app, and these two are not friends.
    OnlyFriends = 40321, 403, "ONLY_FRIENDS";
    /// The sender is muted in direct channels.
    Muted = 40322, 403, "MUTED";
    /// The user is not registered.
    NotRegistered = 40401, 404, "NOT_REGISTERED";
    /// The two users are not friends.
    NotFriends = 40402, 404, "NOT_FRIENDS";
    /// There is no such app.
    AppNotFound = 40403, 404, "APP_NOT_FOUND";
    /// There is no such path.
    PathNotFound = 40404, 404, "PATH_NOT_FOUND";
    /// The app has no such webhook, or the webhook no such delivery.
    WebhookNotFound = 40405, 404, "WEBHOOK_NOT_FOUND";
    /// Only POST is answered here.
    MethodNotAllowed = 40501, 405, "METHOD_NOT_ALLOWED";
    /// The two users are friends already.
    AlreadyFriends = 40901, 409, "ALREADY_FRIENDS";
    /// A friend request between the two waits for an answer.
    RequestPending = 40902, 409, "REQUEST_PENDING";
    /// The idempotency key was used with another request.
    IdempotencyKeyReused = 40903, 409, "IDEMPOTENCY_KEY_REUSED";
    /// The first request with this idempotency key is still being worked on.
    IdempotencyKeyInUse = 40904, 409, "IDEMPOTENCY_KEY_IN_USE";
    /// The user's data is still being deleted; restore again when that is done.
    DeletionRunning = 40905, 409, "DELETION_RUNNING";
    /// The state of things does not allow it now.
    NotNow = 40906, 409, "NOT_NOW";
    /// The one-time link was used, replaced by another, or is too old.
    LinkVoid = 41002, 410, "LINK_VOID";
    /// The user was soft-deleted.
    SoftDeleted = 41001, 410, "SOFT_DELETED";
    /// The `Content-Type` is not the one that the operation reads.
    WrongContentType = 41501, 415, "WRONG_CONTENT_TYPE";
    /// The frame is not one that the protocol knows, or not at this point.
    BadFrame = 40001, 400, "BAD_FRAME";
    /// The user's blocklist, whitelist, friends or subscriptions are full.
    ListFull = 40323, 403, "LIST_FULL";
    /// The store cannot be reached; nothing was done. Try again.
    Unavailable = 50301, 503, "UNAVAILABLE";
    /// The link to the store broke during the commit; the call may have taken effect. Try again with the
    /// same idempotency key or client message id.
    OutcomeUnknown = 50302, 503, "OUTCOME_UNKNOWN";

    // Connecting and staying connected.
    /// The token is not one, or not this App Key's.
    TokenInvalid = 31004, 401, "TOKEN_INVALID";
    /// The app is locked or deleted, seen from a client.
    AppUnavailable = 31008, 401, "APP_UNAVAILABLE";
    /// The user is banned: the login, or the message, is refused.
    Banned = 31009, 403, "BANNED";
    /// A newer connection of the same user took the place.
    KickedByNewerDevice = 31010, 409, "KICKED_BY_NEWER_DEVICE";
    /// The user was banned while connected.
    BannedWhileConnected = 31011, 403, "BANNED_WHILE_CONNECTED";
    /// The token has expired, by its age or by the server's word; get a new one.
    TokenExpired = 31020, 401, "TOKEN_EXPIRED";
    /// The server has as many connections as it may; wait, then reconnect.
    TooManyConnections = 31024, 503, "TOO_MANY_CONNECTIONS";
    /// The user was soft-deleted, seen from a client.
    UserDeleted = 31029, 410, "USER_DELETED";
    /// The server asks to come back: it shuts down, or the client read too slowly.
    ComeBack = 32054, 503, "COME_BACK";

    // Sending.
    /// The sender is in the recipient's blocklist.
    InBlocklist = 405, 403, "IN_BLOCKLIST";
    /// The recipient's whitelist is on and does not hold the sender.
    NotInWhitelist = 407, 403, "NOT_IN_WHITELIST";
    /// The app's own server refused the message, or was not reached and refuses what it does not see.
    RefusedByAppServer = 20113, 403, "REFUSED_BY_APP_SERVER";
    /// Messages are sent too fast.
    SendingTooFast = 20604, 429, "SENDING_TOO_FAST";
    /// Operations are called too fast.
    CallingTooFast = 20607, 429, "CALLING_TOO_FAST";
    /// The time in which the message could be edited is over.
    EditTooLate = 20114, 403, "EDIT_TOO_LATE";
    /// The content is larger than 128 KiB.
    ContentTooLarge = 20115, 400, "CONTENT_TOO_LARGE";
    /// Messages of this type cannot be edited.
    NotEditable = 20116, 403, "NOT_EDITABLE";
    /// The message meant does not exist.
    MessageNotFound = 22201, 404, "MESSAGE_NOT_FOUND";
    /// The sender is not a member of the group.
    NotInGroup = 22406, 403, "NOT_IN_GROUP";
    /// The sender is muted in the group, or the group is frozen and the sender is not among those who may speak.
    MutedInGroup = 22408, 403, "MUTED_IN_GROUP";
    /// The arguments of a recall do not fit together.
    BadRecall = 25101, 400, "BAD_RECALL";
    /// Another person's message cannot be recalled or edited.
    NotYourMessage = 25107, 403, "NOT_YOUR_MESSAGE";

    // Profiles and friends, as a client is told.
    /// The key of the profile is not the user's own to set.
    ReadOnlyProfileKey = 24360, 403, "READ_ONLY_PROFILE_KEY";
    /// The basic profile has no such key.
    UnknownProfileKey = 24361, 400, "UNKNOWN_PROFILE_KEY";
    /// The extension key is not declared for the app.
    UndeclaredProfileKey = 24362, 400, "UNDECLARED_PROFILE_KEY";
    /// More extension keys than allowed.
    TooManyProfileKeys = 24363, 400, "TOO_MANY_PROFILE_KEYS";
    /// A profile's value is too long.
    ProfileValueTooLong = 24364, 400, "PROFILE_VALUE_TOO_LONG";
    /// More ids than may be asked for at once.
    TooManyIds = 24365, 400, "TOO_MANY_IDS";
    /// The user meant is not registered, or was deleted.
    NoSuchUser = 24366, 404, "NO_SUCH_USER";
    /// A profile's value is of the wrong type.
    ProfileValueWrongType = 24367, 400, "PROFILE_VALUE_WRONG_TYPE";
    /// A profile's number is outside its range.
    ProfileValueOutOfRange = 24368, 400, "PROFILE_VALUE_OUT_OF_RANGE";
    /// The target is my friend already.
    FriendAlready = 25460, 409, "FRIEND_ALREADY";
    /// A friend request of mine waits for the target's consent.
    FriendConsentNeeded = 25461, 409, "FRIEND_CONSENT_NEEDED";
    /// I am in the target's blocklist.
    InTargetBlocklist = 25462, 403, "IN_TARGET_BLOCKLIST";
    /// I am not in the target's whitelist.
    NotInTargetWhitelist = 25463, 403, "NOT_IN_TARGET_WHITELIST";
    /// The target is in my blocklist.
    TargetInBlocklist = 25464, 403, "TARGET_IN_BLOCKLIST";
    /// The target is not in my whitelist.
    TargetNotInWhitelist = 25465, 403, "TARGET_NOT_IN_WHITELIST";
    /// The friend request does not exist or has lapsed.
    NoSuchRequest = 25466, 404, "NO_SUCH_REQUEST";
    /// My friend list is full.
    FriendsFull = 25467, 403, "FRIENDS_FULL";
    /// The target's friend list is full.
    TargetFriendsFull = 25468, 403, "TARGET_FRIENDS_FULL";
    /// The user meant is not my friend.
    NotMyFriend = 25469, 404, "NOT_MY_FRIEND";
    /// More extension pairs than a friend may have.
    TooManyFriendKeys = 25470, 400, "TOO_MANY_FRIEND_KEYS";
    /// The target lets nobody add them.
    NobodyMayAdd = 25471, 403, "NOBODY_MAY_ADD";
    /// Oneself as a friend.
    FriendOfOneself = 25473, 400, "FRIEND_OF_ONESELF";
    // Groups.
    /// Only the group's owner may do this.
    OnlyGroupOwner = 25404, 403, "ONLY_GROUP_OWNER";
    /// The group's permissions, or the member's role, do not allow this.
    NoGroupRight = 25405, 403, "NO_GROUP_RIGHT";
    /// There is a group with this id already.
    GroupIdTaken = 25409, 409, "GROUP_ID_TAKEN";
    /// There is no such group.
    NoSuchGroup = 25410, 404, "NO_SUCH_GROUP";
    /// The group has as many members as it may have.
    GroupFull = 25411, 403, "GROUP_FULL";
    /// The group lets nobody join by themselves.
    NobodyMayJoin = 25414, 403, "NOBODY_MAY_JOIN";
    /// The group's owner can neither leave it nor be removed.
    OwnerCannotLeave = 25417, 409, "OWNER_CANNOT_LEAVE";
    /// The user meant is not a member of the group.
    NotAMember = 25418, 404, "NOT_A_MEMBER";
    /// The group has as many admins as it may have, or the member follows as many others.
    TooManyAdmins = 25419, 403, "TOO_MANY_ADMINS";
    /// There is no such application or invitation, or it has lapsed.
    NoSuchApplication = 25421, 404, "NO_SUCH_APPLICATION";
    /// The group's owner cannot be made an admin.
    OwnerAsAdmin = 25425, 409, "OWNER_AS_ADMIN";
    /// The group does not let this member invite.
    MayNotInvite = 25426, 403, "MAY_NOT_INVITE";
    /// The application or invitation was answered before.
    ApplicationHandled = 25428, 409, "APPLICATION_HANDLED";

    /// The page token is not one of this query's.
    BadPageToken = 25432, 400, "BAD_PAGE_TOKEN";
    /// The target has as many subscribers as allowed.
    TooManySubscribers = 26021, 403, "TOO_MANY_SUBSCRIBERS";
    /// I have as many subscriptions as allowed.
    TooManySubscriptions = 26022, 403, "TOO_MANY_SUBSCRIPTIONS";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number(), self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_number_and_no_name_is_used_twice() {
        let numbers: HashSet<_> = Code::ALL.iter().map(|c| c.number()).collect();
        let names: HashSet<_> = Code::ALL.iter().map(|c| c.name()).collect();
        assert_eq!((numbers.len(), names.len()), (Code::ALL.len(), Code::ALL.len()));
        assert!(Code::ALL.iter().all(|c| Code::from_number(c.number()) == Some(*c)));
    }

    #[test]
    fn our_own_numbers_begin_with_their_status() {
        for code in Code::ALL.iter().filter(|c| (40_000..60_000).contains(&c.number())) {
            assert_eq!(code.number() / 100, u32::from(code.status()), "{code}");
        }
    }
}
