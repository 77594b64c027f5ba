//! What kind of program something was done with, as app servers are told.

/// A client's platform, or a server.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Os {
    /// A client on Android.
    Android,
    /// A client on iOS.
    Ios,
    /// Any other client.
    WebSocket,
    /// The Server API, the console, a command or a job.
    #[default]
    Server,
}

impl Os {
    /// All kinds of clients.
    pub const CLIENTS: [Self; 3] = [Self::Android, Self::Ios, Self::WebSocket];

    /// What a client that calls its platform so runs on.
    #[must_use]
    pub fn of_platform(platform: &str) -> Self {
        match platform.to_ascii_lowercase().as_str() {
            "android" => Self::Android,
            "ios" => Self::Ios,
            _ => Self::WebSocket,
        }
    }

    /// The word for it in a webhook's body.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Android => "Android",
            Self::Ios => "iOS",
            Self::WebSocket => "Websocket",
            Self::Server => "Server",
        }
    }
}
