//! Why the product did not do what it was asked.

use nuncio_protocol::frames::Failure;
use nuncio_protocol::{Code, Refusal};
use nuncio_store::StoreError;

/// A rule's refusal, or a failure of the server's own.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A rule stands against it; the display is a sentence for the caller.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The server failed; the display is for the log.
    #[error(transparent)]
    Store(StoreError),
    /// A frame to be retried elsewhere or later; the display is for the log.
    #[error("internal failure: {0}")]
    Internal(String),
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(refusal) => Self::Refused(refusal),
            error => Self::Store(error),
        }
    }
}

impl Error {
    /// The public code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Store(StoreError::Unavailable(_) | StoreError::Conflict(_)) => Code::Unavailable,
            Self::Store(StoreError::OutcomeUnknown(_)) => Code::OutcomeUnknown,
            Self::Store(_) | Self::Internal(_) => Code::Internal,
        }
    }

    /// What the caller is told: the refusal's sentence, or the code's meaning when the failure is the
    /// server's own.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Refused(refusal) => refusal.to_string(),
            _ => self.code().meaning().trim().to_owned(),
        }
    }

    /// The error as a client frame tells it.
    #[must_use]
    pub fn to_failure(&self) -> Failure {
        match self {
            Self::Refused(refusal) => refusal.to_failure(),
            _ => Failure::new(self.code(), self.sentence()),
        }
    }
}
