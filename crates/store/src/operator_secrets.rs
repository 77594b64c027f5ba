//! What operators prove themselves with: a password, the codes of a second factor, recovery codes.

use nuncio_protocol::Timestamp;

use crate::audit::{self, Act, INSTALLATION};
use crate::engine::{Store, Tx, params};
use crate::error::StoreError;
use crate::operator_sessions;
use crate::operators::{OperatorId, SecretHash};

impl Store {
    /// Sets an operator's password. Sessions other than `keep` end.
    pub async fn set_password(
        &self,
        id: OperatorId,
        password: String,
        keep: SecretHash,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(Vec::new(), async move |tx| {
            note_own(tx, "operator.set_password", now);
            tx.execute(
                "update operators set password = ?2 where id = ?1",
                params![id.0, &password],
            )
            .await?;
            operator_sessions::close_others(tx, id, keep).await
        })
        .await
    }

    /// Remembers the sealed secret of a second factor that is being set up.
    pub async fn prepare_second_factor(
        &self,
        id: OperatorId,
        sealed: Vec<u8>,
    ) -> Result<(), StoreError> {
        self.write(Vec::new(), async move |tx| {
            tx.execute(
                "update operators set second_factor_next = ?2 where id = ?1",
                params![id.0, sealed.as_slice()],
            )
            .await
            .map(drop)
        })
        .await
    }

    /// Puts the prepared second factor in force. `step` is that of the code that proved it.
    pub async fn enable_second_factor(
        &self,
        id: OperatorId,
        step: i64,
        recovery: Vec<String>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(Vec::new(), async move |tx| {
            note_own(tx, "operator.enable_second_factor", now);
            tx.execute(
                "update operators set second_factor = second_factor_next,
                                      second_factor_next = null, second_factor_step = ?2
                 where id = ?1 and second_factor_next is not null",
                params![id.0, step],
            )
            .await?;
            set_recovery(tx, id, &recovery).await
        })
        .await
    }

    /// Lets an operator sign in without a code again.
    pub async fn disable_second_factor(
        &self,
        id: OperatorId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(Vec::new(), async move |tx| {
            note_own(tx, "operator.disable_second_factor", now);
            tx.execute(
                "update operators set second_factor = null, second_factor_next = null,
                                      second_factor_step = 0, recovery = '[]'
                 where id = ?1",
                params![id.0],
            )
            .await
            .map(drop)
        })
        .await
    }

    /// Replaces an operator's recovery codes, given as hashes.
    pub async fn set_recovery_codes(
        &self,
        id: OperatorId,
        hashes: Vec<String>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(Vec::new(), async move |tx| {
            note_own(tx, "operator.new_recovery_codes", now);
            set_recovery(tx, id, &hashes).await
        })
        .await
    }

    /// Writes down that somebody tried to sign in in vain: under the name of the operator that was tried, or under
    /// none where there is no such operator.
    pub async fn note_failed_sign_in(&self, now: Timestamp) -> Result<(), StoreError> {
        self.write(Vec::new(), async move |tx| {
            note_own(tx, "operator.sign_in_failed", now);
            Ok(())
        })
        .await
    }

    /// Uses the code of a step up. Says whether that, and every later one, was unused.
    pub async fn use_step(&self, id: OperatorId, step: i64) -> Result<bool, StoreError> {
        self.write(Vec::new(), async move |tx| {
            let used = tx
                .execute(
                    "update operators set second_factor_step = ?2
                     where id = ?1 and second_factor_step < ?2",
                    params![id.0, step],
                )
                .await?;
            Ok(used > 0)
        })
        .await
    }

    /// Uses a recovery code up. Says whether there was one with this hash.
    pub async fn use_recovery_code(
        &self,
        id: OperatorId,
        hash: String,
    ) -> Result<bool, StoreError> {
        self.write(Vec::new(), async move |tx| {
            // Locks the row, so that a code is not used twice at once.
            tx.execute("update operators set id = id where id = ?1", params![id.0]).await?;
            let text: Option<String> = tx
                .opt("select recovery from operators where id = ?1", params![id.0], |r| r.get(0))
                .await?;
            let mut left = recovery(text.as_deref().unwrap_or("[]"))?;
            let before = left.len();
            left.retain(|other| *other != hash);
            if left.len() == before {
                return Ok(false);
            }
            set_recovery(tx, id, &left).await?;
            Ok(true)
        })
        .await
    }
}

/// Notes in the installation's chain what an operator did with their own account; the entry names them as who did
/// it.
pub(crate) fn note_own(tx: &mut Tx<'_>, operation: &'static str, now: Timestamp) {
    audit::note(tx, Act::on_app(operation, INSTALLATION, now), &serde_json::Value::Null);
}

/// Recovery codes as they are stored: the hashes of those that are left.
pub(crate) fn recovery(text: &str) -> Result<Vec<String>, StoreError> {
    serde_json::from_str(text).map_err(|e| StoreError::corrupt("recovery codes", e))
}

async fn set_recovery(tx: &Tx<'_>, id: OperatorId, hashes: &[String]) -> Result<(), StoreError> {
    let text =
        serde_json::to_string(hashes).map_err(|e| StoreError::corrupt("recovery codes", e))?;
    tx.execute("update operators set recovery = ?2 where id = ?1", params![id.0, &text])
        .await
        .map(drop)
}
