//! Operators' sessions: who is signed in to the console, from where.

use nuncio_protocol::Timestamp;

use crate::engine::{Store, Tx, params};
use crate::error::StoreError;
use crate::operator_secrets;
use crate::operators::{self, Operator, OperatorId, SecretHash};

/// Sessions of one operator; the one that was not used for longest gives way.
const MOST: i64 = 20;
/// Sessions that one step of pruning deletes at most.
const STEP: i64 = 1000;

/// A session that begins.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The hash of the token that its cookie holds.
    pub id: SecretHash,
    /// The client's address.
    pub address: String,
    /// The browser, as it says itself.
    pub agent: String,
}

/// A session.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Session {
    /// The hash of the token that its cookie holds.
    pub id: SecretHash,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub used_at: Timestamp,
    /// When the operator last gave the password.
    pub confirmed_at: Timestamp,
    /// The client's address.
    pub address: String,
    /// The browser, as it says itself.
    pub agent: String,
}

/// Begins a session, in which the password was given just now.
pub(crate) async fn open(
    tx: &Tx<'_>,
    operator: OperatorId,
    new: &NewSession,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "insert into operator_sessions
             (id, operator, created_at, used_at, confirmed_at, address, agent)
         values (?1, ?2, ?3, ?3, ?3, ?4, ?5)",
        params![new.id.0.as_slice(), operator.0, now, &new.address, &new.agent],
    )
    .await?;
    tx.execute(
        "delete from operator_sessions where operator = ?1 and id not in
             (select id from operator_sessions where operator = ?1
              order by used_at desc, created_at desc limit ?2)",
        params![operator.0, MOST],
    )
    .await?;
    Ok(())
}

pub(crate) async fn close_all(tx: &Tx<'_>, operator: OperatorId) -> Result<(), StoreError> {
    tx.execute("delete from operator_sessions where operator = ?1", params![operator.0])
        .await
        .map(drop)
}

pub(crate) async fn close_others(
    tx: &Tx<'_>,
    operator: OperatorId,
    keep: SecretHash,
) -> Result<(), StoreError> {
    tx.execute(
        "delete from operator_sessions where operator = ?1 and id <> ?2",
        params![operator.0, keep.0.as_slice()],
    )
    .await
    .map(drop)
}

fn hash(bytes: Vec<u8>) -> Result<SecretHash, StoreError> {
    let length = bytes.len();
    let bytes = <[u8; 32]>::try_from(bytes)
        .map_err(|_| StoreError::corrupt("session", format!("a hash of {length} bytes")))?;
    Ok(SecretHash(bytes))
}

impl Store {
    /// Begins a session of an operator who gave the password just now.
    pub async fn open_session(
        &self,
        operator: OperatorId,
        new: NewSession,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(Vec::new(), async move |tx| {
            operator_secrets::note_own(tx, "operator.sign_in", now);
            open(tx, operator, &new, now).await?;
            tx.execute(
                "update operators set last_seen_at = ?2 where id = ?1",
                params![operator.0, now],
            )
            .await
            .map(drop)
        })
        .await
    }

    /// A session and its operator; `None` when there is no such session.
    pub async fn session(&self, id: SecretHash) -> Result<Option<(Session, Operator)>, StoreError> {
        self.read(async move |tx| {
            let found = tx
                .opt(
                    "select id, created_at, used_at, confirmed_at, address, agent, operator
                     from operator_sessions where id = ?1",
                    params![id.0.as_slice()],
                    |row| Ok((read_session(row)?, OperatorId(row.get(6)?))),
                )
                .await?;
            let Some((session, operator)) = found else { return Ok(None) };
            Ok(operators::by_id(tx, operator).await?.map(|operator| (session, operator)))
        })
        .await
    }

    /// Notes that a session is in use.
    pub async fn touch_session(&self, id: SecretHash, now: Timestamp) -> Result<(), StoreError> {
        self.write(Vec::new(), async move |tx| {
            tx.execute(
                "update operator_sessions set used_at = ?2 where id = ?1 and used_at < ?2",
                params![id.0.as_slice(), now],
            )
            .await
            .map(drop)
        })
        .await
    }

    /// Gives a session another token, and notes that the password was given just now. The old token opens
    /// nothing any more. Says whether the session was still there.
    pub async fn renew_session(
        &self,
        old: SecretHash,
        new: SecretHash,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(Vec::new(), async move |tx| {
            let renewed = tx
                .execute(
                    "update operator_sessions set id = ?2, used_at = ?3, confirmed_at = ?3
                     where id = ?1",
                    params![old.0.as_slice(), new.0.as_slice(), now],
                )
                .await?;
            Ok(renewed > 0)
        })
        .await
    }

    /// Ends a session.
    pub async fn close_session(&self, id: SecretHash) -> Result<(), StoreError> {
        self.write(Vec::new(), async move |tx| {
            tx.execute("delete from operator_sessions where id = ?1", params![id.0.as_slice()])
                .await
                .map(drop)
        })
        .await
    }

    /// Ends an operator's sessions other than `keep`.
    pub async fn close_other_sessions(
        &self,
        operator: OperatorId,
        keep: SecretHash,
    ) -> Result<(), StoreError> {
        self.write(Vec::new(), async move |tx| close_others(tx, operator, keep).await).await
    }

    /// An operator's sessions, the one used last first.
    pub async fn sessions(&self, operator: OperatorId) -> Result<Vec<Session>, StoreError> {
        self.read(async move |tx| {
            tx.all(
                "select id, created_at, used_at, confirmed_at, address, agent
                 from operator_sessions where operator = ?1 order by used_at desc, created_at desc",
                params![operator.0],
                read_session,
            )
            .await
        })
        .await
    }

    /// Forgets sessions that were not used since `used_before`, or began before `begun_before`. Returns how
    /// many; call again until it is none.
    pub async fn prune_sessions(
        &self,
        used_before: Timestamp,
        begun_before: Timestamp,
    ) -> Result<u64, StoreError> {
        self.write(Vec::new(), async move |tx| {
            tx.execute(
                "delete from operator_sessions where id in
                     (select id from operator_sessions
                      where used_at < ?1 or created_at < ?2 limit ?3)",
                params![used_before, begun_before, STEP],
            )
            .await
        })
        .await
    }
}

fn read_session(row: &crate::engine::Row<'_>) -> Result<Session, StoreError> {
    Ok(Session {
        id: hash(row.get(0)?)?,
        created_at: row.get(1)?,
        used_at: row.get(2)?,
        confirmed_at: row.get(3)?,
        address: row.get(4)?,
        agent: row.get(5)?,
    })
}
