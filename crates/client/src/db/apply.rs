//! What inbox entries and the server's other news do to the tables.
//!
//! [`commit`] applies entries and moves the cursor in one transaction: after a crash each entry has either
//! been applied and counted, or neither.

use nuncio_protocol::frames::{
    Channel, ChannelState, ChannelType, Entry, FriendEvent, Message, MessageRecalled, entry,
    friend_event,
};
use nuncio_protocol::{Mentions, UserId};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::{Keep, StoreError, cursor, drop_send, pending_sends, people, set_cursor};
use crate::events::Event;
use crate::inbox::Step;
use crate::outbox::Sent;

/// The server accepted a message of this client.
#[derive(Clone, Debug)]
pub(crate) struct Ack {
    pub(crate) sent: Sent,
    /// The message as everybody sees it from now on.
    pub(crate) message: Message,
}

/// What a commit brought about.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    /// One at most for each step.
    pub(crate) events: Vec<Event>,
    /// Own messages whose acknowledgement was lost, found in the inbox.
    pub(crate) accepted: Vec<Sent>,
    /// Users whose name or picture may have changed.
    pub(crate) people: Vec<String>,
}

/// Applies acknowledgements and the next steps of the inbox, all or nothing.
pub(crate) fn commit(
    db: &mut Connection,
    me: &str,
    acks: Vec<Ack>,
    steps: Vec<Step>,
    keep: Keep,
) -> Result<Applied, StoreError> {
    let tx = db.transaction()?;
    let mut applied = Applied::default();
    for ack in acks {
        drop_send(&tx, &ack.sent.client_message_id)?;
        if !ack.message.id.is_empty() {
            store_message(&tx, me, &ack.message, keep)?;
        }
    }
    let before = cursor(&tx)?;
    let mut at = before;
    for step in steps {
        let seq = step.seq();
        if seq <= at {
            continue;
        }
        at = seq;
        if let Step::Entry(entry) = step {
            apply_entry(&tx, me, *entry, keep, &mut applied)?;
        }
    }
    if at != before {
        set_cursor(&tx, at)?;
    }
    tx.commit()?;
    Ok(applied)
}

/// Goes on from `cursor`; lists that may have changed unseen are forgotten and read again when needed.
pub(crate) fn reset(db: &mut Connection, cursor: u64) -> Result<(), StoreError> {
    let tx = db.transaction()?;
    set_cursor(&tx, cursor)?;
    tx.execute_batch("delete from friends; delete from profiles; delete from group_members;")?;
    tx.commit()?;
    Ok(())
}

/// Takes over channels as the server has them.
pub(crate) fn store_channels(
    db: &mut Connection,
    me: &str,
    channels: &[ChannelState],
    keep: Keep,
) -> Result<(), StoreError> {
    let tx = db.transaction()?;
    for state in channels {
        let Some(channel) = &state.channel else { continue };
        let latest = state.latest_message.as_ref();
        if let Some(message) = latest {
            store_message(&tx, me, message, keep)?;
        }
        let counted_to = latest.map_or("", |message| &message.id);
        tx.prepare_cached(
            "insert into channels (channel_type, channel_id, unread_count, read_message_id,
                 peer_read_message_id, counted_to, updated_at, mentioned_count, mentioned_me_count)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             on conflict (channel_type, channel_id) do update set
                 unread_count = excluded.unread_count,
                 read_message_id = excluded.read_message_id,
                 peer_read_message_id = excluded.peer_read_message_id,
                 counted_to = max(channels.counted_to, excluded.counted_to),
                 updated_at = excluded.updated_at,
                 mentioned_count = excluded.mentioned_count,
                 mentioned_me_count = excluded.mentioned_me_count",
        )?
        .execute(params![
            channel.r#type,
            channel.id,
            state.unread_count,
            state.read_message_id,
            state.peer_read_message_id,
            counted_to,
            state.updated_at,
            state.mentioned_count,
            state.mentioned_me_count,
        ])?;
    }
    tx.commit()?;
    Ok(())
}

fn apply_entry(
    tx: &Transaction<'_>,
    me: &str,
    entry: Entry,
    keep: Keep,
    applied: &mut Applied,
) -> Result<(), StoreError> {
    // An entry without a body tells of something that is gone, or that this version does not know.
    let Some(body) = entry.body else { return Ok(()) };
    let event = match body {
        entry::Body::Message(message) => {
            let lost_ack = message.sender_id == me
                && !message.client_message_id.is_empty()
                && drop_send(tx, &message.client_message_id)?;
            if lost_ack {
                applied.accepted.push(Sent {
                    client_message_id: message.client_message_id.clone(),
                    message_id: message.id.clone(),
                    sent_at: message.sent_at,
                });
            }
            let is_new = store_message(tx, me, &message, keep)?;
            (is_new && !lost_ack).then_some(Event::Message(message))
        }
        entry::Body::Recalled(recalled) => {
            recall(tx, me, &recalled)?;
            Some(Event::MessageRecalled(recalled))
        }
        entry::Body::Edited(edited) => match edited.message {
            Some(message) => edit(tx, &message)?.then_some(Event::MessageEdited(message)),
            None => None,
        },
        entry::Body::ChannelRead(read) => {
            if let Some(channel) = &read.channel {
                touch_channel(tx, channel, 0)?;
                tx.prepare_cached(
                    "update channels set unread_count = ?3, read_message_id = ?4,
                         mentioned_count = ?5, mentioned_me_count = ?6
                     where channel_type = ?1 and channel_id = ?2",
                )?
                .execute(params![
                    channel.r#type,
                    channel.id,
                    read.unread_count,
                    read.message_id,
                    read.mentioned_count,
                    read.mentioned_me_count,
                ])?;
            }
            Some(Event::ChannelRead(read))
        }
        entry::Body::ReadReceipt(receipt) => {
            if let Some(channel) = &receipt.channel {
                touch_channel(tx, channel, 0)?;
                tx.prepare_cached(
                    "update channels set peer_read_message_id = ?3
                     where channel_type = ?1 and channel_id = ?2 and peer_read_message_id < ?3",
                )?
                .execute(params![
                    channel.r#type,
                    channel.id,
                    receipt.message_id
                ])?;
            }
            Some(Event::ReadReceipt(receipt))
        }
        entry::Body::ReadReceipts(receipts) => Some(Event::ReadReceipts(receipts)),
        entry::Body::Group(event) => {
            people::follow_members(tx, me, &event)?;
            Some(Event::Group(event))
        }
        entry::Body::ChannelTagsChanged(changed) => Some(Event::ChannelTagsChanged(changed)),
        entry::Body::ChannelSettings(set) => Some(Event::ChannelSettingsChanged(set)),
        entry::Body::ChannelTypeLevel(set) => Some(Event::ChannelTypeLevelChanged(set)),
        entry::Body::BlocklistChanged(change) => Some(Event::BlocklistChanged(change)),
        entry::Body::WhitelistChanged(change) => Some(Event::WhitelistChanged(change)),
        entry::Body::Friend(event) => apply_friend(tx, event, keep, applied)?,
        entry::Body::ProfileChanged(change) => match change.profile {
            Some(profile) => {
                people::store_profiles(tx, std::slice::from_ref(&profile), keep)?;
                applied.people.push(profile.user_id.clone());
                Some(Event::ProfileChanged(profile))
            }
            None => None,
        },
        entry::Body::AccountChanged(change) => change.account.map(Event::AccountChanged),
    };
    applied.events.extend(event);
    Ok(())
}

fn apply_friend(
    tx: &Transaction<'_>,
    event: FriendEvent,
    keep: Keep,
    applied: &mut Applied,
) -> Result<Option<Event>, StoreError> {
    let kind = event.kind();
    let FriendEvent { user_ids, application, friend, .. } = event;
    if let Some(friend) = &friend {
        people::store_friends(tx, std::slice::from_ref(friend), keep)?;
        applied.people.push(friend.user_id.clone());
    }
    let event = match kind {
        friend_event::Kind::ApplicationChanged => application.map(Event::FriendApplicationChanged),
        friend_event::Kind::Added => Some(Event::FriendAdded { user_ids, friend }),
        friend_event::Kind::Removed => {
            for user in &user_ids {
                people::keep_name(tx, user, keep)?;
                tx.prepare_cached("delete from friends where user_id = ?1")?.execute([user])?;
            }
            applied.people.extend(user_ids.iter().cloned());
            Some(Event::FriendRemoved { user_ids })
        }
        friend_event::Kind::Cleared => {
            tx.prepare_cached("delete from friends")?.execute([])?;
            Some(Event::FriendsCleared)
        }
        friend_event::Kind::InfoChanged => friend.map(Event::FriendInfoChanged),
        friend_event::Kind::Unspecified => None,
    };
    Ok(event)
}

/// Keeps a message and its channel; whether it was not there before, or was edited since.
fn store_message(
    tx: &Transaction<'_>,
    me: &str,
    message: &Message,
    keep: Keep,
) -> Result<bool, StoreError> {
    let Some(channel) = &message.channel else { return Ok(false) };
    let edited_at: Option<i64> = tx
        .prepare_cached("select edited_at from messages where id = ?1")?
        .query_row([&message.id], |row| row.get(0))
        .optional()?;
    if edited_at.is_some_and(|at| at >= message.edited_at) {
        return Ok(false);
    }
    tx.prepare_cached(
        "insert or replace into messages (id, channel_type, channel_id, sender_id, type, content,
             sent_at, client_message_id, recalled, counted, needs_receipt, edited_at, to_user_ids)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?
    .execute(params![
        message.id,
        channel.r#type,
        channel.id,
        message.sender_id,
        message.r#type,
        message.content,
        message.sent_at,
        message.client_message_id,
        message.recalled,
        message.counted,
        message.needs_receipt,
        message.edited_at,
        message.to_user_ids.join(" "),
    ])?;
    touch_channel(tx, channel, message.sent_at)?;
    let counts = message.counted && !message.recalled && message.sender_id != me;
    if counts && edited_at.is_none() {
        let (anybody, user) = mentioned(me, channel, &message.content);
        tx.prepare_cached(
            "update channels set unread_count = unread_count + 1,
                 mentioned_count = mentioned_count + ?4, mentioned_me_count = mentioned_me_count + ?5
             where channel_type = ?1 and channel_id = ?2 and counted_to < ?3",
        )?
        .execute(params![channel.r#type, channel.id, message.id, anybody, user])?;
    }
    trim(tx, channel, keep)?;
    Ok(true)
}

/// Whether a message of a group mentions anybody, and the user; of other channels that is not counted.
fn mentioned(me: &str, channel: &Channel, content: &str) -> (bool, bool) {
    if channel.r#type() != ChannelType::Group {
        return (false, false);
    }
    let mentions = Mentions::of(content);
    let me = UserId::try_from(me).is_ok_and(|me| mentions.include(&me));
    (mentions != Mentions::Nobody, me)
}

fn touch_channel(tx: &Transaction<'_>, channel: &Channel, at: i64) -> Result<(), StoreError> {
    tx.prepare_cached(
        "insert into channels (channel_type, channel_id, updated_at) values (?1, ?2, ?3)
         on conflict (channel_type, channel_id) do update
         set updated_at = max(channels.updated_at, excluded.updated_at)",
    )?
    .execute(params![channel.r#type, channel.id, at])?;
    Ok(())
}

/// Takes an edit in; whether there was anything new in it.
fn edit(tx: &Transaction<'_>, message: &Message) -> Result<bool, StoreError> {
    let known: Option<i64> = tx
        .prepare_cached("select edited_at from messages where id = ?1")?
        .query_row([&message.id], |row| row.get(0))
        .optional()?;
    tx.prepare_cached(
        "update messages set content = ?2, edited_at = ?3
         where id = ?1 and edited_at < ?3 and recalled = 0",
    )?
    .execute(params![message.id, message.content, message.edited_at])?;
    Ok(!message.recalled && known.is_none_or(|at| at < message.edited_at))
}

fn recall(tx: &Transaction<'_>, me: &str, recalled: &MessageRecalled) -> Result<(), StoreError> {
    let Some(channel) = &recalled.channel else { return Ok(()) };
    let counted = tx
        .prepare_cached(
            "select content from messages
             where id = ?1 and recalled = 0 and counted = 1 and sender_id <> ?2",
        )?
        .query_row([&recalled.message_id, me], |row| row.get::<_, String>(0))
        .optional()?;
    tx.prepare_cached("update messages set recalled = 1, content = '' where id = ?1")?
        .execute([&recalled.message_id])?;
    if let Some(content) = counted {
        let (anybody, user) = mentioned(me, channel, &content);
        tx.prepare_cached(
            "update channels set unread_count = unread_count - 1,
                 mentioned_count = max(0, mentioned_count - ?4),
                 mentioned_me_count = max(0, mentioned_me_count - ?5)
             where channel_type = ?1
             and channel_id = ?2 and read_message_id < ?3 and unread_count > 0",
        )?
        .execute(params![
            channel.r#type,
            channel.id,
            recalled.message_id,
            anybody,
            user
        ])?;
    }
    Ok(())
}

/// Forgets the oldest messages of a channel, and the channels longest without activity.
fn trim(tx: &Transaction<'_>, channel: &Channel, keep: Keep) -> Result<(), StoreError> {
    tx.prepare_cached(
        "delete from messages where channel_type = ?1 and channel_id = ?2 and id <= (
             select id from messages where channel_type = ?1 and channel_id = ?2
             order by id desc limit 1 offset ?3)",
    )?
    .execute(params![channel.r#type, channel.id, keep.messages])?;
    let oldest: Option<(i32, String)> = tx
        .prepare_cached(
            "select channel_type, channel_id from channels
             order by updated_at desc limit 1 offset ?1",
        )?
        .query_row([keep.rows], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some((kind, id)) = oldest {
        tx.execute(
            "delete from messages where channel_type = ?1 and channel_id = ?2",
            params![kind, id],
        )?;
        tx.execute(
            "delete from channels where channel_type = ?1 and channel_id = ?2",
            params![kind, id],
        )?;
    }
    Ok(())
}

/// For the first login after a start: what was left in the queue.
pub(crate) fn queued(db: &mut Connection) -> Result<Vec<crate::outbox::Queued>, StoreError> {
    let sends = pending_sends(db)?;
    Ok(sends.into_iter().map(|(n, message)| crate::outbox::Queued::new(n, message, None)).collect())
}
