//! Who has read a message of a group whose sender asked to be told.
//!
//! A reader says so message by message. What is counted is read from the rows each time: a reader counts for good, and who
//! has not read counts as long as the user is a member whom the message has reached.

use nuncio_protocol::frames::ReceiptCount;
use nuncio_protocol::ids::{AppId, MessageId};
use nuncio_protocol::{GroupId, Refusal, Timestamp, UserId};

use super::messages::{floor, joined_at};
use crate::engine::{Store, Tx, params};
use crate::error::StoreError;
use crate::keys::ChannelKey;
use crate::messages::{COUNTED, NEEDS_RECEIPT, RECALLED, is_for, read_message, select_messages};
use crate::paging::{Page, Position};

/// A message that somebody has newly read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Recorded {
    /// Who wants to know.
    pub sender: UserId,
    /// The message.
    pub id: MessageId,
}

/// Somebody whom a message has reached.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReceiptUser {
    /// The user.
    pub user: UserId,
    /// When the server learned that the user has read it; the epoch where it has not.
    pub read_at: Timestamp,
}

/// A message whose readers are kept.
struct Asked {
    sender: UserId,
    /// The members whom it is for; empty for all.
    directed: String,
}

/// The message, if its sender asked to be told of readers and it has not been recalled.
async fn asked(
    tx: &Tx<'_>,
    app: AppId,
    key: &ChannelKey,
    id: MessageId,
) -> Result<Option<Asked>, StoreError> {
    tx.opt(
        "select sender, directed from messages
         where app = ?1 and channel = ?2 and id = ?3 and flags & ?4 = ?5",
        params![app, key.as_str(), id, NEEDS_RECEIPT | RECALLED, NEEDS_RECEIPT],
        |row| {
            let directed: Option<String> = row.get(1)?;
            Ok(Asked { sender: row.get(0)?, directed: directed.unwrap_or_default() })
        },
    )
    .await
}

/// An own message, or the refusal that it is somebody else's or asked for nothing.
async fn own(
    tx: &Tx<'_>,
    app: AppId,
    key: &ChannelKey,
    user: &UserId,
    id: MessageId,
) -> Result<Asked, StoreError> {
    match asked(tx, app, key, id).await? {
        None => Err(Refusal::MessageNotFound(id.to_string()).into()),
        Some(found) if found.sender != *user => Err(Refusal::NotYourMessage.into()),
        Some(found) => Ok(found),
    }
}

/// Members whom a message has reached and who have not read it, by app, group, channel, message, sender, whom it is for, and
/// the id after which they begin.
macro_rules! unread {
    ($what:literal, $end:literal) => {
        concat!(
            "select ",
            $what,
            " from group_members g join users u on u.app = g.app and u.id = g.user_id
              where g.app = ?1 and g.group_id = ?2 and g.user_id <> ?5 and g.history_from <= ?4
                and u.deleted_at = 0 and u.history_from <= ?4 and g.user_id > ?7
                and (?6 = '' or replace(?6, ' ' || g.user_id || ' ', '') <> ?6)
                and not exists (select 1 from message_receipts r
                    where r.app = ?1 and r.channel = ?3 and r.message_id = ?4
                      and r.user_id = g.user_id) ",
            $end
        )
    };
}

async fn count(
    tx: &Tx<'_>,
    app: AppId,
    group: &GroupId,
    key: &ChannelKey,
    id: MessageId,
    message: &Asked,
) -> Result<(i64, i64), StoreError> {
    let read = tx
        .one(
            "select count(*) from message_receipts
             where app = ?1 and channel = ?2 and message_id = ?3",
            params![app, key.as_str(), id],
            |row| row.get(0),
        )
        .await?;
    let of = params![app, group, key.as_str(), id, &message.sender, &message.directed, ""];
    let unread = tx.one(unread!("count(*)", ""), of, |row| row.get(0)).await?;
    Ok((read, unread))
}

impl Store {
    /// Notes that a member has read messages, and returns those of them that it had not read before and whose senders
    /// asked to be told; the others do not matter.
    pub async fn record_group_receipts(
        &self,
        app: AppId,
        user: UserId,
        group: GroupId,
        ids: Vec<MessageId>,
        now: Timestamp,
    ) -> Result<Vec<Recorded>, StoreError> {
        // Whoever ends a membership holds the member's row too.
        self.write(vec![(app, user.clone())], async move |tx| {
            let (floor, key) = (floor(tx, app, &group, &user).await?, ChannelKey::group(&group));
            let mut recorded = Vec::new();
            for id in ids.iter().filter(|id| **id >= floor) {
                let Some(message) = asked(tx, app, &key, *id).await? else { continue };
                let pattern = format!(" {user} ");
                let is_for_user =
                    message.directed.is_empty() || message.directed.contains(&pattern);
                if message.sender == user || !is_for_user {
                    continue;
                }
                let new = tx
                    .execute(
                        "insert into message_receipts (app, channel, message_id, user_id, at)
                         values (?1, ?2, ?3, ?4, ?5)
                         on conflict (app, channel, message_id, user_id) do nothing",
                        params![app, key.as_str(), *id, &user, now],
                    )
                    .await?;
                if new > 0 {
                    recorded.push(Recorded { sender: message.sender, id: *id });
                }
            }
            Ok(recorded)
        })
        .await
    }

    /// How many have read some of a member's own messages. Others' messages, and those that asked for nothing, are left out.
    pub async fn group_receipts(
        &self,
        app: AppId,
        user: UserId,
        group: GroupId,
        ids: Vec<MessageId>,
    ) -> Result<Vec<ReceiptCount>, StoreError> {
        self.read(async move |tx| {
            floor(tx, app, &group, &user).await?;
            let key = ChannelKey::group(&group);
            let mut counts = Vec::with_capacity(ids.len());
            for id in &ids {
                let found = asked(tx, app, &key, *id).await?;
                let Some(message) = found.filter(|found| found.sender == user) else { continue };
                let (read, unread) = count(tx, app, &group, &key, *id, &message).await?;
                counts.push(ReceiptCount {
                    message_id: id.to_string(),
                    read_count: u32::try_from(read).unwrap_or(u32::MAX),
                    unread_count: u32::try_from(unread).unwrap_or(u32::MAX),
                });
            }
            Ok(counts)
        })
        .await
    }

    /// A page of those who have read a member's own message, the first first, and how many there are.
    pub async fn group_readers(
        &self,
        app: AppId,
        user: UserId,
        group: GroupId,
        id: MessageId,
        after: Option<Position>,
        limit: i64,
    ) -> Result<(Page<ReceiptUser>, i64), StoreError> {
        self.read(async move |tx| {
            floor(tx, app, &group, &user).await?;
            let key = ChannelKey::group(&group);
            let message = own(tx, app, &key, &user, id).await?;
            let (at, from) = Position::or_start(after.as_ref(), false);
            let rows = tx
                .all(
                    "select user_id, at from message_receipts
                     where app = ?1 and channel = ?2 and message_id = ?3
                       and (at > ?4 or (at = ?4 and user_id > ?5))
                     order by at, user_id limit ?6",
                    params![app, key.as_str(), id, at, from, limit + 1],
                    |row| {
                        let (user, at): (UserId, Timestamp) = (row.get(0)?, row.get(1)?);
                        let position = Position { at: at.0, id: user.clone() };
                        Ok((position, ReceiptUser { user, read_at: at }))
                    },
                )
                .await?;
            let (read, _) = count(tx, app, &group, &key, id, &message).await?;
            Ok((Page::cut(rows, limit), read))
        })
        .await
    }

    /// A page of the members whom a member's own message has reached and who have not read it, by id, and how many there are.
    pub async fn group_nonreaders(
        &self,
        app: AppId,
        user: UserId,
        group: GroupId,
        id: MessageId,
        after: Option<Position>,
        limit: i64,
    ) -> Result<(Page<ReceiptUser>, i64), StoreError> {
        self.read(async move |tx| {
            floor(tx, app, &group, &user).await?;
            let key = ChannelKey::group(&group);
            let message = own(tx, app, &key, &user, id).await?;
            let from = after.as_ref().map_or("", |position| position.id.as_str());
            let rows = tx
                .all(
                    unread!("g.user_id", "order by g.user_id limit ?8"),
                    params![
                        app,
                        &group,
                        key.as_str(),
                        id,
                        &message.sender,
                        &message.directed,
                        from,
                        limit + 1,
                    ],
                    |row| {
                        let user: UserId = row.get(0)?;
                        let position = Position { at: 0, id: user.clone() };
                        Ok((position, ReceiptUser { user, read_at: Timestamp(0) }))
                    },
                )
                .await?;
            let (_, unread) = count(tx, app, &group, &key, id, &message).await?;
            Ok((Page::cut(rows, limit), unread))
        })
        .await
    }

    /// Messages of a group that a member has not read and that mention the member or everybody, the oldest first. Returns
    /// one more than `limit` when there are more.
    pub async fn unread_mentions(
        &self,
        app: AppId,
        user: UserId,
        group: GroupId,
        after: Option<MessageId>,
        limit: u32,
    ) -> Result<Vec<nuncio_protocol::frames::Message>, StoreError> {
        let limit = i64::from(limit) + 1;
        self.read(async move |tx| {
            tx.filed(app, &[&user])?;
            let floor = floor(tx, app, &group, &user).await?;
            let joined_at = joined_at(tx, app, &group, &user).await?.unwrap_or(floor);
            let key = ChannelKey::group(&group);
            let read = tx
                .opt(
                    "select read_id from channels where app = ?1 and user_id = ?2 and channel = ?3",
                    params![app, &user, key.as_str()],
                    |row| row.get(0),
                )
                .await?;
            // What was sent before the user joined was never unread.
            let before = MessageId(floor.max(joined_at).0.saturating_sub(1));
            let from = [Some(before), read, after].into_iter().flatten().max().unwrap_or(before);
            let found = tx
                .all(
                    concat!(
                        select_messages!(
                            "",
                            "messages m where app = ?1 and channel = ?2 and id > ?3 and sender <> ?4
                               and flags & 3 = ?5
                               and (mentioned = ' * '
                                    or replace(mentioned, ' ' || ?4 || ' ', '') <> mentioned) and "
                        ),
                        is_for!("?4"),
                        " order by id limit ?6"
                    ),
                    params![app, key.as_str(), from, &user, COUNTED, limit],
                    |row| read_message(row, &user),
                )
                .await?;
            Ok(found.into_iter().flatten().collect())
        })
        .await
    }
}
