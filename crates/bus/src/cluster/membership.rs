//! A node's life in its cluster.
//!
//! The node renews its lease in the database four times as often as it would run out, and sends itself a
//! word through the bus as often. Whoever is not renewed in time is dead to the others, who sweep its sessions
//! away; so the node itself, which counts from before each renewal was asked for, takes itself for dead
//! a little earlier: it closes its connections and takes no new ones. The same when the bus has been silent for
//! as long. When both are back it begins a new life, or goes on with the old one if that was never lost.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use nuncio_protocol::Timestamp;
use nuncio_store::nodes::{NewNode, NodeId};
use nuncio_store::{Store, StoreError};
use tokio::time::MissedTickBehavior;

use super::parcel::{Body, Seal};
use super::{BusError, Clock, ClusterBus, Net, Settings, Signs};

/// How often a node looks whether it must take itself for dead.
const WATCH: Duration = Duration::from_millis(100);
/// How much earlier than the others it does so.
const MARGIN: Duration = Duration::from_millis(500);
/// Tries to reach NATS at the start, and the pause between two.
const CONNECT: (u32, Duration) = (20, Duration::from_millis(500));

impl ClusterBus {
    /// Joins the cluster; on return the node is one of its members.
    pub async fn join(self: &Arc<Self>, store: Store, settings: Settings) -> Result<(), BusError> {
        let nats = connect(&settings).await?;
        let seal = Seal::new(&settings.key);
        let started = Instant::now();
        let (id, joined) = begin(&store, &settings).await?;
        let clock = Clock::read(started, joined.clock);
        store.set_node(joined.number, id);
        *self.signs() = Signs { renewed: started, heard: Instant::now(), clock };
        let net = Net { store, nats, seal, cluster: joined.cluster, settings };
        let net = self.net.get_or_init(|| net);
        self.subscribe(net, id).await?;
        self.signs().heard = Instant::now();
        self.life.store(id.0, Ordering::SeqCst);
        self.fenced.store(false, Ordering::SeqCst);
        self.metrics.member.set(1);
        let queues = self.queues.lock().ok().and_then(|mut queues| queues.take());
        if let Some(queues) = queues {
            tokio::spawn(Arc::clone(self).route(queues.outgoing));
            tokio::spawn(Arc::clone(self).see_off(queues.departures));
            tokio::spawn(Arc::clone(self).live());
            tokio::spawn(Arc::clone(self).sweep());
            tokio::spawn(Arc::clone(self).watch());
        }
        tracing::info!(
            node.number = joined.number,
            "joined the cluster as node {}, `{}`",
            joined.number,
            net.settings.name
        );
        Ok(())
    }

    /// Ends this node's life, once its connections have ended.
    pub async fn retire(&self) {
        self.stop.cancel();
        self.fenced.store(true, Ordering::SeqCst);
        let Some(net) = self.net.get() else { return };
        let ended = tokio::time::timeout(net.settings.lease, net.store.end_node(self.life()));
        if !matches!(ended.await, Ok(Ok(()))) {
            tracing::warn!("the cluster was not told that this node ends: it will see for itself");
        }
    }

    /// Gives the present life up: the next renewal begins a new one.
    pub(super) fn begin_anew(&self) {
        let mut signs = self.signs();
        signs.renewed = signs.renewed.checked_sub(self.lease() * 2).unwrap_or(signs.renewed);
    }

    fn lease(&self) -> Duration {
        self.net.get().map_or(Duration::from_secs(4), |net| net.settings.lease)
    }

    async fn subscribe(self: &Arc<Self>, net: &Net, id: NodeId) -> Result<(), BusError> {
        let subscription = net.nats.subscribe(net.subject(id)).await;
        let subscription = subscription.map_err(|error| BusError::Nats(error.to_string()))?;
        // Not before the server knows of it may anybody be told of this node.
        let flushed = tokio::time::timeout(net.settings.lease, net.nats.flush()).await;
        flushed
            .map_err(|_| BusError::Nats("no answer in time".to_owned()))?
            .map_err(|error| BusError::Nats(error.to_string()))?;
        let listener = tokio::spawn(Arc::clone(self).listen(subscription)).abort_handle();
        let mut listeners = self.listener.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(former) = listeners.replace(listener) {
            former.abort();
        }
        Ok(())
    }

    /// Renews the lease, asks after the bus, and looks for orders to close that were lost on the way.
    async fn live(self: Arc<Self>) {
        let Ok(net) = self.net() else { return };
        let mut ticks = tokio::time::interval(net.settings.lease / 4);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while self.tick(&mut ticks).await {
            let echo = self.send(net, self.life(), vec![Body::Echo(0).into()]);
            let ((), renewed) = tokio::join!(echo, self.renew(net));
            if let Err(error) = renewed {
                tracing::warn!("this node's lease is not renewed: {error}");
                continue;
            }
            if let Err(error) = self.obey_the_store(net).await {
                tracing::warn!("orders to close connections could not be read: {error}");
            }
        }
    }

    /// Waits for the next tick; false when the node stops.
    async fn tick(&self, ticks: &mut tokio::time::Interval) -> bool {
        tokio::select! {
            () = self.stop.cancelled() => false,
            _ = ticks.tick() => true,
        }
    }

    async fn renew(self: &Arc<Self>, net: &Net) -> Result<(), BusError> {
        let (started, lease) = (Instant::now(), net.settings.lease);
        let lapsed = self.signs().renewed.elapsed() >= lease;
        if !lapsed {
            let renewed = net.store.renew_node(self.life(), ms(lease), Timestamp(0));
            let renewed = tokio::time::timeout(lease / 2, renewed).await.map_err(|_| late())??;
            if let Some(clock) = renewed {
                let mut signs = self.signs();
                (signs.renewed, signs.clock) = (started, signs.clock.read_again(started, clock));
                return Ok(());
            }
        }
        // This life is over.
        self.fence("the node's lease has run out");
        let (old, started) = (self.life(), Instant::now());
        let begun = tokio::time::timeout(lease, begin(&net.store, &net.settings)).await;
        let (id, joined) = begun.map_err(|_| late())??;
        let clock = Clock::read(started, joined.clock);
        net.store.set_node(joined.number, id);
        self.subscribe(net, id).await?;
        self.life.store(id.0, Ordering::SeqCst);
        {
            let mut signs = self.signs();
            (signs.renewed, signs.clock) = (started, clock);
        }
        tracing::warn!(
            node.number = joined.number,
            "this node has come back to its cluster as node {}",
            joined.number
        );
        // What is left of the life before need not wait until its lease has run out.
        Ok(net.store.end_node(old).await?)
    }

    async fn obey_the_store(&self, net: &Net) -> Result<(), StoreError> {
        for order in net.store.ordered_to_close(self.life()).await? {
            let Some(sessions) = self.here.sessions() else { return Ok(()) };
            let closed =
                sessions.close_session(order.app, &order.user, &order.session, order.why).await;
            if !closed {
                // It has ended already, and is on its way out of the directory.
                tracing::debug!("session {} was to be closed and is not here", order.session);
            }
        }
        Ok(())
    }

    /// Sweeps away what dead nodes have left behind.
    async fn sweep(self: Arc<Self>) {
        let Ok(net) = self.net() else { return };
        let mut ticks = tokio::time::interval(net.settings.lease / 8);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while self.tick(&mut ticks).await {
            if let Err(error) = self.sweep_once(net).await {
                tracing::debug!("dead nodes could not be swept away: {error}");
            }
        }
    }

    async fn sweep_once(&self, net: &Net) -> Result<(), StoreError> {
        let (_, dead) = net.store.living_and_dead(self.database_time()).await?;
        for node in dead {
            loop {
                let swept = net.store.sweep(node, Timestamp(0)).await?;
                if let Some(sessions) = self.here.sessions() {
                    for (app, user) in swept.offline {
                        sessions.presence_changed(app, user);
                    }
                }
                if !swept.more {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Fences the node in time, and lets it work again.
    async fn watch(self: Arc<Self>) {
        let lease = self.lease();
        let patience = lease.saturating_sub(MARGIN.min(lease / 4));
        let mut ticks = tokio::time::interval(WATCH);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while self.tick(&mut ticks).await {
            let signs = *self.signs();
            if signs.renewed.elapsed() > patience {
                self.fence("the node has lost the database");
            } else if signs.heard.elapsed() > lease {
                self.fence("the node has lost the bus");
            } else if self.fenced.swap(false, Ordering::SeqCst) {
                tracing::warn!("this node takes clients again");
                self.metrics.member.set(1);
                if let Some(sessions) = self.here.sessions() {
                    sessions.fence(None);
                }
            }
        }
    }

    fn fence(&self, why: &'static str) {
        if self.fenced.swap(true, Ordering::SeqCst) {
            return;
        }
        tracing::error!("{why}: its clients are sent elsewhere");
        self.metrics.fences.inc();
        self.metrics.member.set(0);
        if let Some(sessions) = self.here.sessions() {
            sessions.fence(Some(why));
        }
    }
}

async fn connect(settings: &Settings) -> Result<async_nats::Client, BusError> {
    let mut tries = 0;
    loop {
        let options = async_nats::ConnectOptions::new()
            .name(format!("nuncio {}", settings.name))
            .ping_interval(settings.lease)
            .connection_timeout(settings.lease)
            .max_reconnects(None)
            .reconnect_delay_callback(|_| Duration::from_millis(250))
            .subscription_capacity(8192)
            .event_callback(async |event| tracing::info!("NATS: {event}"));
        let servers: Vec<_> = settings.nats_url.split(',').map(str::trim).collect();
        match options.connect(servers).await {
            Ok(nats) => return Ok(nats),
            Err(error) if tries == CONNECT.0 => return Err(BusError::Nats(error.to_string())),
            Err(error) => tracing::debug!("NATS does not answer yet: {error}"),
        }
        tries += 1;
        tokio::time::sleep(CONNECT.1).await;
    }
}

async fn begin(
    store: &Store,
    settings: &Settings,
) -> Result<(NodeId, nuncio_store::nodes::Joined), StoreError> {
    let id = NodeId(rand::random_range(1..i64::MAX));
    let node = NewNode {
        id,
        name: settings.name.clone(),
        address: settings.address.clone(),
        version: settings.version.clone(),
    };
    Ok((id, store.join_cluster(node, ms(settings.lease), Timestamp(0)).await?))
}

fn ms(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

fn late() -> BusError {
    BusError::Store(StoreError::Unavailable("no answer in time".to_owned()))
}
