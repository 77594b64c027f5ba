//! An app's end: at once for everybody who calls or connects, and afterwards, in short transactions, for its rows.
//!
//! The app's own row stays, without secret and settings, so that its number is never another app's. Its audit trail
//! stays as long as any.

use nuncio_protocol::ids::{AppId, MessageId};
use nuncio_protocol::{Refusal, Timestamp};
use serde_json::json;

use crate::apps::{self, App, read_app, select_app};
use crate::audit::{self, Act, INSTALLATION};
use crate::engine::{Store, params};
use crate::error::StoreError;

/// Rows that one transaction deletes.
const STEP: i64 = 1000;
/// For so long after the deletion, rows may still come from nodes that have not heard of it.
const LATE_MS: i64 = 3 * 60 * 1000;

/// Deletes some of an app's rows of a table with this primary key.
macro_rules! erase {
    ($($table:literal: $key:literal,)+) => {
        /// Every table that has rows of apps, and how some of them go.
        const ROWS: &[(&str, &str)] = &[$((
            $table,
            concat!(
                "delete from ", $table, " where app = ?1 and (", $key, ") in (select ", $key, " from ",
                $table, " where app = ?1 limit ?2)"
            ),
        ),)+];
    };
}

erase! {
    "inbox": "user_id, seq",
    "group_stretches": "user_id, seq",
    "group_entries": "group_id, seq",
    "messages": "channel, id",
    "message_receipts": "channel, message_id, user_id",
    "channels": "user_id, channel",
    "channel_settings": "user_id, channel_type, channel_id",
    "channel_type_settings": "user_id, channel_type",
    "tagged_channels": "user_id, tag_id, channel_type, channel_id",
    "channel_tags": "user_id, id",
    "blocklist": "user_id, target_id",
    "whitelist": "user_id, target_id",
    "friends": "user_id, friend_id",
    "friend_requests": "user_id, target_id",
    "profiles": "user_id",
    "user_tags": "user_id",
    "subscriptions": "user_id, type, target_id",
    "activations": "user_id, operation_id",
    "group_removals": "user_id",
    "push_devices": "user_id, device",
    "push_settings": "user_id",
    "push_options": "message_id",
    "push_providers": "provider",
    "group_applications": "group_id, user_id, inviter_id",
    "group_favorites": "group_id, user_id, favorite_id",
    "group_allowed_senders": "group_id, user_id",
    "group_mutes": "group_id, user_id",
    "group_members": "group_id, user_id",
    "groups": "id",
    "idempotency": "key",
    "sessions": "user_id, session",
    "figures": "step, at, node",
    "webhook_deliveries": "webhook, id",
    "webhook_lanes": "webhook, user_id",
    "webhook_sessions": "user_id, session",
    "webhooks": "id",
    "job_parts": "job, kind, no",
    "jobs": "id",
    "operator_grants": "operator",
    "users": "id",
}

/// Tables whose rows stay.
#[cfg(test)]
const KEPT: [&str; 3] = ["audit", "audit_heads", "audit_anchors"];

impl Store {
    /// Deletes an app: from the commit on its key is unknown, and nothing of it can log in or be changed. Its rows
    /// go by [`Store::go_on_erasing`]. Refused unless `name` is the app's.
    pub async fn delete_app(
        &self,
        app: AppId,
        name: String,
        now: Timestamp,
    ) -> Result<App, StoreError> {
        self.write(Vec::new(), async move |tx| {
            let record = apps::by_id(tx, app).await?;
            if record.name.trim() != name.trim() {
                let sentence = "`confirm` is not the app's name: type it as it is shown";
                return Err(Refusal::BadParameter(sentence.to_owned()).into());
            }
            tx.execute(
                "update apps set deleted_at = ?2, locked = 1, secret = ?3, settings = '{}',
                                 webhook_events = 0
                 where id = ?1",
                params![app, now, [].as_slice()],
            )
            .await?;
            tx.execute("delete from operator_grants where app = ?1", params![app]).await?;
            let gone = json!({
                "appKey": record.key.as_str(),
                "name": record.name,
                "environment": record.environment,
                "edition": record.edition,
            });
            // In the app's own trail, and where it is seen when the app is not.
            for chain in [app, INSTALLATION] {
                audit::note(tx, Act::on_app("app.delete", chain, now), &gone);
            }
            Ok(App { locked: true, ..record })
        })
        .await
    }

    /// Apps that were deleted after a moment, the last first, whether anything of them is left or not.
    pub async fn deleted_apps(&self, since: Timestamp) -> Result<Vec<App>, StoreError> {
        self.read(async move |tx| {
            let deleted = select_app!("where deleted_at > ?1 order by deleted_at desc");
            tx.all(deleted, params![since], read_app).await
        })
        .await
    }

    /// Deleted apps of which rows may be left.
    pub async fn apps_to_erase(&self) -> Result<Vec<AppId>, StoreError> {
        self.read(async |tx| {
            tx.all(
                "select id from apps where deleted_at > 0 and erased_at = 0 order by deleted_at",
                &[],
                |row| row.get(0),
            )
            .await
        })
        .await
    }

    /// One short transaction's worth of an app's rows. Returns how many went; none: nothing is left for now. Once so
    /// much time has passed that nothing can come any more, the deletion is finished with that.
    pub async fn go_on_erasing(&self, app: AppId, now: Timestamp) -> Result<u64, StoreError> {
        self.write(Vec::new(), async move |tx| {
            let open: Option<(Timestamp, String)> = tx
                .opt(
                    "select deleted_at, app_key from apps
                     where id = ?1 and deleted_at > 0 and erased_at = 0",
                    params![app],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
                .await?;
            let Some((deleted_at, key)) = open else { return Ok(0) };
            tx.filed_before(MessageId::first_at(deleted_at.plus_ms(1)))?;
            for (_, sql) in ROWS {
                let gone = tx.execute(sql, params![app, STEP]).await?;
                if gone > 0 {
                    return Ok(gone);
                }
            }
            if deleted_at.plus_ms(LATE_MS) <= now {
                tx.execute("update apps set erased_at = ?2 where id = ?1", params![app, now])
                    .await?;
                let gone = json!({ "appKey": key });
                audit::note(tx, Act::on_app("app.erase", INSTALLATION, now), &gone);
            }
            Ok(0)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrations;

    /// Who adds a table finds here that its rows must go with their app.
    #[test]
    fn every_table_with_rows_of_apps_is_erased_or_kept_on_purpose() {
        let mut connection = rusqlite::Connection::open_in_memory().expect("a database in memory");
        migrations::sqlite(&mut connection).expect("a schema");
        let mut query = connection
            .prepare(
                "select t.name from sqlite_schema t, pragma_table_info(t.name) c
                 where t.type = 'table' and c.name = 'app' order by t.name",
            )
            .expect("a query");
        let tables: Vec<String> = query
            .query_map([], |row| row.get(0))
            .and_then(Iterator::collect)
            .expect("the tables' names");
        let mut known: Vec<_> = ROWS.iter().map(|(table, _)| *table).chain(KEPT).collect();
        known.sort_unstable();
        assert_eq!(tables, known);
        for (table, sql) in ROWS {
            connection.prepare(sql).unwrap_or_else(|error| panic!("{table}: {error}"));
        }
    }
}
