//! Tags of channels: words by which a user sorts channels. They are the user's own, apart from the tags that an app
//! server sticks to users. The user's devices are told of every change.

use nuncio_protocol::frames::{self, Channel, ChannelTagsChanged, entry};
use nuncio_protocol::ids::{AppId, ChannelId};
use nuncio_protocol::values::{ChannelTagId, ChannelTagName};
use nuncio_protocol::{Refusal, Timestamp, UserId, limits};
use serde_json::json;

use crate::audit::{self, Act};
use crate::engine::{Row, Store, Tx, params};
use crate::error::StoreError;
use crate::{inbox, users};

/// A tag of a user's.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ChannelTag {
    /// Its id, one of the user's.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

impl ChannelTag {
    /// The tag as devices know it.
    #[must_use]
    pub fn frame(&self) -> frames::ChannelTag {
        let (id, name) = (self.id.clone(), self.name.clone());
        frames::ChannelTag { id, name, created_at: self.created_at.0 }
    }
}

/// Tells the user's devices what is different, if anything is.
async fn tell(
    tx: &mut Tx<'_>,
    app: AppId,
    user: &UserId,
    told: ChannelTagsChanged,
    now: Timestamp,
) -> Result<(), StoreError> {
    let ChannelTagsChanged { set, removed_tag_ids, added, removed, .. } = &told;
    if set.is_empty() && removed_tag_ids.is_empty() && added.is_empty() && removed.is_empty() {
        return Ok(());
    }
    inbox::add(tx, app, user, entry::Body::ChannelTagsChanged(told), now).await
}

fn read_tag(row: &Row<'_>) -> Result<ChannelTag, StoreError> {
    Ok(ChannelTag { id: row.get(0)?, name: row.get(1)?, created_at: row.get(2)? })
}

impl Store {
    /// Makes tags, or gives those that are there another name: all of them, or none where they would be too many.
    pub async fn set_channel_tags(
        &self,
        app: AppId,
        user: UserId,
        tags: Vec<(ChannelTagId, ChannelTagName)>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(vec![(app, user.clone())], async move |tx| {
            users::active(tx, app, &user).await?;
            let mut set = Vec::new();
            for (id, name) in &tags {
                let changed = tx
                    .opt(
                        "insert into channel_tags (app, user_id, id, name, created_at)
                         values (?1, ?2, ?3, ?4, ?5)
                         on conflict (app, user_id, id) do update set name = excluded.name
                         where channel_tags.name <> excluded.name
                         returning id, name, created_at",
                        params![app, &user, id.as_str(), name.as_str(), now],
                        read_tag,
                    )
                    .await?;
                set.extend(changed.map(|changed| changed.frame()));
                let what = json!({ "tag": id.as_str(), "name": name.as_str() });
                audit::note(tx, Act::on_user("channel_tag.set", app, &user, now), &what);
            }
            let limit = limits::CHANNEL_TAGS;
            let count = tx
                .count(
                    "select count(*) from channel_tags where app = ?1 and user_id = ?2",
                    params![app, &user],
                )
                .await?;
            if count > limit {
                return Err(Refusal::ListFull { limit }.into());
            }
            tell(tx, app, &user, ChannelTagsChanged { set, ..ChannelTagsChanged::default() }, now)
                .await
        })
        .await
    }

    /// Ends tags; channels are under them no more. Tags that are not there are passed over.
    pub async fn remove_channel_tags(
        &self,
        app: AppId,
        user: UserId,
        tags: Vec<ChannelTagId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(vec![(app, user.clone())], async move |tx| {
            users::active(tx, app, &user).await?;
            let mut removed_tag_ids = Vec::new();
            for tag in &tags {
                let of_tag = params![app, &user, tag.as_str()];
                tx.execute(
                    "delete from tagged_channels where app = ?1 and user_id = ?2 and tag_id = ?3",
                    of_tag,
                )
                .await?;
                let ended = tx
                    .execute(
                        "delete from channel_tags where app = ?1 and user_id = ?2 and id = ?3",
                        of_tag,
                    )
                    .await?;
                if ended > 0 {
                    removed_tag_ids.push(tag.as_str().to_owned());
                    let what = json!({ "tag": tag.as_str() });
                    audit::note(tx, Act::on_user("channel_tag.remove", app, &user, now), &what);
                }
            }
            let told = ChannelTagsChanged { removed_tag_ids, ..ChannelTagsChanged::default() };
            tell(tx, app, &user, told, now).await
        })
        .await
    }

    /// A user's tags, the oldest first.
    pub async fn channel_tags(
        &self,
        app: AppId,
        user: UserId,
    ) -> Result<Vec<ChannelTag>, StoreError> {
        self.read(async move |tx| {
            users::active(tx, app, &user).await?;
            tx.all(
                "select id, name, created_at from channel_tags where app = ?1 and user_id = ?2
                 order by created_at, id",
                params![app, &user],
                read_tag,
            )
            .await
        })
        .await
    }

    /// Puts channels under a tag of the user's: all of them, or none where they would be too many.
    pub async fn tag_channels(
        &self,
        app: AppId,
        user: UserId,
        tag: ChannelTagId,
        channels: Vec<ChannelId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(vec![(app, user.clone())], async move |tx| {
            users::active(tx, app, &user).await?;
            must_be_there(tx, app, &user, &tag).await?;
            let mut added = Vec::new();
            for channel in channels.iter().map(Channel::from) {
                let new = tx
                    .execute(
                        "insert into tagged_channels
                             (app, user_id, tag_id, channel_type, channel_id)
                         values (?1, ?2, ?3, ?4, ?5)
                         on conflict (app, user_id, tag_id, channel_type, channel_id) do nothing",
                        params![
                            app,
                            &user,
                            tag.as_str(),
                            i64::from(channel.r#type),
                            channel.id.as_str()
                        ],
                    )
                    .await?;
                if new > 0 {
                    added.push(channel);
                }
            }
            let limit = limits::TAGGED_CHANNELS;
            let count = tx
                .count(
                    "select count(*) from tagged_channels
                     where app = ?1 and user_id = ?2 and tag_id = ?3",
                    params![app, &user, tag.as_str()],
                )
                .await?;
            if count > limit {
                return Err(Refusal::ListFull { limit }.into());
            }
            note_channels(
                tx,
                Act::on_user("channel_tag.add_channels", app, &user, now),
                &tag,
                &channels,
            );
            let tag_id = tag.as_str().to_owned();
            let told = ChannelTagsChanged { tag_id, added, ..ChannelTagsChanged::default() };
            tell(tx, app, &user, told, now).await
        })
        .await
    }

    /// Takes channels from under a tag of the user's; those that are not there are passed over.
    pub async fn untag_channels(
        &self,
        app: AppId,
        user: UserId,
        tag: ChannelTagId,
        channels: Vec<ChannelId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(vec![(app, user.clone())], async move |tx| {
            users::active(tx, app, &user).await?;
            must_be_there(tx, app, &user, &tag).await?;
            let mut removed = Vec::new();
            for channel in channels.iter().map(Channel::from) {
                let gone = tx
                    .execute(
                        "delete from tagged_channels
                         where app = ?1 and user_id = ?2 and tag_id = ?3
                           and channel_type = ?4 and channel_id = ?5",
                        params![
                            app,
                            &user,
                            tag.as_str(),
                            i64::from(channel.r#type),
                            channel.id.as_str()
                        ],
                    )
                    .await?;
                if gone > 0 {
                    removed.push(channel);
                }
            }
            let act = Act::on_user("channel_tag.remove_channels", app, &user, now);
            note_channels(tx, act, &tag, &channels);
            let tag_id = tag.as_str().to_owned();
            let told = ChannelTagsChanged { tag_id, removed, ..ChannelTagsChanged::default() };
            tell(tx, app, &user, told, now).await
        })
        .await
    }

    /// The channels under a tag of the user's, by type and id.
    pub async fn tagged_channels(
        &self,
        app: AppId,
        user: UserId,
        tag: ChannelTagId,
    ) -> Result<Vec<Channel>, StoreError> {
        self.read(async move |tx| {
            users::active(tx, app, &user).await?;
            must_be_there(tx, app, &user, &tag).await?;
            tx.all(
                "select channel_type, channel_id from tagged_channels
                 where app = ?1 and user_id = ?2 and tag_id = ?3 order by channel_type, channel_id",
                params![app, &user, tag.as_str()],
                |row| Ok(Channel { r#type: row.enum_number(0)?, id: row.get(1)? }),
            )
            .await
        })
        .await
    }
}

/// The tags that a channel of a user's is under, the oldest tag first.
pub(crate) async fn of_channel(
    tx: &Tx<'_>,
    app: AppId,
    user: &UserId,
    channel: &Channel,
) -> Result<Vec<ChannelTag>, StoreError> {
    tx.all(
        "select t.id, t.name, t.created_at
         from tagged_channels c
         join channel_tags t on t.app = c.app and t.user_id = c.user_id and t.id = c.tag_id
         where c.app = ?1 and c.user_id = ?2 and c.channel_type = ?3 and c.channel_id = ?4
         order by t.created_at, t.id",
        params![app, user, i64::from(channel.r#type), channel.id.as_str()],
        read_tag,
    )
    .await
}

async fn must_be_there(
    tx: &Tx<'_>,
    app: AppId,
    user: &UserId,
    tag: &ChannelTagId,
) -> Result<(), StoreError> {
    let found = tx
        .exists(
            "select 1 from channel_tags where app = ?1 and user_id = ?2 and id = ?3",
            params![app, user, tag.as_str()],
        )
        .await?;
    if found {
        return Ok(());
    }
    let fault = format!("the user has no channel tag `{}`: add it first", tag.as_str());
    Err(Refusal::BadParameter(fault).into())
}

fn note_channels(tx: &mut Tx<'_>, act: Act<'_>, tag: &ChannelTagId, channels: &[ChannelId]) {
    let channels: Vec<_> = channels
        .iter()
        .map(Channel::from)
        .map(|channel| json!({ "channelType": channel.r#type, "channelId": channel.id }))
        .collect();
    audit::note(tx, act, &json!({ "tag": tag.as_str(), "channels": channels }));
}
