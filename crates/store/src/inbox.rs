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

use crate::engine::{Insertion, Nudge, Row, Store, Tx, params};
use crate::error::StoreError;
use crate::groups::Group;
use crate::messages::{read_message, select_messages};
use crate::stretches;

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

/// Members of a group whom an entry is for.
#[derive(Clone, Copy)]
pub(crate) struct Audience<'a> {
    pub(crate) group: &'a GroupId,
    /// Whether the group is big: then the inboxes of those who attend are written to, and its sequence for the others.
    pub(crate) big: bool,
    /// For whom it is not; empty: nobody.
    pub(crate) without: &'a str,
    /// For whom alone it is, by [`spaced`](crate::messages::spaced); empty for all.
    pub(crate) only: &'a str,
}

impl<'a> Audience<'a> {
    /// All members.
    pub(crate) fn all(group: &'a Group) -> Self {
        Self { group: &group.id, big: group.big, without: "", only: "" }
    }
}

/// A statement about the members `m` of a group to whose inboxes is written at once.
pub(crate) struct ByAudience {
    pub(crate) all: &'static str,
    pub(crate) attending: &'static str,
}

impl ByAudience {
    /// The statement for a group.
    pub(crate) fn of(&self, big: bool) -> &'static str {
        if big { self.attending } else { self.all }
    }
}

/// Makes one of a text, and what comes behind the last condition on `m`.
macro_rules! by_audience {
    ($before:literal, $after:literal) => {
        $crate::inbox::ByAudience {
            all: concat!($before, $after),
            attending: concat!($before, " and m.attends_until > 0", $after),
        }
    };
}
pub(crate) use by_audience;

static TAKE_NUMBERS: ByAudience = by_audience!(
    "update users set inbox_head = inbox_head + 1
     where app = ?1 and deleted_at = 0 and id <> ?3 and (?4 = '' or replace(?4, ' ' || id || ' ', '') <> ?4)
       and id in (select m.user_id from group_members m where m.app = ?1 and m.group_id = ?2",
    ") returning id, inbox_head"
);

static ADD_ENTRIES: ByAudience = by_audience!(
    "insert into inbox (app, user_id, seq, at, channel, message_id, body)
     select u.app, u.id, u.inbox_head, cast(?4 as bigint), cast(?5 as text), cast(?6 as bigint), ?7
     from group_members m join users u on u.app = m.app and u.id = m.user_id
     where m.app = ?1 and m.group_id = ?2 and m.user_id <> ?3 and u.deleted_at = 0
       and (?8 = '' or replace(?8, ' ' || m.user_id || ' ', '') <> ?8)",
    ""
);

/// Tells members of a group: adds an entry to their inboxes, or to the group's sequence for those who are absent from a
/// big one. Returns the numbers in inboxes. What connected devices are told, `body`, is the same for all. The group's row
/// is held, and who is told at once filed.
pub(crate) async fn add_for_group(
    tx: &mut Tx<'_>,
    app: AppId,
    audience: Audience<'_>,
    place: Place<'_>,
    body: Bytes,
    at: Timestamp,
) -> Result<Vec<(UserId, u64)>, StoreError> {
    let Audience { group, big, without, only } = audience;
    if big {
        tx.execute(
            "update groups set head = head + 1 where app = ?1 and id = ?2",
            params![app, group],
        )
        .await?;
        tx.execute(
            "insert into group_entries (app, group_id, seq, at, message_id, body, not_for, only_for)
             select app, id, head, cast(?3 as bigint), cast(?4 as bigint), ?5, cast(?6 as text), cast(?7 as text)
             from groups where app = ?1 and id = ?2",
            params![app, group, at, place.message, place.stored, without, only],
        )
        .await?;
    }
    let reached = tx
        .all(TAKE_NUMBERS.of(big), params![app, group, without, only], |row| {
            Ok((row.get::<UserId>(0)?, row.get::<i64>(1)?.cast_unsigned()))
        })
        .await?;
    tx.execute(
        ADD_ENTRIES.of(big),
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
    /// Entries of a user's inbox after `after`, at most `limit`, fewer when they are large. `connected`: a device of the
    /// user asks, now.
    pub async fn sync(
        &self,
        app: AppId,
        user: UserId,
        after: u64,
        limit: u32,
        connected: Option<Timestamp>,
    ) -> Result<SyncPage, StoreError> {
        self.read_of_user(app, user.clone(), connected, async move |tx: &mut Tx<'_>| {
            tx.filed(app, &[&user])?;
            let (head, floor) = bounds(tx, app, &user).await?;
            let mut page = SyncPage { entries: Vec::new(), head, floor };
            let mut after = i64::try_from(after.max(floor)).unwrap_or(i64::MAX);
            let mut bytes = 0;
            while page.entries.len() < limit as usize && bytes < PAGE_BYTES {
                let step = PAGE_STEP.min(limit as usize - page.entries.len());
                let entries = read_entries(tx, app, &user, after, step, head).await?;
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

    /// The number of the last entry of a user's inbox. `connected`: a device of the user asks, now.
    pub async fn inbox_head(
        &self,
        app: AppId,
        user: UserId,
        connected: Option<Timestamp>,
    ) -> Result<u64, StoreError> {
        self.read_of_user(app, user.clone(), connected, async move |tx: &mut Tx<'_>| {
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

/// The entry in a row that begins with a message's columns, followed by number, time and body.
pub(crate) fn read_entry(row: &Row<'_>, user: &UserId) -> Result<Entry, StoreError> {
    let seq = row.get::<i64>(9)?.cast_unsigned();
    let at = row.get(10)?;
    let body = match row.get::<Option<Vec<u8>>>(11)? {
        Some(bytes) => {
            let entry =
                Entry::decode(bytes.as_slice()).map_err(|e| StoreError::corrupt("inbox", e))?;
            match entry.body {
                Some(entry::Body::Edited(_)) => read_message(row, user)?
                    .map(|message| entry::Body::Edited(MessageEdited { message: Some(message) })),
                body => body,
            }
        }
        None => read_message(row, user)?.map(entry::Body::Message),
    };
    Ok(Entry { seq, at, body })
}

/// At most `limit` entries of an inbox behind `after`, which reaches up to `head` or further. Numbers that no row of the
/// inbox has are those of stretches.
pub(crate) async fn read_entries(
    tx: &Tx<'_>,
    app: AppId,
    user: &UserId,
    after: i64,
    limit: usize,
    head: u64,
) -> Result<Vec<Entry>, StoreError> {
    let rows = tx
        .all(
            select_messages!(
                ", i.seq, i.at, i.body",
                "inbox i left join messages m
                 on m.app = i.app and m.channel = i.channel and m.id = i.message_id
                 where i.app = ?1 and i.user_id = ?2 and i.seq > ?3 order by i.seq limit ?4"
            ),
            params![app, user, after, i64::try_from(limit).unwrap_or(i64::MAX)],
            |row| read_entry(row, user),
        )
        .await?;
    let full = rows.len() >= limit;
    let mut entries = Vec::with_capacity(rows.len());
    let mut last = after.cast_unsigned();
    for row in rows {
        fill(tx, app, user, &mut entries, &mut last, row.seq - 1, limit).await?;
        if entries.len() >= limit {
            break;
        }
        last = row.seq;
        entries.push(row);
    }
    if !full {
        fill(tx, app, user, &mut entries, &mut last, head, limit).await?;
    }
    entries.truncate(limit);
    Ok(entries)
}

/// Adds what stretches have from behind `last` to `end`, until there are `limit` entries.
async fn fill(
    tx: &Tx<'_>,
    app: AppId,
    user: &UserId,
    entries: &mut Vec<Entry>,
    last: &mut u64,
    end: u64,
    limit: usize,
) -> Result<(), StoreError> {
    while *last < end && entries.len() < limit {
        let left = i64::try_from(limit - entries.len()).unwrap_or(i64::MAX);
        let found = stretches::read(tx, app, user, last.cast_signed(), left).await?;
        let Some(newest) = found.last() else { break };
        *last = newest.seq;
        entries.extend(found);
    }
    Ok(())
}
