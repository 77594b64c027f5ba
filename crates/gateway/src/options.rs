//! What an operator can set about client connections.

use std::time::Duration;

/// How client connections are served.
#[derive(Clone, Debug)]
pub struct Options {
    /// Clients send a ping after so long without sending; after 2.5 times as much silence they are
    /// disconnected.
    pub heartbeat: Duration,
    /// How long a client may take from connecting to its login.
    pub login_timeout: Duration,
    /// How long a client may take to read what was written to it; then it is disconnected and catches up
    /// later.
    pub write_timeout: Duration,
    /// How long a request may take; then the client is disconnected and tries again.
    pub request_timeout: Duration,
    /// Connections that may be open at once.
    pub max_connections: usize,
    /// Operations per second and connection, and twice as many at once, for apps that set no number of
    /// their own.
    pub calls_per_second: u32,
    /// Changes that may wait for the store. Past it, messages are refused with a time to wait: what is in the
    /// queue is answered soon, and bans and whatever else changes something find room in it.
    pub backlog: usize,
    /// How long connections may take to end when the server drains.
    pub drain_timeout: Duration,
    /// Within what time the clients of a full server come back after a drain, each at its own moment.
    pub return_within: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_secs(30),
            login_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            max_connections: 100_000,
            calls_per_second: 100,
            backlog: 4096,
            drain_timeout: Duration::from_secs(10),
            return_within: Duration::from_secs(5),
        }
    }
}

impl Options {
    /// The silence after which a client is taken to have gone.
    pub(crate) fn silence(&self) -> Duration {
        self.heartbeat * 5 / 2
    }
}
