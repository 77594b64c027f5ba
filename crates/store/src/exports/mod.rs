//! All that is held about one user, in pages, to be written into a file. The job that does it is in `jobs`.
//!
//! What others have about the user (who has the user on a list, or wants to know when the user is online) is theirs,
//! and left out; what went on between the user and others is there. Each page is of the moment at which it is read.

mod rows;

use nuncio_protocol::ids::AppId;
use nuncio_protocol::{Refusal, Timestamp, UserId};
use serde_json::{Value, json};

use crate::audit::{self, Act};
use crate::engine::{Store, Tx, params};
use crate::error::StoreError;
use crate::jobs::{self, Job, Kind, State};
use crate::keys::ChannelKey;
use crate::messages::{is_for, read_message, select_messages};
use crate::outbox::select_deliveries;
use crate::push;
use rows::{
    audited, read_activation, read_channel, read_channel_tag, read_entry, read_favorite,
    read_friend, read_group, read_group_application, read_listed, read_posted, read_receipt,
    read_request, read_settings, read_subscription, read_tagged, read_type_settings, read_user,
    written,
};

/// Channels that one page of messages looks into.
const CHANNELS: usize = 100;
/// Users that one look goes through, and looks of one page.
const USERS: i64 = 500;
const LOOKS: usize = 5;

/// What there may be many of, each of them a list of its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Section {
    /// Whom the user does not want to hear from.
    Blocklist,
    /// Whom the user wants to hear from.
    Whitelist,
    /// Friends, with what the user has noted about them.
    Friends,
    /// Whom the user has asked to become friends.
    RequestsSent,
    /// Who has asked the user.
    RequestsReceived,
    /// Whose presence or profile the user wants to hear of.
    Subscriptions,
    /// Groups that the user is a member of, with role, names and standing there.
    Groups,
    /// Members of groups whom the user follows.
    GroupFavorites,
    /// Groups that the user has asked to join, and invitations by and of the user.
    GroupApplications,
    /// Channels, with what is unread in them.
    Channels,
    /// What the user has set for channels.
    ChannelSettings,
    /// What the user has set for all channels of a type.
    ChannelTypeSettings,
    /// The tags by which the user sorts channels.
    ChannelTags,
    /// The channels under each of them.
    TaggedChannels,
    /// Devices that are registered for push.
    PushDevices,
    /// What the user has set about push.
    PushSettings,
    /// Messages that the user sent and received.
    Messages,
    /// Messages of groups that the user has told the senders to have read.
    ReadReceipts,
    /// What the user's devices were told, in order; messages by their ids.
    Inbox,
    /// Events of the user on their way to the app's server, or there.
    WebhookDeliveries,
    /// Soft deletions and restorations.
    Activations,
    /// What was changed about the user, and by whom.
    Audit,
}

impl Section {
    /// All of them.
    pub const ALL: [Self; 22] = [
        Self::Blocklist,
        Self::Whitelist,
        Self::Friends,
        Self::RequestsSent,
        Self::RequestsReceived,
        Self::Subscriptions,
        Self::Groups,
        Self::GroupFavorites,
        Self::GroupApplications,
        Self::Channels,
        Self::ChannelSettings,
        Self::ChannelTypeSettings,
        Self::ChannelTags,
        Self::TaggedChannels,
        Self::PushDevices,
        Self::PushSettings,
        Self::Messages,
        Self::ReadReceipts,
        Self::Inbox,
        Self::WebhookDeliveries,
        Self::Activations,
        Self::Audit,
    ];

    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blocklist => "blocklist",
            Self::Whitelist => "whitelist",
            Self::Friends => "friends",
            Self::RequestsSent => "friend-requests-sent",
            Self::RequestsReceived => "friend-requests-received",
            Self::Subscriptions => "subscriptions",
            Self::Groups => "groups",
            Self::GroupFavorites => "group-favorites",
            Self::GroupApplications => "group-applications",
            Self::Channels => "channels",
            Self::ChannelSettings => "channel-settings",
            Self::ChannelTypeSettings => "channel-type-settings",
            Self::ChannelTags => "channel-tags",
            Self::TaggedChannels => "tagged-channels",
            Self::PushDevices => "push-devices",
            Self::PushSettings => "push-settings",
            Self::Messages => "messages",
            Self::ReadReceipts => "read-receipts",
            Self::Inbox => "inbox",
            Self::WebhookDeliveries => "webhook-deliveries",
            Self::Activations => "activations",
            Self::Audit => "audit",
        }
    }
}

/// The row that a page begins after.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct After {
    text: String,
    second: String,
    number: i64,
    more: i64,
}

impl After {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    fn number(number: i64) -> Self {
        Self { number, ..Self::default() }
    }
}

/// A page of a section: its rows, and where the next page begins, if there is one.
pub type Rows = (Vec<Value>, Option<After>);

/// Whose data an export is.
pub(crate) fn whose(job: &Job) -> Result<UserId, StoreError> {
    UserId::try_from(job.about.as_str()).map_err(|error| StoreError::corrupt("job", error))
}

/// Lets go of all exports of a user.
pub(crate) async fn forget(tx: &Tx<'_>, app: AppId, user: &UserId) -> Result<(), StoreError> {
    let of = params![app, user, Kind::Export.word()];
    tx.execute(
        "delete from job_parts where app = ?1
            and job in (select id from jobs where app = ?1 and kind = ?3 and about = ?2)",
        of,
    )
    .await?;
    tx.execute("delete from jobs where app = ?1 and kind = ?3 and about = ?2", of).await?;
    Ok(())
}

async fn find(tx: &Tx<'_>, app: AppId, id: &str) -> Result<Job, StoreError> {
    let job = jobs::find(tx, app, id).await?;
    if job.kind == Kind::Export { Ok(job) } else { Err(jobs::gone().into()) }
}

impl Store {
    /// An export that is done, to be taken away now: noted, with who takes it.
    pub async fn take_export(
        &self,
        app: AppId,
        id: String,
        now: Timestamp,
    ) -> Result<Job, StoreError> {
        self.write(Vec::new(), async move |tx| {
            let job = find(tx, app, &id).await?;
            if job.state != State::Done {
                return Err(Refusal::NotNow("the export is not done".to_owned()).into());
            }
            let user = whose(&job)?;
            let act = Act::on_user("user.export_download", app, &user, now);
            audit::note(tx, act, &json!({ "job": job.id }));
            Ok(job)
        })
        .await
    }

    /// Deletes an export, whether it is done or not.
    pub async fn remove_export(
        &self,
        app: AppId,
        id: String,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(Vec::new(), async move |tx| {
            let job = find(tx, app, &id).await?;
            tx.execute("delete from job_parts where app = ?1 and job = ?2", params![app, &id])
                .await?;
            tx.execute("delete from jobs where app = ?1 and id = ?2", params![app, &id]).await?;
            let user = whose(&job)?;
            let act = Act::on_user("user.export_remove", app, &user, now);
            audit::note(tx, act, &json!({ "job": job.id }));
            Ok(())
        })
        .await
    }

    /// What there is one of: the user's record, with profile and tags.
    pub async fn export_user(&self, app: AppId, user: UserId) -> Result<Value, StoreError> {
        self.read_of_user(app, user.clone(), None, async move |tx: &mut Tx<'_>| {
            tx.filed(app, &[&user])?;
            let found = tx
                .opt(
                    "select u.name, u.avatar_url, u.created_at, u.inbox_head, u.inbox_floor, u.tokens_from,
                            u.last_token_at, u.banned_until, u.ban_reason, u.muted, u.deleted_at,
                            u.history_from, u.whitelist_on, u.friend_permission, u.profile_visibility,
                            p.version, p.basic, p.ext, t.tags, x.until
                     from users u
                     left join profiles p on p.app = u.app and p.user_id = u.id
                     left join user_tags t on t.app = u.app and t.user_id = u.id
                     left join group_mutes x on x.app = u.app and x.group_id = '' and x.user_id = u.id
                     where u.app = ?1 and u.id = ?2",
                    params![app, &user],
                    |row| read_user(row, &user),
                )
                .await?;
            found.ok_or_else(|| Refusal::NotRegistered(user.clone()).into())
        })
        .await
    }

    /// A page of a section, at most `limit` rows. A page can have fewer, even none, and not be the last.
    pub async fn export_page(
        &self,
        app: AppId,
        user: UserId,
        section: Section,
        after: After,
        limit: i64,
    ) -> Result<Rows, StoreError> {
        self.read(async move |tx| page(tx, app, &user, section, &after, limit).await).await
    }
}

async fn page(
    tx: &Tx<'_>,
    app: AppId,
    user: &UserId,
    section: Section,
    after: &After,
    limit: i64,
) -> Result<Rows, StoreError> {
    let by_text = params![app, user, &after.text, limit];
    let by_both = params![app, user, after.number, &after.text, limit];
    let rows = match section {
        Section::Blocklist => {
            let sql = "select target_id, added_at from blocklist
                       where app = ?1 and user_id = ?2 and target_id > ?3
                       order by target_id limit ?4";
            tx.all(sql, by_text, read_listed).await?
        }
        Section::Whitelist => {
            let sql = "select target_id, added_at from whitelist
                       where app = ?1 and user_id = ?2 and target_id > ?3
                       order by target_id limit ?4";
            tx.all(sql, by_text, read_listed).await?
        }
        Section::Friends => {
            let sql = "select friend_id, alias, ext, added_at from friends
                       where app = ?1 and user_id = ?2 and friend_id > ?3
                       order by friend_id limit ?4";
            tx.all(sql, by_text, read_friend).await?
        }
        Section::RequestsSent => {
            let sql = "select target_id, extra, status, at from friend_requests
                       where app = ?1 and user_id = ?2 and target_id > ?3
                       order by target_id limit ?4";
            tx.all(sql, by_text, read_request).await?
        }
        Section::RequestsReceived => {
            let sql = "select user_id, extra, status, at from friend_requests
                       where app = ?1 and target_id = ?2 and user_id > ?3
                       order by user_id limit ?4";
            tx.all(sql, by_text, read_request).await?
        }
        Section::Subscriptions => {
            let sql = "select type, target_id, subscribed_at, expires_at from subscriptions
                       where app = ?1 and user_id = ?2
                         and (type > ?3 or (type = ?3 and target_id > ?4))
                       order by type, target_id limit ?5";
            tx.all(sql, by_both, read_subscription).await?
        }
        Section::Groups => {
            let sql = "select m.group_id, g.name, m.role, m.nickname, m.extra, m.alias, m.joined_at,
                              x.until,
                              exists (select 1 from group_allowed_senders a
                                      where a.app = ?1 and a.group_id = m.group_id and a.user_id = ?2)
                       from group_members m
                       left join groups g on g.app = m.app and g.id = m.group_id
                       left join group_mutes x on x.app = m.app and x.group_id = m.group_id
                           and x.user_id = m.user_id
                       where m.app = ?1 and m.user_id = ?2 and m.group_id > ?3
                       order by m.group_id limit ?4";
            tx.all(sql, by_text, read_group).await?
        }
        Section::GroupFavorites => {
            let sql = "select f.group_id, f.favorite_id, f.added_at
                       from group_favorites f join group_members m on m.app = f.app
                           and m.group_id = f.group_id and m.user_id = f.user_id
                       where m.app = ?1 and m.user_id = ?2
                         and (m.group_id > ?3 or (m.group_id = ?3 and f.favorite_id > ?4))
                       order by f.group_id, f.favorite_id limit ?5";
            let by_pair = params![app, user, &after.text, &after.second, limit];
            tx.all(sql, by_pair, read_favorite).await?
        }
        Section::GroupApplications => {
            let sql = "select place, group_id, user_id, inviter_id, status, reason, at from (
                           select group_id || ' ' || user_id || ' ' || inviter_id as place,
                                  group_id, user_id, inviter_id, status, reason, at
                           from group_applications
                           where app = ?1 and (user_id = ?2 or (inviter_id = ?2 and inviter_id <> ''))
                       ) a where place > ?3 order by place limit ?4";
            tx.all(sql, by_text, read_group_application).await?
        }
        Section::Channels => {
            tx.filed(app, &[user])?;
            let sql =
                "select channel, latest_id, unread, read_id, peer_read_id, mentioned, mentioned_me
                       from channels
                       where app = ?1 and user_id = ?2 and channel > ?3
                       order by channel limit ?4";
            tx.all(sql, by_text, |row| read_channel(row, user)).await?
        }
        Section::ChannelSettings => {
            let sql = "select channel_type, channel_id, pinned, level, removed_id
                       from channel_settings
                       where app = ?1 and user_id = ?2
                         and (channel_type > ?3 or (channel_type = ?3 and channel_id > ?4))
                       order by channel_type, channel_id limit ?5";
            tx.all(sql, by_both, read_settings).await?
        }
        Section::ChannelTypeSettings => {
            let sql = "select channel_type, level from channel_type_settings
                       where app = ?1 and user_id = ?2 and channel_type > ?3
                       order by channel_type limit ?4";
            let by_number = params![app, user, after.number, limit];
            tx.all(sql, by_number, read_type_settings).await?
        }
        Section::ChannelTags => {
            let sql = "select id, name, created_at from channel_tags
                       where app = ?1 and user_id = ?2 and id > ?3 order by id limit ?4";
            tx.all(sql, by_text, read_channel_tag).await?
        }
        Section::TaggedChannels => {
            let sql = "select tag_id, channel_type, channel_id from tagged_channels
                       where app = ?1 and user_id = ?2
                         and (tag_id > ?3 or (tag_id = ?3 and
                              (channel_type > ?4 or (channel_type = ?4 and channel_id > ?5))))
                       order by tag_id, channel_type, channel_id limit ?6";
            let by_all = params![app, user, &after.text, after.number, &after.second, limit];
            tx.all(sql, by_all, read_tagged).await?
        }
        Section::PushDevices => {
            let sql =
                "select device, provider, token, p256dh, auth, language, registered_at, failures
                       from push_devices where app = ?1 and user_id = ?2 and device > ?3
                       order by device limit ?4";
            tx.all(sql, by_text, push::exported_device).await?
        }
        Section::PushSettings => {
            let settings = push::exported_settings(tx, app, user).await?;
            return Ok((settings.into_iter().collect(), None));
        }
        Section::Messages => return messages(tx, app, user, after, limit).await,
        Section::ReadReceipts => {
            let sql = "select channel, message_id, at from message_receipts
                       where app = ?1 and user_id = ?2
                         and (channel > ?3 or (channel = ?3 and message_id > ?4))
                       order by channel, message_id limit ?5";
            let by_message = params![app, user, &after.text, after.number, limit];
            tx.all(sql, by_message, |row| read_receipt(row, user)).await?
        }
        Section::Inbox => {
            tx.filed(app, &[user])?;
            let sql = "select seq, at, channel, message_id, body from inbox
                       where app = ?1 and user_id = ?2 and seq > ?3 order by seq limit ?4";
            let by_seq = params![app, user, after.number, limit];
            tx.all(sql, by_seq, |row| read_entry(row, user)).await?
        }
        Section::WebhookDeliveries => {
            let sql = select_deliveries!(
                ", webhook",
                "where app = ?1 and user_id = ?2
                   and (webhook > ?3 or (webhook = ?3 and id > ?4))
                 order by webhook, id limit ?5"
            );
            let by_id = params![app, user, after.number, after.more, limit];
            tx.all(sql, by_id, read_posted).await?
        }
        Section::Activations => {
            let sql = "select operation_id, kind, requested_at, finished_at from activations
                       where app = ?1 and user_id = ?2 and operation_id > ?3
                       order by operation_id limit ?4";
            tx.all(sql, by_text, read_activation).await?
        }
        Section::Audit => {
            let entries = audit::about(tx, app, user, after.number, limit).await?;
            let row = |entry: audit::Entry| (After::number(entry.seq), audited(&entry));
            entries.into_iter().map(row).collect()
        }
    };
    Ok(cut(rows, limit))
}

/// A page that is full has another behind it, perhaps an empty one.
fn cut(rows: Vec<(After, Value)>, limit: i64) -> Rows {
    let full = i64::try_from(rows.len()).unwrap_or(i64::MAX) >= limit;
    let next = rows.last().filter(|_| full).map(|(after, _)| after.clone());
    (rows.into_iter().map(|(_, row)| row).collect(), next)
}

/// Where to look for messages: in the user's channels; and in those that the other side alone has, since an app's
/// server has written there in the user's name and left the user out.
const OWN: i64 = 0;
const OTHERS: i64 = 1;

/// The user's channels by their keys, then those of others with the user by the others' ids; and in each the messages
/// by their ids, as far as they are the user's to see. What was sent since the export was asked for may be missing.
async fn messages(
    tx: &Tx<'_>,
    app: AppId,
    user: &UserId,
    after: &After,
    limit: i64,
) -> Result<Rows, StoreError> {
    tx.filed(app, &[user])?;
    let floor: i64 = tx
        .opt(
            "select history_from from users where app = ?1 and id = ?2",
            params![app, user],
            |row| row.get(0),
        )
        .await?
        .unwrap_or(0);
    let (mut rows, mut at, mut looks) = (Vec::new(), after.clone(), 0);
    for _ in 0..CHANNELS {
        if let Some(key) = channel_at(&at, user)? {
            let floor = floor.max(of_member(tx, app, user, &key).await?);
            let room = limit - i64::try_from(rows.len()).unwrap_or(limit);
            let found = tx
                .all(
                    concat!(
                        select_messages!(
                            "",
                            "messages m where m.app = ?1 and m.channel = ?2 and m.id > ?3 and m.id >= ?4 and "
                        ),
                        is_for!("?6"),
                        " order by m.id limit ?5"
                    ),
                    params![app, key.as_str(), at.number, floor, room, user],
                    |row| Ok((row.get::<i64>(0)?, read_message(row, user)?)),
                )
                .await?;
            let full = i64::try_from(found.len()).unwrap_or(i64::MAX) >= room;
            at.number = found.last().map_or(at.number, |(id, _)| *id);
            rows.extend(found.into_iter().filter_map(|(_, message)| message.map(written)));
            if full {
                return Ok((rows, Some(at)));
            }
        }
        if at.more == OWN {
            at = next_own(tx, app, user, &at).await?;
            continue;
        }
        let (next, found) = next_of_others(tx, app, user, &at).await?;
        looks += 1;
        match next {
            None => return Ok((rows, None)),
            Some(next) if found && looks < LOOKS => at = next,
            // So many users were looked at that it is enough for one page.
            Some(next) => return Ok((rows, Some(next))),
        }
    }
    Ok((rows, Some(at)))
}

/// The first message of a group that a member may read, and past all of them for who is none any more; 0 elsewhere.
async fn of_member(
    tx: &Tx<'_>,
    app: AppId,
    user: &UserId,
    key: &ChannelKey,
) -> Result<i64, StoreError> {
    let Some(group) = key.as_str().strip_prefix("g:") else { return Ok(0) };
    let from = tx
        .opt(
            "select history_from from group_members
             where app = ?1 and group_id = ?2 and user_id = ?3",
            params![app, group, user],
            |row| row.get(0),
        )
        .await?;
    Ok(from.unwrap_or(i64::MAX))
}

/// The channel that messages are read in now, if one is. A number of -1: it was looked at already, or is none.
fn channel_at(at: &After, user: &UserId) -> Result<Option<ChannelKey>, StoreError> {
    if at.text.is_empty() || at.number < 0 {
        return Ok(None);
    }
    if at.more == OWN {
        return Ok(Some(ChannelKey::stored(at.text.clone())));
    }
    let peer = UserId::try_from(at.text.as_str()).map_err(|e| StoreError::corrupt("user", e))?;
    Ok(Some(ChannelKey::direct(user, &peer)))
}

/// The user's next channel; behind the last one, the beginning of what others have.
async fn next_own(tx: &Tx<'_>, app: AppId, user: &UserId, at: &After) -> Result<After, StoreError> {
    let next: Option<String> = tx
        .opt(
            "select channel from channels where app = ?1 and user_id = ?2 and channel > ?3
             order by channel limit 1",
            params![app, user, &at.text],
            |row| row.get(0),
        )
        .await?;
    Ok(next.map_or(After { more: OTHERS, ..After::default() }, After::text))
}

/// The next user who has a channel with the user that the user has not, and whether there is one among the next
/// users; without one, the last who was looked at, and behind the last of all nobody.
async fn next_of_others(
    tx: &Tx<'_>,
    app: AppId,
    user: &UserId,
    at: &After,
) -> Result<(Option<After>, bool), StoreError> {
    let looked_at: Vec<(String, Option<String>)> = tx
        .all(
            "select u.id, c.channel from (
                 select id from users where app = ?1 and id > ?3 order by id limit ?4) u
             left join channels c on c.app = ?1 and c.user_id = u.id
                 and c.channel in ('d:' || u.id || ':' || ?2, 'd:' || ?2 || ':' || u.id)
                 and not exists (select 1 from channels o
                                 where o.app = ?1 and o.user_id = ?2 and o.channel = c.channel)
             order by u.id",
            params![app, user, &at.text, USERS],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .await?;
    let place = |text: &String, number| After {
        text: text.clone(),
        number,
        more: OTHERS,
        ..After::default()
    };
    if let Some((id, _)) = looked_at.iter().find(|(_, channel)| channel.is_some()) {
        return Ok((Some(place(id, 0)), true));
    }
    Ok((looked_at.last().map(|(id, _)| place(id, -1)), false))
}
