//! The gateway: what all connections of a node share, and how the rest of the node reaches them.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use async_trait::async_trait;
use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use nuncio_bus::{Close, Device, Presence, Sessions};
use nuncio_core::Core;
use nuncio_protocol::frames::{Failure, ProtobufMessage as _, ServerFrame, server_frame};
use nuncio_protocol::ids::AppId;
use nuncio_protocol::{Code, Os, UserId};
use nuncio_store::Nudge;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::announcer::Announcer;
use crate::comings::Comings;
use crate::metrics::Metrics;
use crate::options::Options;
use crate::registry::Registry;
use crate::session::Session;
use crate::ws::handshake;
use crate::{close, entry_frame, serve};

/// How long a closer waits for connections to end: their own limit, and time for them to be woken.
const CLOSE: Duration = Duration::from_millis(750);
/// Connections that are sent away together when the server drains, and the pause after them.
const DRAIN: (usize, Duration) = (500, Duration::from_millis(20));
/// How much longer each further connection adds to the time within which clients come back.
const RETURN_MS: u64 = 2;

/// The client connections of this node.
pub struct Gateway {
    pub(crate) core: Core,
    pub(crate) options: Options,
    pub(crate) registry: Registry,
    pub(crate) metrics: Metrics,
    pub(crate) announcer: Announcer,
    pub(crate) comings: Comings,
    /// The core for what clients do, by what they run on.
    on: [Core; Os::CLIENTS.len()],
    /// Every task that serves a connection, or that a connection left behind.
    pub(crate) tasks: TaskTracker,
    /// Cancelled when the server drains.
    pub(crate) draining: CancellationToken,
    /// Why clients must go elsewhere, while they must.
    fenced: ArcSwapOption<&'static str>,
    open: AtomicUsize,
    me: Weak<Self>,
}

impl Gateway {
    /// A gateway without connections. They come through [`Gateway::router`]; the bus reaches them once
    /// the gateway is attached to it.
    #[must_use]
    pub fn new(core: Core, options: Options) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            on: Os::CLIENTS.map(|os| core.on(os)),
            core,
            options,
            registry: Registry::new(),
            metrics: Metrics::default(),
            announcer: Announcer::default(),
            comings: Comings::default(),
            tasks: TaskTracker::new(),
            draining: CancellationToken::new(),
            fenced: ArcSwapOption::empty(),
            open: AtomicUsize::new(0),
            me: me.clone(),
        })
    }

    /// The route that clients connect to, `/connect`.
    ///
    /// The server below must allow upgrades, and should turn Nagle's algorithm off.
    pub fn router(self: &Arc<Self>) -> Router {
        Router::new().route("/connect", any(connect)).with_state(Arc::clone(self))
    }

    /// What is counted about connections.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Sends all clients away with the request to come back, and takes no new ones. Returns once they have
    /// gone, or when `drain_timeout` has passed.
    pub async fn drain(&self) {
        self.draining.cancel();
        self.tasks.close();
        let ended = tokio::time::timeout(self.options.drain_timeout, async {
            self.send_away().await;
            self.tasks.wait().await;
        });
        if ended.await.is_err() {
            tracing::warn!("{} client connections did not end in time", self.tasks.len());
        }
    }

    /// Whoever registers after this has looked sees that the server drains, and goes by itself.
    async fn send_away(&self) {
        let sessions = self.registry.all();
        let within = Duration::from_millis(RETURN_MS * sessions.len() as u64);
        let within = within.min(self.options.return_within).as_millis();
        let (together, pause) = DRAIN;
        for batch in sessions.chunks(together) {
            for session in batch {
                let wait_ms = rand::random_range(0..=within.try_into().unwrap_or(u64::MAX));
                session.mailbox.close(&close::come_back("the server shuts down", wait_ms), None);
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// The core for what a session's user does.
    pub(crate) fn core_of(&self, session: &Session) -> &Core {
        let place = Os::CLIENTS.iter().position(|os| *os == session.os());
        place.and_then(|place| self.on.get(place)).unwrap_or(&self.core)
    }

    /// Takes a session out of the registry; its user may have gone offline by that.
    pub(crate) fn forget(self: &Arc<Self>, session: &Arc<Session>) {
        if let Some(status) = session.ends() {
            self.comings.changed(session, status, self);
        }
        let Some(was_last) = self.registry.remove(session) else { return };
        self.core.connection_ended(session.app, &session.user);
        if was_last {
            self.core.figures().went_offline(session.app);
        }
        if !self.core.leave(session.app, &session.user, session.id) && was_last {
            self.announcer.changed(session.key(), self);
        }
    }

    /// Why clients must go elsewhere now, if they must.
    pub(crate) fn fenced(&self) -> Option<Failure> {
        let why = self.fenced.load();
        why.as_ref().map(|why| Failure::new(Code::Unavailable, **why))
    }
}

async fn connect(State(gateway): State<Arc<Gateway>>, mut request: Request) -> Response {
    if gateway.draining.is_cancelled() {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, Code::ComeBack, "the server shuts down");
    }
    if let Some(why) = gateway.fenced() {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable, &why.message);
    }
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    let (place, has_room) = Place::take(&gateway, peer);
    // Clients one too many are told so in a frame, unless there are very many.
    let most = gateway.options.max_connections;
    if !has_room && gateway.open.load(Ordering::Relaxed) > most + most / 8 + 16 {
        let sentence = Code::TooManyConnections.meaning().trim();
        return refuse(StatusCode::SERVICE_UNAVAILABLE, Code::TooManyConnections, sentence);
    }
    match handshake::accept(&mut request) {
        Ok((answer, upgrade)) => {
            gateway.tasks.spawn(serve::serve(place, upgrade, has_room));
            answer
        }
        Err((status, sentence)) => refuse(status, Code::BadFrame, sentence),
    }
}

fn refuse(status: StatusCode, code: Code, sentence: &str) -> Response {
    let body = serde_json::json!({ "code": code.number(), "errorMessage": sentence }).to_string();
    let mut response = (status, [(header::CONTENT_TYPE, "application/json")], body).into_response();
    let headers = response.headers_mut();
    match status {
        StatusCode::SERVICE_UNAVAILABLE => {
            headers.insert(header::RETRY_AFTER, 1.into());
        }
        StatusCode::UPGRADE_REQUIRED => {
            let version = header::HeaderValue::from_static("13");
            headers.insert(header::SEC_WEBSOCKET_VERSION, version);
        }
        _ => {}
    }
    response
}

/// A place among the open connections; given back when dropped.
pub(crate) struct Place {
    pub(crate) gateway: Arc<Gateway>,
    /// Where the client is.
    pub(crate) address: Option<IpAddr>,
}

impl Place {
    /// Takes a place, and tells whether it is one of those that there should be.
    fn take(gateway: &Arc<Gateway>, address: Option<IpAddr>) -> (Self, bool) {
        let before = gateway.open.fetch_add(1, Ordering::Relaxed);
        gateway.metrics.connections.inc();
        (Self { gateway: Arc::clone(gateway), address }, before < gateway.options.max_connections)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.gateway.open.fetch_sub(1, Ordering::Relaxed);
        self.gateway.metrics.connections.dec();
    }
}

#[async_trait]
impl Sessions for Gateway {
    fn nudge(&self, nudges: Vec<Nudge>) {
        for Nudge { app, user, seq, body } in nudges {
            let mut frame = None;
            self.registry.with(&(app, user), |session| {
                let frame = frame.get_or_insert_with(|| entry_frame::of_parts(seq, &body));
                if !session.mailbox.deliver(seq, frame.clone()) {
                    self.metrics.mailbox_overflows.inc();
                }
            });
        }
    }

    fn tell(&self, app: AppId, user: &UserId, what: server_frame::Body) {
        let mut what = Some(what);
        let mut frame = bytes::Bytes::new();
        self.registry.with(&(app, user.clone()), |session| {
            if let Some(what) = what.take() {
                frame = ServerFrame::new(0, what).encode_to_vec().into();
            }
            session.mailbox.tell(frame.clone());
        });
    }

    async fn close(&self, close: Close) -> usize {
        let meant = self.registry.meant(&close);
        self.close_all(&meant, &close.why).await
    }

    async fn close_session(&self, app: AppId, user: &UserId, session: &str, why: Failure) -> bool {
        let mut meant = Vec::new();
        self.registry.with(&(app, user.clone()), |other| {
            if other.id.to_string() == session {
                meant.push(Arc::clone(other));
            }
        });
        self.close_all(&meant, &why).await > 0
    }

    fn presence(&self, app: AppId, user: &UserId) -> Presence {
        self.registry.presence(&(app, user.clone()))
    }

    fn devices(&self, app: AppId, user: &UserId) -> Vec<Device> {
        self.registry.devices(&(app, user.clone()))
    }

    fn online(&self, app: AppId) -> usize {
        self.registry.online(app)
    }

    fn presence_changed(&self, app: AppId, user: UserId) {
        if let Some(me) = self.me.upgrade() {
            self.announcer.changed((app, user), &me);
        }
    }

    fn fence(&self, why: Option<&'static str>) {
        self.fenced.store(why.map(Arc::new));
        let Some(why) = why else { return };
        // Whoever registers after this sees the fence, and goes by itself.
        for session in self.registry.all() {
            session.mailbox.close(&close::come_back(why, 0), None);
        }
    }
}

impl Gateway {
    /// Closes sessions and waits for their end; returns how many were open.
    async fn close_all(&self, meant: &[Arc<Session>], why: &Failure) -> usize {
        let (witness, mut ended) = mpsc::channel(1);
        let mut count = 0;
        for session in meant {
            count += usize::from(session.mailbox.close(why, Some(witness.clone())));
        }
        drop(witness);
        // The channel ends when the last session has let go of its witness.
        if tokio::time::timeout(CLOSE, ended.recv()).await.is_err() {
            tracing::warn!("not all of {count} client connections were closed in time");
        }
        count
    }
}
