//! The events that an app's server can be told of, and how each is written down.
//!
//! An event is written in the transaction of the change that it tells of, by the functions here; what becomes
//! of it is in `outbox`.

use nuncio_protocol::frames::group_event::Kind;
use nuncio_protocol::ids::AppId;
use nuncio_protocol::{GroupId, MessageId, Timestamp, UserId};
use serde_json::{Map, Value, json};

use crate::engine::Tx;
use crate::error::StoreError;
use crate::messages::{By, Draft};
use crate::outbox;

macro_rules! events {
    ($($(#[doc = $doc:literal])+ $variant:ident = $bit:literal, $name:literal, $type:literal;)+) => {
        /// An event that can be asked for.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum Event {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Event {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Its bit in the database. Never changed, nor used again.
            #[must_use]
            pub const fn bit(self) -> i64 {
                match self { $(Self::$variant => 1 << $bit,)+ }
            }

            /// Its name in a webhook's filter.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The `type` in the body that is posted.
            #[must_use]
            pub const fn kind(self) -> &'static str {
                match self { $(Self::$variant => $type,)+ }
            }

            /// What it tells, in a line.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+),)+ }
            }
        }
    };
}

events! {
    /// A user's device connected, disconnected or logged out
    ConnectionStatus = 0, "user:connection_status", "user:connection_status";
    /// A user's soft deletion or restoration is done
    ActivationState = 1, "user:activation_state", "user:activation_state";
    /// A user's hosted profile was changed or cleared
    ProfileUpdate = 2, "user:profile_update", "user:profile_update";
    /// A friend was asked for, accepted, rejected, removed or made
    Friendship = 3, "user:friendship", "user:friendship";
    /// A user sent a message
    MessageSend = 4, "message:send", "message:send";
    /// A message was sent through the Server API
    ServerMessageSend = 5, "message:send:server", "message:send";
    /// A user is about to send a message: the answer decides
    BeforeMessage = 6, "direct_channel:pre_messaging", "direct_channel:pre_messaging";
    /// A group was made or ended, or its members, roles, texts or mutes changed
    GroupChange = 7, "group_channel:changed", "group_channel:changed";
    /// A user is about to send a message to a group: the answer decides
    BeforeGroupMessage = 8, "group_channel:pre_messaging", "group_channel:pre_messaging";
}

impl std::str::FromStr for Event {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.iter().copied().find(|event| event.name() == text).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|event| event.name()).collect();
            format!("`{text}` is no event: there are {}", names.join(", "))
        })
    }
}

/// A set of events.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Events(i64);

impl Events {
    pub(crate) fn from_bits(bits: i64) -> Self {
        Self(bits)
    }

    pub(crate) fn bits(self) -> i64 {
        self.0
    }

    /// Whether the event is among them.
    #[must_use]
    pub fn has(self, event: Event) -> bool {
        self.0 & event.bit() != 0
    }

    /// These and those.
    #[must_use]
    pub(crate) fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Their names.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        let those = Event::ALL.iter().filter(|event| self.has(**event));
        those.map(|event| event.name()).collect()
    }
}

impl FromIterator<Event> for Events {
    fn from_iter<I: IntoIterator<Item = Event>>(events: I) -> Self {
        Self(events.into_iter().fold(0, |bits, event| bits | event.bit()))
    }
}

/// The body that is posted. Members that are empty are left out.
#[must_use]
pub fn body(event: Event, id: MessageId, now: Timestamp, data: Value) -> String {
    let data = match data {
        Value::Object(members) => {
            let is_empty = |value: &Value| {
                value.is_null()
                    || value.as_str() == Some("")
                    || value.as_array().is_some_and(Vec::is_empty)
            };
            Value::Object(members.into_iter().filter(|(_, v)| !is_empty(v)).collect::<Map<_, _>>())
        }
        other => other,
    };
    json!({ "type": event.kind(), "id": id.to_string(), "time": now.0, "data": [data] }).to_string()
}

/// What became of a user's connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Status {
    /// It is there.
    Online,
    /// It is gone.
    Offline,
    /// It is gone because the user wanted so, or is no more.
    LoggedOut,
}

/// A device came or went. The digits are the other way round than in `connection-status/get`.
pub(crate) async fn connection_status(
    tx: &mut Tx<'_>,
    app: AppId,
    user: &UserId,
    session: &str,
    status: Status,
    address: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let os = tx.os.word();
    let (digit, os) = match status {
        Status::Online => ("0", os),
        Status::Offline => ("1", ""),
        Status::LoggedOut => ("2", ""),
    };
    let data = json!({
        "status": digit, "userId": user.as_str(), "os": os, "time": now.0, "clientIp": address,
        "sessionId": session,
    });
    outbox::post(tx, app, user, Event::ConnectionStatus, now, data).await
}

/// A soft deletion or restoration has run to its end.
pub(crate) async fn activation(
    tx: &mut Tx<'_>,
    app: AppId,
    user: &UserId,
    operation_id: &str,
    restored: bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    let data = json!({
        "userId": user.as_str(), "operateId": operation_id, "operationType": i64::from(restored),
        "code": "0", "time": now.0,
    });
    outbox::post(tx, app, user, Event::ActivationState, now, data).await
}

/// A hosted profile was changed to what it says now, basic and extension, or cleared.
pub(crate) async fn profile(
    tx: &mut Tx<'_>,
    app: AppId,
    user: &UserId,
    now_says: Option<(Value, Value)>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (kind, basic, ext) = match now_says {
        Some((basic, ext)) => (1, basic, ext),
        None => (0, Value::Null, Value::Null),
    };
    let data = json!({
        "operatorId": user.as_str(), "operationType": kind, "time": now.0, "userProfile": basic,
        "userMetaData": ext,
    });
    outbox::post(tx, app, user, Event::ProfileUpdate, now, data).await
}

/// What happened between two users.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Friendship {
    Asked = 1,
    Accepted = 2,
    Rejected = 3,
    Removed = 4,
    Made = 5,
}

/// `user` did something about being `other`'s friend.
pub(crate) async fn friendship(
    tx: &mut Tx<'_>,
    app: AppId,
    user: &UserId,
    other: &UserId,
    what: Friendship,
    extra: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let data = json!({
        "operationType": what as i64, "userId": user.as_str(), "toUserId": other.as_str(),
        "time": now.0, "os": tx.os.word(), "extra": extra,
    });
    outbox::post(tx, app, user, Event::Friendship, now, data).await
}

/// What happened to a group.
pub(crate) struct GroupChange<'a> {
    pub(crate) group: &'a GroupId,
    /// Who owns it: events of one owner's groups stay in order.
    pub(crate) owner: &'a UserId,
    pub(crate) kind: Kind,
    /// Who did it; empty for an app server.
    pub(crate) operator: &'a str,
    /// Whom it concerns.
    pub(crate) users: &'a [&'a str],
    /// What of the group's texts and permissions is different.
    pub(crate) changed: &'a [String],
}

/// A group has changed.
pub(crate) async fn group_changed(
    tx: &mut Tx<'_>,
    app: AppId,
    change: &GroupChange<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let data = json!({
        "channelId": change.group.as_str(), "operation": change.kind.as_str_name().to_lowercase(),
        "operatorId": change.operator, "userIds": change.users, "changed": change.changed,
        "time": now.0, "os": tx.os.word(),
    });
    outbox::post(tx, app, change.owner, Event::GroupChange, now, data).await
}

/// A message was sent; `wanted` is what the app's webhooks want, which the append has read anyway.
pub(crate) async fn message(
    tx: &mut Tx<'_>,
    wanted: Events,
    draft: &Draft,
    to: &UserId,
    id: MessageId,
    now: Timestamp,
) -> Result<(), StoreError> {
    sent(tx, wanted, draft, (DIRECT, to.as_str(), &[]), id, now).await
}

/// The same for a message to a group, or to some of its members.
pub(crate) async fn group_message(
    tx: &mut Tx<'_>,
    wanted: Events,
    draft: &Draft,
    group: &GroupId,
    to: &[UserId],
    id: MessageId,
    now: Timestamp,
) -> Result<(), StoreError> {
    sent(tx, wanted, draft, (GROUP, group.as_str(), to), id, now).await
}

async fn sent(
    tx: &mut Tx<'_>,
    wanted: Events,
    draft: &Draft,
    (channel_type, channel, to): (i64, &str, &[UserId]),
    id: MessageId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let event = match draft.by {
        By::Client { .. } => Event::MessageSend,
        By::Server { .. } => Event::ServerMessageSend,
    };
    if !wanted.has(event) {
        return Ok(());
    }
    let data = json!({
        "userId": draft.sender.as_str(), "channelId": channel, "channelType": channel_type,
        "messageType": draft.r#type.as_str(), "content": draft.content.as_str(),
        "time": id.sent_at().0, "messageId": id.to_string(), "os": tx.os.word(),
        "toUserIds": to.iter().map(UserId::as_str).collect::<Vec<_>>(),
    });
    outbox::post(tx, draft.app, &draft.sender, event, now, data).await
}

/// The numbers of direct channels and of groups.
const DIRECT: i64 = 1;
const GROUP: i64 = 3;
