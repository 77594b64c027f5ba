//! Everything a client can be told before it connects.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nuncio_protocol::AppKey;
use nuncio_protocol::ids::DeviceId;
use nuncio_protocol::values::Label;
use tokio::sync::{Notify, mpsc, watch};

use crate::client::Client;
use crate::db::{self, Db, Keep};
use crate::error::ClientError;
use crate::events::{EventQueue, Events};
use crate::outbox::Outbox;
use crate::reconnect::{Backoff, ReconnectPolicy};
use crate::shared::{Me, Options, Shared, State, SyncState};
use crate::token::{FixedToken, TokenCallback};
use crate::transport::{self, Server};
use crate::user_info::{UserInfoProvider, UserInfos};

/// Operations that wait for their turn on the connection.
const REQUESTS: usize = 64;

/// Makes a [`Client`]. Only the server, the App Key and a token (or a callback for one) are needed.
///
/// ```no_run
/// # async fn example() -> Result<(), nuncio_client::ClientError> {
/// use nuncio_client::Client;
///
/// let (client, events) = Client::builder("https://chat.example.org", "myappkey")
///     .token("nct_...")
///     .database("alice.db")
///     .build()
///     .await?;
/// client.connect().await?;
/// # drop(events); Ok(())
/// # }
/// ```
pub struct ClientBuilder {
    servers: Vec<String>,
    app_key: String,
    token: Option<Arc<dyn TokenCallback>>,
    device_id: Option<String>,
    platform: String,
    database: Option<PathBuf>,
    roots: Vec<Vec<u8>>,
    policy: Arc<dyn ReconnectPolicy>,
    provider: Option<Arc<dyn UserInfoProvider>>,
    request_timeout: Duration,
    login_timeout: Duration,
    connect_timeout: Option<Duration>,
    event_capacity: usize,
    queued_sends: usize,
    keep: Keep,
}

impl ClientBuilder {
    pub(crate) fn new(server: String, app_key: String) -> Self {
        Self {
            servers: vec![server],
            app_key,
            token: None,
            device_id: None,
            platform: "rust".into(),
            database: None,
            roots: Vec::new(),
            policy: Arc::new(Backoff::default()),
            provider: None,
            request_timeout: Duration::from_secs(10),
            login_timeout: Duration::from_secs(10),
            connect_timeout: None,
            event_capacity: 256,
            queued_sends: 1000,
            keep: Keep { messages: 1000, rows: 5000 },
        }
    }

    /// Another server of the same service: an `http`, `https`, `ws` or `wss` URL. When one does not answer
    /// or asks to come back, the client goes on to the next.
    #[must_use]
    pub fn another_server(mut self, url: impl Into<String>) -> Self {
        self.servers.push(url.into());
        self
    }

    /// A token that nobody renews: when it expires, the client stops.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(Arc::new(FixedToken(token.into())));
        self
    }

    /// Where tokens come from, and come from again when one has expired.
    #[must_use]
    pub fn token_callback(mut self, callback: impl TokenCallback) -> Self {
        self.token = Some(Arc::new(callback));
        self
    }

    /// Names this installation: 1 to 64 printable ASCII bytes. A login with the same id replaces the other
    /// connection. By default a random id that the local database remembers.
    #[must_use]
    pub fn device_id(mut self, device_id: impl Into<String>) -> Self {
        self.device_id = Some(device_id.into());
        self
    }

    /// `web`, `ios`, `android`, `pc`, ...: at most 32 printable ASCII bytes. By default `rust`.
    #[must_use]
    pub fn platform(mut self, platform: impl Into<String>) -> Self {
        self.platform = platform.into();
        self
    }

    /// A file for the local database, one for each app and user; made when missing. By default it is in
    /// memory and forgotten with the client, which then reads the whole inbox that the server still has.
    #[must_use]
    pub fn database(mut self, path: impl Into<PathBuf>) -> Self {
        self.database = Some(path.into());
        self
    }

    /// Certificates in PEM to trust besides the public roots.
    #[must_use]
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots.push(pem.into());
        self
    }

    /// How long to wait between attempts. By default [`Backoff::default`].
    #[must_use]
    pub fn reconnect_policy(mut self, policy: impl ReconnectPolicy) -> Self {
        self.policy = Arc::new(policy);
        self
    }

    /// Asks the app itself what to show for users; see [`UserInfoProvider`].
    #[must_use]
    pub fn user_info_provider(mut self, provider: impl UserInfoProvider) -> Self {
        self.provider = Some(Arc::new(provider));
        self
    }

    /// How long to wait for the answer to an operation. By default 10 seconds.
    #[must_use]
    pub fn request_timeout(mut self, limit: Duration) -> Self {
        self.request_timeout = limit;
        self
    }

    /// How long to wait for a connection to open, and again for the welcome. By default 10 seconds.
    #[must_use]
    pub fn login_timeout(mut self, limit: Duration) -> Self {
        self.login_timeout = limit;
        self
    }

    /// How long [`Client::connect`] waits. By default until there is a connection or a refusal.
    #[must_use]
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = Some(limit);
        self
    }

    /// Events that wait for a slow consumer, at least 1. By default 256.
    #[must_use]
    pub fn event_capacity(mut self, events: usize) -> Self {
        self.event_capacity = events.max(1);
        self
    }

    /// Messages that wait to be sent. By default 1,000.
    #[must_use]
    pub fn queued_sends(mut self, messages: usize) -> Self {
        self.queued_sends = messages;
        self
    }

    /// Messages of each channel that the local database keeps, at least 1. By default 1,000.
    #[must_use]
    pub fn keep_messages(mut self, messages: u32) -> Self {
        self.keep.messages = messages.max(1);
        self
    }

    /// Opens the local database. Connects to nothing yet.
    ///
    /// Errors: [`ClientError::BadArgument`] for what cannot be meant, [`ClientError::Store`] for a database
    /// that cannot be opened, is in use, is somebody else's, or comes from a later version.
    pub async fn build(self) -> Result<(Client, Events), ClientError> {
        let bad = |what: &str, error: &dyn std::fmt::Display| {
            ClientError::BadArgument(format!("{what} {error}"))
        };
        let servers: Result<Vec<_>, _> =
            self.servers.iter().map(|url| Server::parse(url)).collect();
        let app_key = AppKey::try_from(self.app_key).map_err(|e| bad("the App Key", &e))?;
        let token =
            self.token.ok_or_else(|| bad("a token", &"is needed, or a callback for one"))?;
        Label::try_from(self.platform.as_str()).map_err(|e| bad("the platform's name", &e))?;
        let tls = transport::tls_config(&self.roots)?;
        let servers = servers?;
        let db = Db::open(self.database).await?;
        let wanted = self.device_id;
        let (device_id, queued) = db
            .run(move |db| {
                let device_id = match (wanted, db::meta(db, "device_id")?) {
                    (Some(id), _) | (None, Some(id)) => id,
                    (None, None) => random_id(),
                };
                db::set_meta(db, "device_id", &device_id)?;
                Ok((device_id, db::apply::queued(db)?))
            })
            .await?;
        DeviceId::try_from(device_id.as_str()).map_err(|e| bad("the device id", &e))?;

        let (events, stream) = EventQueue::new(self.event_capacity);
        let (requests, requests_in) = mpsc::channel(REQUESTS);
        let shared = Shared {
            options: Options {
                servers,
                app_key,
                token,
                device_id,
                platform: self.platform,
                tls,
                policy: self.policy,
                request_timeout: self.request_timeout,
                login_timeout: self.login_timeout,
                connect_timeout: self.connect_timeout,
                keep: self.keep,
            },
            db,
            events,
            outbox: Mutex::new(Outbox::new(self.queued_sends, queued)),
            outbox_changed: Notify::new(),
            hurry: Notify::new(),
            requests,
            requests_in: tokio::sync::Mutex::new(requests_in),
            state: watch::Sender::new(State::default()),
            sync_state: watch::Sender::new(SyncState::default()),
            me: Mutex::new(Me::default()),
            user_infos: UserInfos::new(self.provider),
        };
        Ok((Client::new(shared), stream))
    }
}

/// 128 random bits as text.
pub(crate) fn random_id() -> String {
    format!("{:032x}", rand::random::<u128>())
}
