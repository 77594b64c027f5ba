//! The product, opened on its data: by the server, and by commands beside it.

use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use nuncio_bus::{Bus, BusError, ClusterBus, LocalBus, Sessions, Settings};
use nuncio_core::push::PushTap;
use nuncio_core::{Clock, Core, SystemClock, Vault};
use nuncio_protocol::Timestamp;
use nuncio_store::groups::GroupOptions;
use nuncio_store::{Nudges, Options, Place, Store};
use prometheus_client::registry::Registry;

use crate::config::Config;
use crate::courier::HttpCourier;

/// The product and the bus that its connections are to be attached to.
pub(crate) struct Product {
    /// The product.
    pub(crate) core: Core,
    /// Reaches connections once a server has attached them.
    pub(crate) bus: Joint,
    bus_key: [u8; 32],
}

/// What joins the product to client connections.
#[derive(Clone)]
pub(crate) enum Joint {
    /// Of this process alone.
    Local(Arc<LocalBus>),
    /// Of all nodes of a cluster.
    Cluster(Arc<ClusterBus>),
}

impl Joint {
    /// Says who holds this process's connections.
    pub(crate) fn attach(&self, sessions: Arc<dyn Sessions>) {
        match self {
            Self::Local(bus) => bus.attach(sessions),
            Self::Cluster(bus) => bus.attach(sessions),
        }
    }

    /// Whether this node is cut off from its cluster.
    pub(crate) fn is_cut_off(&self) -> bool {
        matches!(self, Self::Cluster(bus) if bus.is_cut_off())
    }

    /// Makes the bus's figures part of `registry`.
    pub(crate) fn register(&self, registry: &mut Registry) {
        if let Self::Cluster(bus) = self {
            bus.register(registry);
        }
    }

    /// Leaves the cluster, once this node's connections have ended.
    pub(crate) async fn retire(&self) {
        if let Self::Cluster(bus) = self {
            bus.retire().await;
        }
    }
}

impl Product {
    /// Opens the store for a command, makes folder, key and database where they are missing, and brings the
    /// schema up to date.
    pub(crate) async fn open(config: &Config) -> anyhow::Result<Self> {
        Self::with(config, Joint::Local(Arc::default())).await
    }

    /// The same for a server, which may be a node of a cluster.
    pub(crate) async fn of_server(config: &Config) -> anyhow::Result<Self> {
        let bus = match config.nats_url {
            Some(_) => Joint::Cluster(ClusterBus::new()),
            None => Joint::Local(Arc::default()),
        };
        Self::with(config, bus).await
    }

    /// Joins the cluster, if the settings name one, as the node that listens at `address`.
    pub(crate) async fn join(&self, config: &Config, address: String) -> Result<(), BusError> {
        let (Joint::Cluster(bus), Some(url)) = (&self.bus, &config.nats_url) else { return Ok(()) };
        let name = config.node_name.clone().unwrap_or_else(machine);
        let settings = Settings {
            nats_url: url.expose().to_owned(),
            name,
            address,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            lease: config.node_lease.0,
            key: self.bus_key,
        };
        bus.join(self.core.store().clone(), settings).await
    }

    async fn with(config: &Config, bus: Joint) -> anyhow::Result<Self> {
        let (place, told) = if let Some(url) = &config.database_url {
            (Place::Postgres(url.expose().to_owned()), url.to_string())
        } else {
            let file = config.data.join("nuncio.db");
            make_folder(&config.data)?;
            make_file(&file)?;
            let told = file.display().to_string();
            (Place::File(file), told)
        };
        let key = config.master_key();
        if key.parent() == Some(&config.data) {
            make_folder(&config.data)?;
        }
        let vault = Vault::open_or_create(&key)
            .with_context(|| format!("cannot use the master key `{}`", key.display()))?;

        let bus_key = vault.bus_key();
        let (nudges, rules, clock): (Arc<dyn Nudges>, Arc<dyn Bus>, Arc<dyn Clock>) = match &bus {
            Joint::Local(bus) => (bus.clone(), bus.clone(), Arc::new(SystemClock)),
            Joint::Cluster(bus) => (bus.clone(), bus.clone(), Arc::new(ClusterClock(bus.clone()))),
        };
        let tap = Arc::new(PushTap::new(nudges));
        let groups = GroupOptions {
            most_members: config.max_group_members.get() as usize,
            big_above: config.big_group_members.get() as usize,
            // Four times as long as a connection may be silent.
            attendance: config.heartbeat.0 * 10,
        };
        let options =
            Options { place, node: 0, nudges: Arc::clone(&tap) as Arc<dyn Nudges>, groups };
        let store = Store::open(options)
            .await
            .with_context(|| format!("cannot open the database `{told}`"))?;
        let core = Core::new(store, rules, clock, vault)
            .with_courier(Arc::new(HttpCourier::new(config.webhook_allow_private)?));
        core.attach_push(&tap);
        Ok(Self { core, bus, bus_key })
    }
}

/// The clock of a cluster, the same for all of its nodes: until when somebody is banned, or a lane of webhooks taken,
/// must not depend on whose machine's clock is looked at.
struct ClusterClock(Arc<ClusterBus>);

impl Clock for ClusterClock {
    fn now(&self) -> Timestamp {
        self.0.time().unwrap_or_else(|| SystemClock.now())
    }
}

/// What this machine is called.
fn machine() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => "node".to_owned(),
        name => name.to_owned(),
    }
}

/// Makes the data folder so that only its owner can look into it.
fn make_folder(path: &Path) -> anyhow::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("cannot make the data folder `{}`", path.display()))
}

/// Makes the database's file before SQLite would, so that only its owner can read it, wherever it lies;
/// SQLite gives the files beside it the same mode.
fn make_file(path: &Path) -> anyhow::Result<()> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map(drop)
        .with_context(|| format!("cannot make the database `{}`", path.display()))
}
