//! Why a call was not answered with success.

use nuncio_protocol::{Code, Refusal};

/// A call's failure: its code, and a sentence that says what to mend.
#[derive(Debug)]
pub struct ConsoleError {
    pub(crate) code: Code,
    pub(crate) sentence: String,
    /// Seconds after which to try again.
    pub(crate) retry_after: Option<u64>,
    /// What went wrong inside, for the log alone.
    pub(crate) cause: Option<String>,
}

impl ConsoleError {
    pub(crate) fn new(code: Code, sentence: impl Into<String>) -> Self {
        Self { code, sentence: sentence.into(), retry_after: None, cause: None }
    }

    /// A member of the request that is wrong; `fault` goes on after its name.
    pub(crate) fn member(member: &str, fault: impl std::fmt::Display) -> Self {
        Self::new(Code::BadParameter, format!("`{member}` {fault}"))
    }

    /// A failure of the server's own: the caller is told the code, the log is told `cause`.
    pub(crate) fn internal(cause: impl std::fmt::Display) -> Self {
        let meaning = Code::Internal.meaning().trim();
        Self { cause: Some(cause.to_string()), ..Self::new(Code::Internal, meaning) }
    }

    pub(crate) fn malformed(error: &serde_path_to_error::Error<serde_json::Error>) -> Self {
        let fault: String = error.inner().to_string().chars().take(200).collect();
        match error.path().to_string().as_str() {
            "." => Self::new(Code::BadParameter, fault),
            member => Self::member(member, format_args!("is wrong: {fault}")),
        }
    }
}

impl From<Refusal> for ConsoleError {
    fn from(refusal: Refusal) -> Self {
        let retry_after = match &refusal {
            Refusal::TooManyTries { wait_ms } => Some(wait_ms.div_ceil(1000).max(1)),
            _ => None,
        };
        Self { retry_after, ..Self::new(refusal.code(), refusal.to_string()) }
    }
}

impl From<nuncio_core::Error> for ConsoleError {
    fn from(error: nuncio_core::Error) -> Self {
        match error {
            nuncio_core::Error::Refused(refusal) => refusal.into(),
            error => {
                Self { cause: Some(error.to_string()), ..Self::new(error.code(), error.sentence()) }
            }
        }
    }
}

impl From<nuncio_store::StoreError> for ConsoleError {
    fn from(error: nuncio_store::StoreError) -> Self {
        nuncio_core::Error::from(error).into()
    }
}
