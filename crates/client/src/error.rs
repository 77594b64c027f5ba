//! What can go wrong, and the codes that the client itself gives it.
//!
//! A refusal by the server keeps the server's code. Faults that only the client can see (no connection,
//! no answer, a full queue) have a [`LocalCode`].

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use nuncio_protocol::Timestamp;
use nuncio_protocol::frames::Failure;

use crate::db::StoreError;

/// Codes of faults that the client finds by itself; a server never answers them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LocalCode {
    /// The client was stopped, by `disconnect` or by a reason that ends all reconnecting.
    Closed,
    /// An operation was asked while not connected.
    NotConnected,
    /// No answer to an operation in time.
    Timeout,
    /// The connection could not be opened.
    CannotOpen,
    /// The connection was lost.
    ConnectionLost,
    /// A heartbeat was not answered.
    HeartbeatTimeout,
    /// The message's content is over 128 KiB.
    ContentTooLarge,
    /// No answer to the login in time.
    LoginTimeout,
    /// The local database failed.
    LocalDatabase,
    /// An argument is not one that the operation takes.
    BadArgument,
    /// `connect` was called while an attempt is under way.
    Connecting,
    /// `connect` was called while connected.
    AlreadyConnected,
    /// `connect` gave up after its time limit.
    ConnectTimeout,
    /// As many messages wait to be sent as the client keeps.
    QueueFull,
    /// No token could be had from the app.
    NoToken,
}

impl LocalCode {
    /// The number, in the same space as the server's codes.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Closed => 30001,
            Self::NotConnected => 30002,
            Self::Timeout => 30003,
            Self::CannotOpen => 30010,
            Self::ConnectionLost => 30011,
            Self::HeartbeatTimeout => 30013,
            Self::ContentTooLarge => 30016,
            Self::LoginTimeout => 31000,
            Self::LocalDatabase => 33002,
            Self::BadArgument => 33003,
            Self::Connecting => 33006,
            Self::AlreadyConnected => 34001,
            Self::ConnectTimeout => 34006,
            Self::QueueFull => 30017,
            Self::NoToken => 30018,
        }
    }

    /// The name, written like the server's.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "CLOSED",
            Self::NotConnected => "NOT_CONNECTED",
            Self::Timeout => "NO_ANSWER",
            Self::CannotOpen => "CANNOT_OPEN",
            Self::ConnectionLost => "CONNECTION_LOST",
            Self::HeartbeatTimeout => "HEARTBEAT_TIMEOUT",
            Self::ContentTooLarge => "CONTENT_TOO_LARGE",
            Self::LoginTimeout => "LOGIN_TIMEOUT",
            Self::LocalDatabase => "LOCAL_DATABASE",
            Self::BadArgument => "BAD_ARGUMENT",
            Self::Connecting => "CONNECTING",
            Self::AlreadyConnected => "ALREADY_CONNECTED",
            Self::ConnectTimeout => "CONNECT_TIMEOUT",
            Self::QueueFull => "QUEUE_FULL",
            Self::NoToken => "NO_TOKEN",
        }
    }
}

/// Why a request was refused or a connection ended: the server's word, or the client's own finding.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Cause {
    /// From the server's table of codes, or a [`LocalCode`]'s number.
    pub code: u32,
    /// The code's name, such as `IN_BLOCKLIST`.
    pub name: String,
    /// A sentence that says what to mend.
    pub message: String,
    /// For a ban: when it ends.
    pub until: Option<Timestamp>,
    /// For a ban: the reason that the operator gave; else empty.
    pub reason: String,
    /// How long to wait before another try, when waiting helps.
    pub retry_after: Option<Duration>,
    /// For refused profile fields: their names.
    pub keys: Vec<String>,
}

impl Cause {
    /// A finding of the client's own.
    #[must_use]
    pub fn local(code: LocalCode, message: impl Into<String>) -> Self {
        Self {
            code: code.number(),
            name: code.name().to_owned(),
            message: message.into(),
            ..Self::default()
        }
    }
}

impl From<Failure> for Cause {
    fn from(failure: Failure) -> Self {
        Self {
            code: failure.code,
            name: failure.name,
            message: failure.message,
            until: (failure.until != 0).then_some(Timestamp(failure.until)),
            reason: failure.reason,
            retry_after: (failure.retry_after_ms != 0)
                .then(|| Duration::from_millis(failure.retry_after_ms)),
            keys: failure.keys,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

/// Why an operation did not succeed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ClientError {
    /// The server said no.
    #[error("{0}")]
    Refused(Box<Cause>),
    /// The operation needs a connection, and there is none. Nothing was sent.
    #[error("not connected: wait for `Event::Connected`, then call again")]
    NotConnected,
    /// The connection was lost before the answer came: whether the operation took effect is not known.
    #[error("the connection was lost before the answer came: call again")]
    ConnectionLost,
    /// No answer in time: whether the operation took effect is not known.
    #[error("no answer came within {0:?}: call again")]
    Timeout(Duration),
    /// The client does not reconnect any more. A message that was queued stays in the local database and
    /// is sent after the next successful `connect`.
    #[error("the client has stopped: {0}")]
    Closed(Box<Cause>),
    /// `connect` was called while an attempt is under way.
    #[error("an attempt to connect is under way already")]
    Connecting,
    /// `connect` was called while connected.
    #[error("connected already")]
    AlreadyConnected,
    /// `connect` gave up after its time limit. The client goes on trying until `disconnect`.
    #[error("no connection within {0:?}")]
    ConnectTimeout(Duration),
    /// As many messages wait to be sent as the client keeps.
    #[error("{limit} messages wait to be sent already: wait until some are accepted")]
    QueueFull {
        /// Messages that may wait.
        limit: usize,
    },
    /// An argument is not one that the operation takes.
    #[error("{0}")]
    BadArgument(String),
    /// A message's content is larger than any server takes.
    #[error("the content has {bytes} bytes, at most {limit} are allowed")]
    ContentTooLarge {
        /// Bytes found.
        bytes: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The server answered something that does not belong to the request.
    #[error("the server answered `{0}` with something else: is it another version?")]
    UnexpectedAnswer(&'static str),
    /// The local database failed.
    #[error("local database: {0}")]
    Store(#[from] StoreError),
    /// The app's own user information provider failed.
    #[error("user information provider: {0}")]
    Provider(Arc<str>),
}

impl ClientError {
    /// The code: the server's for a refusal, else the client's own.
    #[must_use]
    pub fn code(&self) -> u32 {
        self.cause().code
    }

    /// The error in the form in which causes are told, with code and name.
    #[must_use]
    pub fn cause(&self) -> Cause {
        let code = match self {
            Self::Refused(cause) => return Cause::clone(cause),
            Self::NotConnected => LocalCode::NotConnected,
            Self::ConnectionLost | Self::UnexpectedAnswer(_) => LocalCode::ConnectionLost,
            Self::Timeout(_) => LocalCode::Timeout,
            Self::Closed(_) => LocalCode::Closed,
            Self::Connecting => LocalCode::Connecting,
            Self::AlreadyConnected => LocalCode::AlreadyConnected,
            Self::ConnectTimeout(_) => LocalCode::ConnectTimeout,
            Self::QueueFull { .. } => LocalCode::QueueFull,
            Self::BadArgument(_) | Self::Provider(_) => LocalCode::BadArgument,
            Self::ContentTooLarge { .. } => LocalCode::ContentTooLarge,
            Self::Store(_) => LocalCode::LocalDatabase,
        };
        Cause::local(code, self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nuncio_protocol::Refusal;

    #[test]
    fn a_ban_keeps_its_end_and_reason() {
        let ban = Refusal::Banned { until: Timestamp(5_000), reason: "spam".into() };
        let cause = Cause::from(ban.to_failure());
        assert_eq!((cause.code, cause.name.as_str()), (31009, "BANNED"));
        assert_eq!((cause.until, cause.reason.as_str()), (Some(Timestamp(5_000)), "spam"));
        assert_eq!(cause.retry_after, None);
    }

    #[test]
    fn a_wait_is_told_in_time() {
        let cause = Cause::from(Refusal::SendingTooFast { wait_ms: 250 }.to_failure());
        assert_eq!(cause.retry_after, Some(Duration::from_millis(250)));
        assert_eq!(ClientError::Refused(cause.into()).code(), 20604);
    }

    #[test]
    fn the_clients_own_errors_have_codes_of_the_table() {
        assert_eq!(ClientError::NotConnected.code(), 30002);
        assert_eq!(ClientError::Timeout(Duration::from_secs(1)).code(), 30003);
    }
}
