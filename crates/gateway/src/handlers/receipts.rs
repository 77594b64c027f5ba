//! Who has read messages of a group, and which of them mention a member who has not.

use nuncio_protocol::frames::{
    Channel, GetReadReceipts, GetReceiptUsers, GetUnreadMentions, ReceiptUser, ReceiptUsers,
    SendReadReceipts, server_frame,
};
use nuncio_protocol::ids::MessageId;
use nuncio_protocol::{ChannelId, GroupId, Refusal, limits};

use super::messages::message_id;
use super::{Context, Handled, bad_parameter, channel_id, done, page_size, page_token, users};

/// Readers of one page at most.
const PAGE: u32 = 100;

fn group(channel: Option<&Channel>) -> Result<GroupId, Refusal> {
    match channel_id(channel)? {
        ChannelId::Group(group) => Ok(group),
        ChannelId::Direct(_) => Err(bad_parameter("channel.type", "must be that of a group, 3")),
    }
}

fn message_ids(ids: &[String]) -> Result<Vec<MessageId>, Refusal> {
    if ids.is_empty() {
        return Err(bad_parameter("message_ids", "is empty"));
    }
    if ids.len() > limits::LARGE_BATCH {
        return Err(Refusal::TooManyIds { limit: limits::LARGE_BATCH });
    }
    ids.iter().map(|id| message_id(id)).collect()
}

pub(super) async fn send(ctx: &Context, request: SendReadReceipts) -> Handled {
    let (group, ids) = (group(request.channel.as_ref())?, message_ids(&request.message_ids)?);
    ctx.core().send_group_receipts(ctx.app(), ctx.me(), group, ids).await?;
    Ok(done())
}

pub(super) async fn get(ctx: &Context, request: GetReadReceipts) -> Handled {
    let (group, ids) = (group(request.channel.as_ref())?, message_ids(&request.message_ids)?);
    let receipts = ctx.core().group_receipts(ctx.app(), ctx.me(), group, ids).await?;
    Ok(server_frame::Body::ReadReceipts(receipts))
}

pub(super) async fn readers(ctx: &Context, request: GetReceiptUsers) -> Handled {
    let GetReceiptUsers { channel, message_id: id, read, user_ids, .. } = &request;
    let message = (group(channel.as_ref())?, message_id(id)?);
    let (core, app, me) = (ctx.core(), ctx.app(), ctx.me());
    let (found, next, total) = if user_ids.is_empty() {
        let (token, size) = (page_token(&request.page_token), page_size(request.limit, PAGE));
        let page = core.group_receipt_users(app, me, message, *read, token, size).await?;
        (page.users, page.next, page.total)
    } else {
        let asked = users("user_ids", user_ids, limits::LARGE_BATCH)?;
        let found = core.group_receipts_of(app, me, message, *read, asked).await?;
        let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
        (found, None, total)
    };
    let frame = |found: nuncio_core::groups::ReceiptUser| ReceiptUser {
        user_id: found.user.to_string(),
        read_at: found.read_at.0,
    };
    Ok(server_frame::Body::ReceiptUsers(ReceiptUsers {
        users: found.into_iter().map(frame).collect(),
        next_page_token: next.unwrap_or_default(),
        total_count: u32::try_from(total).unwrap_or(u32::MAX),
    }))
}

pub(super) async fn mentions(ctx: &Context, request: GetUnreadMentions) -> Handled {
    let group = group(request.channel.as_ref())?;
    let after = match request.from_message_id.as_str() {
        "" => None,
        id => Some(message_id(id)?),
    };
    let (app, me, limit) = (ctx.app(), ctx.me(), request.limit);
    let history = ctx.core().unread_mentions(app, me, group, after, limit).await?;
    Ok(server_frame::Body::History(history))
}
