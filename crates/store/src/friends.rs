//! Friends: who is whose, what a user calls a friend, and who may become one.
//!
//! A friendship is mutual: two rows, made and removed together. How it begins is in `friend_requests`.

use std::collections::BTreeSet;

use nuncio_protocol::frames::friend_event::Kind;
use nuncio_protocol::frames::{Friend, FriendEvent, entry};
use nuncio_protocol::ids::AppId;
use nuncio_protocol::values::{Alias, ExtProfile, FriendPermission};
use nuncio_protocol::{Refusal, Timestamp, UserId, limits};
use serde_json::json;

use crate::audit::{self, Act};
use crate::engine::{Row, Store, Tx, params};
use crate::error::StoreError;
use crate::events::{self, Friendship};
use crate::paging::{Page, Position};
use crate::profiles::{self, Shown};
use crate::{apps, inbox, users};

/// A page of a user's friends.
#[derive(Clone, Debug, PartialEq)]
pub struct FriendsPage {
    /// The friends, and where the next page begins.
    pub page: Page<Friend>,
    /// Friends that the user has in all.
    pub total: i64,
}

/// A query for friends as their user sees them; its tail says which.
macro_rules! select_friends {
    ($tail:literal) => {
        concat!(
            "select f.friend_id, f.alias, f.ext, f.added_at, u.name, u.avatar_url,
                    u.profile_visibility, p.basic
             from friends f
             join users u on u.app = f.app and u.id = f.friend_id
             left join profiles p on p.app = f.app and p.user_id = f.friend_id ",
            $tail
        )
    };
}

fn read_friend(row: &Row<'_>) -> Result<Friend, StoreError> {
    let ext: String = row.get(2)?;
    let shown = Shown::read(row, 4)?;
    Ok(Friend {
        user_id: row.get(0)?,
        name: shown.name,
        avatar_url: shown.avatar_url,
        alias: row.get(1)?,
        ext_profile: serde_json::from_str(&ext).map_err(|e| StoreError::corrupt("friend", e))?,
        added_at: row.get(3)?,
    })
}

/// Tells a user's devices what became of the user's friends.
pub(crate) async fn tell(
    tx: &mut Tx<'_>,
    app: AppId,
    user: &UserId,
    event: FriendEvent,
    now: Timestamp,
) -> Result<(), StoreError> {
    inbox::add(tx, app, user, entry::Body::Friend(event), now).await
}

/// Whether two users are friends.
pub(crate) async fn are(
    tx: &Tx<'_>,
    app: AppId,
    one: &UserId,
    other: &UserId,
) -> Result<bool, StoreError> {
    tx.exists(
        "select 1 from friends where app = ?1 and user_id = ?2 and friend_id = ?3",
        params![app, one, other],
    )
    .await
}

const COUNT: &str = "select count(*) from friends where app = ?1 and user_id = ?2";

/// Whether a user has as many friends as allowed.
pub(crate) async fn are_full(tx: &Tx<'_>, app: AppId, user: &UserId) -> Result<bool, StoreError> {
    Ok(tx.count(COUNT, params![app, user]).await? >= limits::FRIENDS)
}

/// Makes two users friends who are not, and tells both.
pub(crate) async fn befriend(
    tx: &mut Tx<'_>,
    app: AppId,
    one: &UserId,
    other: &UserId,
    now: Timestamp,
) -> Result<(), StoreError> {
    for (user, friend) in [(one, other), (other, one)] {
        tx.execute(
            "insert into friends (app, user_id, friend_id, added_at) values (?1, ?2, ?3, ?4)",
            params![app, user, friend, now],
        )
        .await?;
        let shown = profiles::shown(tx, app, friend).await?;
        let event = FriendEvent {
            kind: Kind::Added.into(),
            user_ids: vec![friend.as_str().to_owned()],
            friend: Some(Friend {
                user_id: friend.as_str().to_owned(),
                name: shown.name,
                avatar_url: shown.avatar_url,
                added_at: now.0,
                ..Friend::default()
            }),
            application: None,
        };
        tell(tx, app, user, event, now).await?;
    }
    Ok(())
}

/// Ends a friendship and tells the friend; says whether there was one. The user is the caller's to tell.
pub(crate) async fn part(
    tx: &mut Tx<'_>,
    app: AppId,
    user: &UserId,
    friend: &UserId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let mut rows = 0;
    for (one, other) in [(user, friend), (friend, user)] {
        rows += tx
            .execute(
                "delete from friends where app = ?1 and user_id = ?2 and friend_id = ?3",
                params![app, one, other],
            )
            .await?;
    }
    if rows > 0 {
        tell(tx, app, friend, removed(vec![user.as_str().to_owned()]), now).await?;
        events::friendship(tx, app, user, friend, Friendship::Removed, "", now).await?;
    }
    Ok(rows > 0)
}

fn removed(user_ids: Vec<String>) -> FriendEvent {
    FriendEvent { kind: Kind::Removed.into(), user_ids, ..FriendEvent::default() }
}

async fn ids(tx: &Tx<'_>, app: AppId, user: &UserId) -> Result<Vec<UserId>, StoreError> {
    tx.all(
        "select friend_id from friends where app = ?1 and user_id = ?2",
        params![app, user],
        |row| row.get(0),
    )
    .await
}

impl Store {
    /// Ends friendships, those that there are; both sides are told.
    pub async fn remove_friends(
        &self,
        app: AppId,
        user: UserId,
        friends: Vec<UserId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut locks: Vec<_> = friends.iter().map(|friend| (app, friend.clone())).collect();
        locks.push((app, user.clone()));
        self.write(locks, async move |tx| {
            users::active(tx, app, &user).await?;
            let mut gone = Vec::new();
            for friend in &friends {
                if part(tx, app, &user, friend, now).await? {
                    gone.push(friend.as_str().to_owned());
                }
            }
            if gone.is_empty() {
                return Ok(());
            }
            let act = Act::on_user("friend.remove", app, &user, now);
            audit::note(tx, act, &json!({ "removed": gone }));
            tell(tx, app, &user, removed(gone), now).await
        })
        .await
    }

    /// Ends all of a user's friendships; both sides of each are told.
    pub async fn remove_all_friends(
        &self,
        app: AppId,
        user: UserId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        loop {
            let of_user = user.clone();
            let known = self.read(async move |tx| ids(tx, app, &of_user).await).await?;
            let known: BTreeSet<UserId> = known.into_iter().collect();
            let mut locks: Vec<_> = known.iter().map(|friend| (app, friend.clone())).collect();
            locks.push((app, user.clone()));
            let user = user.clone();
            let done = self
                .write(locks, async move |tx| {
                    users::active(tx, app, &user).await?;
                    let friends = ids(tx, app, &user).await?;
                    // Who became a friend since the look above is not locked: look again.
                    if friends.iter().any(|friend| !known.contains(friend)) {
                        return Ok(false);
                    }
                    for friend in &friends {
                        part(tx, app, &user, friend, now).await?;
                    }
                    if !friends.is_empty() {
                        let ids: Vec<_> = friends.iter().map(UserId::as_str).collect();
                        let act = Act::on_user("friend.remove_all", app, &user, now);
                        audit::note(tx, act, &json!({ "removed": ids }));
                        let event =
                            FriendEvent { kind: Kind::Cleared.into(), ..Default::default() };
                        tell(tx, app, &user, event, now).await?;
                    }
                    Ok(true)
                })
                .await?;
            if done {
                return Ok(());
            }
        }
    }

    /// A page of a user's friends by the time they became friends.
    pub async fn friends(
        &self,
        app: AppId,
        user: UserId,
        after: Option<Position>,
        limit: i64,
        newest_first: bool,
    ) -> Result<FriendsPage, StoreError> {
        self.read(async move |tx| {
            users::active(tx, app, &user).await?;
            let sql = if newest_first {
                select_friends!(
                    "where f.app = ?1 and f.user_id = ?2
                        and (f.added_at < ?3 or (f.added_at = ?3 and f.friend_id > ?4))
                     order by f.added_at desc, f.friend_id limit ?5"
                )
            } else {
                select_friends!(
                    "where f.app = ?1 and f.user_id = ?2
                        and (f.added_at > ?3 or (f.added_at = ?3 and f.friend_id > ?4))
                     order by f.added_at, f.friend_id limit ?5"
                )
            };
            let (at, id) = Position::or_start(after.as_ref(), newest_first);
            let rows = tx
                .all(sql, params![app, &user, at, id, limit + 1], |row| {
                    Ok((Position { at: row.get(3)?, id: row.get(0)? }, read_friend(row)?))
                })
                .await?;
            let total = tx.one(COUNT, params![app, &user], |row| row.get(0)).await?;
            Ok(FriendsPage { page: Page::cut(rows, limit), total })
        })
        .await
    }

    /// What a user knows of some friends; who is no friend is left out.
    pub async fn friends_info(
        &self,
        app: AppId,
        user: UserId,
        friends: Vec<UserId>,
    ) -> Result<Vec<Friend>, StoreError> {
        self.read(async move |tx| {
            users::active(tx, app, &user).await?;
            let mut found = Vec::with_capacity(friends.len());
            for friend in &friends {
                found.extend(info(tx, app, &user, friend).await?);
            }
            Ok(found)
        })
        .await
    }

    /// Which of some users are the user's friends, in the order asked for.
    pub async fn are_friends(
        &self,
        app: AppId,
        user: UserId,
        others: Vec<UserId>,
    ) -> Result<Vec<(UserId, bool)>, StoreError> {
        self.read(async move |tx| {
            users::active(tx, app, &user).await?;
            let mut all = Vec::with_capacity(others.len());
            for other in &others {
                all.push((other.clone(), are(tx, app, &user, other).await?));
            }
            Ok(all)
        })
        .await
    }

    /// Sets what a user calls a friend, and the extension profile that the user keeps of the friend; what is
    /// `None` stays. The user's own devices are told.
    pub async fn set_friend_info(
        &self,
        app: AppId,
        user: UserId,
        friend: UserId,
        alias: Option<Alias>,
        ext: Option<ExtProfile>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(vec![(app, user.clone())], async move |tx| {
            users::active(tx, app, &user).await?;
            let before = info(tx, app, &user, &friend).await?;
            let before = before.ok_or_else(|| Refusal::NotFriends(friend.clone()))?;
            let ext = ext
                .as_ref()
                .map(|ext| serde_json::to_string(ext.pairs()))
                .transpose()
                .map_err(|e| StoreError::corrupt("friend", e))?;
            tx.execute(
                "update friends set alias = coalesce(?4, alias), ext = coalesce(?5, ext)
                 where app = ?1 and user_id = ?2 and friend_id = ?3",
                params![app, &user, &friend, alias.as_ref().map(Alias::as_str), ext.as_ref()],
            )
            .await?;
            let after = info(tx, app, &user, &friend).await?;
            if after.as_ref() == Some(&before) {
                return Ok(());
            }
            let state = |info: Option<&Friend>| {
                let info = info.cloned().unwrap_or_default();
                json!({ "alias": info.alias, "ext": info.ext_profile })
            };
            let mut changed = state(after.as_ref());
            changed["friend"] = json!(friend.as_str());
            let act = Act::on_user("friend.info", app, &user, now);
            audit::note_change(tx, act, state(Some(&before)), changed);
            let event = FriendEvent {
                kind: Kind::InfoChanged.into(),
                user_ids: vec![friend.as_str().to_owned()],
                friend: after,
                application: None,
            };
            tell(tx, app, &user, event, now).await
        })
        .await
    }

    /// Sets who may become users' friends.
    pub async fn set_friend_permission(
        &self,
        app: AppId,
        owners: Vec<UserId>,
        permission: FriendPermission,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let locks = owners.iter().map(|owner| (app, owner.clone())).collect();
        self.write(locks, async move |tx| {
            for owner in &owners {
                let before = users::active(tx, app, owner).await?.friend_permission;
                if before == permission.number() {
                    continue;
                }
                tx.execute(
                    "update users set friend_permission = ?3 where app = ?1 and id = ?2",
                    params![app, owner, permission.number()],
                )
                .await?;
                audit::note_change(
                    tx,
                    Act::on_user("friend.permission", app, owner, now),
                    json!({ "permission": before }),
                    json!({ "permission": permission.number() }),
                );
                users::tell_account(tx, app, owner, now).await?;
            }
            Ok(())
        })
        .await
    }

    /// Who may become users' friends, in the order asked for; the app's setting where a user has none.
    pub async fn friend_permission(
        &self,
        app: AppId,
        owners: Vec<UserId>,
    ) -> Result<Vec<(UserId, FriendPermission)>, StoreError> {
        self.read(async move |tx| {
            let settings = apps::by_id(tx, app).await?.settings;
            let mut all = Vec::with_capacity(owners.len());
            for owner in &owners {
                let user = users::active(tx, app, owner).await?;
                all.push((owner.clone(), permission(&settings, &user)));
            }
            Ok(all)
        })
        .await
    }
}

/// Who may become the user's friend: the user's word, else the app's, else whoever the user consents to.
pub(crate) fn permission(settings: &apps::Settings, user: &users::User) -> FriendPermission {
    FriendPermission::try_from(user.friend_permission)
        .or_else(|_| FriendPermission::try_from(settings.friend_permission))
        .unwrap_or(FriendPermission::WithConsent)
}

async fn info(
    tx: &Tx<'_>,
    app: AppId,
    user: &UserId,
    friend: &UserId,
) -> Result<Option<Friend>, StoreError> {
    tx.opt(
        select_friends!("where f.app = ?1 and f.user_id = ?2 and f.friend_id = ?3"),
        params![app, user, friend],
        read_friend,
    )
    .await
}
