//! Nudges and control between nodes, and from the product's rules to the connections they concern.
//!
//! [`Bus`] is what the rules call; [`Sessions`] is what holds a node's client connections. On a single
//! node the [`LocalBus`] joins the two directly. Nothing here is durable, and a message may be lost: the
//! store is the truth, and every message only hurries somebody to look there.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use nuncio_protocol::frames::{Failure, server_frame};
use nuncio_protocol::ids::AppId;
use nuncio_protocol::{Timestamp, UserId};
use nuncio_store::{Nudge, Nudges};

/// Which connections to close, and what to tell them.
#[derive(Clone, Debug)]
pub struct Close {
    /// The app whose connections are meant.
    pub app: AppId,
    /// Whose connections; `None` for everybody's.
    pub users: Option<Vec<UserId>>,
    /// Only connections that logged in with a token issued before this moment.
    pub tokens_before: Option<Timestamp>,
    /// Only connections that logged in under an earlier version of the App Secret.
    pub secret_before: Option<i64>,
    /// What the client is told; its code decides the close code.
    pub why: Failure,
}

/// Whether a user has connected devices.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Presence {
    /// Whether at least one device is connected.
    pub online: bool,
    /// When that last changed, as far as this node knows; 0 when it does not.
    pub changed_at: Timestamp,
    /// Platforms of the connected devices.
    pub platforms: Vec<String>,
}

/// A connected device.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Device {
    /// Names the connection.
    pub session: String,
    /// The device's id.
    pub device: String,
    /// What it runs on, as it says itself.
    pub platform: String,
    /// The SDK's version, as it says itself.
    pub sdk_version: String,
    /// When it logged in.
    pub since: Timestamp,
    /// The address that it came from; empty when that is not known.
    pub address: String,
}

/// How the product's rules reach connections, wherever they are.
#[async_trait]
pub trait Bus: Nudges {
    /// Tells a user's connected devices something that is not stored.
    fn tell(&self, app: AppId, user: &UserId, what: server_frame::Body);

    /// Closes connections; returns how many, once each has been told and closed.
    async fn close(&self, close: Close) -> usize;

    /// Closes the connection that [`Device::session`] names; returns whether there was one.
    async fn close_session(&self, app: AppId, user: &UserId, session: &str, why: Failure) -> bool;

    /// Who of `users` is connected, in their order.
    async fn presence(&self, app: AppId, users: &[UserId]) -> Vec<Presence>;

    /// The devices that a user is connected with.
    async fn devices(&self, app: AppId, user: &UserId) -> Vec<Device>;

    /// How many users of an app are connected.
    async fn online(&self, app: AppId) -> usize;
}

/// The connections of one node.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// New inbox entries: delivers them to the users' connections, without waiting.
    fn nudge(&self, nudges: Vec<Nudge>);

    /// Delivers what is not stored, without waiting.
    fn tell(&self, app: AppId, user: &UserId, what: server_frame::Body);

    /// Closes connections; returns how many, once each has been told and closed.
    async fn close(&self, close: Close) -> usize;

    /// Closes the connection that [`Device::session`] names; returns whether there was one.
    async fn close_session(&self, app: AppId, user: &UserId, session: &str, why: Failure) -> bool;

    /// Whether a user has connections here.
    fn presence(&self, app: AppId, user: &UserId) -> Presence;

    /// The devices that a user is connected with here.
    fn devices(&self, app: AppId, user: &UserId) -> Vec<Device>;

    /// How many users of an app are connected here. Looks at every connection.
    fn online(&self, app: AppId) -> usize;
}

/// The bus of a single node. Until [`LocalBus::attach`] is called there are no connections to reach.
#[derive(Default)]
pub struct LocalBus {
    sessions: OnceLock<Arc<dyn Sessions>>,
}

impl LocalBus {
    /// Says who holds the connections. Only the first call counts.
    pub fn attach(&self, sessions: Arc<dyn Sessions>) {
        let _ = self.sessions.set(sessions);
    }
}

impl Nudges for LocalBus {
    fn nudge(&self, nudges: Vec<Nudge>) {
        if let Some(sessions) = self.sessions.get() {
            sessions.nudge(nudges);
        }
    }
}

#[async_trait]
impl Bus for LocalBus {
    fn tell(&self, app: AppId, user: &UserId, what: server_frame::Body) {
        if let Some(sessions) = self.sessions.get() {
            sessions.tell(app, user, what);
        }
    }

    async fn close(&self, close: Close) -> usize {
        match self.sessions.get() {
            Some(sessions) => sessions.close(close).await,
            None => 0,
        }
    }

    async fn close_session(&self, app: AppId, user: &UserId, session: &str, why: Failure) -> bool {
        match self.sessions.get() {
            Some(sessions) => sessions.close_session(app, user, session, why).await,
            None => false,
        }
    }

    async fn devices(&self, app: AppId, user: &UserId) -> Vec<Device> {
        self.sessions.get().map(|sessions| sessions.devices(app, user)).unwrap_or_default()
    }

    async fn online(&self, app: AppId) -> usize {
        self.sessions.get().map_or(0, |sessions| sessions.online(app))
    }

    async fn presence(&self, app: AppId, users: &[UserId]) -> Vec<Presence> {
        users
            .iter()
            .map(|user| self.sessions.get().map(|s| s.presence(app, user)).unwrap_or_default())
            .collect()
    }
}
