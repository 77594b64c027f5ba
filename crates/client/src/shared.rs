//! What a [`Client`](crate::Client)'s handles and its connection share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nuncio_protocol::AppKey;
use nuncio_protocol::frames::{Account, client_frame, server_frame};
use rustls::ClientConfig;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::db::{Db, Keep};
use crate::error::{Cause, ClientError};
use crate::events::EventQueue;
use crate::outbox::Outbox;
use crate::reconnect::ReconnectPolicy;
use crate::token::TokenCallback;
use crate::transport::Server;
use crate::user_info::UserInfos;

/// Where the client stands.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum State {
    /// Never connected, or disconnected by the app.
    #[default]
    Disconnected,
    /// An attempt is under way.
    Connecting,
    /// Logged in.
    Connected,
    /// Not connected for now; the next attempt follows by itself.
    Suspended(Cause),
    /// Not connected, and no attempt follows until `connect` is called again.
    Stopped(Cause),
}

/// How far the inbox has been read.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct SyncState {
    /// The last entry that was applied.
    pub cursor: u64,
    /// The last entry known to exist.
    pub head: u64,
}

/// What the builder settled.
pub(crate) struct Options {
    pub(crate) servers: Vec<Server>,
    pub(crate) app_key: AppKey,
    pub(crate) token: Arc<dyn TokenCallback>,
    pub(crate) device_id: String,
    pub(crate) platform: String,
    pub(crate) tls: Arc<ClientConfig>,
    pub(crate) policy: Arc<dyn ReconnectPolicy>,
    pub(crate) request_timeout: Duration,
    pub(crate) login_timeout: Duration,
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) keep: Keep,
}

pub(crate) type Answer = Result<server_frame::Body, ClientError>;

/// An operation on its way to the connection.
pub(crate) struct Request {
    pub(crate) body: client_frame::Body,
    pub(crate) answer: oneshot::Sender<Answer>,
}

/// Who is logged in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Me {
    pub(crate) user_id: String,
    pub(crate) account: Account,
    /// The server's clock at a moment of ours.
    pub(crate) server_time: Option<(i64, Instant)>,
}

pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) db: Db,
    pub(crate) events: Arc<EventQueue>,
    pub(crate) outbox: Mutex<Outbox>,
    pub(crate) outbox_changed: Notify,
    /// Asks the connection to try again now instead of after its wait.
    pub(crate) hurry: Notify,
    pub(crate) requests: mpsc::Sender<Request>,
    /// Held by the connection while it runs, so that there is never a second one.
    pub(crate) requests_in: tokio::sync::Mutex<mpsc::Receiver<Request>>,
    pub(crate) state: watch::Sender<State>,
    pub(crate) sync_state: watch::Sender<SyncState>,
    pub(crate) me: Mutex<Me>,
    pub(crate) user_infos: UserInfos,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(crate) fn set_state(&self, state: State) {
        self.state.send_if_modified(|now| {
            let changed = *now != state;
            *now = state;
            changed
        });
    }

    /// Sends an operation and waits for its answer.
    pub(crate) async fn request(&self, body: client_frame::Body) -> Answer {
        if *self.state.borrow() != State::Connected {
            return Err(ClientError::NotConnected);
        }
        let patience = self.options.request_timeout;
        let exchange = async {
            let (answer, answered) = oneshot::channel();
            let request = Request { body, answer };
            self.requests.send(request).await.map_err(|_| ClientError::NotConnected)?;
            answered.await.map_err(|_| ClientError::ConnectionLost)?
        };
        match tokio::time::timeout(patience, exchange).await {
            Ok(answer) => answer,
            Err(_) => Err(ClientError::Timeout(patience)),
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.events.finish();
    }
}
