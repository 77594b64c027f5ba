//! Idempotency keys: which calls have been made already, and what was answered.

use nuncio_protocol::ids::AppId;
use nuncio_protocol::{Refusal, Timestamp};

use crate::engine::{Store, params};
use crate::error::StoreError;

/// How long an answer is kept, in milliseconds.
const KEPT_MS: i64 = 24 * 60 * 60 * 1000;
/// How long a call may be worked on before another try may take its key over, in milliseconds: the first
/// may have died with its node.
const WORKED_ON_MS: i64 = 60 * 1000;
/// Rows that one call prunes.
const STEP: i64 = 1000;

/// What a call under an idempotency key has to do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Claimed {
    /// Its work: nobody has done it before.
    First,
    /// Nothing: this is what was answered.
    Answered {
        /// HTTP status.
        status: u16,
        /// The answer, as it was handed over.
        answer: String,
    },
}

impl Store {
    /// Takes a key for a call, or finds what the call was answered before.
    ///
    /// Refused when the key stands for another call, or when the first call is still being worked on.
    pub async fn claim(
        &self,
        app: AppId,
        key: String,
        fingerprint: String,
        now: Timestamp,
    ) -> Result<Claimed, StoreError> {
        self.write(Vec::new(), async move |tx| {
            // One statement takes a key that is free, has aged, or whose first call seems to have died.
            let taken = tx
                .execute(
                    "insert into idempotency (app, key, fingerprint, status, answer, created_at)
                     values (?1, ?2, ?3, 0, '', ?4)
                     on conflict (app, key) do update
                     set fingerprint = excluded.fingerprint, status = 0, answer = '',
                         created_at = excluded.created_at
                     where idempotency.created_at <= ?5
                        or (idempotency.status = 0 and idempotency.created_at <= ?6
                            and idempotency.fingerprint = excluded.fingerprint)",
                    params![
                        app,
                        &key,
                        &fingerprint,
                        now,
                        now.plus_ms(-KEPT_MS),
                        now.plus_ms(-WORKED_ON_MS),
                    ],
                )
                .await?;
            if taken > 0 {
                return Ok(Claimed::First);
            }
            let (first, status, answer) = tx
                .one(
                    "select fingerprint, status, answer from idempotency where app = ?1 and key = ?2",
                    params![app, &key],
                    |row| Ok((row.get::<String>(0)?, row.get::<i64>(1)?, row.get::<String>(2)?)),
                )
                .await?;
            if first != fingerprint {
                return Err(Refusal::IdempotencyKeyReused.into());
            }
            match u16::try_from(status) {
                Ok(0) => Err(Refusal::IdempotencyKeyInUse.into()),
                Ok(status) => Ok(Claimed::Answered { status, answer }),
                Err(error) => Err(StoreError::corrupt("idempotency", error)),
            }
        })
        .await
    }

    /// Keeps the answer of a call. The first answer stays.
    pub async fn finish(
        &self,
        app: AppId,
        key: String,
        status: u16,
        answer: String,
    ) -> Result<(), StoreError> {
        self.write(Vec::new(), async move |tx| {
            tx.execute(
                "update idempotency set status = ?3, answer = ?4
                 where app = ?1 and key = ?2 and status = 0",
                params![app, &key, i64::from(status), &answer],
            )
            .await?;
            Ok(())
        })
        .await
    }

    /// Lets go of a key whose call was not answered, so that it can be tried again.
    pub async fn forget(&self, app: AppId, key: String) -> Result<(), StoreError> {
        self.write(Vec::new(), async move |tx| {
            tx.execute(
                "delete from idempotency where app = ?1 and key = ?2 and status = 0",
                params![app, &key],
            )
            .await?;
            Ok(())
        })
        .await
    }

    /// Lets go of some keys older than 24 hours; returns how many. Fewer than a thousand: there are no more.
    pub async fn prune_idempotency(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.write(Vec::new(), async move |tx| {
            tx.execute(
                "delete from idempotency where (app, key) in (
                     select app, key from idempotency where created_at <= ?1
                     order by created_at limit ?2)",
                params![now.plus_ms(-KEPT_MS), STEP],
            )
            .await
        })
        .await
    }
}
