//! The server: the product on its data, two listeners, the jobs beside them, and an orderly end.

mod apps;
mod files;
mod health;
mod jobs;
mod listener;
mod metrics;
mod overload;
mod signals;
mod tasks;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use nuncio_core::Core;
use nuncio_core::operators::OneTimeLink;
use nuncio_gateway::Gateway;
use secrecy::ExposeSecret as _;
use tokio::net::TcpListener;

use crate::config::{AdminListen, Config};
use crate::pages;
use crate::product::{Joint, Product};
use health::Health;
use listener::{Listener, ListenerMetrics};
use signals::Signals;
use tasks::Tasks;

/// Connections besides the clients': calls of the Server API, and clients that are told that there is no room.
/// An eighth of the clients' comes on top.
const OTHER_CONNECTIONS: u32 = 4096;
/// Connections that the admin listener may have: probes and scrapers.
const ADMIN_CONNECTIONS: u32 = 64;

/// A server that serves.
pub(crate) struct Server {
    core: Core,
    bus: Joint,
    gateway: Arc<Gateway>,
    health: Health,
    tasks: Tasks,
    front: Listener,
    admin: Option<Listener>,
    signals: Signals,
    url: String,
    config: Config,
}

impl Server {
    /// Opens everything; on return connections are accepted. What is served is completed by `more`, which is called
    /// before the first of them.
    pub(crate) async fn start(
        config: Config,
        more: impl AsyncFnOnce(&Core) -> anyhow::Result<Router>,
    ) -> anyhow::Result<Self> {
        let signals = Signals::listen().context("cannot listen to signals")?;
        files::raise_limit(config.max_connections.get());
        let tasks = Tasks::default();
        // Whatever can be wrong about the settings is found before the first connection.
        let tls = match config.tls() {
            Some(files) => Some(tls::acceptor(files, &tasks).await?),
            None => None,
        };
        let front = bind("listen", config.listen)?;
        let admin = bind_admin(config.admin_listen)?;

        let product = Product::of_server(&config).await?;
        let Product { core, bus, .. } = &product;
        let gateway = Gateway::new(core.clone(), gateway_options(&config));
        bus.attach(Arc::clone(&gateway) as Arc<dyn nuncio_bus::Sessions>);
        let api = api_options(&config);

        let (mut registry, connections) = (metrics::registry(), ListenerMetrics::default());
        core.store().metrics().register(&mut registry);
        gateway.metrics().register(&mut registry);
        core.webhook_metrics().register(&mut registry);
        core.push_metrics().register(&mut registry);
        api.metrics.register(&mut registry);
        bus.register(&mut registry);
        connections.register(&mut registry);

        product
            .join(&config, front.local_addr()?.to_string())
            .await
            .context("cannot join the cluster: see `--nats-url`")?;
        let Product { core, bus, .. } = product;
        core.end_lost_connections().await?;
        jobs::start(&core, &tasks, config.audit_retention.0);
        apps::watch(&core, &tasks);

        let health = Health::new(core.store().clone(), bus.clone());
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", front.local_addr()?);
        let server_api = nuncio_api::router(core.clone(), api);
        let console =
            nuncio_console::Options { tls: tls.is_some(), server_api: server_api.clone() };
        let router = server_api
            .merge(nuncio_console::router(core.clone(), console))
            .merge(gateway.router())
            .merge(health.clone().router())
            .merge(pages::console())
            .merge(more(&core).await?);
        let clients = config.max_connections.get();
        let options = listener::Options {
            router,
            tls,
            max_connections: clients.saturating_add(clients / 8).saturating_add(OTHER_CONNECTIONS),
            header_timeout: config.header_timeout.0,
        };
        let front = Listener::serve(front, options, &connections);
        let admin = admin.map(|listener| {
            let options = listener::Options {
                router: health.clone().router().merge(metrics::router(registry)),
                tls: None,
                max_connections: ADMIN_CONNECTIONS,
                header_timeout: config.header_timeout.0,
            };
            Listener::serve(listener, options, &ListenerMetrics::default())
        });
        Ok(Self { core, bus, gateway, health, tasks, front, admin, signals, url, config })
    }

    /// A one-time link to the console for the first owner, as long as there is none.
    pub(crate) async fn first_owner_link(&self) -> anyhow::Result<Option<String>> {
        let link = self.core.first_owner_link().await?;
        Ok(link.map(|link| console_link(&self.url, &link)))
    }

    /// The line that says that connections are accepted.
    pub(crate) fn ready(&self) -> String {
        format!("nuncio is ready at {}", self.url)
    }

    /// Its address, as `http://HOST:PORT`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Serves until a signal asks it to stop, and stops in order: nothing new, clients sent elsewhere, requests
    /// answered, jobs ended. Past `drain-timeout`, or at a second signal, it ends with what is left undone.
    pub(crate) async fn run(mut self) -> anyhow::Result<()> {
        let signal = self.signals.next().await;
        tracing::info!("{signal}: draining");
        let mut again = Signals::listen()?;
        tokio::select! {
            drained = tokio::time::timeout(self.config.drain_timeout.0, self.drain()) => {
                if drained.is_ok() {
                    tracing::info!("drained");
                } else {
                    let limit = self.config.drain_timeout;
                    tracing::warn!("not everything ended within `drain-timeout` ({limit}): cut off");
                }
                Ok(())
            }
            signal = again.next() => anyhow::bail!("{signal} while draining: stopped at once"),
        }
    }

    async fn drain(&self) {
        self.health.drain();
        self.front.stop();
        self.gateway.drain().await;
        self.front.stopped().await;
        self.tasks.stop().await;
        self.core.stop_deliveries().await;
        self.core.stop_push().await;
        if let Err(error) = self.core.turn_figures(true).await {
            tracing::warn!("the last minute's figures are lost: {error}");
        }
        if let Err(error) = self.core.store().file_all().await {
            tracing::warn!("the next start will take longer: {error}");
        }
        self.bus.retire().await;
        // Last, so that probes and scrapers see the drain.
        if let Some(admin) = &self.admin {
            admin.stop();
            admin.stopped().await;
        }
    }
}

/// Where a one-time link leads. The token stands behind `#`, so that no server on the way logs it.
pub(crate) fn console_link(url: &str, link: &OneTimeLink) -> String {
    format!("{url}/console/#/link/{}", link.token.expose_secret())
}

fn bind(setting: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    listener::bind(address).with_context(|| {
        format!("cannot listen on {address}: is another server running? See `--{setting}`")
    })
}

fn bind_admin(setting: AdminListen) -> anyhow::Result<Option<TcpListener>> {
    let listener = match setting {
        AdminListen::Off => return Ok(None),
        AdminListen::At(address) => bind("admin-listen", address)?,
        AdminListen::Auto => match listener::bind(AdminListen::USUAL) {
            Ok(listener) => listener,
            Err(error) => {
                tracing::warn!(
                    "no admin listener, since {} cannot be had ({error}): choose an address with \
                     `admin-listen`",
                    AdminListen::USUAL
                );
                return Ok(None);
            }
        },
    };
    tracing::info!("metrics are at http://{}/metrics", listener.local_addr()?);
    Ok(Some(listener))
}

fn api_options(config: &Config) -> nuncio_api::Options {
    nuncio_api::Options {
        signature_window_seconds: u32::try_from(config.signature_window.0.as_secs())
            .unwrap_or(u32::MAX),
        timeout: config.request_timeout.0,
        calls_per_second: config.api_rate.get(),
        replays_remembered: config.replays_remembered.get() as usize,
        ..nuncio_api::Options::default()
    }
}

fn gateway_options(config: &Config) -> nuncio_gateway::Options {
    nuncio_gateway::Options {
        heartbeat: config.heartbeat.0,
        login_timeout: config.login_timeout.0,
        write_timeout: config.write_timeout.0,
        max_connections: config.max_connections.get() as usize,
        calls_per_second: config.client_rate.get(),
        drain_timeout: config.drain_timeout.0,
        return_within: config.return_within.0,
        ..nuncio_gateway::Options::default()
    }
}
