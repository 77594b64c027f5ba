//! Receipts and mentions in groups, in lines of JSON.

use nuncio_protocol::GroupId;
use nuncio_protocol::frames::{ReadReceipts, ReceiptCount, ReceiptUser};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::calls::{Params, done, each, history, page, raw};
use crate::client::Client;
use crate::error::ClientError;

/// The methods on receipts and mentions, with their parameters; those in brackets may be left out.
pub const METHODS: &[(&str, &str)] = &[
    ("sendReadReceipts", "groupId messageIds"),
    ("getReadReceipts", "groupId messageIds"),
    ("getReceiptUsers", "groupId messageId [read userIds pageToken limit]"),
    ("getUnreadMentions", "groupId [fromMessageId limit]"),
];

fn count(count: &ReceiptCount) -> Value {
    json!({
        "messageId": count.message_id, "readCount": count.read_count,
        "unreadCount": count.unread_count,
    })
}

fn user(user: &ReceiptUser) -> Value {
    json!({ "userId": user.user_id, "readAt": user.read_at })
}

/// Members have read messages.
pub(super) fn event(receipts: &ReadReceipts) -> Value {
    let channel = receipts.channel.clone().unwrap_or_default();
    json!({
        "channelType": "group", "channelId": channel.id,
        "receipts": each(&receipts.receipts, count),
    })
}

/// Calls a method.
pub(super) async fn call(
    client: &Client,
    method: &str,
    mut p: Params,
) -> Result<Box<RawValue>, ClientError> {
    let group: GroupId = p.must("groupId")?;
    match method {
        "sendReadReceipts" => {
            let ids: Vec<String> = p.must("messageIds")?;
            p.done()?;
            done(client.send_read_receipts(&group, &ids).await)
        }
        "getReadReceipts" => {
            let ids: Vec<String> = p.must("messageIds")?;
            p.done()?;
            raw(each(&client.get_read_receipts(&group, &ids).await?, count))
        }
        "getReceiptUsers" => {
            let (id, read): (String, bool) =
                (p.must("messageId")?, p.maybe("read")?.unwrap_or(true));
            let (users, (token, limit)) = (p.or_default::<Vec<_>>("userIds")?, p.page()?);
            p.done()?;
            let found =
                client.get_receipt_users(&group, &id, read, &users, token.as_deref(), limit);
            raw(page("users", &found.await?, user))
        }
        _ => {
            let (after, limit) = (p.maybe::<String>("fromMessageId")?, p.or_default("limit")?);
            p.done()?;
            let found = client.get_unread_mentions(&group, after.as_deref(), limit).await?;
            history(client, &found)
        }
    }
}
