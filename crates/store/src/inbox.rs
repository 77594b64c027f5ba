//! A user's inbox: the gapless sequence of everything that the user's devices must learn of.
//!
//! Adding an entry takes the next number under the user's row, in the transaction of the change that the
//! entry tells, and remembers the nudge that follows the commit. There is no other way to add one.

use bytes::Bytes;
use nuncio_protocol::frames::{Entry, ProtobufMessage as _, entry};
use nuncio_protocol::ids::{AppId, MessageId};
use nuncio_protocol::{Timestamp, UserId};

use crate::engine::{Nudge, Tx, params};
use crate::error::StoreError;

fn encode(body: entry::Body, at: Timestamp) -> Bytes {
    Entry { seq: 0, body: Some(body), at: at.0 }.encode_to_vec().into()
}

/// Adds an entry to a registered user's inbox; an unregistered user has none, and nothing happens.
pub(crate) async fn add(
    tx: &mut Tx<'_>,
    app: AppId,
    user: &UserId,
    body: entry::Body,
    now: Timestamp,
) -> Result<(), StoreError> {
    let head = tx
        .opt(
            "update users set inbox_head = inbox_head + 1
             where app = ?1 and id = ?2 and deleted_at = 0 returning inbox_head",
            params![app, user],
            |row| row.get::<i64>(0),
        )
        .await?;
    let Some(seq) = head else { return Ok(()) };
    let body = encode(body, now);
    tx.execute(
        "insert into inbox (app, user_id, seq, at, body) values (?1, ?2, ?3, ?4, ?5)",
        params![app, user, seq, now, body.as_ref()],
    )
    .await?;
    tx.nudge(Nudge { app, user: user.clone(), seq: seq.cast_unsigned(), body });
    Ok(())
}

/// Adds a message's entry under a number that the caller has taken already.
pub(crate) async fn add_message(
    tx: &mut Tx<'_>,
    app: AppId,
    user: &UserId,
    seq: i64,
    channel: &str,
    id: MessageId,
    body: entry::Body,
) -> Result<(), StoreError> {
    let at = id.sent_at();
    tx.execute(
        "insert into inbox (app, user_id, seq, at, channel, message_id)
         values (?1, ?2, ?3, ?4, ?5, ?6)",
        params![app, user, seq, at, channel, id],
    )
    .await?;
    let body = encode(body, at);
    tx.nudge(Nudge { app, user: user.clone(), seq: seq.cast_unsigned(), body });
    Ok(())
}
