//! The app's handle: connect and disconnect, states, and what the local database knows.
//!
//! The operations that the server answers are in `ops`, by topic.

use std::sync::{Arc, Mutex};

use nuncio_protocol::UserId;
use nuncio_protocol::frames::{Account, Channel, ChannelState, Message};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::builder::ClientBuilder;
use crate::connection;
use crate::db::{people, read};
use crate::error::{Cause, ClientError, LocalCode};
use crate::shared::{Shared, State, SyncState, lock};
use crate::user_info::{UserInfo, UserInfoProvider};

/// One user's connection to the service. Clones are handles on the same connection; when the last one is
/// gone, the connection ends.
#[derive(Clone)]
pub struct Client(Arc<Handle>);

struct Handle {
    shared: Arc<Shared>,
    running: Mutex<Option<(CancellationToken, JoinHandle<()>)>>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Some((stop, _)) = lock(&self.running).take() {
            stop.cancel();
        }
    }
}

impl Client {
    /// Begins a client of the app with this App Key, on a server given by an `http`, `https`, `ws` or `wss`
    /// URL.
    #[must_use]
    pub fn builder(server: impl Into<String>, app_key: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(server.into(), app_key.into())
    }

    pub(crate) fn new(shared: Shared) -> Self {
        Self(Arc::new(Handle { shared: Arc::new(shared), running: Mutex::default() }))
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.0.shared
    }

    /// Begins to connect, and returns at once; [`Event`](crate::Event)s tell what comes of it.
    ///
    /// The client reconnects by itself, whatever happens to the network or the server, until
    /// [`Client::disconnect`] or a reason that makes trying again senseless: an invalid token, a ban, a
    /// newer device in this one's place, a deleted user, a locked app.
    pub fn start(&self) -> Result<(), ClientError> {
        let mut running = lock(&self.0.running);
        if running.as_ref().is_some_and(|(_, task)| !task.is_finished()) {
            return Err(match self.state() {
                State::Connected => ClientError::AlreadyConnected,
                _ => ClientError::Connecting,
            });
        }
        let shared = self.shared().clone();
        shared.set_state(State::Connecting);
        let stop = CancellationToken::new();
        let task = tokio::spawn(connection::drive(shared, stop.clone()));
        *running = Some((stop, task));
        Ok(())
    }

    /// Connects, and waits until logged in.
    ///
    /// Errors: [`ClientError::Refused`] when the client stops for a reason that ends all trying;
    /// [`ClientError::ConnectTimeout`] after the limit that the builder was given, while trying goes on.
    pub async fn connect(&self) -> Result<(), ClientError> {
        self.start()?;
        let mut states = self.states();
        let outcome = async {
            loop {
                let state = states.borrow_and_update().clone();
                match state {
                    State::Connected => return Ok(()),
                    State::Stopped(cause) => return Err(ClientError::Refused(cause.into())),
                    State::Disconnected => return Err(disconnected()),
                    State::Connecting | State::Suspended(_) => {}
                }
                if states.changed().await.is_err() {
                    return Err(disconnected());
                }
            }
        };
        match self.shared().options.connect_timeout {
            None => outcome.await,
            Some(limit) => tokio::time::timeout(limit, outcome)
                .await
                .unwrap_or(Err(ClientError::ConnectTimeout(limit))),
        }
    }

    /// Ends the connection and all reconnecting; returns when that is done. Messages that wait to be sent
    /// stay in the local database; whoever waits for their outcome gets [`ClientError::Closed`].
    pub async fn disconnect(&self) {
        let running = lock(&self.0.running).take();
        if let Some((stop, task)) = running {
            stop.cancel();
            let _ = task.await;
        }
    }

    /// Tries again now instead of after the current wait; for apps that know the network has come back.
    pub fn reconnect_now(&self) {
        if matches!(self.state(), State::Suspended(_)) {
            self.shared().hurry.notify_one();
        }
    }

    /// Where the client stands.
    #[must_use]
    pub fn state(&self) -> State {
        self.shared().state.borrow().clone()
    }

    /// Follows the state from now on. Only the latest is kept.
    #[must_use]
    pub fn states(&self) -> watch::Receiver<State> {
        self.shared().state.subscribe()
    }

    /// How far the inbox has been read.
    #[must_use]
    pub fn sync_state(&self) -> SyncState {
        *self.shared().sync_state.borrow()
    }

    /// Who is logged in; empty before the first login.
    #[must_use]
    pub fn user_id(&self) -> String {
        lock(&self.shared().me).user_id.clone()
    }

    /// The user's standing as last told by the server; [`Client::get_account`] asks.
    #[must_use]
    pub fn account(&self) -> Account {
        lock(&self.shared().me).account.clone()
    }

    /// The server's clock: Unix time in milliseconds; `None` before the first login.
    #[must_use]
    pub fn server_time(&self) -> Option<i64> {
        let (time, at) = lock(&self.shared().me).server_time?;
        let since = i64::try_from(at.elapsed().as_millis()).unwrap_or(i64::MAX);
        Some(time.saturating_add(since))
    }

    /// Channels in the local database, the most recently active first, at most `limit`.
    pub async fn local_channels(&self, limit: u32) -> Result<Vec<ChannelState>, ClientError> {
        Ok(self.shared().db.run(move |db| read::channels(db, limit)).await?)
    }

    /// Messages of a channel in the local database, newest first, at most `limit`, those before the message
    /// `before` when one is given.
    pub async fn local_messages(
        &self,
        channel: &Channel,
        before: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Message>, ClientError> {
        let (channel, before) = (channel.clone(), before.map(str::to_owned));
        let read = move |db: &mut _| read::messages(db, &channel, before.as_deref(), limit);
        Ok(self.shared().db.run(read).await?)
    }

    /// Unread messages of all channels in the local database.
    pub async fn local_unread_count(&self) -> Result<u32, ClientError> {
        Ok(self.shared().db.run(|db| read::total_unread(db)).await?)
    }

    /// What to show for a user: what is known already, else what the service or the app's provider
    /// answers.
    pub async fn user_info(&self, user: &UserId) -> Result<UserInfo, ClientError> {
        self.shared().user_info(user.as_str()).await
    }

    /// Asks the service or the app's provider anew. A change is told by
    /// [`Event::UserInfoChanged`](crate::Event::UserInfoChanged) too.
    pub async fn refresh_user_info(&self, user: &UserId) -> Result<UserInfo, ClientError> {
        self.shared().ask_user_info(user.as_str()).await
    }

    /// Sets the app's own source of user information, or goes back to the service's profiles. What an
    /// earlier provider had answered is forgotten.
    pub async fn set_user_info_provider(
        &self,
        provider: Option<Arc<dyn UserInfoProvider>>,
    ) -> Result<(), ClientError> {
        self.shared().user_infos.set_provider(provider);
        Ok(self.shared().db.run(|db| people::forget_user_infos(db)).await?)
    }
}

fn disconnected() -> ClientError {
    ClientError::Closed(Cause::local(LocalCode::Closed, "disconnected by the app").into())
}
