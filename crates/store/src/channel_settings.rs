//! What users have set for their channels: pinned, which messages notify, off the list; and for all channels of a type.
//!
//! It belongs to the user, so all of the user's devices are told; nobody else is.

use nuncio_protocol::frames::{Channel, ChannelSettings, ChannelType, ChannelTypeLevel, entry};
use nuncio_protocol::ids::{AppId, ChannelId, MessageId};
use nuncio_protocol::values::NotificationLevel;
use nuncio_protocol::{Refusal, Timestamp, UserId, limits};
use serde_json::json;

use crate::audit::{self, Act};
use crate::channel_tags::{self, ChannelTag};
use crate::engine::{Row, Store, Tx, params};
use crate::error::StoreError;
use crate::{inbox, users};

/// What is to be different; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Whether the channel stays on top of the list. Pinning puts it back on the list.
    pub pinned: Option<bool>,
    /// Which messages notify.
    pub level: Option<NotificationLevel>,
    /// Takes the channel off the list until a message after this one; `MessageId(0)` puts it back.
    pub removed: Option<MessageId>,
}

/// What a user has set for one channel.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Attributes {
    /// Whether the channel stays on top of the list.
    pub pinned: bool,
    /// Since when; the epoch when it is not pinned.
    pub pinned_at: Timestamp,
    /// Which messages notify.
    pub level: NotificationLevel,
    /// The tags it is under, the oldest tag first.
    pub tags: Vec<ChannelTag>,
}

impl Store {
    /// Changes what a user has set for a channel. Tells the user's devices if that is anything new.
    pub async fn set_channel(
        &self,
        app: AppId,
        user: UserId,
        channel: ChannelId,
        change: Change,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(vec![(app, user.clone())], async move |tx| {
            users::active(tx, app, &user).await?;
            let channel = Channel::from(&channel);
            let old = find(tx, app, &user, &channel).await?;
            let before = old.clone().unwrap_or_else(|| untouched(channel.clone()));
            let pinned = change.pinned.unwrap_or(before.pinned);
            let removed = match (change.removed, change.pinned) {
                (Some(id), _) => id,
                (None, Some(true)) => MessageId(0),
                (None, _) => before.removed_message_id.parse().unwrap_or(MessageId(0)),
            };
            let after = ChannelSettings {
                channel: before.channel.clone(),
                pinned,
                level: change.level.map_or(before.level, NotificationLevel::number),
                removed_message_id: text(removed),
            };
            if after == before {
                return Ok(());
            }
            if old.is_none() {
                check_room(tx, app, &user).await?;
            }
            keep(tx, app, &user, &channel, &after, removed, now).await?;
            let what = json!({
                "channelType": channel.r#type, "channelId": channel.id,
                "pinned": after.pinned, "notificationLevel": after.level,
                "removedMessageId": after.removed_message_id,
            });
            audit::note(tx, Act::on_user("channel.settings", app, &user, now), &what);
            inbox::add(tx, app, &user, entry::Body::ChannelSettings(after), now).await
        })
        .await
    }

    /// What a user has set for channels after `after` in the order of their types and ids. One more than
    /// `limit` when there are more.
    pub async fn channel_settings(
        &self,
        app: AppId,
        user: UserId,
        after: Channel,
        limit: u32,
    ) -> Result<Vec<ChannelSettings>, StoreError> {
        let limit = i64::from(limit) + 1;
        self.read(async move |tx| {
            tx.all(
                "select channel_type, channel_id, pinned, level, removed_id from channel_settings
                 where app = ?1 and user_id = ?2
                    and (channel_type > ?3 or (channel_type = ?3 and channel_id > ?4))
                 order by channel_type, channel_id limit ?5",
                params![app, &user, i64::from(after.r#type), after.id.as_str(), limit],
                read,
            )
            .await
        })
        .await
    }

    /// What a user has set for one channel, and the tags it is under.
    pub async fn channel_attributes(
        &self,
        app: AppId,
        user: UserId,
        channel: ChannelId,
    ) -> Result<Attributes, StoreError> {
        self.read(async move |tx| {
            users::active(tx, app, &user).await?;
            let channel = Channel::from(&channel);
            let set = tx
                .opt(
                    "select pinned, pinned_at, level from channel_settings
                     where app = ?1 and user_id = ?2 and channel_type = ?3 and channel_id = ?4",
                    params![app, &user, i64::from(channel.r#type), channel.id.as_str()],
                    |row| {
                        Ok(Attributes {
                            pinned: row.get(0)?,
                            pinned_at: row.get(1)?,
                            level: read_level(row, 2)?,
                            tags: Vec::new(),
                        })
                    },
                )
                .await?;
            let tags = channel_tags::of_channel(tx, app, &user, &channel).await?;
            Ok(Attributes { tags, ..set.unwrap_or_default() })
        })
        .await
    }

    /// Says which messages notify a user in all channels of a type that have no level of their own. Tells the user's
    /// devices if that is anything new.
    pub async fn set_channel_type_level(
        &self,
        app: AppId,
        user: UserId,
        r#type: ChannelType,
        level: NotificationLevel,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(vec![(app, user.clone())], async move |tx| {
            users::active(tx, app, &user).await?;
            let before = type_level(tx, app, &user, r#type).await?;
            if level == NotificationLevel::default() {
                tx.execute(
                    "delete from channel_type_settings
                     where app = ?1 and user_id = ?2 and channel_type = ?3",
                    params![app, &user, i64::from(i32::from(r#type))],
                )
                .await?;
            } else {
                tx.execute(
                    "insert into channel_type_settings (app, user_id, channel_type, level)
                     values (?1, ?2, ?3, ?4)
                     on conflict (app, user_id, channel_type) do update set level = excluded.level",
                    params![app, &user, i64::from(i32::from(r#type)), i64::from(level.number())],
                )
                .await?;
            }
            if level != before {
                let what =
                    json!({ "channelType": i32::from(r#type), "notificationLevel": level.number() });
                audit::note(tx, Act::on_user("channel.type_level", app, &user, now), &what);
                let told = ChannelTypeLevel { r#type: r#type.into(), level: level.number() };
                inbox::add(tx, app, &user, entry::Body::ChannelTypeLevel(told), now).await?;
            }
            Ok(())
        })
        .await
    }

    /// The levels that a user has set for types of channels.
    pub async fn channel_type_levels(
        &self,
        app: AppId,
        user: UserId,
    ) -> Result<Vec<ChannelTypeLevel>, StoreError> {
        self.read(async move |tx| {
            tx.all(
                "select channel_type, level from channel_type_settings
                 where app = ?1 and user_id = ?2 order by channel_type",
                params![app, &user],
                |row| {
                    let r#type = row.enum_number(0)?;
                    Ok(ChannelTypeLevel { r#type, level: read_level(row, 1)?.number() })
                },
            )
            .await
        })
        .await
    }

    /// Which messages notify a user in channels of a type that have no level of their own.
    pub async fn channel_type_level(
        &self,
        app: AppId,
        user: UserId,
        r#type: ChannelType,
    ) -> Result<NotificationLevel, StoreError> {
        self.read(async move |tx| {
            users::active(tx, app, &user).await?;
            type_level(tx, app, &user, r#type).await
        })
        .await
    }
}

async fn type_level(
    tx: &Tx<'_>,
    app: AppId,
    user: &UserId,
    r#type: ChannelType,
) -> Result<NotificationLevel, StoreError> {
    let level = tx
        .opt(
            "select level from channel_type_settings
             where app = ?1 and user_id = ?2 and channel_type = ?3",
            params![app, user, i64::from(i32::from(r#type))],
            |row| read_level(row, 0),
        )
        .await?;
    Ok(level.unwrap_or_default())
}

fn read_level(row: &Row<'_>, column: usize) -> Result<NotificationLevel, StoreError> {
    NotificationLevel::try_from(row.get::<i64>(column)?)
        .map_err(|error| StoreError::corrupt("channel_settings", error))
}

fn untouched(channel: Channel) -> ChannelSettings {
    ChannelSettings { channel: Some(channel), ..ChannelSettings::default() }
}

fn text(id: MessageId) -> String {
    if id.0 == 0 { String::new() } else { id.to_string() }
}

fn read(row: &Row<'_>) -> Result<ChannelSettings, StoreError> {
    Ok(ChannelSettings {
        channel: Some(Channel { r#type: row.enum_number(0)?, id: row.get(1)? }),
        pinned: row.get(2)?,
        level: row.enum_number(3)?,
        removed_message_id: text(row.get(4)?),
    })
}

async fn find(
    tx: &Tx<'_>,
    app: AppId,
    user: &UserId,
    channel: &Channel,
) -> Result<Option<ChannelSettings>, StoreError> {
    tx.opt(
        "select channel_type, channel_id, pinned, level, removed_id from channel_settings
         where app = ?1 and user_id = ?2 and channel_type = ?3 and channel_id = ?4",
        params![app, user, i64::from(channel.r#type), channel.id.as_str()],
        read,
    )
    .await
}

async fn check_room(tx: &Tx<'_>, app: AppId, user: &UserId) -> Result<(), StoreError> {
    let count: i64 = tx
        .one(
            "select count(*) from channel_settings where app = ?1 and user_id = ?2",
            params![app, user],
            |row| row.get(0),
        )
        .await?;
    let limit = limits::CHANNEL_SETTINGS;
    if usize::try_from(count).unwrap_or(usize::MAX) >= limit {
        return Err(Refusal::ListFull { limit }.into());
    }
    Ok(())
}

/// Keeps what is set; nothing is kept of a channel where nothing is.
async fn keep(
    tx: &Tx<'_>,
    app: AppId,
    user: &UserId,
    channel: &Channel,
    settings: &ChannelSettings,
    removed: MessageId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let r#type = i64::from(channel.r#type);
    if *settings == untouched(channel.clone()) {
        tx.execute(
            "delete from channel_settings
             where app = ?1 and user_id = ?2 and channel_type = ?3 and channel_id = ?4",
            params![app, user, r#type, channel.id.as_str()],
        )
        .await?;
        return Ok(());
    }
    tx.execute(
        "insert into channel_settings
             (app, user_id, channel_type, channel_id, pinned, level, removed_id, pinned_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         on conflict (app, user_id, channel_type, channel_id) do update
         set pinned = excluded.pinned, level = excluded.level,
             removed_id = excluded.removed_id,
             pinned_at = case
                 when excluded.pinned = 1 and channel_settings.pinned = 1 then channel_settings.pinned_at
                 else excluded.pinned_at end",
        params![
            app,
            user,
            r#type,
            channel.id.as_str(),
            settings.pinned,
            i64::from(settings.level),
            removed,
            if settings.pinned { now } else { Timestamp(0) },
        ],
    )
    .await?;
    Ok(())
}
