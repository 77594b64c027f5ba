//! The bus of a node in a cluster.
//!
//! Whom a message concerns is connected to few nodes, and the store's directory of sessions says to which: so a
//! node sends to just those, each of which listens to a subject of its own. [`outbound`] does that for nudges,
//! off the path of the commit; [`inbound`] hands what comes to this node's connections; [`membership`] keeps
//! the node's lease, and fences the node when it is cut off.

mod inbound;
mod membership;
mod outbound;
mod parcel;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_util::future::join_all;
use nuncio_protocol::frames::{Failure, ServerFrame, server_frame};
use nuncio_protocol::ids::AppId;
use nuncio_protocol::{Timestamp, UserId};
use nuncio_store::nodes::NodeId;
use nuncio_store::{Nudge, Nudges, Store, StoreError};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use crate::{Applied, Bus, Close, Device, LocalBus, Presence, Sessions, Standing};
use outbound::Outgoing;
use parcel::{Body, Parcel, Seal};

/// How long to wait for other nodes to say that they have closed connections.
const CLOSE: Duration = Duration::from_secs(1);
/// Batches that may wait to be routed; past that, nudges are let go and devices find the gap.
const QUEUE: usize = 4096;
/// Sessions that may wait to be taken out of the directory.
const DEPARTURES: usize = 65_536;
/// Bytes of items in one parcel, below what NATS carries by default.
const PARCEL_BYTES: usize = 512 * 1024;

/// Why a node could not join its cluster. The display is a sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The bus cannot be reached.
    #[error("cannot reach NATS: {0}")]
    Nats(String),
    /// The store could not take the node in.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How a node takes part in a cluster.
#[derive(Clone, Debug)]
pub struct Settings {
    /// NATS servers, separated by commas.
    pub nats_url: String,
    /// What operators call the node.
    pub name: String,
    /// Where it listens.
    pub address: String,
    /// The program's version.
    pub version: String,
    /// How long the node lives without a sign of life.
    pub lease: Duration,
    /// What nodes sign their messages with; the same for all of them.
    pub key: [u8; 32],
}

/// The bus of a node in a cluster. Until [`ClusterBus::join`] nothing is sent.
pub struct ClusterBus {
    /// The way to this node's own connections.
    here: LocalBus,
    net: OnceLock<Net>,
    outgoing: mpsc::Sender<Outgoing>,
    departures: mpsc::Sender<(AppId, UserId, String)>,
    queues: Mutex<Option<Queues>>,
    /// The id of the node's present life; 0 while it has none.
    life: AtomicI64,
    fenced: AtomicBool,
    /// When the lease was last renewed or the bus last heard, and what time it is.
    signs: Mutex<Signs>,
    requests: AtomicU64,
    waiting: Mutex<HashMap<u64, oneshot::Sender<u64>>>,
    metrics: Metrics,
    /// Listens to the present life's subject.
    listener: Mutex<Option<AbortHandle>>,
    stop: CancellationToken,
}

struct Queues {
    outgoing: mpsc::Receiver<Outgoing>,
    departures: mpsc::Receiver<(AppId, UserId, String)>,
}

/// What there is once the node has joined.
struct Net {
    store: Store,
    nats: async_nats::Client,
    seal: Seal,
    /// Names the cluster; part of every subject.
    cluster: String,
    settings: Settings,
}

#[derive(Clone, Copy, Debug)]
struct Signs {
    /// Before the renewal was asked for.
    renewed: Instant,
    heard: Instant,
    clock: Clock,
}

/// What the database's clock showed, and when: half way between the question and its answer.
#[derive(Clone, Copy, Debug)]
struct Clock {
    at: Instant,
    showed: Timestamp,
}

impl Clock {
    /// What it showed to somebody who began to ask at `asked`, and has just been answered.
    fn read(asked: Instant, showed: Timestamp) -> Self {
        Self { at: asked + asked.elapsed() / 2, showed }
    }

    /// The same, unless the answer came so late that what is known is better: a process can be frozen in between.
    fn read_again(self, asked: Instant, showed: Timestamp) -> Self {
        if asked.elapsed() < CLOSE { Self::read(asked, showed) } else { self }
    }
}

/// What is counted.
#[derive(Clone, Debug, Default)]
struct Metrics {
    parcels_sent: Counter,
    parcels_received: Counter,
    parcels_refused: Counter,
    nudges_let_go: Counter,
    fences: Counter,
    member: Gauge,
}

impl ClusterBus {
    /// A bus of a node that has not joined yet.
    #[must_use]
    pub fn new() -> Arc<Self> {
        let (outgoing, outgoing_queue) = mpsc::channel(QUEUE);
        let (departures, departures_queue) = mpsc::channel(DEPARTURES);
        let queues = Queues { outgoing: outgoing_queue, departures: departures_queue };
        let now = Instant::now();
        Arc::new(Self {
            here: LocalBus::default(),
            net: OnceLock::new(),
            outgoing,
            departures,
            queues: Mutex::new(Some(queues)),
            life: AtomicI64::new(0),
            fenced: AtomicBool::new(true),
            signs: Mutex::new(Signs {
                renewed: now,
                heard: now,
                clock: Clock { at: now, showed: Timestamp(0) },
            }),
            requests: AtomicU64::new(rand::random()),
            waiting: Mutex::default(),
            metrics: Metrics::default(),
            listener: Mutex::default(),
            stop: CancellationToken::new(),
        })
    }

    /// Says who holds the connections. Only the first call counts.
    pub fn attach(&self, sessions: Arc<dyn Sessions>) {
        self.here.attach(sessions);
    }

    /// Makes the figures part of `registry`.
    pub fn register(&self, registry: &mut Registry) {
        let Metrics { parcels_sent, parcels_received, parcels_refused, .. } = &self.metrics;
        registry.register("bus_parcels_sent", "Messages to other nodes", parcels_sent.clone());
        registry.register(
            "bus_parcels_received",
            "Messages from other nodes",
            parcels_received.clone(),
        );
        registry.register(
            "bus_parcels_refused",
            "Messages on this node's subject that no node of the cluster has signed",
            parcels_refused.clone(),
        );
        registry.register(
            "bus_nudges_let_go",
            "Nudges that were not sent; the devices concerned find the gap at their next heartbeat",
            self.metrics.nudges_let_go.clone(),
        );
        registry.register(
            "cluster_fences",
            "Times that this node was cut off and sent its clients elsewhere",
            self.metrics.fences.clone(),
        );
        registry.register(
            "cluster_member",
            "1 while this node is part of its cluster, 0 while it is cut off",
            self.metrics.member.clone(),
        );
    }

    /// Whether the node is cut off from the database or from the other nodes.
    #[must_use]
    pub fn is_cut_off(&self) -> bool {
        self.fenced.load(Ordering::SeqCst)
    }

    fn life(&self) -> NodeId {
        NodeId(self.life.load(Ordering::SeqCst))
    }

    fn signs(&self) -> MutexGuard<'_, Signs> {
        self.signs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time by which all nodes of the cluster go, whatever their machines' clocks show: the database's, read
    /// at each renewal and carried on from there. `None` until the node has joined.
    #[must_use]
    pub fn time(&self) -> Option<Timestamp> {
        self.net.get().map(|_| self.database_time())
    }

    fn database_time(&self) -> Timestamp {
        let Clock { at, showed } = self.signs().clock;
        showed.plus_ms(i64::try_from(at.elapsed().as_millis()).unwrap_or(i64::MAX))
    }

    fn net(&self) -> Result<&Net, StoreError> {
        let not_yet = || StoreError::Unavailable("the node has not joined its cluster".to_owned());
        self.net.get().ok_or_else(not_yet)
    }

    /// Sends items to a node. They may be lost.
    async fn send(&self, net: &Net, to: NodeId, items: Vec<parcel::Item>) {
        let subject = net.subject(to);
        let parcel = Parcel { from: self.life().0, items };
        let bytes = net.seal.close(&subject, &parcel);
        // While there is no connection the client would hold back what is sent, and us with it.
        if net.nats.connection_state() != async_nats::connection::State::Connected {
            return;
        }
        let sent = tokio::time::timeout(CLOSE, net.nats.publish(subject, bytes)).await;
        if matches!(sent, Ok(Ok(()))) {
            self.metrics.parcels_sent.inc();
        }
    }

    /// Gives an order to close to nodes, and waits for their answers. Returns how many answered, and how many
    /// connections they have closed.
    async fn order(&self, net: &Net, nodes: &[NodeId], close: &parcel::Close) -> (usize, u64) {
        let answers = nodes.iter().map(async |node| {
            let request = self.requests.fetch_add(1, Ordering::Relaxed);
            let (reply, answer) = oneshot::channel();
            self.waiting().insert(request, reply);
            let order = Body::Close(parcel::Close { request, ..close.clone() });
            self.send(net, *node, vec![order.into()]).await;
            let answer = tokio::time::timeout(CLOSE, answer).await;
            self.waiting().remove(&request);
            answer.ok()?.ok()
        });
        let answers: Vec<u64> = join_all(answers).await.into_iter().flatten().collect();
        (answers.len(), answers.iter().sum())
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<u64, oneshot::Sender<u64>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Net {
    fn subject(&self, node: NodeId) -> String {
        format!("nuncio.{}.{:016x}", self.cluster, node.0)
    }
}

impl Nudges for ClusterBus {
    fn nudge(&self, nudges: Vec<Nudge>) {
        self.here.nudge(nudges.clone());
        let count = nudges.len() as u64;
        if self.outgoing.try_send(Outgoing::Nudges(nudges)).is_err() {
            self.metrics.nudges_let_go.inc_by(count);
        }
    }
}

#[async_trait]
impl Bus for ClusterBus {
    fn tell(&self, app: AppId, user: &UserId, what: server_frame::Body) {
        use nuncio_protocol::frames::ProtobufMessage as _;
        self.here.tell(app, user, what.clone());
        let frame = ServerFrame::new(0, what).encode_to_vec().into();
        // What is not stored may be lost.
        let _ = self.outgoing.try_send(Outgoing::Tell { app, user: user.clone(), frame });
    }

    async fn close(&self, close: Close) -> Result<Applied, StoreError> {
        let started = Instant::now();
        let net = self.net()?;
        let nodes = match &close.users {
            Some(users) => {
                let before = close.tokens_before.unwrap_or(Timestamp::FOREVER);
                net.store.order_close(close.app, users.clone(), before, close.why.clone()).await?
            }
            None => net.store.living_and_dead(self.database_time()).await?.0,
        };
        let others: Vec<_> = nodes.into_iter().filter(|node| *node != self.life()).collect();
        let order = parcel::Close {
            request: 0,
            app: close.app.0,
            users: close.users.iter().flatten().map(ToString::to_string).collect(),
            tokens_before: close.tokens_before.map(|moment| moment.0),
            secret_before: close.secret_before,
            why: Some(close.why.clone()),
            session: None,
        };
        let (here, (nodes, there)) =
            tokio::join!(self.close_here(close), self.order(net, &others, &order));
        let connections = here + usize::try_from(there).unwrap_or(usize::MAX);
        Ok(Applied { nodes: nodes + 1, connections, took: started.elapsed() })
    }

    async fn close_here(&self, close: Close) -> usize {
        self.here.close_here(close).await
    }

    async fn close_session(
        &self,
        app: AppId,
        user: &UserId,
        session: &str,
        why: Failure,
    ) -> Result<bool, StoreError> {
        let net = self.net()?;
        let located = net.store.locate(app, user.clone(), self.database_time()).await?;
        let Some(found) = located.into_iter().find(|found| found.session == session) else {
            return Ok(false);
        };
        if found.node == self.life() {
            return self.here.close_session(app, user, session, why).await;
        }
        let order = parcel::Close {
            app: app.0,
            users: vec![user.to_string()],
            why: Some(why),
            session: Some(session.to_owned()),
            ..parcel::Close::default()
        };
        Ok(self.order(net, &[found.node], &order).await.1 > 0)
    }

    async fn presence(&self, app: AppId, users: &[UserId]) -> Result<Vec<Presence>, StoreError> {
        let (net, clock) = (self.net()?, self.database_time());
        let each = users.iter().map(async |user| {
            let located = net.store.locate(app, user.clone(), clock).await?;
            let Some(first) = located.first() else { return Ok(Presence::default()) };
            let changed_at = first.since;
            let mut platforms: Vec<_> = located.into_iter().map(|found| found.platform).collect();
            platforms.sort();
            platforms.dedup();
            platforms.retain(|platform| !platform.is_empty());
            Ok(Presence { online: true, changed_at, platforms })
        });
        join_all(each).await.into_iter().collect()
    }

    async fn devices(&self, app: AppId, user: &UserId) -> Result<Vec<Device>, StoreError> {
        let located = self.net()?.store.locate(app, user.clone(), self.database_time()).await?;
        let device = |found: nuncio_store::sessions::Located| Device {
            session: found.session,
            device: found.device,
            platform: found.platform,
            sdk_version: found.sdk_version,
            since: found.since,
            address: found.address,
            node: found.node_name,
        };
        Ok(located.into_iter().map(device).collect())
    }

    async fn online(&self, app: AppId) -> Result<usize, StoreError> {
        self.net()?.store.online(app, self.database_time()).await
    }

    fn standing(&self) -> Standing {
        if self.is_cut_off() { Standing::CutOff } else { Standing::Member(self.life()) }
    }

    fn clock(&self) -> Timestamp {
        self.database_time()
    }

    fn left(&self, app: AppId, user: &UserId, session: String) {
        if self.departures.try_send((app, user.clone(), session)).is_err() {
            tracing::error!("too many connections ended at once: one stays in the directory");
        }
    }
}
