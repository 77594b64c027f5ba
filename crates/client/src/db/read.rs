//! What the app may ask the local database for, without a connection.

use nuncio_protocol::frames::{Channel, ChannelState, Message};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::StoreError;

const MESSAGE: &str = "select id, channel_type, channel_id, sender_id, type, content, sent_at,
    client_message_id, recalled, counted, needs_receipt, edited_at, to_user_ids from messages";

fn message(row: &Row<'_>) -> rusqlite::Result<Message> {
    Ok(Message {
        id: row.get(0)?,
        channel: Some(Channel { r#type: row.get(1)?, id: row.get(2)? }),
        sender_id: row.get(3)?,
        r#type: row.get(4)?,
        content: row.get(5)?,
        sent_at: row.get(6)?,
        client_message_id: row.get(7)?,
        recalled: row.get(8)?,
        counted: row.get(9)?,
        needs_receipt: row.get(10)?,
        edited_at: row.get(11)?,
        to_user_ids: row
            .get::<_, String>(12)?
            .split_ascii_whitespace()
            .map(str::to_owned)
            .collect(),
    })
}

/// Messages of a channel, newest first, before the message `before` when one is given.
pub(crate) fn messages(
    db: &Connection,
    channel: &Channel,
    before: Option<&str>,
    limit: u32,
) -> Result<Vec<Message>, StoreError> {
    let sql = format!(
        "{MESSAGE} where channel_type = ?1 and channel_id = ?2 and id < ?3 order by id desc limit ?4"
    );
    // Ids are made of digits and capital letters, so this is past all of them.
    let before = before.unwrap_or("~");
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map(params![channel.r#type, channel.id, before, limit], message)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Channels, the most recently active first.
pub(crate) fn channels(db: &Connection, limit: u32) -> Result<Vec<ChannelState>, StoreError> {
    let mut statement = db.prepare_cached(
        "select channel_type, channel_id, unread_count, read_message_id, peer_read_message_id,
             updated_at, mentioned_count, mentioned_me_count from channels order by updated_at desc limit ?1",
    )?;
    let rows = statement.query_map([limit], |row| {
        Ok(ChannelState {
            channel: Some(Channel { r#type: row.get(0)?, id: row.get(1)? }),
            latest_message: None,
            unread_count: row.get(2)?,
            read_message_id: row.get(3)?,
            peer_read_message_id: row.get(4)?,
            updated_at: row.get(5)?,
            mentioned_count: row.get(6)?,
            mentioned_me_count: row.get(7)?,
        })
    })?;
    let mut channels: Vec<ChannelState> = rows.collect::<Result<_, _>>()?;
    for state in &mut channels {
        if let Some(channel) = &state.channel {
            state.latest_message = messages(db, channel, None, 1)?.pop();
        }
    }
    Ok(channels)
}

/// Unread messages of all channels.
pub(crate) fn total_unread(db: &Connection) -> Result<u32, StoreError> {
    let total = db
        .prepare_cached("select sum(unread_count) from channels")?
        .query_row([], |row| row.get::<_, Option<u32>>(0))
        .optional()?;
    Ok(total.flatten().unwrap_or_default())
}
