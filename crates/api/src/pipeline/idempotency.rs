//! One effect for all tries of a call that carry the same `Idempotency-Key`.

use axum::http::HeaderMap;
use nuncio_core::{Claimed, Core};
use nuncio_protocol::ids::AppId;
use nuncio_protocol::signing::hex;
use nuncio_protocol::{ClientMessageId, Code, limits};
use sha2::{Digest as _, Sha256};

use super::answer::Answer;
use crate::error::ApiError;

/// A caller's key, and the fingerprint of the call that it stands for.
pub(super) struct IdempotencyKey {
    key: String,
    fingerprint: String,
}

impl IdempotencyKey {
    /// The key of a call to `path` with `body`, when it has one.
    pub(super) fn read(
        headers: &HeaderMap,
        path: &str,
        body: &[u8],
    ) -> Result<Option<Self>, ApiError> {
        let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
        let limit = limits::IDEMPOTENCY_KEY_BYTES;
        let fits = |key: &&str| {
            (1..=limit).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
        };
        let key = value.to_str().ok().filter(fits).ok_or_else(|| {
            let sentence = format!(
                "the header Idempotency-Key must be 1 to {limit} printable ASCII characters"
            );
            ApiError::new(Code::BadParameter, sentence)
        })?;
        let digest = Sha256::new()
            .chain_update(path.as_bytes())
            .chain_update(b"\n")
            .chain_update(body)
            .finalize();
        Ok(Some(Self { key: key.to_owned(), fingerprint: hex(&digest) }))
    }

    /// Takes the key for this call; if an earlier one has been answered already, returns its answer.
    pub(super) async fn claim(&self, core: &Core, app: AppId) -> Result<Option<Answer>, ApiError> {
        match core.claim(app, &self.key, &self.fingerprint).await? {
            Claimed::First => Ok(None),
            Claimed::Answered { status, answer } => Ok(Some(Answer::kept(status, answer))),
        }
    }

    /// Keeps the answer for the next try, or lets the next one try again after a failure of the server's
    /// own. If that fails too, the key is free again when its claim has aged.
    pub(super) async fn settle(&self, core: &Core, app: AppId, answer: &Answer) {
        let settled = match answer.status {
            500.. => core.forget(app, &self.key).await,
            status => core.finish(app, &self.key, status, &answer.body).await,
        };
        if let Err(error) = settled {
            tracing::warn!("an idempotency key could not be settled: {error}");
        }
    }

    /// What makes a message recognisable that an earlier try has sent before it could be answered.
    pub(super) fn client_message_id(&self) -> Option<ClientMessageId> {
        let digest = Sha256::new()
            .chain_update(self.key.as_bytes())
            .chain_update(b"\n")
            .chain_update(self.fingerprint.as_bytes())
            .finalize();
        ClientMessageId::try_from(format!("api-{}", hex(&digest[..20]))).ok()
    }
}
