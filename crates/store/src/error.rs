//! Why the store did not do what it was asked.

use nuncio_protocol::Refusal;

/// The store's failure, or a rule's refusal that was found inside the transaction.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A rule stands against it; nothing was changed.
    #[error("refused: {0}")]
    Refused(#[from] Refusal),
    /// The app's server wants to see the message before it is sent; nothing was changed.
    #[error("the app's server is to be asked first")]
    NotAsked,
    /// The database cannot be reached, or would not begin; nothing was changed.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The link broke during the commit: the change may or may not have been made.
    #[error("the database's answer to the commit was lost: {0}")]
    OutcomeUnknown(String),
    /// A statement failed; nothing was changed.
    #[error("the database failed: {0}")]
    Database(String),
    /// Two transactions stood in each other's way; the engine tries again by itself.
    #[error("the transaction must be tried again: {0}")]
    Conflict(String),
    /// What is stored cannot be read back.
    #[error("stored data is not readable: {0}")]
    Corrupt(String),
    /// The database was written by a newer version of the program.
    #[error(
        "the database has schema version {found}, this program knows up to {known}: use a newer program"
    )]
    TooNew {
        /// Version in the database.
        found: i64,
        /// Newest version that this program knows.
        known: i64,
    },
}

impl StoreError {
    pub(crate) fn corrupt(what: &str, error: impl std::fmt::Display) -> Self {
        Self::Corrupt(format!("{what}: {error}"))
    }
}

/// What a broken foreign key says: they all lead to the life of a node.
fn life_is_over() -> StoreError {
    StoreError::Unavailable("this node's life in the cluster is over".to_owned())
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        if error
            .sqlite_error()
            .is_some_and(|error| error.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY)
        {
            return life_is_over();
        }
        match error.sqlite_error_code() {
            Some(
                rusqlite::ErrorCode::DatabaseBusy
                | rusqlite::ErrorCode::DatabaseLocked
                | rusqlite::ErrorCode::DiskFull
                | rusqlite::ErrorCode::CannotOpen,
            ) => Self::Unavailable(error.to_string()),
            _ => Self::Database(error.to_string()),
        }
    }
}

/// Whether an error is no answer to the statement, but says that the server goes, comes, or has no room: classes
/// 08, 53 and 57P.
pub(crate) fn is_about_the_server(code: &tokio_postgres::error::SqlState) -> bool {
    ["08", "53", "57P"].iter().any(|class| code.code().starts_with(class))
}

/// An error and what it came from: by itself it may say no more than that there was no connection.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let told = error.to_string();
        if !text.contains(&told) {
            text.push_str(": ");
            text.push_str(&told);
        }
        cause = error.source();
    }
    text
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        use tokio_postgres::error::SqlState;
        let text = match error.as_db_error() {
            Some(db) => format!("{} ({})", db.message(), db.code().code()),
            None => with_causes(&error),
        };
        match error.code() {
            Some(
                &SqlState::T_R_DEADLOCK_DETECTED
                | &SqlState::T_R_SERIALIZATION_FAILURE
                | &SqlState::LOCK_NOT_AVAILABLE
                | &SqlState::UNIQUE_VIOLATION,
            ) => Self::Conflict(text),
            Some(&SqlState::FOREIGN_KEY_VIOLATION) => life_is_over(),
            Some(code) if is_about_the_server(code) => Self::Unavailable(text),
            Some(_) => Self::Database(text),
            None => Self::Unavailable(text),
        }
    }
}
