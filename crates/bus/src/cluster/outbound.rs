//! What leaves this node: nudges and what is told in passing, to the nodes where their users are connected.
//!
//! The directory is asked after the commit, as a login writes it before it reads the inbox's head: so a device
//! either has the entry within the head that it is welcomed with, or is found here.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use nuncio_protocol::UserId;
use nuncio_protocol::ids::AppId;
use nuncio_store::Nudge;
use nuncio_store::nodes::NodeId;
use tokio::sync::mpsc;

use super::parcel::{self, Body, Item};
use super::{ClusterBus, Net, PARCEL_BYTES};

/// Batches that are routed together.
const TOGETHER: usize = 64;
/// Sessions that are taken out of the directory at once.
const LEAVING: usize = 64;
/// Tries to take a session out of the directory; after that the node's next life leaves it behind.
const TRIES: u32 = 5;

/// Something for the connections of users, wherever they are.
pub(super) enum Outgoing {
    Nudges(Vec<Nudge>),
    Tell { app: AppId, user: UserId, frame: Bytes },
}

impl ClusterBus {
    /// Routes until the node stops.
    pub(super) async fn route(self: Arc<Self>, mut queue: mpsc::Receiver<Outgoing>) {
        let Ok(net) = self.net() else { return };
        let mut batch = Vec::with_capacity(TOGETHER);
        while queue.recv_many(&mut batch, TOGETHER).await > 0 {
            let items: Vec<_> = batch.drain(..).flat_map(items_of).collect();
            self.deliver(net, items).await;
        }
    }

    async fn deliver(&self, net: &Net, items: Vec<(AppId, UserId, Body)>) {
        let users = items.iter().map(|(app, user, _)| (*app, user.clone())).collect();
        let routes = match net.store.routes(users).await {
            Ok(routes) => routes,
            Err(error) => {
                self.metrics.nudges_let_go.inc_by(items.len() as u64);
                tracing::debug!("the nodes of users could not be read: {error}");
                return;
            }
        };
        let (me, mut parcels) = (self.life(), HashMap::<NodeId, (Vec<Item>, usize)>::new());
        for (app, user, body) in items {
            let nodes = routes.get(&(app, user)).map(Vec::as_slice).unwrap_or_default();
            for node in nodes.iter().filter(|node| **node != me) {
                let (items, bytes) = parcels.entry(*node).or_default();
                let size = size_of(&body);
                if *bytes + size > PARCEL_BYTES {
                    self.send(net, *node, std::mem::take(items)).await;
                    *bytes = 0;
                }
                items.push(body.clone().into());
                *bytes += size;
            }
        }
        for (node, (items, _)) in parcels {
            self.send(net, node, items).await;
        }
    }

    /// Takes sessions that have ended out of the directory, until the node stops.
    pub(super) async fn see_off(self: Arc<Self>, queue: mpsc::Receiver<(AppId, UserId, String)>) {
        let each = |gone| async { self.leave(gone).await };
        let queue = stream::unfold(queue, async |mut queue| Some((queue.recv().await?, queue)));
        queue.for_each_concurrent(LEAVING, each).await;
    }

    async fn leave(&self, (app, user, session): (AppId, UserId, String)) {
        let Ok(net) = self.net() else { return };
        for attempt in 0..TRIES {
            match net.store.leave(app, user.clone(), session.clone(), self.database_time()).await {
                Ok(was_last) => {
                    if was_last && let Some(sessions) = self.here.sessions() {
                        sessions.presence_changed(app, user);
                    }
                    return;
                }
                Err(error) => tracing::debug!("session {session} is still listed: {error}"),
            }
            tokio::time::sleep(net.settings.lease / 4 * (attempt + 1)).await;
        }
        tracing::warn!("session {session} could not be taken out of the directory");
        self.begin_anew();
    }
}

fn items_of(outgoing: Outgoing) -> Vec<(AppId, UserId, Body)> {
    match outgoing {
        Outgoing::Nudges(nudges) => nudges
            .into_iter()
            .map(|Nudge { app, user, seq, body }| {
                let nudge = parcel::Nudge { app: app.0, user: user.to_string(), seq, body };
                (app, user, Body::Nudge(nudge))
            })
            .collect(),
        Outgoing::Tell { app, user, frame } => {
            let tell = parcel::Tell { app: app.0, user: user.to_string(), frame };
            vec![(app, user, Body::Tell(tell))]
        }
    }
}

fn size_of(body: &Body) -> usize {
    const OTHERS: usize = 128;
    OTHERS
        + match body {
            Body::Nudge(nudge) => nudge.body.len(),
            Body::Tell(tell) => tell.frame.len(),
            _ => 0,
        }
}
