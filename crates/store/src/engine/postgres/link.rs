//! A connection to the server.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::time::Duration;

use nuncio_protocol::ids::AppId;
use nuncio_protocol::{GroupId, UserId};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Statement};

use super::tls::Target;
use crate::engine::tx::Value;
use crate::error::StoreError;

/// How long to wait for a lock before giving way; the unit is then tried again.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a transaction may stand idle before the server ends it. A node that freezes, or whose cable falls silent, in
/// the middle of one would hold its locks, and with them the other nodes, whose leases run out after that.
const IDLE: Duration = Duration::from_millis(1500);
/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(4);

/// One connection and the statements prepared on it.
pub(in crate::engine) struct Link {
    pub(super) client: Client,
    /// Whether it has left somebody without an answer.
    pub(super) silent: Cell<bool>,
    prepared: RefCell<HashMap<&'static str, Statement>>,
}

impl Link {
    /// `settings` are statements for its session.
    pub(super) async fn connect(target: &Target, settings: &str) -> Result<Self, StoreError> {
        let connecting = target.config.connect(target.tls.clone());
        let (client, connection) = tokio::time::timeout(CONNECT, connecting)
            .await
            .map_err(|_| StoreError::Unavailable("no answer in time".to_owned()))??;
        tokio::task::spawn_local(async move {
            if let Err(error) = connection.await {
                tracing::warn!("a database connection ended: {error}");
            }
        });
        let settings = format!(
            "set lock_timeout = {}; set idle_in_transaction_session_timeout = {};
             set synchronous_commit = on; set client_min_messages = warning; {settings}",
            LOCK_TIMEOUT.as_millis(),
            IDLE.as_millis()
        );
        client.batch_execute(&settings).await?;
        Ok(Self { client, silent: Cell::new(false), prepared: RefCell::default() })
    }

    pub(super) fn works(&self) -> bool {
        !self.client.is_closed() && !self.silent.get()
    }

    /// Locks the rows of groups, in order.
    pub(super) async fn lock_groups(
        &self,
        groups: impl Iterator<Item = (AppId, &GroupId)>,
    ) -> Result<(), StoreError> {
        let groups = groups.map(|(AppId(app), group)| (app, group.as_str())).collect();
        self.lock(
            "select 1 from unnest($1::bigint[], $2::text[]) v(app, id)
             cross join lateral (
                 select 1 from groups g where g.app = v.app and g.id = v.id for update) locked",
            groups,
        )
        .await
    }

    /// Locks the rows of users, in order.
    pub(super) async fn lock_users(
        &self,
        users: impl Iterator<Item = (AppId, &UserId)>,
    ) -> Result<(), StoreError> {
        let users = users.map(|(AppId(app), user)| (app, user.as_str())).collect();
        self.lock(
            "select 1 from unnest($1::bigint[], $2::text[]) v(app, id)
             cross join lateral (
                 select 1 from users u where u.app = v.app and u.id = v.id for update) locked",
            users,
        )
        .await
    }

    /// Locks rows one after the other, each found by its key: the subquery can neither be joined otherwise nor moved.
    async fn lock(&self, sql: &'static str, mut rows: Vec<(i64, &str)>) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        rows.sort_unstable();
        rows.dedup();
        let (apps, ids): (Vec<i64>, Vec<&str>) = rows.into_iter().unzip();
        let statement = self.prepare(sql).await?;
        self.client.query(&statement, &[&apps, &ids]).await?;
        Ok(())
    }

    pub(in crate::engine) async fn execute(
        &self,
        sql: &'static str,
        params: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        let statement = self.prepare(sql).await?;
        Ok(self.client.execute(&statement, &by_reference(params)).await?)
    }

    pub(in crate::engine) async fn query(
        &self,
        sql: &'static str,
        params: &[Value<'_>],
    ) -> Result<Vec<tokio_postgres::Row>, StoreError> {
        let statement = self.prepare(sql).await?;
        Ok(self.client.query(&statement, &by_reference(params)).await?)
    }

    pub(super) async fn prepare(&self, sql: &'static str) -> Result<Statement, StoreError> {
        if let Some(statement) = self.prepared.borrow().get(sql) {
            return Ok(statement.clone());
        }
        // Our statements count their parameters as SQLite does.
        let statement = self.client.prepare(&sql.replace('?', "$")).await?;
        self.prepared.borrow_mut().insert(sql, statement.clone());
        Ok(statement)
    }
}

fn by_reference<'a>(params: &'a [Value<'_>]) -> Vec<&'a (dyn ToSql + Sync)> {
    params.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}
