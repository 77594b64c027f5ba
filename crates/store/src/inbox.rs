//! A user's inbox: the gapless sequence of everything that the user's devices must learn of.
//!
//! Adding an entry takes the next number under the user's row, in the transaction of the change that the
//! entry tells, and remembers the nudge that follows the commit. There is no other way to add one.

use bytes::Bytes;
use nuncio_protocol::frames::{
    Entry, Message, MessageEdited, ProtobufMessage as _, SyncPage, entry,
};
use nuncio_protocol::ids::{AppId, MessageId};
use nuncio_protocol::{GroupId, Refusal, Timestamp, UserId};

use crate::engine::{Insertion, Nudge, Store, Tx, params};
use crate::error::StoreError;
use crate::messages::{read_message, select_messages};

/// An entry without its number.
pub(crate) fn encode(body: entry::Body, at: Timestamp) -> Bytes {
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
    let Some(seq) = take_number(tx, app, user).await? else { return Ok(()) };
    let body = encode(body, now);
    tx.execute(
        "insert into inbox (app, user_id, seq, at, body) values (?1, ?2, ?3, ?4, ?5)",
        params![app, user, seq, now, body.as_ref()],
    )
    .await?;
    tx.nudge(Nudge { app, user: user.clone(), seq: seq.cast_unsigned(), body });
    Ok(())
}

/// Adds the entry of an edit. It is stored without the content, which is read from the message: so a later
/// recall leaves nothing behind.
pub(crate) async fn add_edit(
    tx: &mut Tx<'_>,
    app: AppId,
    user: &UserId,
    channel: &str,
    id: MessageId,
    message: Message,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(seq) = take_number(tx, app, user).await? else { return Ok(()) };
    let stored = encode(entry::Body::Edited(MessageEdited::default()), now);
    tx.execute(
        "insert into inbox (app, user_id, seq, at, channel, message_id, body)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![app, user, seq, now, channel, id, stored.as_ref()],
    )
    .await?;
    let body = encode(entry::Body::Edited(MessageEdited { message: Some(message) }), now);
    tx.nudge(Nudge { app, user: user.clone(), seq: seq.cast_unsigned(), body });
    Ok(())
}

/// The next number of a registered user's inbox, and with it the row; `None` for who has no inbox.
async fn take_number(tx: &Tx<'_>, app: AppId, user: &UserId) -> Result<Option<i64>, StoreError> {
    tx.filed(app, &[user])?;
    tx.opt(
        "update users set inbox_head = inbox_head + 1
         where app = ?1 and id = ?2 and deleted_at = 0 returning inbox_head",
        params![app, user],
        |row| row.get(0),
    )
    .await
}

/// A message's entry, as a row.
pub(crate) static ADD_MESSAGE: Insertion<6> =
    Insertion::new("insert into inbox (app, user_id, seq, at, channel, message_id) values");

/// What an entry is about, and what of it is stored with it.
pub(crate) struct Place<'a> {
    /// The channel's key, of an entry about a message.
    pub(crate) channel: Option<&'a str>,
    /// The message.
    pub(crate) message: Option<MessageId>,
    /// Any other entry, or one whose message is read anew.
    pub(crate) stored: Option<&'a [u8]>,
}

/// Members of a group who get an entry.
#[derive(Clone, Copy)]
pub(crate) struct Audience<'a> {
    pub(crate) group: &'a GroupId,
    /// Who does not; empty for nobody.
    pub(crate) without: &'a str,
    /// Who alone does, by [`spaced`](crate::messages::spaced); empty for all.
    pub(crate) only: &'a str,
}

impl<'a> Audience<'a> {
    /// All members.
    pub(crate) fn all(group: &'a GroupId) -> Self {
        Self { group, without: "", only: "" }
    }
}

/// Adds an entry to the inboxes of members of a group; returns their numbers. What connected devices are told, `body`, is
/// the same for all. The members must be filed.
pub(crate) async fn add_for_group(
    tx: &mut Tx<'_>,
    app: AppId,
    audience: Audience<'_>,
    place: Place<'_>,
    body: Bytes,
    at: Timestamp,
) -> Result<Vec<(UserId, u64)>, StoreError> {
    let Audience { group, without, only } = audience;
    let reached = tx
        .all(
            "update users set inbox_head = inbox_head + 1
             where app = ?1 and deleted_at = 0 and id <> ?3
               and id in (select user_id from group_members where app = ?1 and group_id = ?2)
               and (?4 = '' or replace(?4, ' ' || id || ' ', '') <> ?4)
             returning id, inbox_head",
            params![app, group, without, only],
            |row| Ok((row.get::<UserId>(0)?, row.get::<i64>(1)?.cast_unsigned())),
        )
        .await?;
    tx.execute(
        "insert into inbox (app, user_id, seq, at, channel, message_id, body)
         select u.app, u.id, u.inbox_head, cast(?4 as bigint), cast(?5 as text), cast(?6 as bigint), ?7
         from group_members m join users u on u.app = m.app and u.id = m.user_id
         where m.app = ?1 and m.group_id = ?2 and m.user_id <> ?3 and u.deleted_at = 0
           and (?8 = '' or replace(?8, ' ' || m.user_id || ' ', '') <> ?8)",
        params![app, group, without, at, place.channel, place.message, place.stored, only],
    )
    .await?;
    for (user, seq) in &reached {
        tx.nudge(Nudge { app, user: user.clone(), seq: *seq, body: body.clone() });
    }
    Ok(reached)
}

/// Bytes of contents after which a page ends, whatever its limit.
const PAGE_BYTES: usize = 512 * 1024;
/// Rows that are read at once while a page is filled.
const PAGE_STEP: usize = 50;

impl Store {
    /// Entries of a user's inbox after `after`, at most `limit`, fewer when they are large.
    pub async fn sync(
        &self,
        app: AppId,
        user: UserId,
        after: u64,
        limit: u32,
    ) -> Result<SyncPage, StoreError> {
        self.read(async move |tx| {
            tx.filed(app, &[&user])?;
            let (head, floor) = bounds(tx, app, &user).await?;
            let mut page = SyncPage { entries: Vec::new(), head, floor };
            let mut after = i64::try_from(after.max(floor)).unwrap_or(i64::MAX);
            let mut bytes = 0;
            while page.entries.len() < limit as usize && bytes < PAGE_BYTES {
                let step = PAGE_STEP.min(limit as usize - page.entries.len());
                let entries = read_entries(tx, app, &user, after, step).await?;
                let last_step = entries.len() < step;
                for entry in entries {
                    after = entry.seq.cast_signed();
                    bytes += entry.encoded_len();
                    page.entries.push(entry);
                    if bytes >= PAGE_BYTES {
                        break;
                    }
                }
                if last_step {
                    break;
                }
            }
            page.head = page.head.max(page.entries.last().map_or(0, |entry| entry.seq));
            Ok(page)
        })
        .await
    }

    /// The number of the last entry of a user's inbox.
    pub async fn inbox_head(&self, app: AppId, user: UserId) -> Result<u64, StoreError> {
        self.read(async move |tx| {
            let unfiled = tx.unfiled_head(app, &user)?;
            let (head, _) = bounds(tx, app, &user).await?;
            Ok(unfiled.unwrap_or(0).max(head))
        })
        .await
    }
}

async fn bounds(tx: &Tx<'_>, app: AppId, user: &UserId) -> Result<(u64, u64), StoreError> {
    tx.opt(
        "select inbox_head, inbox_floor from users where app = ?1 and id = ?2",
        params![app, user],
        |row| Ok((row.get::<i64>(0)?.cast_unsigned(), row.get::<i64>(1)?.cast_unsigned())),
    )
    .await?
    .ok_or_else(|| Refusal::NotRegistered(user.clone()).into())
}

async fn read_entries(
    tx: &Tx<'_>,
    app: AppId,
    user: &UserId,
    after: i64,
    limit: usize,
) -> Result<Vec<Entry>, StoreError> {
    tx.all(
        select_messages!(
            ", i.seq, i.at, i.body",
            "inbox i left join messages m
             on m.app = i.app and m.channel = i.channel and m.id = i.message_id
             where i.app = ?1 and i.user_id = ?2 and i.seq > ?3 order by i.seq limit ?4"
        ),
        params![app, user, after, i64::try_from(limit).unwrap_or(i64::MAX)],
        |row| {
            let seq = row.get::<i64>(9)?.cast_unsigned();
            let at = row.get(10)?;
            let body = match row.get::<Option<Vec<u8>>>(11)? {
                Some(bytes) => {
                    let entry = Entry::decode(bytes.as_slice())
                        .map_err(|e| StoreError::corrupt("inbox", e))?;
                    match entry.body {
                        Some(entry::Body::Edited(_)) => read_message(row, user)?.map(|message| {
                            entry::Body::Edited(MessageEdited { message: Some(message) })
                        }),
                        body => body,
                    }
                }
                None => read_message(row, user)?.map(entry::Body::Message),
            };
            Ok(Entry { seq, at, body })
        },
    )
    .await
}
