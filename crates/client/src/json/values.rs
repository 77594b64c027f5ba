//! Frames as JSON: their members in camel case, channel types and the like by name.

use nuncio_protocol::frames::{
    Account, ChannelSettings, ChannelState, ChannelType, ChannelTypeLevel, Friend,
    FriendApplication, Message, PresenceState, Profile, ProfileVisibility, Subscription,
    SubscriptionType, friend_application,
};
use nuncio_protocol::values::FriendPermission;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::groups;
use crate::events::Event;
use crate::outbox::Sent;
use crate::user_info::UserInfo;

/// A message as the `message` line has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MessageLine {
    message_id: String,
    from: String,
    to: String,
    channel_type: String,
    r#type: String,
    content: Box<RawValue>,
    sent_at: i64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    recalled: bool,
}

impl MessageLine {
    pub(super) fn new(message: &Message, me: &str) -> Self {
        let channel = message.channel.as_ref();
        let id = channel.map_or("", |channel| &channel.id);
        let kind = channel.map_or(0, |channel| channel.r#type);
        let is_direct = kind == i32::from(ChannelType::Direct);
        // In a direct channel the id is the other user's, whoever reads.
        let to = if is_direct && message.sender_id != me { me } else { id };
        Self {
            message_id: message.id.clone(),
            from: message.sender_id.clone(),
            to: to.to_owned(),
            channel_type: channel_type(kind),
            r#type: message.r#type.clone(),
            content: content(&message.content),
            sent_at: message.sent_at,
            recalled: message.recalled,
        }
    }
}

/// A message as results have it: the `message` line's members and the rest.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WholeMessage {
    #[serde(flatten)]
    line: MessageLine,
    channel_id: String,
    client_message_id: String,
    counted: bool,
    needs_receipt: bool,
    edited_at: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    to_user_ids: Vec<String>,
}

impl WholeMessage {
    pub(super) fn new(message: &Message, me: &str) -> Self {
        Self {
            line: MessageLine::new(message, me),
            channel_id: message.channel.as_ref().map(|c| c.id.clone()).unwrap_or_default(),
            client_message_id: message.client_message_id.clone(),
            counted: message.counted,
            needs_receipt: message.needs_receipt,
            edited_at: message.edited_at,
            to_user_ids: message.to_user_ids.clone(),
        }
    }
}

/// A row of the channel list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChannelLine {
    channel_type: String,
    channel_id: String,
    latest_message: Option<WholeMessage>,
    unread_count: u32,
    read_message_id: String,
    peer_read_message_id: String,
    updated_at: i64,
    mentioned_count: u32,
    mentioned_me_count: u32,
}

impl ChannelLine {
    pub(super) fn new(state: &ChannelState, me: &str) -> Self {
        let channel = state.channel.clone().unwrap_or_default();
        Self {
            channel_type: channel_type(channel.r#type),
            channel_id: channel.id,
            latest_message: state.latest_message.as_ref().map(|m| WholeMessage::new(m, me)),
            unread_count: state.unread_count,
            read_message_id: state.read_message_id.clone(),
            peer_read_message_id: state.peer_read_message_id.clone(),
            updated_at: state.updated_at,
            mentioned_count: state.mentioned_count,
            mentioned_me_count: state.mentioned_me_count,
        }
    }
}

/// Content as it is when it is JSON, else as a string. One line either way: in JSON text line breaks stand
/// between tokens only.
fn content(text: &str) -> Box<RawValue> {
    let one_line = text.replace(['\n', '\r'], " ");
    RawValue::from_string(one_line)
        .or_else(|_| serde_json::value::to_raw_value(text))
        .unwrap_or_else(|_| RawValue::NULL.to_owned())
}

fn channel_type(number: i32) -> String {
    let kind = ChannelType::try_from(number).unwrap_or_default();
    kind.as_str_name().trim_start_matches("CHANNEL_TYPE_").to_lowercase()
}

pub(super) fn channel(channel: Option<&nuncio_protocol::frames::Channel>) -> (String, String) {
    channel.map(|c| (channel_type(c.r#type), c.id.clone())).unwrap_or_default()
}

/// JSON text as JSON, when it is.
fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| json!({}))
}

pub(super) fn account(account: &Account) -> Value {
    json!({
        "userId": account.user_id,
        "mutedInDirectChannels": account.muted_in_direct_channels,
        "whitelistEnabled": account.whitelist_enabled,
        "friendPermission": account.friend_permission,
        "name": account.name,
        "avatarUrl": account.avatar_url,
        "createdAt": account.created_at,
        "onlyFriendsCanMessage": account.only_friends_can_message,
        "messageEditMinutes": account.message_edit_minutes,
    })
}

pub(super) fn profile(profile: &Profile) -> Value {
    json!({
        "userId": profile.user_id,
        "version": profile.version,
        "basic": parsed(&profile.basic),
        "ext": profile.ext,
    })
}

pub(super) fn friend(friend: &Friend) -> Value {
    json!({
        "userId": friend.user_id,
        "name": friend.name,
        "avatarUrl": friend.avatar_url,
        "alias": friend.alias,
        "extProfile": friend.ext_profile,
        "addedAt": friend.added_at,
    })
}

pub(super) fn application(application: &FriendApplication) -> Value {
    json!({
        "userId": application.user_id,
        "direction": application.direction().as_str_name().to_lowercase(),
        "status": application.status().as_str_name().to_lowercase(),
        "extra": application.extra,
        "at": application.at,
        "name": application.name,
        "avatarUrl": application.avatar_url,
    })
}

pub(super) fn direction(name: &str) -> Option<friend_application::Direction> {
    friend_application::Direction::from_str_name(&name.to_uppercase())
}

pub(super) fn status(name: &str) -> Option<friend_application::Status> {
    friend_application::Status::from_str_name(&name.to_uppercase())
}

pub(super) fn presence(state: &PresenceState) -> Value {
    json!({
        "userId": state.user_id,
        "online": state.online,
        "changedAt": state.changed_at,
        "platforms": state.platforms,
    })
}

pub(super) fn subscription(subscription: &Subscription) -> Value {
    json!({
        "userId": subscription.user_id,
        "type": subscription_type_name(subscription.r#type()),
        "subscribedAt": subscription.subscribed_at,
        "expiresAt": subscription.expires_at,
    })
}

fn subscription_type_name(kind: SubscriptionType) -> &'static str {
    match kind {
        SubscriptionType::Unspecified => "unspecified",
        SubscriptionType::OnlineStatus => "onlineStatus",
        SubscriptionType::Profile => "profile",
    }
}

pub(super) fn subscription_type(name: &str) -> Option<SubscriptionType> {
    [SubscriptionType::OnlineStatus, SubscriptionType::Profile]
        .into_iter()
        .find(|kind| subscription_type_name(*kind) == name)
}

const VISIBILITIES: [(ProfileVisibility, &str); 4] = [
    (ProfileVisibility::NotSet, "notSet"),
    (ProfileVisibility::Invisible, "invisible"),
    (ProfileVisibility::Everyone, "everyone"),
    (ProfileVisibility::Friends, "friends"),
];

pub(super) fn visibility_name(visibility: ProfileVisibility) -> &'static str {
    VISIBILITIES.iter().find(|(v, _)| *v == visibility).map_or("notSet", |(_, name)| name)
}

pub(super) fn visibility(name: &str) -> Option<ProfileVisibility> {
    VISIBILITIES.iter().find(|(_, n)| *n == name).map(|(v, _)| *v)
}

pub(super) fn permission(permission: Option<FriendPermission>) -> Value {
    json!({ "permission": permission.map_or(0, FriendPermission::number) })
}

pub(super) fn user_info(info: &UserInfo) -> Value {
    json!({
        "userId": info.user_id,
        "name": info.name,
        "avatarUrl": info.avatar_url,
        "extra": info.extra,
    })
}

fn sent(sent: &Sent) -> (&str, &str, i64) {
    (&sent.client_message_id, &sent.message_id, sent.sent_at)
}

/// The event of an edit; its content stays as it was written.
#[derive(Serialize)]
pub(super) struct EditedLine {
    r#type: &'static str,
    message: WholeMessage,
}

impl EditedLine {
    pub(super) fn new(message: &Message, me: &str) -> Self {
        Self { r#type: "messageEdited", message: WholeMessage::new(message, me) }
    }
}

pub(super) fn channel_type_level(set: ChannelTypeLevel) -> Value {
    json!({ "channelType": channel_type(set.r#type), "level": set.level })
}

pub(super) fn channel_settings(set: &ChannelSettings) -> Value {
    let (kind, id) = channel(set.channel.as_ref());
    json!({ "channelType": kind, "channelId": id, "pinned": set.pinned, "level": set.level,
        "removedMessageId": set.removed_message_id })
}

/// An event that has no line of its own.
pub(super) fn event(event: &Event) -> Option<Value> {
    let (kind, mut members) = match event {
        Event::Connected { .. }
        | Event::Disconnected { .. }
        | Event::Message(_)
        | Event::MessageEdited(_) => return None,
        Event::MessageRecalled(e) => {
            let (kind, id) = channel(e.channel.as_ref());
            (
                "messageRecalled",
                json!({ "channelType": kind, "channelId": id,
                "messageId": e.message_id, "operatorId": e.operator_id, "extra": e.extra }),
            )
        }
        Event::ChannelRead(e) => {
            let (kind, id) = channel(e.channel.as_ref());
            (
                "channelRead",
                json!({ "channelType": kind, "channelId": id,
                "messageId": e.message_id, "unreadCount": e.unread_count }),
            )
        }
        Event::ChannelSettingsChanged(e) => ("channelSettingsChanged", channel_settings(e)),
        Event::ChannelTypeLevelChanged(e) => ("channelTypeLevelChanged", channel_type_level(*e)),
        Event::Group(e) => ("group", groups::event(e)),
        Event::ChannelTagsChanged(e) => ("channelTagsChanged", super::channel_tags::event(e)),
        Event::ReadReceipts(e) => ("readReceipts", super::receipts::event(e)),
        Event::ReadReceipt(e) => {
            let (kind, id) = channel(e.channel.as_ref());
            (
                "readReceipt",
                json!({ "channelType": kind, "channelId": id,
                "readerId": e.reader_id, "messageId": e.message_id }),
            )
        }
        Event::Typing(e) => {
            let (kind, id) = channel(e.channel.as_ref());
            (
                "typing",
                json!({ "channelType": kind, "channelId": id,
                "userId": e.user_id, "messageType": e.r#type }),
            )
        }
        Event::PresenceChanged(states) => {
            let states: Vec<_> = states.iter().map(presence).collect();
            ("presenceChanged", json!({ "states": states }))
        }
        Event::BlocklistChanged(e) => {
            ("blocklistChanged", json!({ "added": e.added, "removed": e.removed }))
        }
        Event::WhitelistChanged(e) => (
            "whitelistChanged",
            json!({ "added": e.added, "removed": e.removed, "enabled": e.enabled }),
        ),
        Event::FriendApplicationChanged(e) => {
            ("friendApplicationChanged", json!({ "application": application(e) }))
        }
        Event::FriendAdded { user_ids, friend: known } => {
            ("friendAdded", json!({ "userIds": user_ids, "friend": known.as_ref().map(friend) }))
        }
        Event::FriendRemoved { user_ids } => ("friendRemoved", json!({ "userIds": user_ids })),
        Event::FriendsCleared => ("friendsCleared", json!({})),
        Event::FriendInfoChanged(e) => ("friendInfoChanged", json!({ "friend": friend(e) })),
        Event::ProfileChanged(e) => ("profileChanged", json!({ "profile": profile(e) })),
        Event::AccountChanged(e) => ("accountChanged", json!({ "account": account(e) })),
        Event::SyncCompleted { reset } => ("syncCompleted", json!({ "reset": reset })),
        Event::QueuedMessageSent(e) => {
            let (client_message_id, message_id, sent_at) = sent(e);
            (
                "queuedMessageSent",
                json!({ "clientMessageId": client_message_id,
                "messageId": message_id, "sentAt": sent_at }),
            )
        }
        Event::QueuedMessageFailed { client_message_id, error } => {
            let cause = error.cause();
            (
                "queuedMessageFailed",
                json!({ "clientMessageId": client_message_id,
                "code": cause.code, "name": cause.name, "message": cause.message }),
            )
        }
        Event::UserInfoChanged(e) => ("userInfoChanged", json!({ "userInfo": user_info(e) })),
    };
    members["type"] = kind.into();
    Some(members)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nuncio_protocol::frames::Channel;

    fn line(content: &str, sender: &str) -> String {
        let message = Message {
            id: "M1".into(),
            channel: Some(Channel::direct("bob")),
            sender_id: sender.into(),
            r#type: "RC:TxtMsg".into(),
            content: content.into(),
            sent_at: 5,
            ..Message::default()
        };
        serde_json::to_string(&MessageLine::new(&message, "alice")).unwrap()
    }

    #[test]
    fn a_message_is_told_with_its_content_unchanged() {
        let expected = r#"{"messageId":"M1","from":"bob","to":"alice","channelType":"direct","type":"RC:TxtMsg","content":{"b":1.50,"a":2},"sentAt":5}"#;
        assert_eq!(line(r#"{"b":1.50,"a":2}"#, "bob"), expected);
    }

    #[test]
    fn ones_own_message_goes_to_the_other() {
        assert!(line("{}", "alice").contains(r#""from":"alice","to":"bob""#));
    }

    #[test]
    fn content_stays_on_one_line() {
        assert!(line("{\n\"a\":\r\n1}", "bob").contains("{ \"a\":  1}"));
        assert!(line("no\njson", "bob").contains(r#""content":"no\njson""#));
        assert!(line("", "bob").contains(r#""content":"""#));
    }

    #[test]
    fn results_hold_the_whole_message() {
        let message = Message { id: "M1".into(), content: "[1]".into(), ..Message::default() };
        let text = serde_json::to_string(&WholeMessage::new(&message, "alice")).unwrap();
        assert!(
            text.contains(r#""content":[1]"#) && text.contains(r#""clientMessageId":"""#),
            "{text}"
        );
        let edited = serde_json::to_string(&EditedLine::new(&message, "alice")).unwrap();
        assert_eq!(edited, format!(r#"{{"type":"messageEdited","message":{text}}}"#));
    }
}
