//! What is to be pushed to a device next: decided in the transaction that says how the last attempt ended.

use nuncio_protocol::frames::{ChannelType, Entry, Message, PushConfig, entry};
use nuncio_protocol::ids::{AppId, MessageId};
use nuncio_protocol::push::PushOptions;
use nuncio_protocol::{Mentions, Refusal, Timestamp, UserId};

use super::devices::{self, Device};
use super::levels::Levels;
use super::settings::{self, Settings};
use crate::engine::{Store, Tx, params};
use crate::error::StoreError;
use crate::inbox;
use crate::keys::ChannelKey;
use crate::tokens;

/// Inbox entries that one look reads.
const PAGE: usize = 50;
/// Pages in which nothing was found that one transaction reads.
const PAGES: usize = 4;
/// How long a message is worth telling of.
const WORTH_MS: i64 = 24 * 60 * 60 * 1000;
/// How long a device of an app that is locked is left alone.
const LOCKED_MS: i64 = 60_000;

/// A device that is behind, and the moment at which it came due, by which a claim is recognised.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// The app.
    pub app: AppId,
    /// Whose device.
    pub user: UserId,
    /// The device.
    pub device: String,
    /// When it came due; once it is claimed, until when it is held.
    pub held: Timestamp,
}

/// A notification that its holder is to send.
#[derive(Clone, Debug)]
pub struct Work {
    /// Whose it is, and until when it is held.
    pub place: Place,
    /// Through what.
    pub device: Device,
    /// The inbox entry that is told of, and with it all before.
    pub seq: u64,
    /// What is told.
    pub found: Found,
}

/// What a notification is made of.
#[derive(Clone, Debug)]
pub struct Found {
    /// The message, as the device's user sees it: the latest where several of a channel wait.
    pub message: Message,
    /// Unread messages in the channel.
    pub count: i64,
    /// The name that the sender was registered with.
    pub sender_name: String,
    /// Likewise the avatar; may be empty.
    pub sender_avatar: String,
    /// Of a message to a group: the group's name and avatar.
    pub group: Option<(String, String)>,
    /// Unread messages in all of the user's channels.
    pub badge: i64,
    /// Whether the message mentions the user.
    pub mentioned: bool,
    /// How the sender wants it pushed; the default where the sender has said nothing.
    pub options: PushConfig,
    /// Whether what the message says is to be left out, unless the sender insists.
    pub hide_content: bool,
    /// In which texts are made; empty: English.
    pub language: String,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// Up to this entry nothing is left to be told.
    Told(u64),
    /// It failed, and is tried again then.
    Retry(Timestamp),
    /// It was not tried, and is looked at again then.
    Wait(Timestamp),
    /// The provider knows no such device any more.
    Gone,
}

/// A message behind the cursor that is to be told.
struct Candidate {
    seq: u64,
    channel: String,
    message: Message,
    mentioned: bool,
    options: PushConfig,
}

/// Whether a user has read a message, and what its sender has said about push.
async fn read_and_options(
    tx: &Tx<'_>,
    app: AppId,
    user: &UserId,
    channel: &str,
    id: MessageId,
) -> Result<(bool, PushConfig), StoreError> {
    // A message of which the user has said that it is read need not be told of, whatever is marked read.
    let (read, options) = tx
        .one(
            "select exists (select 1 from channels where app = ?1 and user_id = ?2 and channel = ?3
                              and read_id >= ?4)
                    or exists (select 1 from message_receipts where app = ?1 and channel = ?3
                                 and message_id = ?4 and user_id = ?2),
                    (select options from push_options where app = ?1 and message_id = ?4)",
            params![app, user, channel, id],
            |row| Ok((row.get::<bool>(0)?, row.get::<Option<Vec<u8>>>(1)?)),
        )
        .await?;
    let options = match options {
        Some(bytes) => PushOptions::decode(&bytes)
            .map_err(|e| StoreError::corrupt("push_options", e))?
            .config()
            .clone(),
        None => PushConfig::default(),
    };
    Ok((read, options))
}

/// Reads a page behind a cursor. Answers what of it is to be told, and its last number.
async fn read_page(
    tx: &Tx<'_>,
    place: &Place,
    cursor: i64,
    settings: &Settings,
    now: Timestamp,
) -> Result<(Vec<Candidate>, Option<u64>), StoreError> {
    let Place { app, user, .. } = place;
    let rows = inbox::read_entries(tx, *app, user, cursor, PAGE, u64::MAX).await?;
    let last = rows.last().map(|entry| entry.seq);
    let oldest = now.plus_ms(-WORTH_MS);
    let mut levels = Levels::at(now, settings.quiet.as_ref());
    let mut candidates = Vec::new();
    for Entry { seq, body, .. } in rows {
        let Some(entry::Body::Message(message)) = body else { continue };
        let id: MessageId = message.id.parse().unwrap_or(MessageId(0));
        let is_own = message.sender_id == user.as_str();
        if message.recalled || is_own || id.sent_at() < oldest {
            continue;
        }
        let channel = message.channel.clone().unwrap_or_default();
        let key = ChannelKey::of(user, &channel);
        let (read, options) = read_and_options(tx, *app, user, key.as_str(), id).await?;
        let counts = message.counted || !options.content.is_empty();
        if read || !counts || options.disabled {
            continue;
        }
        let mentions = Mentions::of(&message.content);
        if channel.r#type == i32::from(ChannelType::Group)
            && !is_members(tx, (*app, user), &channel.id, id).await?
        {
            continue;
        }
        if levels.passes(tx, (*app, user), key.as_str(), &channel, &mentions).await? {
            let mentioned = mentions.include(user);
            let channel = key.as_str().to_owned();
            candidates.push(Candidate { seq, channel, message, mentioned, options });
        }
    }
    Ok((candidates, last))
}

/// Whether a group's message is a user's to be told of: who was removed is told of nothing any more, nor, after a return, of
/// what was sent before it.
async fn is_members(
    tx: &Tx<'_>,
    (app, user): (AppId, &UserId),
    group: &str,
    id: MessageId,
) -> Result<bool, StoreError> {
    tx.exists(
        "select 1 from group_members
         where app = ?1 and group_id = ?2 and user_id = ?3 and history_from <= ?4",
        params![app, group, user, id],
    )
    .await
}

/// The first notification of some candidates: of the channel whose latest message is the oldest, that message, which
/// stands for all of the channel's.
fn first(candidates: Vec<Candidate>) -> Option<Candidate> {
    let mut latest: Vec<Candidate> = Vec::new();
    for candidate in candidates {
        latest.retain(|other| other.channel != candidate.channel);
        latest.push(candidate);
    }
    latest.into_iter().next()
}

async fn identity(tx: &Tx<'_>, app: AppId, user: &str) -> Result<(String, String), StoreError> {
    let found = tx
        .opt(
            "select name, avatar_url from users where app = ?1 and id = ?2",
            params![app, user],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .await?;
    Ok(found.unwrap_or_default())
}

/// A group's name and avatar, and what a member is called in it.
async fn group(
    tx: &Tx<'_>,
    app: AppId,
    group: &str,
    member: &str,
) -> Result<((String, String), String), StoreError> {
    let found = tx
        .opt(
            "select g.name, g.profile, coalesce(m.nickname, '') from groups g
             left join group_members m on m.app = g.app and m.group_id = g.id and m.user_id = ?3
             where g.app = ?1 and g.id = ?2",
            params![app, group, member],
            |row| Ok((row.get::<String>(0)?, row.get::<String>(1)?, row.get::<String>(2)?)),
        )
        .await?;
    let Some((name, profile, nickname)) = found else { return Ok(<_>::default()) };
    let profile: serde_json::Value = serde_json::from_str(&profile).unwrap_or_default();
    let avatar = profile["portraitUrl"].as_str().unwrap_or_default().to_owned();
    Ok(((name, avatar), nickname))
}

async fn describe(
    tx: &Tx<'_>,
    place: &Place,
    device: &Device,
    settings: &Settings,
    candidate: Candidate,
) -> Result<Found, StoreError> {
    let Candidate { message, mentioned, options, channel: key, .. } = candidate;
    let (mut sender_name, sender_avatar) = identity(tx, place.app, &message.sender_id).await?;
    let channel = message.channel.clone().unwrap_or_default();
    let mut of_group = None;
    if channel.r#type == i32::from(ChannelType::Group) {
        let (found, nickname) = group(tx, place.app, &channel.id, &message.sender_id).await?;
        of_group = Some(found);
        if !nickname.is_empty() {
            sender_name = nickname;
        }
    }
    let (badge, count) = tx
        .one(
            "select cast(coalesce(sum(unread), 0) as bigint),
                    cast(coalesce(sum(case when channel = ?3 then unread else 0 end), 0) as bigint)
             from channels where app = ?1 and user_id = ?2",
            params![place.app, &place.user, &key],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .await?;
    let of_device = Some(&device.language).filter(|language| !language.is_empty());
    Ok(Found {
        message,
        count,
        sender_name,
        sender_avatar,
        group: of_group,
        badge,
        mentioned,
        options,
        hide_content: settings.hide_content,
        language: of_device.unwrap_or(&settings.language).clone(),
    })
}

/// What a step knows of its device.
struct Standing {
    device: Device,
    cursor: i64,
    token_issued_at: Timestamp,
    secret_version: i64,
    token_expires_at: Timestamp,
}

async fn held(tx: &Tx<'_>, place: &Place) -> Result<Option<Standing>, StoreError> {
    tx.opt(
        "select device, provider, token, p256dh, auth, language, registered_at, failures,
                cursor, token_issued_at, secret_version, token_expires_at
         from push_devices where app = ?1 and user_id = ?2 and device = ?3 and next_at = ?4",
        params![place.app, &place.user, &place.device, place.held],
        |row| {
            Ok(Standing {
                device: devices::read(row)?,
                cursor: row.get(8)?,
                token_issued_at: row.get(9)?,
                secret_version: row.get(10)?,
                token_expires_at: row.get(11)?,
            })
        },
    )
    .await
}

async fn drop_device(tx: &Tx<'_>, place: &Place) -> Result<(), StoreError> {
    tx.execute(
        "delete from push_devices where app = ?1 and user_id = ?2 and device = ?3",
        params![place.app, &place.user, &place.device],
    )
    .await?;
    Ok(())
}

/// Where a device stands from now on.
async fn leave(
    tx: &Tx<'_>,
    place: &Place,
    cursor: i64,
    next_at: Timestamp,
    failures: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "update push_devices set cursor = ?4, next_at = ?5, failures = ?6
         where app = ?1 and user_id = ?2 and device = ?3",
        params![place.app, &place.user, &place.device, cursor, next_at, failures],
    )
    .await?;
    Ok(())
}

impl Store {
    /// Devices of a user that are behind the inbox's end and due, once it has all that waits in big groups; `None` where the
    /// user has no devices at all.
    pub async fn due_push_devices(
        &self,
        app: AppId,
        user: UserId,
        now: Timestamp,
    ) -> Result<Option<Vec<Place>>, StoreError> {
        self.read_of_user(app, user.clone(), None, async move |tx: &mut Tx<'_>| {
            let unfiled = tx.unfiled_head(app, &user)?.unwrap_or(0).cast_signed();
            let all = tx
                .all(
                    "select d.device, d.next_at, d.cursor, coalesce(u.inbox_head, 0)
                     from push_devices d left join users u on u.app = d.app and u.id = d.user_id
                     where d.app = ?1 and d.user_id = ?2",
                    params![app, &user],
                    |row| {
                        let (device, held) = (row.get(0)?, row.get(1)?);
                        let behind = row.get::<i64>(2)? < row.get::<i64>(3)?.max(unfiled);
                        Ok((Place { app, user: user.clone(), device, held }, behind))
                    },
                )
                .await?;
            let any = !all.is_empty();
            let due = all.into_iter().filter(|(place, behind)| *behind && place.held <= now);
            let due = due.map(|(place, _)| place).collect();
            Ok(any.then_some(due))
        })
        .await
    }

    /// Users with devices that are behind and due, as far as inboxes are filed, or who are absent from big groups where
    /// something has happened, after one in the order of apps and ids; and the last user looked at, unless that was the last
    /// of all.
    pub async fn users_behind(
        &self,
        after: (AppId, String),
        limit: i64,
        now: Timestamp,
    ) -> Result<(Vec<(AppId, UserId)>, Option<(AppId, String)>), StoreError> {
        self.read(async move |tx| {
            let rows = tx
                .all(
                    "select d.app, d.user_id, d.next_at, d.cursor, coalesce(u.inbox_head, 0),
                            exists (select 1 from group_members m
                                    join groups g on g.app = m.app and g.id = m.group_id
                                    where m.app = d.app and m.user_id = d.user_id
                                      and m.caught_up is not null and m.attends_until = 0
                                      and m.caught_up < g.head)
                     from push_devices d left join users u on u.app = d.app and u.id = d.user_id
                     where (d.app = ?1 and d.user_id > ?2) or d.app > ?1
                     order by d.app, d.user_id, d.device limit ?3",
                    params![after.0, after.1.as_str(), limit],
                    |row| {
                        let due = row.get::<Timestamp>(2)? <= now;
                        let behind = row.get::<i64>(3)? < row.get::<i64>(4)? || row.get(5)?;
                        Ok((row.get::<AppId>(0)?, row.get::<UserId>(1)?, due && behind))
                    },
                )
                .await?;
            let full = i64::try_from(rows.len()).is_ok_and(|read| read >= limit);
            let last = rows.last().map(|(app, user, _)| (*app, user.as_str().to_owned()));
            let mut behind: Vec<_> = rows
                .into_iter()
                .filter(|(_, _, behind)| *behind)
                .map(|(app, user, _)| (app, user))
                .collect();
            behind.dedup();
            Ok((behind, last.filter(|_| full)))
        })
        .await
    }

    /// Takes a step at a device that is due, or was held by the caller: keeps how the attempt before ended, if there was
    /// one, and answers what is to be sent next, the device being held until `until`. `None`: there is nothing to do
    /// now, somebody else is at it, or it is no device any more.
    pub async fn next_push(
        &self,
        place: Place,
        outcome: Option<Outcome>,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Work>, StoreError> {
        self.write(vec![(place.app, place.user.clone())], async move |tx| {
            tx.filed(place.app, &[&place.user])?;
            let Some(row) = held(tx, &place).await? else { return Ok(None) };
            let Standing { mut device, mut cursor, token_issued_at, secret_version, .. } = row;
            let ends_at = row.token_expires_at;
            match outcome {
                None => {}
                Some(Outcome::Told(seq)) => {
                    cursor = cursor.max(seq.cast_signed());
                    device.failures = 0;
                }
                Some(Outcome::Gone) => {
                    drop_device(tx, &place).await?;
                    return Ok(None);
                }
                Some(Outcome::Retry(at)) => {
                    leave(tx, &place, cursor, at, device.failures + 1).await?;
                    return Ok(None);
                }
                Some(Outcome::Wait(at)) => {
                    leave(tx, &place, cursor, at, device.failures).await?;
                    return Ok(None);
                }
            }
            let (app, user) = (place.app, &place.user);
            let standing =
                tokens::standing(tx, app, user, token_issued_at, secret_version, now).await;
            match standing.and_then(|_| devices::check_age(ends_at, now)) {
                Ok(()) => {}
                Err(StoreError::Refused(Refusal::AppUnavailable)) => {
                    leave(tx, &place, cursor, now.plus_ms(LOCKED_MS), device.failures).await?;
                    return Ok(None);
                }
                Err(StoreError::Refused(_)) => {
                    drop_device(tx, &place).await?;
                    return Ok(None);
                }
                Err(error) => return Err(error),
            }
            let settings = settings::find(tx, app, user).await?;
            for _ in 0..PAGES {
                let (candidates, last) = read_page(tx, &place, cursor, &settings, now).await?;
                if let Some(candidate) = first(candidates) {
                    leave(tx, &place, cursor, until, device.failures).await?;
                    let seq = candidate.seq;
                    let found = describe(tx, &place, &device, &settings, candidate).await?;
                    let place = Place { held: until, ..place.clone() };
                    return Ok(Some(Work { place, device, seq, found }));
                }
                let Some(last) = last else { break };
                cursor = last.cast_signed();
            }
            // Where pages are left, the next look goes on from here.
            leave(tx, &place, cursor, Timestamp(0), device.failures).await?;
            Ok(None)
        })
        .await
    }
}
