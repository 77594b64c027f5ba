//! Where the token for the login comes from.

use async_trait::async_trait;

/// Why a token is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TokenReason {
    /// For the first login.
    Initial,
    /// The token in use has expired, by its age or by the server's word: get a new one.
    Expired,
}

/// Why there is no token.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TokenError {
    /// Not now (the app server cannot be reached, say): the client asks again, with growing delays.
    #[error("no token now: {0}")]
    Unavailable(String),
    /// Never (the user has logged out of the app, say): the client stops.
    #[error("no token: {0}")]
    Refused(String),
}

/// Gives the client its token, usually by asking the app server.
///
/// Called before the first login, and again whenever the server says that the token has expired. A token
/// that the server calls *invalid* is not asked for again: the client stops.
///
/// ```
/// use nuncio_client::{TokenError, TokenReason, TokenCallback};
///
/// struct FromAppServer;
///
/// #[async_trait::async_trait]
/// impl TokenCallback for FromAppServer {
///     async fn token(&self, reason: TokenReason) -> Result<String, TokenError> {
///         let refresh = reason == TokenReason::Expired;
///         ask_app_server(refresh).await.map_err(TokenError::Unavailable)
///     }
/// }
/// # async fn ask_app_server(_refresh: bool) -> Result<String, String> { Ok("nct_...".into()) }
/// ```
#[async_trait]
pub trait TokenCallback: Send + Sync + 'static {
    /// A token for the user.
    async fn token(&self, reason: TokenReason) -> Result<String, TokenError>;

    /// Whether asking again can bring another token. When it cannot, an expired token stops the client.
    fn can_renew(&self) -> bool {
        true
    }
}

/// One token that nobody renews: when it expires, the client stops.
#[derive(Clone, Debug)]
pub(crate) struct FixedToken(pub(crate) String);

#[async_trait]
impl TokenCallback for FixedToken {
    async fn token(&self, _: TokenReason) -> Result<String, TokenError> {
        Ok(self.0.clone())
    }

    fn can_renew(&self) -> bool {
        false
    }
}
