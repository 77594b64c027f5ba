//! Stretches of big groups' sequences that stand in users' inboxes.
//!
//! Who was absent from a big group finds in the inbox what happened meanwhile, entry by entry and each under its number.
//! What is stored is one row for up to [`MOST`] of them; they are read from the group's sequence.

use nuncio_protocol::frames::Entry;
use nuncio_protocol::ids::{AppId, MessageId};
use nuncio_protocol::{GroupId, Timestamp, UserId};

use crate::engine::{Tx, params};
use crate::error::StoreError;
use crate::inbox::read_entry;
use crate::keys::ChannelKey;
use crate::messages::select_messages;

/// Entries of one stretch: reading from the middle of one looks at all of it.
const MOST: i64 = 200;

/// The condition that an entry of a group's sequence is for the user whom this parameter names.
macro_rules! is_visible {
    ($user:literal) => {
        concat!(
            "e.not_for <> ",
            $user,
            " and (e.only_for = '' or replace(e.only_for, ' ' || ",
            $user,
            " || ' ', '') <> e.only_for)"
        )
    };
}

/// A part of a group's sequence, as far as it is for one user.
pub(crate) struct Stretch {
    from: i64,
    /// Its last entry's number in the sequence.
    pub(crate) to: i64,
    entries: i64,
    at: Timestamp,
    /// The last message in it; 0 when there is none.
    pub(crate) latest: MessageId,
}

/// Whether what comes next in a group's sequence behind a number has aged.
pub(crate) async fn has_aged(
    tx: &Tx<'_>,
    app: AppId,
    group: &GroupId,
    after: i64,
) -> Result<bool, StoreError> {
    tx.exists(
        "select 1 from groups g where g.app = ?1 and g.id = ?2 and g.head > ?3
           and not exists (select 1 from group_entries e
                           where e.app = ?1 and e.group_id = ?2 and e.seq = ?3 + 1)",
        params![app, group, after],
    )
    .await
}

/// The next stretch of a group's sequence behind a number, if there is anything for the user.
pub(crate) async fn next(
    tx: &Tx<'_>,
    app: AppId,
    group: &GroupId,
    user: &UserId,
    after: i64,
) -> Result<Option<Stretch>, StoreError> {
    tx.one(
        concat!(
            "select count(*), coalesce(max(seq), 0), coalesce(max(at), 0),
                    coalesce(max(case when body is null then message_id end), 0)
             from (select e.seq, e.at, e.body, e.message_id from group_entries e
                   where e.app = ?1 and e.group_id = ?2 and e.seq > ?4 and ",
            is_visible!("?3"),
            " order by e.seq limit ?5) as stretch"
        ),
        params![app, group, user, after, MOST],
        |row| {
            let entries: i64 = row.get(0)?;
            let (to, at, latest) = (row.get(1)?, row.get(2)?, row.get(3)?);
            Ok((entries > 0).then_some(Stretch { from: after + 1, to, entries, at, latest }))
        },
    )
    .await
}

/// Puts a stretch at the end of a user's inbox; returns the last number, or `None` for who has no inbox. The user is
/// filed.
pub(crate) async fn add(
    tx: &Tx<'_>,
    app: AppId,
    group: &GroupId,
    user: &UserId,
    stretch: &Stretch,
) -> Result<Option<u64>, StoreError> {
    let seq = tx
        .opt(
            "update users set inbox_head = inbox_head + ?3
             where app = ?1 and id = ?2 and deleted_at = 0 returning inbox_head",
            params![app, user, stretch.entries],
            |row| row.get::<i64>(0),
        )
        .await?;
    let Some(seq) = seq else { return Ok(None) };
    let Stretch { from, to, entries, at, .. } = *stretch;
    tx.execute(
        "insert into group_stretches (app, user_id, seq, entries, at, group_id, from_seq, to_seq)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![app, user, seq, entries, at, group, from, to],
    )
    .await?;
    Ok(Some(seq.cast_unsigned()))
}

/// The entries behind `after` of the first stretch in a user's inbox that reaches beyond it, if there is one; a little more
/// than `limit` at most. Those that have aged are empty.
pub(crate) async fn read(
    tx: &Tx<'_>,
    app: AppId,
    user: &UserId,
    after: i64,
    limit: i64,
) -> Result<Vec<Entry>, StoreError> {
    let stretch = tx
        .opt(
            "select seq, entries, group_id, from_seq, to_seq from group_stretches
             where app = ?1 and user_id = ?2 and seq > ?3 order by seq limit 1",
            params![app, user, after],
            |row| {
                let (seq, entries): (i64, i64) = (row.get(0)?, row.get(1)?);
                Ok((seq, seq - entries + 1, row.get(2)?, row.get::<i64>(3)?, row.get::<i64>(4)?))
            },
        )
        .await?;
    let Some((last, first, group, from, to)): Option<(i64, i64, GroupId, i64, i64)> = stretch
    else {
        return Ok(Vec::new());
    };
    let key = ChannelKey::group(&group);
    // Numbers are counted from the end, where nothing goes missing.
    let there = tx
        .all(
            concat!(
                select_messages!(
                    ", s.number, s.at, s.body",
                    "(select cast(?6 as bigint) + 1 - row_number() over (order by e.seq desc) as number,
                             e.at, e.body, e.message_id
                      from group_entries e
                      where e.app = ?1 and e.group_id = ?2 and e.seq >= ?3 and e.seq <= ?4 and "
                ),
                is_visible!("?5"),
                ") as s left join messages m
                   on m.app = ?1 and m.channel = ?7 and m.id = s.message_id
                 where s.number > ?8 order by s.number limit ?9"
            ),
            params![app, &group, from, to, user, last, key.as_str(), after, limit],
            |row| read_entry(row, user),
        )
        .await?;
    let begin = there.first().map_or(last + 1, |entry| entry.seq.cast_signed());
    let aged = (first.max(after + 1)..begin)
        .map(|seq| Entry { seq: seq.cast_unsigned(), ..Entry::default() });
    Ok(aged.chain(there).collect())
}
