//! Hosted profiles: what users tell about themselves, and who sees how much of it.

use std::collections::BTreeMap;

use nuncio_protocol::frames::{self, ProfileChanged, ProfileVisibility, entry};
use nuncio_protocol::ids::AppId;
use nuncio_protocol::values::{BasicProfileChange, ExtProfile, ProfileError, ProfileFault};
use nuncio_protocol::{Refusal, Timestamp, UserId, limits};
use serde_json::{Map, Value, json};

use crate::apps::Settings;
use crate::audit::{self, Act};
use crate::engine::{Row, Store, Tx, params};
use crate::error::StoreError;
use crate::{apps, events, friends, inbox, users};

/// Name and avatar under which others know a user.
pub(crate) struct Shown {
    pub(crate) name: String,
    pub(crate) avatar_url: String,
}

impl Shown {
    /// Reads the columns `users.name, avatar_url, profile_visibility` and `profiles.basic` from `first` on:
    /// the hosted profile's word goes before the push identity's, unless nobody may see the profile.
    pub(crate) fn read(row: &Row<'_>, first: usize) -> Result<Self, StoreError> {
        let mut shown = Self { name: row.get(first)?, avatar_url: row.get(first + 1)? };
        let invisible = i64::from(i32::from(ProfileVisibility::Invisible));
        let basic: Option<String> = row.get(first + 3)?;
        if let Some(basic) = basic.filter(|_| row.get(first + 2).is_ok_and(|v: i64| v != invisible))
        {
            let mut basic = parse_basic(&basic)?;
            if let Some(Value::String(name)) = basic.remove("name").filter(is_text) {
                shown.name = name;
            }
            if let Some(Value::String(avatar)) = basic.remove("portraitUri").filter(is_text) {
                shown.avatar_url = avatar;
            }
        }
        Ok(shown)
    }
}

fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty())
}

fn parse_basic(text: &str) -> Result<Map<String, Value>, StoreError> {
    serde_json::from_str(text).map_err(|e| StoreError::corrupt("profile", e))
}

/// Name and avatar under which others know `user`; both empty when there is no such user.
pub(crate) async fn shown(tx: &Tx<'_>, app: AppId, user: &UserId) -> Result<Shown, StoreError> {
    let found = tx
        .opt(
            "select u.name, u.avatar_url, u.profile_visibility, p.basic
             from users u left join profiles p on p.app = u.app and p.user_id = u.id
             where u.app = ?1 and u.id = ?2",
            params![app, user],
            |row| Shown::read(row, 0),
        )
        .await?;
    Ok(found.unwrap_or(Shown { name: String::new(), avatar_url: String::new() }))
}

/// A hosted profile as it is stored.
#[derive(Clone, Debug, Default, PartialEq)]
struct Stored {
    /// Time of the last change; 0 when there is no profile.
    version: i64,
    /// Sorted by key, so that the same profile is always the same text.
    basic: Map<String, Value>,
    ext: BTreeMap<String, String>,
}

/// How much of a profile someone sees.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Sight {
    Nothing,
    NameAndAvatar,
    Everything,
}

/// How much friends, or strangers, see of a profile whose owner has set `visibility`.
fn sight(visibility: ProfileVisibility, friends: bool, settings: &Settings) -> Sight {
    match visibility {
        ProfileVisibility::Invisible => Sight::Nothing,
        ProfileVisibility::Everyone => Sight::Everything,
        _ if friends => Sight::Everything,
        ProfileVisibility::NotSet if settings.profiles_visible_to_strangers => Sight::Everything,
        ProfileVisibility::NotSet | ProfileVisibility::Friends => Sight::NameAndAvatar,
    }
}

impl Stored {
    /// Reads the columns `version, basic, ext` of a profile that may not be there, from `first` on.
    fn read(row: &Row<'_>, first: usize) -> Result<Self, StoreError> {
        let Some(version) = row.get::<Option<i64>>(first)? else { return Ok(Self::default()) };
        let ext: String = row.get(first + 2)?;
        Ok(Self {
            version,
            basic: parse_basic(&row.get::<String>(first + 1)?)?,
            ext: serde_json::from_str(&ext).map_err(|e| StoreError::corrupt("profile", e))?,
        })
    }

    async fn find(tx: &Tx<'_>, app: AppId, user: &UserId) -> Result<Self, StoreError> {
        let found = tx
            .opt(
                "select version, basic, ext from profiles where app = ?1 and user_id = ?2",
                params![app, user],
                |row| Self::read(row, 0),
            )
            .await?;
        Ok(found.unwrap_or_default())
    }

    /// The profile as someone sees it.
    fn seen(mut self, user: &UserId, sight: Sight) -> frames::Profile {
        match sight {
            Sight::Nothing => self = Self::default(),
            Sight::NameAndAvatar => {
                self.basic.retain(|key, _| matches!(key.as_str(), "name" | "portraitUri"));
                self.ext.clear();
            }
            Sight::Everything => {}
        }
        frames::Profile {
            user_id: user.as_str().to_owned(),
            version: self.version,
            basic: Value::Object(self.basic).to_string(),
            ext: self.ext.into_iter().collect(),
        }
    }

    /// All of it as one JSON object; no key of the one part is one of the other.
    fn flat(&self) -> Value {
        let ext = self.ext.iter().map(|(key, value)| (key.clone(), json!(value)));
        Value::Object(self.basic.clone().into_iter().chain(ext).collect())
    }

    /// Merges pairs; an empty value removes its key.
    fn merge_ext(&mut self, change: &ExtProfile, declared: &[String]) -> Result<(), ProfileError> {
        let mut latest = None;
        for (key, value) in change.pairs() {
            if value.is_empty() {
                self.ext.remove(key);
                continue;
            }
            if !declared.is_empty() && !declared.contains(key) {
                return Err(ProfileError { key: key.clone(), fault: ProfileFault::UndeclaredKey });
            }
            if self.ext.insert(key.clone(), value.clone()).is_none() {
                latest = Some(key);
            }
        }
        match latest {
            Some(key) if self.ext.len() > limits::PROFILE_EXT_PAIRS => {
                Err(ProfileError { key: key.clone(), fault: ProfileFault::TooManyKeys })
            }
            _ => Ok(()),
        }
    }
}

/// Who shall hear at once that a profile changed, and what they see of it; nobody of a kind that sees
/// nothing. Users in the owner's blocklist are left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Watchers {
    /// Friends, when the app wants them told, and friends who subscribed.
    pub friends: Vec<UserId>,
    /// What they see.
    pub seen_by_friends: frames::Profile,
    /// Other subscribers.
    pub strangers: Vec<UserId>,
    /// What they see.
    pub seen_by_strangers: frames::Profile,
}

impl Store {
    /// Changes a hosted profile: keys that are not named stay. Says whether anything is different now; if
    /// so, the user's own devices are told, and the version has grown.
    pub async fn set_profile(
        &self,
        app: AppId,
        user: UserId,
        basic: BasicProfileChange,
        ext: Option<ExtProfile>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(vec![(app, user.clone())], async move |tx| {
            users::active(tx, app, &user).await?;
            let before = Stored::find(tx, app, &user).await?;
            let mut after = before.clone();
            basic.apply(&mut after.basic);
            if let Some(ext) = &ext {
                let declared = apps::by_id(tx, app).await?.settings.profile_ext_keys;
                after.merge_ext(ext, &declared).map_err(Refusal::Profile)?;
            }
            if after == before {
                return Ok(false);
            }
            after.version = now.0.max(before.version + 1);
            let corrupt = |e| StoreError::corrupt("profile", e);
            let basic = serde_json::to_string(&after.basic).map_err(corrupt)?;
            let ext = serde_json::to_string(&after.ext).map_err(corrupt)?;
            tx.execute(
                "insert into profiles (app, user_id, version, basic, ext) values (?1, ?2, ?3, ?4, ?5)
                 on conflict (app, user_id) do update
                 set version = excluded.version, basic = excluded.basic, ext = excluded.ext",
                params![app, &user, after.version, &basic, &ext],
            )
            .await?;
            let act = Act::on_user("profile.set", app, &user, now);
            audit::note_change(tx, act, before.flat(), after.flat());
            let says = (Value::Object(after.basic.clone()), json!(after.ext));
            events::profile(tx, app, &user, Some(says), now).await?;
            tell_owner(tx, app, &user, after, now).await?;
            Ok(true)
        })
        .await
    }

    /// Deletes hosted profiles; returns whose there were. The users' own devices are told.
    pub async fn delete_profiles(
        &self,
        app: AppId,
        owners: Vec<UserId>,
        now: Timestamp,
    ) -> Result<Vec<UserId>, StoreError> {
        let locks = owners.iter().map(|owner| (app, owner.clone())).collect();
        self.write(locks, async move |tx| {
            let mut deleted = Vec::new();
            for owner in &owners {
                users::active(tx, app, owner).await?;
                let before = Stored::find(tx, app, owner).await?;
                let rows = tx
                    .execute(
                        "delete from profiles where app = ?1 and user_id = ?2",
                        params![app, owner],
                    )
                    .await?;
                if rows > 0 {
                    let act = Act::on_user("profile.delete", app, owner, now);
                    audit::note_change(tx, act, before.flat(), json!({}));
                    events::profile(tx, app, owner, None, now).await?;
                    tell_owner(tx, app, owner, Stored::default(), now).await?;
                    deleted.push(owner.clone());
                }
            }
            Ok(deleted)
        })
        .await
    }

    /// Whole profiles, in the order asked for. Who is not registered, or soft-deleted, is left out; who has
    /// no hosted profile has version 0.
    pub async fn profiles(
        &self,
        app: AppId,
        owners: Vec<UserId>,
    ) -> Result<Vec<frames::Profile>, StoreError> {
        self.read(async move |tx| {
            let mut found = Vec::with_capacity(owners.len());
            for owner in &owners {
                if let Some((stored, _)) = with_visibility(tx, app, owner).await? {
                    found.push(stored.seen(owner, Sight::Everything));
                }
            }
            Ok(found)
        })
        .await
    }

    /// Profiles as far as `viewer` may see them, in the order asked for; one's own is whole. Who is not
    /// registered, or soft-deleted, is left out.
    pub async fn profiles_seen_by(
        &self,
        app: AppId,
        viewer: UserId,
        owners: Vec<UserId>,
    ) -> Result<Vec<frames::Profile>, StoreError> {
        self.read(async move |tx| {
            let settings = apps::by_id(tx, app).await?.settings;
            let mut found = Vec::with_capacity(owners.len());
            for owner in &owners {
                let Some((stored, visibility)) = with_visibility(tx, app, owner).await? else {
                    continue;
                };
                let sight = if *owner == viewer {
                    Sight::Everything
                } else {
                    let friends = friends::are(tx, app, owner, &viewer).await?;
                    sight(visibility, friends, &settings)
                };
                found.push(stored.seen(owner, sight));
            }
            Ok(found)
        })
        .await
    }

    /// Whole profiles of registered users by age, soft-deleted users left out.
    pub async fn profile_list(
        &self,
        app: AppId,
        offset: i64,
        limit: i64,
        newest_first: bool,
    ) -> Result<Vec<frames::Profile>, StoreError> {
        self.read(async move |tx| {
            macro_rules! page {
                ($order:literal) => {
                    concat!(
                        "select u.id, p.version, p.basic, p.ext
                         from users u left join profiles p on p.app = u.app and p.user_id = u.id
                         where u.app = ?1 and u.deleted_at = 0 order by ",
                        $order,
                        " limit ?3 offset ?2"
                    )
                };
            }
            let sql = if newest_first {
                page!("u.created_at desc, u.id desc")
            } else {
                page!("u.created_at, u.id")
            };
            tx.all(sql, params![app, offset, limit], |row| {
                Ok(Stored::read(row, 1)?.seen(&row.get(0)?, Sight::Everything))
            })
            .await
        })
        .await
    }

    /// Sets who sees a user's hosted profile.
    pub async fn set_profile_visibility(
        &self,
        app: AppId,
        user: UserId,
        visibility: ProfileVisibility,
    ) -> Result<(), StoreError> {
        self.write(vec![(app, user.clone())], async move |tx| {
            users::active(tx, app, &user).await?;
            tx.execute(
                "update users set profile_visibility = ?3 where app = ?1 and id = ?2",
                params![app, &user, i64::from(i32::from(visibility))],
            )
            .await?;
            Ok(())
        })
        .await
    }

    /// Who sees a user's hosted profile, by the user's own word.
    pub async fn profile_visibility(
        &self,
        app: AppId,
        user: UserId,
    ) -> Result<ProfileVisibility, StoreError> {
        self.read(async move |tx| {
            Ok(visibility(users::active(tx, app, &user).await?.profile_visibility))
        })
        .await
    }

    /// Who shall hear at once that a user's profile changed.
    pub async fn profile_watchers(
        &self,
        app: AppId,
        owner: UserId,
        now: Timestamp,
    ) -> Result<Watchers, StoreError> {
        self.read(async move |tx| {
            let Some((stored, visibility)) = with_visibility(tx, app, &owner).await? else {
                return Ok(Watchers::default());
            };
            let settings = apps::by_id(tx, app).await?.settings;
            let all = tx
                .all(
                    "select w.id, exists (select 1 from friends f
                         where f.app = ?1 and f.user_id = ?2 and f.friend_id = w.id)
                     from (
                         select friend_id as id from friends
                         where app = ?1 and user_id = ?2 and cast(?3 as bigint) = 1
                         union
                         select user_id from subscriptions
                         where app = ?1 and target_id = ?2 and type = ?4 and expires_at > ?5
                     ) w
                     where not exists (select 1 from blocklist b
                         where b.app = ?1 and b.user_id = ?2 and b.target_id = w.id)",
                    params![
                        app,
                        &owner,
                        settings.notify_friends_of_profiles,
                        i64::from(i32::from(frames::SubscriptionType::Profile)),
                        now,
                    ],
                    |row| Ok((row.get::<UserId>(0)?, row.get::<bool>(1)?)),
                )
                .await?;
            let mut watchers = Watchers::default();
            let (friends, strangers): (Vec<_>, Vec<_>) =
                all.into_iter().partition(|(_, is_friend)| *is_friend);
            let of_friends = sight(visibility, true, &settings);
            if of_friends != Sight::Nothing {
                watchers.friends = friends.into_iter().map(|(user, _)| user).collect();
                watchers.seen_by_friends = stored.clone().seen(&owner, of_friends);
            }
            let of_strangers = sight(visibility, false, &settings);
            if of_strangers != Sight::Nothing {
                watchers.strangers = strangers.into_iter().map(|(user, _)| user).collect();
                watchers.seen_by_strangers = stored.seen(&owner, of_strangers);
            }
            Ok(watchers)
        })
        .await
    }
}

fn visibility(number: i64) -> ProfileVisibility {
    i32::try_from(number)
        .ok()
        .and_then(|number| ProfileVisibility::try_from(number).ok())
        .unwrap_or(ProfileVisibility::NotSet)
}

/// The profile of a user who is not soft-deleted, and who sees it.
async fn with_visibility(
    tx: &Tx<'_>,
    app: AppId,
    owner: &UserId,
) -> Result<Option<(Stored, ProfileVisibility)>, StoreError> {
    tx.opt(
        "select u.profile_visibility, p.version, p.basic, p.ext
         from users u left join profiles p on p.app = u.app and p.user_id = u.id
         where u.app = ?1 and u.id = ?2 and u.deleted_at = 0",
        params![app, owner],
        |row| Ok((Stored::read(row, 1)?, visibility(row.get(0)?))),
    )
    .await
}

async fn tell_owner(
    tx: &mut Tx<'_>,
    app: AppId,
    owner: &UserId,
    stored: Stored,
    now: Timestamp,
) -> Result<(), StoreError> {
    let profile = Some(stored.seen(owner, Sight::Everything));
    let body = entry::Body::ProfileChanged(ProfileChanged { profile, friend: false });
    inbox::add(tx, app, owner, body, now).await
}
