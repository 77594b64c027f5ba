//! How each row of an export is written.

use nuncio_protocol::UserId;
use nuncio_protocol::frames::friend_application::Status;
use nuncio_protocol::frames::group_application;
use nuncio_protocol::frames::{Entry, Message, ProtobufMessage as _, SubscriptionType, entry};
use nuncio_protocol::ids::MessageId;
use serde_json::{Value, json};

use super::After;
use crate::audit;
use crate::engine::Row;
use crate::error::StoreError;
use crate::keys::ChannelKey;
use crate::outbox::read_delivery;

/// Nothing where a time is 0.
fn time(row: &Row<'_>, index: usize) -> Result<Option<i64>, StoreError> {
    Ok(Some(row.get::<i64>(index)?).filter(|at| *at != 0))
}

/// JSON as it is stored; where it is none, the text.
fn parsed(text: String) -> Value {
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

pub(super) fn read_user(row: &Row<'_>, user: &UserId) -> Result<Value, StoreError> {
    let profile = match row.get::<Option<i64>>(15)? {
        Some(version) => json!({
            "updatedAt": version,
            "basic": parsed(row.get(16)?),
            "ext": parsed(row.get(17)?),
        }),
        None => Value::Null,
    };
    let own = |index| Ok::<_, StoreError>(Some(row.get::<i64>(index)?).filter(|own| *own != 0));
    Ok(json!({
        "userId": user.as_str(),
        "name": row.get::<String>(0)?,
        "avatarUrl": row.get::<String>(1)?,
        "registeredAt": row.get::<i64>(2)?,
        "inboxHead": row.get::<i64>(3)?,
        "inboxFloor": row.get::<i64>(4)?,
        "tokensFrom": row.get::<i64>(5)?,
        "lastTokenAt": time(row, 6)?,
        "bannedUntil": time(row, 7)?,
        "banReason": row.get::<String>(8)?,
        "muted": row.get::<bool>(9)?,
        "softDeletedAt": time(row, 10)?,
        "historyFrom": Some(row.get::<MessageId>(11)?).filter(|id| id.0 != 0).map(|id| id.to_string()),
        "whitelistOn": row.get::<bool>(12)?,
        "friendPermission": own(13)?,
        "profileVisibility": own(14)?,
        "profile": profile,
        "mutedInGroupsUntil": row.get::<Option<i64>>(19)?,
        "tags": row.get::<Option<String>>(18)?.map_or_else(|| json!([]), parsed),
    }))
}

pub(super) fn read_listed(row: &Row<'_>) -> Result<(After, Value), StoreError> {
    let id: String = row.get(0)?;
    let listed = json!({ "userId": id, "addedAt": row.get::<i64>(1)? });
    Ok((After::text(id), listed))
}

pub(super) fn read_friend(row: &Row<'_>) -> Result<(After, Value), StoreError> {
    let id: String = row.get(0)?;
    let friend = json!({
        "userId": id, "alias": row.get::<String>(1)?, "ext": parsed(row.get(2)?),
        "since": row.get::<i64>(3)?,
    });
    Ok((After::text(id), friend))
}

pub(super) fn read_group(row: &Row<'_>) -> Result<(After, Value), StoreError> {
    let id: String = row.get(0)?;
    let role = match row.get::<i64>(2)? {
        3 => "owner",
        2 => "admin",
        _ => "member",
    };
    let group = json!({
        "groupId": id, "name": row.get::<Option<String>>(1)?, "role": role,
        "nickname": row.get::<String>(3)?, "extra": row.get::<String>(4)?,
        "alias": row.get::<String>(5)?, "joinedAt": row.get::<i64>(6)?,
        "mutedUntil": row.get::<Option<i64>>(7)?, "mayAlwaysSend": row.get::<bool>(8)?,
    });
    Ok((After::text(id), group))
}

pub(super) fn read_favorite(row: &Row<'_>) -> Result<(After, Value), StoreError> {
    let (text, second): (String, String) = (row.get(0)?, row.get(1)?);
    let favorite = json!({ "groupId": text, "userId": second, "addedAt": row.get::<i64>(2)? });
    Ok((After { text, second, ..After::default() }, favorite))
}

pub(super) fn read_group_application(row: &Row<'_>) -> Result<(After, Value), StoreError> {
    let status = group_application::Status::try_from(row.enum_number(4)?).unwrap_or_default();
    let application = json!({
        "groupId": row.get::<String>(1)?, "joiner": row.get::<String>(2)?,
        "inviter": row.get::<String>(3)?, "status": status.as_str_name().to_lowercase(),
        "reason": row.get::<String>(5)?, "at": row.get::<i64>(6)?,
    });
    Ok((After::text(row.get::<String>(0)?), application))
}

pub(super) fn read_request(row: &Row<'_>) -> Result<(After, Value), StoreError> {
    let id: String = row.get(0)?;
    let status: i64 = row.get(2)?;
    let word = match i32::try_from(status).ok().and_then(|number| Status::try_from(number).ok()) {
        Some(Status::Pending) => "pending",
        Some(Status::Accepted) => "accepted",
        Some(Status::Refused) => "refused",
        Some(Status::Expired) => "expired",
        _ => "unknown",
    };
    let request = json!({
        "userId": id, "extra": row.get::<String>(1)?, "status": word, "at": row.get::<i64>(3)?,
    });
    Ok((After::text(id), request))
}

pub(super) fn read_subscription(row: &Row<'_>) -> Result<(After, Value), StoreError> {
    let (number, text): (i64, String) = (row.get(0)?, row.get(1)?);
    let r#type = i32::try_from(number).ok().and_then(|n| SubscriptionType::try_from(n).ok());
    let subscription = json!({
        "type": r#type.map_or("", |known| known.as_str_name()), "userId": text,
        "subscribedAt": row.get::<i64>(2)?, "expiresAt": row.get::<i64>(3)?,
    });
    Ok((After { text, number, ..After::default() }, subscription))
}

/// A message's id; nothing where there is none.
fn id(row: &Row<'_>, index: usize) -> Result<Option<String>, StoreError> {
    let id = row.get::<Option<i64>>(index)?.filter(|id| *id != 0);
    Ok(id.map(|id| MessageId(id).to_string()))
}

pub(super) fn read_channel(row: &Row<'_>, user: &UserId) -> Result<(After, Value), StoreError> {
    let key: String = row.get(0)?;
    let seen = ChannelKey::stored(key.clone()).seen_by(user);
    let channel = json!({
        "channelType": seen.r#type, "channelId": seen.id, "latestMessageId": id(row, 1)?,
        "unread": row.get::<i64>(2)?, "readMessageId": id(row, 3)?, "peerReadMessageId": id(row, 4)?,
        "mentioned": row.get::<i64>(5)?, "mentionedMe": row.get::<i64>(6)?,
    });
    Ok((After::text(key), channel))
}

pub(super) fn read_settings(row: &Row<'_>) -> Result<(After, Value), StoreError> {
    let (number, text): (i64, String) = (row.get(0)?, row.get(1)?);
    let settings = json!({
        "channelType": number, "channelId": text, "pinned": row.get::<bool>(2)?, "notificationLevel": row.get::<i64>(3)?,
        "removedMessageId": id(row, 4)?,
    });
    Ok((After { text, number, ..After::default() }, settings))
}

pub(super) fn read_type_settings(row: &Row<'_>) -> Result<(After, Value), StoreError> {
    let number = row.get(0)?;
    let settings = json!({ "channelType": number, "notificationLevel": row.get::<i64>(1)? });
    Ok((After::number(number), settings))
}

pub(super) fn read_channel_tag(row: &Row<'_>) -> Result<(After, Value), StoreError> {
    let id: String = row.get(0)?;
    let tag = json!({ "id": id, "name": row.get::<String>(1)?, "createdAt": row.get::<i64>(2)? });
    Ok((After::text(id), tag))
}

pub(super) fn read_tagged(row: &Row<'_>) -> Result<(After, Value), StoreError> {
    let (text, number, second): (String, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let tagged = json!({ "tagId": text, "channelType": number, "channelId": second });
    Ok((After { text, second, number, ..After::default() }, tagged))
}

pub(super) fn written(message: Message) -> Value {
    let channel = message.channel.unwrap_or_default();
    json!({
        "messageId": message.id,
        "channelType": channel.r#type,
        "channelId": channel.id,
        "senderId": message.sender_id,
        "clientMessageId": message.client_message_id,
        "type": message.r#type,
        "content": message.content,
        "sentAt": message.sent_at,
        "editedAt": Some(message.edited_at).filter(|at| *at != 0),
        "recalled": message.recalled,
        "counted": message.counted,
        "needsReceipt": message.needs_receipt,
        "toUserIds": message.to_user_ids,
    })
}

pub(super) fn read_receipt(row: &Row<'_>, user: &UserId) -> Result<(After, Value), StoreError> {
    let (text, number): (String, i64) = (row.get(0)?, row.get(1)?);
    let seen = ChannelKey::stored(text.clone()).seen_by(user);
    let receipt = json!({
        "channelType": seen.r#type, "channelId": seen.id, "messageId": id(row, 1)?,
        "readAt": row.get::<i64>(2)?,
    });
    Ok((After { text, number, ..After::default() }, receipt))
}

pub(super) fn read_entry(row: &Row<'_>, user: &UserId) -> Result<(After, Value), StoreError> {
    let seq: i64 = row.get(0)?;
    let what = match row.get::<Option<Vec<u8>>>(4)? {
        None => "message",
        Some(bytes) => {
            let entry =
                Entry::decode(bytes.as_slice()).map_err(|e| StoreError::corrupt("inbox", e))?;
            kind(entry.body.as_ref())
        }
    };
    let channel = row.get::<Option<String>>(2)?;
    let channel = channel.map(|key| ChannelKey::stored(key).seen_by(user));
    let entry = json!({
        "seq": seq, "at": row.get::<i64>(1)?, "what": what,
        "channelType": channel.as_ref().map(|channel| channel.r#type),
        "channelId": channel.map(|channel| channel.id),
        "messageId": id(row, 3)?,
    });
    Ok((After::number(seq), entry))
}

fn kind(body: Option<&entry::Body>) -> &'static str {
    match body {
        Some(entry::Body::Message(_)) => "message",
        Some(entry::Body::Recalled(_)) => "messageRecalled",
        Some(entry::Body::Edited(_)) => "messageEdited",
        Some(entry::Body::ChannelRead(_)) => "channelRead",
        Some(entry::Body::ReadReceipt(_)) => "readReceipt",
        Some(entry::Body::BlocklistChanged(_)) => "blocklistChanged",
        Some(entry::Body::WhitelistChanged(_)) => "whitelistChanged",
        Some(entry::Body::Friend(_)) => "friendEvent",
        Some(entry::Body::ProfileChanged(_)) => "profileChanged",
        Some(entry::Body::AccountChanged(_)) => "accountChanged",
        Some(entry::Body::ChannelSettings(_)) => "channelSettings",
        Some(entry::Body::ChannelTypeLevel(_)) => "channelTypeLevel",
        Some(entry::Body::Group(_)) => "groupEvent",
        Some(entry::Body::ReadReceipts(_)) => "readReceipts",
        Some(entry::Body::ChannelTagsChanged(_)) => "channelTagsChanged",
        None => "unknown",
    }
}

pub(super) fn read_posted(row: &Row<'_>) -> Result<(After, Value), StoreError> {
    let delivery = read_delivery(row)?;
    let webhook: i64 = row.get(10)?;
    let posted = json!({
        "webhookId": webhook.to_string(), "id": delivery.id.to_string(), "event": delivery.event,
        "state": delivery.state.word(), "attempts": delivery.attempts,
        "queuedAt": delivery.queued_at.0, "body": parsed(delivery.body),
    });
    Ok((After { number: webhook, more: delivery.id.0, ..After::default() }, posted))
}

pub(super) fn read_activation(row: &Row<'_>) -> Result<(After, Value), StoreError> {
    let text: String = row.get(0)?;
    let activation = json!({
        "operationId": text,
        "what": if row.get::<bool>(1)? { "restoration" } else { "softDeletion" },
        "requestedAt": row.get::<i64>(2)?, "finishedAt": time(row, 3)?,
    });
    Ok((After::text(text), activation))
}

pub(super) fn audited(entry: &audit::Entry) -> Value {
    let state = |text: &str| serde_json::from_str::<Value>(text).unwrap_or(Value::Null);
    json!({
        "seq": entry.seq, "at": entry.at.0, "actor": entry.actor,
        "operation": entry.operation, "before": state(&entry.before), "after": state(&entry.after),
    })
}
