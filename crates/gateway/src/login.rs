//! From an open WebSocket to a session, or to the reason why not.

use std::future::poll_fn;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::task::Poll;

use nuncio_core::webhooks::Status;
use nuncio_core::{Admitted as Entered, Claim};
use nuncio_protocol::frames::{
    ClientFrame, Failure, Login, ProtobufMessage as _, ServerFrame, Welcome, client_frame,
    server_frame,
};
use nuncio_protocol::ids::{DeviceId, IdError};
use nuncio_protocol::values::{Label, ValueError};
use nuncio_protocol::{AppKey, Code, Refusal, limits};
use tokio::time::{Instant, timeout};

use crate::close::{bad_frame, come_back};
use crate::connection::{Connection, Parts};
use crate::gateway::{Gateway, Place};
use crate::mailbox::Mailbox;
use crate::session::{Presence, Session, SessionId};
use crate::ws::handshake::Io;
use crate::ws::socket::{Broken, Incoming, Socket};

/// Bytes of a login's frame at most. What a stranger may make the server keep is less than what a user may.
pub(crate) const LOGIN_BYTES: usize = 4 * 1024;
/// Bytes of a platform's name.
const PLATFORM_BYTES: usize = 32;

/// Why a client that has not logged in must go.
pub(crate) enum NotLoggedIn {
    /// It does not listen any more.
    Gone,
    /// It is told, as the answer to its login when that could be read.
    Told(Option<u64>, Box<Failure>),
}

/// Waits for the login and does what it asks.
pub(crate) async fn log_in(
    place: Place,
    mut socket: Socket<Io>,
) -> Result<Box<Connection>, (Socket<Io>, NotLoggedIn)> {
    let gateway = Arc::clone(&place.gateway);
    let (request, login) = match first_frame(&gateway, &mut socket).await {
        Ok(first) => first,
        Err(no) => return Err((socket, no)),
    };
    let app_key = login.app_key.clone();
    let admitted = admit(&gateway, login, place.address).await;
    gateway.metrics.login(admitted.as_ref().err());
    count(&gateway, &app_key, &admitted).await;
    match admitted {
        Ok(Admitted { registered, claim, welcome }) => {
            socket.set_most(limits::FRAME_BYTES);
            let inbox_head = welcome.inbox_head;
            let welcome = ServerFrame::new(request, server_frame::Body::Welcome(welcome));
            socket.push_protobuf(&welcome);
            let parts = Parts { place, socket, registered, inbox_head, claim };
            Ok(Box::new(Connection::new(parts)))
        }
        Err(failure) => Err((socket, NotLoggedIn::Told(Some(request), Box::new(failure)))),
    }
}

async fn first_frame(
    gateway: &Gateway,
    socket: &mut Socket<Io>,
) -> Result<(u64, Login), NotLoggedIn> {
    let no = |failure| Err(NotLoggedIn::Told(None, Box::new(failure)));
    let mut draining = std::pin::pin!(gateway.draining.cancelled());
    let incoming = poll_fn(|cx| {
        if draining.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        // Signs of life before the login change nothing; what they ask for is written with the answer.
        loop {
            match socket.poll_incoming(cx) {
                Poll::Ready(Ok(Incoming::Sign)) => {}
                other => return other.map(Some),
            }
        }
    });
    let message = match timeout(gateway.options.login_timeout, incoming).await {
        Err(_) => return no(bad_frame("no login came in time")),
        Ok(None) => return no(come_back("the server shuts down", 0)),
        Ok(Some(Ok(Incoming::Message(message)))) => message,
        Ok(Some(Err(Broken::Fault(fault)))) => return no(bad_frame(fault)),
        Ok(Some(_)) => return Err(NotLoggedIn::Gone),
    };
    gateway.metrics.frames_received.inc();
    match ClientFrame::decode(message.as_slice()) {
        Ok(ClientFrame { id, body: Some(client_frame::Body::Login(login)) }) if id != 0 => {
            Ok((id, login))
        }
        Ok(_) => no(bad_frame("the first frame must be a login, with an id other than 0")),
        Err(_) => no(bad_frame("the frame is not a `ClientFrame`")),
    }
}

struct Admitted {
    registered: Registered,
    claim: Claim,
    welcome: Welcome,
}

/// The order matters: the session is in the registry before the user's standing is read, so that who changes
/// the standing at the same time finds it there.
async fn admit(
    gateway: &Arc<Gateway>,
    login: Login,
    address: Option<IpAddr>,
) -> Result<Admitted, Failure> {
    let device = DeviceId::try_from(login.device_id.as_str())
        .map_err(|error: IdError| bad_parameter("device_id", error))?;
    let platform = Label::try_from(login.platform.as_str())
        .map_err(|error: ValueError| bad_parameter("platform", error))?;
    if login.platform.len() > PLATFORM_BYTES {
        return Err(bad_parameter("platform", format!("has more than {PLATFORM_BYTES} bytes")));
    }
    let sdk_version = Label::try_from(login.sdk_version.as_str())
        .map_err(|error: ValueError| bad_parameter("sdk_version", error))?;
    let claim =
        gateway.core.read_token(&login.app_key, &login.token).await.map_err(|e| refused(&e))?;
    let session = Arc::new(Session {
        id: SessionId::random(),
        app: claim.app.id,
        user: claim.user.clone(),
        device,
        platform,
        sdk_version,
        since: gateway.core.now(),
        address,
        token_issued_at: claim.issued_at,
        secret_version: claim.secret_version,
        token_expires_at: claim.expires_at,
        mailbox: Mailbox::default(),
        presence: Presence::default(),
        held: AtomicU64::default(),
    });
    let registered = Registered::new(gateway, session);
    let newcomer = || registered.session.to_newcomer();
    let entered = gateway.core.enter(&claim, newcomer).await.map_err(|e| refused(&e))?;
    let Entered { admission, elsewhere } = entered;
    if let Some(why) = gateway.fenced() {
        return Err(why);
    }
    if gateway.draining.is_cancelled() {
        return Err(come_back("the server shuts down", 0));
    }
    let session = &registered.session;
    if let Some(why) = session.mailbox.closing() {
        return Err(why);
    }
    let now = gateway.core.now();
    let most = claim.app.settings.devices_per_user;
    let welcomed = gateway.registry.welcome(session, most, now);
    let why = "a newer connection of the same user took the place";
    let why = Failure::new(Code::KickedByNewerDevice, why);
    for other in welcomed.replaced {
        other.mailbox.close(&why, None);
    }
    session.begins();
    gateway.comings.changed(session, Status::Online, gateway);
    if welcomed.came_online {
        gateway.core.figures().came_online(session.app);
    }
    let giving_way = elsewhere.iter().flat_map(|there| there.giving_way(&session.device, most));
    for other in giving_way {
        give_way(gateway, session, other.to_owned(), why.clone());
    }
    if elsewhere.map_or(welcomed.came_online, |there| there.came_online) {
        gateway.announcer.changed(session.key(), gateway);
    }
    tracing::debug!(session.id = %session.id, "session {} begins", session.id);
    let heartbeat_ms = gateway.options.heartbeat.as_millis();
    let welcome = Welcome {
        user_id: session.user.as_str().to_owned(),
        session_id: session.id.to_string(),
        server_time: now.0,
        inbox_head: admission.inbox_head,
        inbox_floor: admission.inbox_floor,
        heartbeat_ms: u32::try_from(heartbeat_ms).unwrap_or(u32::MAX),
        account: Some(admission.account),
        max_content_bytes: u32::try_from(limits::CONTENT_BYTES).unwrap_or(u32::MAX),
    };
    Ok(Admitted { registered, claim, welcome })
}

/// Counts a login among its app's figures, where the key is an app's.
async fn count(gateway: &Gateway, app_key: &str, admitted: &Result<Admitted, Failure>) {
    let (app, code) = match admitted {
        Ok(Admitted { claim, .. }) => (Some(claim.app.id), 0),
        Err(failure) => {
            let app = match AppKey::try_from(app_key) {
                Ok(key) => gateway.core.app(&key).await.ok().flatten(),
                Err(_) => None,
            };
            (app.map(|app| app.id), failure.code)
        }
    };
    if let Some(app) = app {
        gateway.core.figures().login(app, code);
    }
}

/// Closes another session of the user, wherever it is, without waiting for that.
fn give_way(gateway: &Arc<Gateway>, session: &Session, other: String, why: Failure) {
    let (core, app, user) = (gateway.core.clone(), session.app, session.user.clone());
    gateway.tasks.spawn(async move {
        if let Err(error) = core.give_way(app, &user, &other, why).await {
            tracing::warn!("session {other} could not be told to give way: {error}");
        }
    });
}

fn bad_parameter(member: &str, fault: impl std::fmt::Display) -> Failure {
    Refusal::BadParameter(format!("`{member}` {fault}")).to_failure()
}

/// A refused login, in the codes of connecting.
fn refused(error: &nuncio_core::Error) -> Failure {
    let code = match error {
        nuncio_core::Error::Refused(Refusal::NotRegistered(_) | Refusal::SoftDeleted(_)) => {
            Code::UserDeleted
        }
        nuncio_core::Error::Refused(Refusal::AppNotFound) => Code::AppUnavailable,
        nuncio_core::Error::Refused(_) => return error.to_failure(),
        _ => {
            // Where the database is away, every login fails, and the node has said why.
            if error.code() == Code::Unavailable {
                tracing::debug!("a login failed: {error}");
            } else {
                tracing::error!("a login failed: {error}");
            }
            return error.to_failure();
        }
    };
    Failure::new(code, code.meaning().trim())
}

/// A session's place in the registry. However its connection ends, dropping this takes it out, and tells who
/// waits for the end.
pub(crate) struct Registered {
    gateway: Arc<Gateway>,
    pub(crate) session: Arc<Session>,
}

impl Registered {
    fn new(gateway: &Arc<Gateway>, session: Arc<Session>) -> Self {
        gateway.registry.insert(Arc::clone(&session));
        gateway.metrics.sessions.inc();
        Self { gateway: Arc::clone(gateway), session }
    }

    /// Takes the session out of the registry; who waits for its end goes on waiting.
    pub(crate) fn forget(&self) {
        self.gateway.forget(&self.session);
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.forget();
        self.session.mailbox.shut();
        self.gateway.metrics.sessions.dec();
    }
}

/// When a token ends by itself, as the runtime counts time.
pub(crate) fn expiry(gateway: &Gateway, claim: &Claim) -> Option<Instant> {
    let left_ms = claim.expires_at?.0.saturating_sub(gateway.core.now().0);
    let left = std::time::Duration::from_millis(u64::try_from(left_ms).unwrap_or(0));
    Instant::now().checked_add(left)
}
