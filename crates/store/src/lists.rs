//! What the blocklist and the whitelist have in common: one user's list of others.

use nuncio_protocol::ids::AppId;
use nuncio_protocol::{Refusal, Timestamp, UserId, limits};

use crate::engine::{Tx, params};
use crate::error::StoreError;
use crate::paging::{Page, Position};

/// The statements of one such list.
pub(crate) struct ListSql {
    /// The list's name, for sentences.
    pub(crate) name: &'static str,
    pub(crate) add: &'static str,
    pub(crate) remove: &'static str,
    pub(crate) count: &'static str,
    pub(crate) holds: &'static str,
    pub(crate) page: &'static str,
}

/// The statements for a table of that name.
macro_rules! list_sql {
    ($table:literal) => {
        $crate::lists::ListSql {
            name: $table,
            add: concat!(
                "insert into ",
                $table,
                " (app, user_id, target_id, added_at) values (?1, ?2, ?3, ?4)
                 on conflict (app, user_id, target_id) do nothing"
            ),
            remove: concat!(
                "delete from ",
                $table,
                " where app = ?1 and user_id = ?2 and target_id = ?3"
            ),
            count: concat!("select count(*) from ", $table, " where app = ?1 and user_id = ?2"),
            holds: concat!(
                "select 1 from ",
                $table,
                " where app = ?1 and user_id = ?2 and target_id = ?3"
            ),
            page: concat!(
                "select target_id, added_at from ",
                $table,
                " where app = ?1 and user_id = ?2
                    and (added_at < ?3 or (added_at = ?3 and target_id > ?4))
                 order by added_at desc, target_id limit ?5"
            ),
        }
    };
}
pub(crate) use list_sql;

fn not_oneself(sql: &ListSql, owner: &UserId, targets: &[UserId]) -> Result<(), StoreError> {
    if targets.contains(owner) {
        let sentence = format!("`{owner}` cannot be in its own {}", sql.name);
        return Err(Refusal::BadParameter(sentence).into());
    }
    Ok(())
}

/// Adds targets; returns those who were not on the list before. Others keep their place.
pub(crate) async fn add(
    tx: &Tx<'_>,
    sql: &ListSql,
    app: AppId,
    owner: &UserId,
    targets: &[UserId],
    now: Timestamp,
) -> Result<Vec<String>, StoreError> {
    not_oneself(sql, owner, targets)?;
    let mut added = Vec::new();
    for target in targets {
        if tx.execute(sql.add, params![app, owner, target, now]).await? > 0 {
            added.push(target.as_str().to_owned());
        }
    }
    let grew = !added.is_empty();
    if grew && tx.count(sql.count, params![app, owner]).await? > limits::LIST_ENTRIES {
        return Err(Refusal::ListFull { limit: limits::LIST_ENTRIES }.into());
    }
    Ok(added)
}

/// Removes targets; returns those who were on the list.
pub(crate) async fn remove(
    tx: &Tx<'_>,
    sql: &ListSql,
    app: AppId,
    owner: &UserId,
    targets: &[UserId],
) -> Result<Vec<String>, StoreError> {
    not_oneself(sql, owner, targets)?;
    let mut removed = Vec::new();
    for target in targets {
        if tx.execute(sql.remove, params![app, owner, target]).await? > 0 {
            removed.push(target.as_str().to_owned());
        }
    }
    Ok(removed)
}

/// Whether the list holds `target`.
pub(crate) async fn holds(
    tx: &Tx<'_>,
    sql: &ListSql,
    app: AppId,
    owner: &UserId,
    target: &UserId,
) -> Result<bool, StoreError> {
    tx.exists(sql.holds, params![app, owner, target]).await
}

/// A page of the list, newest first.
pub(crate) async fn page(
    tx: &Tx<'_>,
    sql: &ListSql,
    app: AppId,
    owner: &UserId,
    after: Option<&Position>,
    limit: i64,
) -> Result<Page<UserId>, StoreError> {
    let (at, id) = Position::or_start(after, true);
    let rows = tx
        .all(sql.page, params![app, owner, at, id, limit + 1], |row| {
            let target: UserId = row.get(0)?;
            Ok((Position { at: row.get(1)?, id: target.clone() }, target))
        })
        .await?;
    Ok(Page::cut(rows, limit))
}
