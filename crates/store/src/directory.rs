//! Registered users as an operator looks for them: the newest, those whose id or name begins so, and how many.
//!
//! Everything here is a range of an index, so that a page takes as long with a million users as with ten.

use nuncio_protocol::ids::AppId;
use nuncio_protocol::{Timestamp, UserId};

use crate::engine::{Row, Store, params};
use crate::error::StoreError;
use crate::paging::{Page, Position};
use crate::profiles;

/// A user as a row of a list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Listed {
    /// The user's id.
    pub id: UserId,
    /// Push identity: name.
    pub name: String,
    /// Push identity: avatar, empty when there is none.
    pub avatar_url: String,
    /// When the user was registered.
    pub created_at: Timestamp,
    /// End of the ban; in the past when there is none.
    pub banned_until: Timestamp,
    /// Whether the user may not send direct messages.
    pub muted: bool,
    /// Whether the user was soft-deleted.
    pub deleted: bool,
}

/// Name and avatar under which others know a user: those of the hosted profile, unless nobody may see it, else those of
/// the push identity. Empty where there is neither.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Known {
    /// The name.
    pub name: String,
    /// The avatar's address.
    pub avatar_url: String,
}

/// How many users an app has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Counted {
    /// Those that count against the app's limit.
    pub registered: i64,
    /// Those that were soft-deleted.
    pub soft_deleted: i64,
}

/// How long a user's lists are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Relations {
    /// Entries of the blocklist.
    pub blocklist: usize,
    /// Entries of the whitelist.
    pub whitelist: usize,
    /// Friends.
    pub friends: usize,
}

/// What users are listed by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// Those whose ban has not ended.
    Banned,
    /// Those who may not send direct messages.
    Muted,
    /// Those who were soft-deleted.
    SoftDeleted,
}

/// The place of a user in a list by name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Named {
    /// The name as the database lowers its letters.
    pub name: String,
    /// The user's id.
    pub id: UserId,
}

/// The columns of [`Listed`], more of them, and a tail that says which rows.
macro_rules! select_listed {
    ($tail:literal) => {
        select_listed!("", $tail)
    };
    ($columns:literal, $tail:literal) => {
        concat!(
            "select id, name, avatar_url, created_at, banned_until, muted, deleted_at",
            $columns,
            " from users ",
            $tail
        )
    };
}

/// A user with the place that the next column tells.
fn placed(row: &Row<'_>) -> Result<(Position, Listed), StoreError> {
    let user = read(row)?;
    Ok((Position { at: row.get(7)?, id: user.id.clone() }, user))
}

fn read(row: &Row<'_>) -> Result<Listed, StoreError> {
    Ok(Listed {
        id: row.get(0)?,
        name: row.get(1)?,
        avatar_url: row.get(2)?,
        created_at: row.get(3)?,
        banned_until: row.get(4)?,
        muted: row.get(5)?,
        deleted: row.get(6)?,
    })
}

/// The first text, byte by byte, behind all that begin with `prefix`.
pub(crate) fn behind(prefix: &str) -> String {
    format!("{prefix}\u{10FFFF}")
}

impl Store {
    /// Users by age, the newest first, soft-deleted ones among them.
    pub async fn newest_users(
        &self,
        app: AppId,
        after: Option<Position>,
        limit: i64,
    ) -> Result<Page<Listed>, StoreError> {
        self.read(async move |tx| {
            let (at, id) = Position::or_start(after.as_ref(), true);
            let rows = tx
                .all(
                    select_listed!(
                        "where app = ?1 and (created_at, id) < (?2, ?3)
                         order by created_at desc, id desc limit ?4"
                    ),
                    params![app, at, id, limit + 1],
                    |row| {
                        let user = read(row)?;
                        let position = Position { at: user.created_at.0, id: user.id.clone() };
                        Ok((position, user))
                    },
                )
                .await?;
            Ok(Page::cut(rows, limit))
        })
        .await
    }

    /// Users whose id begins with `prefix`, by id; those behind `after` where one is given.
    pub async fn users_by_id(
        &self,
        app: AppId,
        prefix: String,
        after: Option<UserId>,
        limit: i64,
    ) -> Result<Vec<Listed>, StoreError> {
        self.read(async move |tx| {
            let end = behind(&prefix);
            let (from, after) = match &after {
                Some(id) => (id.as_str(), id.as_str()),
                None => (prefix.as_str(), ""),
            };
            tx.all(
                select_listed!(
                    "where app = ?1 and id collate \"binary\" >= ?2 and id collate \"binary\" < ?3
                       and id <> ?4
                     order by id collate \"binary\" limit ?5"
                ),
                params![app, from, &end, after, limit],
                read,
            )
            .await
        })
        .await
    }

    /// Users whose name begins with `prefix`, whatever the case of its letters, by name; those behind `after` where
    /// one is given. With each, what the list is sorted by.
    pub async fn users_by_name(
        &self,
        app: AppId,
        prefix: String,
        after: Option<Named>,
        limit: i64,
    ) -> Result<Vec<(Named, Listed)>, StoreError> {
        self.read(async move |tx| {
            let (prefix, end) = (prefix.to_lowercase(), behind(&prefix.to_lowercase()));
            let read = |row: &Row<'_>| {
                let user = read(row)?;
                Ok((Named { name: row.get(7)?, id: user.id.clone() }, user))
            };
            let (from, id) = match &after {
                Some(Named { name, id }) => (name.as_str(), id.as_str()),
                None => (prefix.as_str(), ""),
            };
            // One range of the index, with one lower end; of those of the very name, some are stepped over.
            tx.all(
                select_listed!(
                    ", lower(name)",
                    "where app = ?1 and lower(name) collate \"binary\" >= ?2
                       and lower(name) collate \"binary\" < ?3
                       and (lower(name) collate \"binary\" > ?2 or id > ?4)
                     order by lower(name) collate \"binary\", id limit ?5"
                ),
                params![app, from, &end, id, limit],
                read,
            )
            .await
        })
        .await
    }

    /// Users of a standing, the last to end, or to be deleted, first; muted ones by id.
    pub async fn users_of(
        &self,
        app: AppId,
        standing: Standing,
        after: Option<Position>,
        limit: i64,
        now: Timestamp,
    ) -> Result<Page<Listed>, StoreError> {
        self.read(async move |tx| {
            let (at, id) = Position::or_start(after.as_ref(), true);
            let rows = match standing {
                Standing::Banned => {
                    let sql = select_listed!(
                        ", banned_until",
                        "where app = ?1 and banned_until > 0 and banned_until > ?5
                           and (banned_until, id) < (?2, ?3)
                         order by banned_until desc, id desc limit ?4"
                    );
                    tx.all(sql, params![app, at, id, limit + 1, now], placed).await?
                }
                Standing::Muted => {
                    let sql = select_listed!(
                        ", cast(0 as bigint)",
                        "where app = ?1 and muted = 1 and id > ?2 order by id limit ?3"
                    );
                    tx.all(sql, params![app, id, limit + 1], placed).await?
                }
                Standing::SoftDeleted => {
                    let sql = select_listed!(
                        ", deleted_at",
                        "where app = ?1 and deleted_at > 0 and (deleted_at, id) < (?2, ?3)
                         order by deleted_at desc, id desc limit ?4"
                    );
                    tx.all(sql, params![app, at, id, limit + 1], placed).await?
                }
            };
            Ok(Page::cut(rows, limit))
        })
        .await
    }

    /// The names and avatars under which others know users, in the order asked for.
    pub async fn known_as(&self, app: AppId, ids: Vec<UserId>) -> Result<Vec<Known>, StoreError> {
        self.read(async move |tx| {
            let mut all = Vec::with_capacity(ids.len());
            for id in &ids {
                let shown = profiles::shown(tx, app, id).await?;
                all.push(Known { name: shown.name, avatar_url: shown.avatar_url });
            }
            Ok(all)
        })
        .await
    }

    /// How many users an app has.
    pub async fn count_users(&self, app: AppId) -> Result<Counted, StoreError> {
        self.read(async move |tx| {
            let all: i64 = tx
                .one("select count(*) from users where app = ?1", params![app], |row| row.get(0))
                .await?;
            let soft_deleted: i64 = tx
                .one(
                    "select count(*) from users where app = ?1 and deleted_at > 0",
                    params![app],
                    |row| row.get(0),
                )
                .await?;
            Ok(Counted { registered: all - soft_deleted, soft_deleted })
        })
        .await
    }

    /// How long a user's lists are.
    pub async fn count_relations(&self, app: AppId, user: UserId) -> Result<Relations, StoreError> {
        self.read(async move |tx| {
            let of = params![app, &user];
            Ok(Relations {
                blocklist: tx
                    .count("select count(*) from blocklist where app = ?1 and user_id = ?2", of)
                    .await?,
                whitelist: tx
                    .count("select count(*) from whitelist where app = ?1 and user_id = ?2", of)
                    .await?,
                friends: tx
                    .count("select count(*) from friends where app = ?1 and user_id = ?2", of)
                    .await?,
            })
        })
        .await
    }
}
