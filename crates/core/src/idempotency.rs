//! Idempotency keys: one effect, and one answer, for all tries of a call.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use nuncio_protocol::ids::AppId;
pub use nuncio_store::idempotency::Claimed;

use crate::{Core, Error};

impl Core {
    /// Takes a key for a call, or finds what the call was answered before. `fingerprint` tells this call
    /// from others; the caller of [`Claimed::First`] must [`Core::finish`] or [`Core::forget`] the key.
    ///
    /// Refused when the key stands for another call, or when its first call is still being worked on; after
    /// 60 seconds that one is taken for dead.
    pub async fn claim(&self, app: AppId, key: &str, fingerprint: &str) -> Result<Claimed, Error> {
        let (now, fingerprint) = (self.now(), fingerprint.to_owned());
        match self.store.claim(app, key.to_owned(), fingerprint, now).await? {
            Claimed::First => Ok(Claimed::First),
            Claimed::Answered { status, answer } => {
                let failed = |why: String| Error::Internal(format!("a kept answer: {why}"));
                let sealed = STANDARD.decode(answer).map_err(|e| failed(e.to_string()))?;
                let answer = self.parts.vault.unseal(&context(app, key), &sealed);
                let answer = String::from_utf8(answer.map_err(|e| failed(e.to_string()))?)
                    .map_err(|e| failed(e.to_string()))?;
                Ok(Claimed::Answered { status, answer })
            }
        }
    }

    /// Keeps the answer of a call for 24 hours. It is sealed, because it may hold a token, and what lies in
    /// the database shall open nothing.
    pub async fn finish(
        &self,
        app: AppId,
        key: &str,
        status: u16,
        answer: &str,
    ) -> Result<(), Error> {
        let sealed = self
            .parts
            .vault
            .seal(&context(app, key), answer.as_bytes())
            .map_err(|error| Error::Internal(error.to_string()))?;
        Ok(self.store.finish(app, key.to_owned(), status, STANDARD.encode(sealed)).await?)
    }

    /// Lets go of a key whose call came to nothing, so that the next try does the work.
    pub async fn forget(&self, app: AppId, key: &str) -> Result<(), Error> {
        Ok(self.store.forget(app, key.to_owned()).await?)
    }

    /// Lets go of keys older than 24 hours; returns how many. Works in short transactions.
    pub async fn prune_idempotency(&self) -> Result<u64, Error> {
        let mut pruned = 0;
        loop {
            let step = self.store.prune_idempotency(self.now()).await?;
            pruned += step;
            if step == 0 {
                return Ok(pruned);
            }
        }
    }
}

/// The place that an answer is sealed for.
fn context(app: AppId, key: &str) -> String {
    format!("answer {} {key}", app.0)
}
