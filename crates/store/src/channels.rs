//! Channels as their users see them: the list with what is unread, and the history in each.

use nuncio_protocol::frames;
use nuncio_protocol::frames::{ChannelRead, ChannelState, ChannelType, ReadReceipt, entry};
use nuncio_protocol::ids::{AppId, ChannelId, MessageId};
use nuncio_protocol::{Refusal, Timestamp, UserId};

use crate::engine::{Row, Store, Tx, params};
use crate::error::StoreError;
use crate::inbox;
use crate::keys::{self, ChannelKey};
use crate::messages::{COUNTED, is_for, read_message, select_messages};

/// Unread messages that are counted one by one; past that the count stays there.
const MOST_UNREAD: i64 = 1000;

/// Where to begin reading a channel's history, the place itself left out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HistoryFrom {
    /// At its end: the newest message or, ascending, the oldest.
    End,
    /// At a message.
    Message(MessageId),
    /// At a moment.
    Time(Timestamp),
}

impl Store {
    /// Messages of a direct channel that are the user's to see. Returns one more than `limit` when there
    /// are more.
    pub async fn history(
        &self,
        app: AppId,
        user: UserId,
        peer: UserId,
        from: HistoryFrom,
        ascending: bool,
        limit: u32,
    ) -> Result<Vec<frames::Message>, StoreError> {
        let limit = i64::from(limit) + 1;
        self.read(async move |tx| {
            tx.filed(app, &[&user, &peer])?;
            let key = ChannelKey::direct(&user, &peer);
            let floor = history_floor(tx, app, &user).await?;
            let (first, end) = bounds(from, ascending);
            read_between(tx, app, &key, &user, first.max(floor)..end, ascending, limit).await
        })
        .await
    }

    /// Messages of a direct channel sent from `oldest` to `newest`, newest first.
    pub async fn history_between(
        &self,
        app: AppId,
        user: UserId,
        peer: UserId,
        oldest: Timestamp,
        newest: Timestamp,
        limit: i64,
    ) -> Result<Vec<frames::Message>, StoreError> {
        self.read(async move |tx| {
            tx.filed(app, &[&user, &peer])?;
            let key = ChannelKey::direct(&user, &peer);
            let floor = history_floor(tx, app, &user).await?.max(MessageId::first_at(oldest));
            let end = MessageId::first_at(newest.plus_ms(1));
            read_between(tx, app, &key, &user, floor..end, false, limit).await
        })
        .await
    }

    /// A user's channels that were active before a moment, of one kind or of all, the latest first. Returns one more
    /// than `limit` when there are more.
    pub async fn channels(
        &self,
        app: AppId,
        user: UserId,
        before: Option<Timestamp>,
        only: Option<ChannelType>,
        limit: u32,
    ) -> Result<Vec<ChannelState>, StoreError> {
        let limit = i64::from(limit) + 1;
        self.read_of_user(app, user.clone(), None, async move |tx: &mut Tx<'_>| {
            tx.filed(app, &[&user])?;
            let before = before.map_or(MessageId(i64::MAX), MessageId::first_at);
            tx.all(
                select_messages!(
                    ", c.channel, c.latest_id, c.unread, c.read_id, c.peer_read_id, c.mentioned, c.mentioned_me",
                    "channels c left join messages m
                     on m.app = c.app and m.channel = c.channel and m.id = c.latest_id
                     where c.app = ?1 and c.user_id = ?2 and c.latest_id < ?3
                       and substr(c.channel, 1, length(?5)) = ?5
                     order by c.latest_id desc limit ?4"
                ),
                params![app, &user, before, limit, keys::beginning(only)],
                |row| read_channel(row, &user),
            )
            .await
        })
        .await
    }

    /// Some of a user's channels; those without any message are left out.
    pub async fn channels_of(
        &self,
        app: AppId,
        user: UserId,
        channels: Vec<ChannelId>,
    ) -> Result<Vec<ChannelState>, StoreError> {
        self.read_of_user(app, user.clone(), None, async move |tx: &mut Tx<'_>| {
            tx.filed(app, &[&user])?;
            let mut found = Vec::with_capacity(channels.len());
            for channel in &channels {
                let key = match channel {
                    ChannelId::Direct(peer) => ChannelKey::direct(&user, peer),
                    ChannelId::Group(group) => ChannelKey::group(group),
                };
                let channel = tx
                    .opt(
                        select_messages!(
                            ", c.channel, c.latest_id, c.unread, c.read_id, c.peer_read_id, c.mentioned, c.mentioned_me",
                            "channels c left join messages m
                             on m.app = c.app and m.channel = c.channel and m.id = c.latest_id
                             where c.app = ?1 and c.user_id = ?2 and c.channel = ?3"
                        ),
                        params![app, &user, key.as_str()],
                        |row| read_channel(row, &user),
                    )
                    .await?;
                found.extend(channel);
            }
            Ok(found)
        })
        .await
    }

    /// Unread messages in all of a user's channels.
    pub async fn total_unread(&self, app: AppId, user: UserId) -> Result<i64, StoreError> {
        self.read_of_user(app, user.clone(), None, async move |tx: &mut Tx<'_>| {
            tx.filed(app, &[&user])?;
            tx.one(
                "select cast(coalesce(sum(unread), 0) as bigint) from channels
                 where app = ?1 and user_id = ?2",
                params![app, &user],
                |row| row.get(0),
            )
            .await
        })
        .await
    }

    /// Marks a channel read up to a message, or wholly. Tells the user's devices, and the other side when
    /// messages of theirs have newly been read.
    pub async fn mark_read(
        &self,
        app: AppId,
        user: UserId,
        peer: UserId,
        up_to: Option<MessageId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let locks = vec![(app, user.clone()), (app, peer.clone())];
        self.write(locks, async move |tx| {
            tx.filed(app, &[&user, &peer])?;
            let key = ChannelKey::direct(&user, &peer);
            let Some((read, up_to)) =
                move_read(tx, app, &user, &key, up_to, MessageId(0), now).await?
            else {
                return Ok(());
            };
            if peer != user && news_for_peer(tx, app, &peer, &key, read, up_to).await? {
                tell_peer(tx, app, &user, &peer, &key, up_to, now).await?;
            }
            Ok(())
        })
        .await
    }
}

/// The ids of the messages that lie on the asked-for side of a place, which is left out: from the first one on, and
/// before the second.
pub(crate) fn bounds(from: HistoryFrom, ascending: bool) -> (MessageId, MessageId) {
    let (first, end) = (MessageId(0), MessageId(i64::MAX));
    match (from, ascending) {
        (HistoryFrom::End, _) => (first, end),
        (HistoryFrom::Message(id), true) => (MessageId(id.0.saturating_add(1)), end),
        (HistoryFrom::Message(id), false) => (first, id),
        (HistoryFrom::Time(at), true) => (MessageId::first_at(at.plus_ms(1)), end),
        (HistoryFrom::Time(at), false) => (first, MessageId::first_at(at)),
    }
}

pub(crate) async fn history_floor(
    tx: &Tx<'_>,
    app: AppId,
    user: &UserId,
) -> Result<MessageId, StoreError> {
    tx.opt("select history_from from users where app = ?1 and id = ?2", params![app, user], |row| {
        row.get(0)
    })
    .await?
    .ok_or_else(|| Refusal::NotRegistered(user.clone()).into())
}

/// A query for messages of a stretch of a channel that are for a user, in an order.
macro_rules! messages_for {
    ($order:literal) => {
        concat!(
            select_messages!(
                "",
                "messages m where app = ?1 and channel = ?2 and id >= ?3 and id < ?4 and "
            ),
            is_for!("?6"),
            " ",
            $order
        )
    };
}

/// Messages of a stretch of a channel, as a user sees them.
pub(crate) async fn read_between(
    tx: &Tx<'_>,
    app: AppId,
    key: &ChannelKey,
    user: &UserId,
    ids: std::ops::Range<MessageId>,
    ascending: bool,
    limit: i64,
) -> Result<Vec<frames::Message>, StoreError> {
    let sql = if ascending {
        messages_for!("order by id limit ?5")
    } else {
        messages_for!("order by id desc limit ?5")
    };
    let values = params![app, key.as_str(), ids.start, ids.end, limit, user];
    let found = tx.all(sql, values, |row| read_message(row, user)).await?;
    Ok(found.into_iter().flatten().collect())
}

fn count(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn read_channel(row: &Row<'_>, user: &UserId) -> Result<ChannelState, StoreError> {
    let id = |index| row.get::<MessageId>(index);
    let text = |id: MessageId| if id.0 == 0 { String::new() } else { id.to_string() };
    Ok(ChannelState {
        channel: Some(ChannelKey::stored(row.get(9)?).seen_by(user)),
        latest_message: read_message(row, user)?,
        unread_count: count(row.get(11)?),
        read_message_id: text(id(12)?),
        peer_read_message_id: text(id(13)?),
        updated_at: id(10)?.sent_at().0,
        mentioned_count: count(row.get(14)?),
        mentioned_me_count: count(row.get(15)?),
    })
}

/// Messages of a channel that a user has not read.
#[derive(Clone, Copy, Default)]
struct Unread {
    all: i64,
    /// Those that mention anybody.
    mentioned: i64,
    /// Those that mention the user or everybody.
    mentioned_me: i64,
}

/// Moves what a user has read of a channel up to a message, or to its end, and tells the user's devices. Answers the old
/// and the new place, unless nothing was left to read. What comes before `floor` is not counted as unread.
pub(crate) async fn move_read(
    tx: &mut Tx<'_>,
    app: AppId,
    user: &UserId,
    key: &ChannelKey,
    up_to: Option<MessageId>,
    floor: MessageId,
    now: Timestamp,
) -> Result<Option<(MessageId, MessageId)>, StoreError> {
    let channel = tx
        .opt(
            "select latest_id, read_id, unread from channels
             where app = ?1 and user_id = ?2 and channel = ?3",
            params![app, user, key.as_str()],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .await?;
    let Some((latest, read, unread)): Option<(MessageId, MessageId, i64)> = channel else {
        return match up_to {
            Some(id) => Err(Refusal::MessageNotFound(id.to_string()).into()),
            None => Ok(None),
        };
    };
    let up_to = up_to.unwrap_or(latest).min(latest).max(read);
    if up_to == read && unread == 0 {
        return Ok(None);
    }
    let left = if up_to == latest {
        Unread::default()
    } else {
        let from = up_to.max(MessageId(floor.0.saturating_sub(1)));
        count_unread(tx, app, user, key, from).await?
    };
    tx.execute(
        "update channels set read_id = ?4, unread = ?5, mentioned = ?6, mentioned_me = ?7
         where app = ?1 and user_id = ?2 and channel = ?3",
        params![app, user, key.as_str(), up_to, left.all, left.mentioned, left.mentioned_me],
    )
    .await?;
    let own = ChannelRead {
        channel: Some(key.seen_by(user)),
        message_id: up_to.to_string(),
        unread_count: count(left.all),
        mentioned_count: count(left.mentioned),
        mentioned_me_count: count(left.mentioned_me),
    };
    inbox::add(tx, app, user, entry::Body::ChannelRead(own), now).await?;
    Ok(Some((read, up_to)))
}

/// A user who was absent from a big group has found messages of it, up to `latest`, or what has become of others. Those of
/// before `floor` are not counted.
pub(crate) async fn found_in_group(
    tx: &Tx<'_>,
    app: AppId,
    user: &UserId,
    key: &ChannelKey,
    latest: MessageId,
    floor: MessageId,
) -> Result<(), StoreError> {
    let known = tx
        .opt(
            "select latest_id, read_id from channels
             where app = ?1 and user_id = ?2 and channel = ?3",
            params![app, user, key.as_str()],
            |row| Ok((row.get::<MessageId>(0)?, row.get::<MessageId>(1)?)),
        )
        .await?;
    let (before, read) = known.unwrap_or((MessageId(0), MessageId(0)));
    let latest = latest.max(before);
    if latest == MessageId(0) {
        return Ok(());
    }
    let from = read.max(MessageId(floor.0.saturating_sub(1)));
    let unread = count_unread(tx, app, user, key, from).await?;
    tx.execute(
        "insert into channels (app, user_id, channel, latest_id, unread, mentioned, mentioned_me)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         on conflict (app, user_id, channel) do update
         set latest_id = excluded.latest_id, unread = excluded.unread,
             mentioned = excluded.mentioned, mentioned_me = excluded.mentioned_me",
        params![app, user, key.as_str(), latest, unread.all, unread.mentioned, unread.mentioned_me],
    )
    .await?;
    Ok(())
}

async fn count_unread(
    tx: &Tx<'_>,
    app: AppId,
    user: &UserId,
    key: &ChannelKey,
    read: MessageId,
) -> Result<Unread, StoreError> {
    tx.one(
        concat!(
            "select count(*), cast(coalesce(sum(mentioned), 0) as bigint),
                    cast(coalesce(sum(mentioned_me), 0) as bigint) from (
                 select case when m.mentioned is null then 0 else 1 end as mentioned,
                        case when m.mentioned = ' * '
                               or replace(m.mentioned, ' ' || ?4 || ' ', '') <> m.mentioned
                             then 1 else 0 end as mentioned_me
                 from messages m
                 where app = ?1 and channel = ?2 and id > ?3 and sender <> ?4 and flags & 3 = ?5 and ",
            is_for!("?4"),
            " order by id limit ?6) as unread"
        ),
        params![app, key.as_str(), read, user, COUNTED, MOST_UNREAD],
        |row| {
            Ok(Unread { all: row.get(0)?, mentioned: row.get(1)?, mentioned_me: row.get(2)? })
        },
    )
    .await
}

/// Whether messages of the peer lie between the old and the new place.
async fn news_for_peer(
    tx: &Tx<'_>,
    app: AppId,
    peer: &UserId,
    key: &ChannelKey,
    read: MessageId,
    up_to: MessageId,
) -> Result<bool, StoreError> {
    tx.exists(
        "select 1 from messages
         where app = ?1 and channel = ?2 and id > ?3 and id <= ?4 and sender = ?5 limit 1",
        params![app, key.as_str(), read, up_to, peer],
    )
    .await
}

async fn tell_peer(
    tx: &mut Tx<'_>,
    app: AppId,
    user: &UserId,
    peer: &UserId,
    key: &ChannelKey,
    up_to: MessageId,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "update channels set peer_read_id = ?4 where app = ?1 and user_id = ?2 and channel = ?3",
        params![app, peer, key.as_str(), up_to],
    )
    .await?;
    let receipt = ReadReceipt {
        channel: Some(key.seen_by(peer)),
        reader_id: user.as_str().to_owned(),
        message_id: up_to.to_string(),
    };
    inbox::add(tx, app, peer, entry::Body::ReadReceipt(receipt), now).await
}
