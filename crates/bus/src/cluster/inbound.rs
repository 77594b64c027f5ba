//! What comes to this node from the others.

use std::sync::Arc;
use std::time::Instant;

use futures_util::StreamExt as _;
use nuncio_protocol::frames::{ProtobufMessage as _, ServerFrame};
use nuncio_protocol::ids::AppId;
use nuncio_protocol::{Timestamp, UserId};
use nuncio_store::nodes::NodeId;
use nuncio_store::{Nudge, Nudges as _};

use super::parcel::{self, Body, Parcel};
use super::{ClusterBus, Net};
use crate::{Bus as _, Close};

impl ClusterBus {
    /// Takes in what comes on a subscription, until that ends.
    pub(super) async fn listen(self: Arc<Self>, mut subscription: async_nats::Subscriber) {
        let Ok(net) = self.net() else { return };
        while let Some(message) = subscription.next().await {
            let Some(parcel) = net.seal.open(message.subject.as_str(), &message.payload) else {
                self.metrics.parcels_refused.inc();
                continue;
            };
            self.metrics.parcels_received.inc();
            self.take_in(parcel);
        }
    }

    fn take_in(self: &Arc<Self>, Parcel { from, items }: Parcel) {
        let mut nudges = Vec::new();
        for body in items.into_iter().filter_map(|item| item.body) {
            match body {
                Body::Nudge(nudge) => nudges.extend(read_nudge(nudge)),
                Body::Tell(tell) => self.pass_on(tell),
                Body::Close(close) => {
                    // Closing waits for clients; what comes next must not.
                    let this = Arc::clone(self);
                    tokio::spawn(async move {
                        let Ok(net) = this.net() else { return };
                        this.obey(net, NodeId(from), close).await;
                    });
                }
                Body::Closed(parcel::Closed { request, connections }) => {
                    if let Some(reply) = self.waiting().remove(&request) {
                        let _ = reply.send(connections);
                    }
                }
                Body::Echo(_) => self.signs().heard = Instant::now(),
            }
        }
        if !nudges.is_empty() {
            self.here.nudge(nudges);
        }
    }

    fn pass_on(&self, tell: parcel::Tell) {
        let frame = ServerFrame::decode(tell.frame).ok().and_then(|frame| frame.body);
        if let (Some(what), Ok(user)) = (frame, UserId::try_from(tell.user)) {
            self.here.tell(AppId(tell.app), &user, what);
        }
    }

    async fn obey(&self, net: &Net, from: NodeId, order: parcel::Close) {
        let Some(sessions) = self.here.sessions() else { return };
        let users: Result<Vec<_>, _> = order.users.into_iter().map(UserId::try_from).collect();
        let Ok(users) = users else { return };
        let (app, why) = (AppId(order.app), order.why.unwrap_or_default());
        let connections = match (&order.session, users.first()) {
            (Some(session), Some(user)) => {
                usize::from(sessions.close_session(app, user, session, why).await)
            }
            (Some(_), None) => return,
            (None, _) => {
                let close = Close {
                    app,
                    users: (!users.is_empty()).then_some(users),
                    tokens_before: order.tokens_before.map(Timestamp),
                    secret_before: order.secret_before,
                    why,
                };
                sessions.close(close).await
            }
        };
        let closed = parcel::Closed { request: order.request, connections: connections as u64 };
        self.send(net, from, vec![Body::Closed(closed).into()]).await;
    }
}

fn read_nudge(nudge: parcel::Nudge) -> Option<Nudge> {
    let user = UserId::try_from(nudge.user).ok()?;
    Some(Nudge { app: AppId(nudge.app), user, seq: nudge.seq, body: nudge.body })
}
