//! Nudges and control between nodes, and from the product's rules to the connections they concern.
//!
//! [`Bus`] is what the rules call; [`Sessions`] is what holds a node's client connections. On a single
//! node the [`LocalBus`] joins the two directly; between the nodes of a cluster the [`ClusterBus`] does, by
//! NATS and by the store's directory of sessions. Nothing here is durable, and a message may be lost: the
//! store is the truth, and every message only hurries somebody to look there.

mod cluster;
mod local;

use std::time::Duration;

use async_trait::async_trait;
use nuncio_protocol::frames::{Failure, server_frame};
use nuncio_protocol::ids::AppId;
use nuncio_protocol::{Timestamp, UserId};
use nuncio_store::nodes::NodeId;
use nuncio_store::{Nudge, Nudges, StoreError};

pub use cluster::{BusError, ClusterBus, Settings};
pub use local::LocalBus;

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

/// How far an order to close connections has got.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Applied {
    /// Nodes that have looked for connections, this one among them.
    pub nodes: usize,
    /// Connections that were told and closed.
    pub connections: usize,
    /// How long that took.
    pub took: Duration,
}

/// What a node may do with a client that wants to log in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// It is the only one: who is connected is known here alone.
    Alone,
    /// It is a node of a cluster, and enters sessions into the directory under this id.
    Member(NodeId),
    /// It is cut off from the database or from the other nodes: clients must go elsewhere.
    CutOff,
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
    /// What operators call the node that holds it; empty on a single server.
    pub node: String,
}

/// How the product's rules reach connections, wherever they are.
#[async_trait]
pub trait Bus: Nudges {
    /// Tells a user's connected devices something that is not stored.
    fn tell(&self, app: AppId, user: &UserId, what: server_frame::Body);

    /// Closes connections, and returns once each has been told and closed. Fails when the order could not be
    /// given; a node that does not hear of it in time finds it in the store.
    async fn close(&self, close: Close) -> Result<Applied, StoreError>;

    /// The same for the connections of this node alone. Returns how many.
    async fn close_here(&self, close: Close) -> usize;

    /// Closes the connection that [`Device::session`] names; returns whether there was one.
    async fn close_session(
        &self,
        app: AppId,
        user: &UserId,
        session: &str,
        why: Failure,
    ) -> Result<bool, StoreError>;

    /// Who of `users` is connected, in their order.
    async fn presence(&self, app: AppId, users: &[UserId]) -> Result<Vec<Presence>, StoreError>;

    /// The devices that a user is connected with.
    async fn devices(&self, app: AppId, user: &UserId) -> Result<Vec<Device>, StoreError>;

    /// How many users of an app are connected.
    async fn online(&self, app: AppId) -> Result<usize, StoreError>;

    /// What this node may do with clients that want to log in.
    fn standing(&self) -> Standing {
        Standing::Alone
    }

    /// What the clock shows by which the directory's leases are counted.
    fn clock(&self) -> Timestamp {
        Timestamp(0)
    }

    /// A session that was entered into the directory has ended. [`Sessions::presence_changed`] follows when it
    /// was its user's last.
    fn left(&self, _app: AppId, _user: &UserId, _session: String) {}
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

    /// Whether a user is connected, on any node, has changed: subscribers are to be told.
    fn presence_changed(&self, app: AppId, user: UserId);

    /// With a reason, sends all clients elsewhere and takes no new ones; without, takes them again.
    fn fence(&self, why: Option<&'static str>);
}
