//! Brings a database's schema up to date, and refuses one that a newer program has made unfit for this one.
//!
//! One numbered text serves both engines. A migration that has been released is never changed, and only
//! adds: two neighbouring versions of the program run side by side on one PostgreSQL database, and the older one starts
//! on what the newer one has added to, as a node does that crashes while its cluster is upgraded. [`OLDEST`] says how
//! old it may be.

use tokio_postgres::Client;

use crate::error::StoreError;

const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_base.sql"),
    include_str!("../migrations/0002_audit.sql"),
    include_str!("../migrations/0003_channel_settings.sql"),
    include_str!("../migrations/0004_console.sql"),
    include_str!("../migrations/0005_figures.sql"),
    include_str!("../migrations/0006_webhooks.sql"),
    include_str!("../migrations/0007_tail.sql"),
    include_str!("../migrations/0008_app_deletion.sql"),
    include_str!("../migrations/0009_cluster.sql"),
    include_str!("../migrations/0010_jobs.sql"),
    include_str!("../migrations/0011_groups.sql"),
    include_str!("../migrations/0012_exports.sql"),
    include_str!("../migrations/0013_channel_attributes.sql"),
    include_str!("../migrations/0014_group_applications.sql"),
    include_str!("../migrations/0015_push.sql"),
    include_str!("../migrations/0016_group_messages.sql"),
    include_str!("../migrations/0017_group_removals.sql"),
    include_str!("../migrations/0018_big_groups.sql"),
    include_str!("../migrations/0019_push_token_expiry.sql"),
    include_str!("../migrations/0020_groups_by_id.sql"),
];

/// The oldest program that may work on a database which this one has brought up to date, by the number of its last
/// migration. Raise it where an older program would break a rule or a promise that a migration brings.
const OLDEST: i64 = 18;

/// Any number, so long as it stays the same: the advisory lock under which one node migrates at a time.
const LOCK: i64 = 0x6e75_6e63_696f;

fn known() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// The texts still to be run on a database at version `found`.
fn missing(found: i64) -> Result<&'static [&'static str], StoreError> {
    usize::try_from(found)
        .ok()
        .and_then(|done| MIGRATIONS.get(done..))
        .ok_or(StoreError::TooNew { found, known: known() })
}

pub(crate) fn sqlite(connection: &mut rusqlite::Connection) -> Result<(), StoreError> {
    let tx = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let found = tx.query_row("pragma user_version", [], |row| row.get(0))?;
    for text in missing(found)? {
        tx.execute_batch(
            &text
                .replace("{int}", "integer")
                .replace("{bytes}", "blob")
                .replace("{table}", " strict, without rowid")
                .replace("{bytewise}", "")
                .replace("{postgres}", "--"),
        )?;
    }
    tx.pragma_update(None, "user_version", known())?;
    tx.commit()?;
    Ok(())
}

pub(crate) async fn postgres(client: &Client) -> Result<(), StoreError> {
    client.batch_execute(&format!("begin; select pg_advisory_xact_lock({LOCK})")).await?;
    client
        .batch_execute("create table if not exists schema_version (version bigint not null)")
        .await?;
    client
        .batch_execute("alter table schema_version add column if not exists oldest bigint")
        .await?;
    let row = client.query_opt("select version, oldest from schema_version", &[]).await?;
    let (found, oldest): (i64, Option<i64>) = row.map_or((0, None), |row| (row.get(0), row.get(1)));
    if found > known() && oldest.is_some_and(|oldest| oldest <= known()) {
        tracing::warn!(
            "the database has been brought to schema {found} by a newer version of this program, which knows {}: \
             upgrade this node too",
            known()
        );
        client.batch_execute("commit").await?;
        return Ok(());
    }
    for text in missing(found)? {
        client
            .batch_execute(
                &text
                    .replace("{int}", "bigint")
                    .replace("{bytes}", "bytea")
                    .replace("{table}", "")
                    .replace("{bytewise}", "collate \"binary\"")
                    .replace("{postgres}", ""),
            )
            .await?;
    }
    client
        .batch_execute(&format!(
            "delete from schema_version;
             insert into schema_version (version, oldest) values ({}, {OLDEST}); commit",
            known()
        ))
        .await?;
    Ok(())
}
