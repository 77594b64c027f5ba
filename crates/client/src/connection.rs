//! The client's one task: log in, stay connected, come back.
//!
//! Each round opens a connection, logs in, and hands it to [`Session`] until it ends. What the end means is
//! decided by the plain functions of [`crate::reconnect`].

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use nuncio_protocol::frames::{
    ClientFrame, Login, ProtobufMessage as _, ServerFrame, Welcome, client_frame, server_frame,
};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message as WsMessage;
use tokio_util::sync::CancellationToken;

use crate::error::{Cause, ClientError, LocalCode};
use crate::events::Event;
use crate::reconnect::{Verdict, cause_of_close, moves_on, verdict};
use crate::session::Session;
use crate::shared::{Shared, State, lock};
use crate::token::{TokenError, TokenReason};
use crate::transport::{self, Server, Socket};

/// A connection that lasted this long counts as good: the next wait begins small again.
const STABLE: Duration = Duration::from_secs(10);

/// How a round ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// The app wanted it.
    ByApp,
    /// Something that no further round would mend.
    Fatal(Box<Cause>),
    /// The login was refused.
    AtLogin(Box<Cause>),
    /// No connection, or not any more.
    Lost(Box<Cause>),
}

impl Ended {
    pub(crate) fn lost(code: LocalCode, message: impl Into<String>) -> Self {
        Self::Lost(Cause::local(code, message).into())
    }

    pub(crate) fn closed(close_code: u16, text: &str) -> Self {
        Self::Lost(cause_of_close(close_code, text).into())
    }
}

impl From<crate::db::StoreError> for Ended {
    fn from(error: crate::db::StoreError) -> Self {
        Self::Fatal(ClientError::Store(error).cause().into())
    }
}

/// What is carried from round to round.
struct Rounds {
    attempt: u32,
    server: usize,
    token: Option<String>,
    reason: TokenReason,
    /// The token in use was renewed and has not been welcomed yet.
    renewed: bool,
    /// The last disconnection that the app was told.
    told: Option<u32>,
}

/// Runs until the app stops it or nothing can be done any more.
pub(crate) async fn drive(shared: Arc<Shared>, stop: CancellationToken) {
    let mut requests = shared.requests_in.lock().await;
    let mut rounds = Rounds {
        attempt: 0,
        server: 0,
        token: None,
        reason: TokenReason::Initial,
        renewed: false,
        told: None,
    };
    let (cause, at_login) = loop {
        shared.set_state(State::Connecting);
        let begun = Instant::now();
        let ended = tokio::select! {
            () = stop.cancelled() => Ended::ByApp,
            round = Box::pin(establish(&shared, &mut rounds)) => match round {
                Ok((socket, welcome)) => {
                    rounds.told = None;
                    rounds.renewed = false;
                    let session = Session::begin(&shared, socket, &mut requests, welcome, &stop);
                    Box::pin(session).await
                }
                Err(ended) => ended,
            },
        };
        let was_connected = *shared.state.borrow() == State::Connected;
        if was_connected {
            shared.set_state(State::Connecting);
        }
        while let Ok(request) = requests.try_recv() {
            let _ = request.answer.send(Err(ClientError::NotConnected));
        }
        if begun.elapsed() >= STABLE && was_connected {
            rounds.attempt = 0;
        }
        let wait = match after(&shared, &mut rounds, ended) {
            ControlFlow::Continue((cause, wait)) => {
                tell(&shared, &mut rounds, &cause);
                shared.set_state(State::Suspended(cause));
                wait
            }
            ControlFlow::Break(stopped) => break stopped,
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = shared.hurry.notified() => {}
            () = stop.cancelled() => {}
        }
    };
    let answers = lock(&shared.outbox).take_answers();
    for answer in answers {
        let _ = answer.send(Err(ClientError::Closed(Box::new(cause.clone()))));
    }
    let by_app = cause.code == LocalCode::Closed.number();
    shared.set_state(if by_app { State::Disconnected } else { State::Stopped(cause.clone()) });
    shared.events.push_state(Event::Disconnected { cause, will_reconnect: false, at_login });
}

/// How long to wait before the next round, or why there is none.
fn after(
    shared: &Shared,
    rounds: &mut Rounds,
    ended: Ended,
) -> ControlFlow<(Cause, bool), (Cause, Duration)> {
    let (cause, at_login) = match ended {
        Ended::ByApp => {
            let cause = Cause::local(LocalCode::Closed, "disconnected by the app");
            return ControlFlow::Break((cause, false));
        }
        Ended::Fatal(cause) => return ControlFlow::Break((*cause, false)),
        Ended::AtLogin(cause) => (*cause, true),
        Ended::Lost(cause) => (*cause, false),
    };
    match verdict(cause.code, at_login, shared.options.token.can_renew()) {
        Verdict::Stop => return ControlFlow::Break((cause, at_login)),
        Verdict::NewToken => {
            rounds.token = None;
            rounds.reason = TokenReason::Expired;
            // A token that was just renewed and has expired again is asked for with growing waits.
            if !std::mem::replace(&mut rounds.renewed, true) {
                return ControlFlow::Continue((cause, Duration::ZERO));
            }
        }
        Verdict::Reconnect => {}
    }
    if moves_on(cause.code) {
        rounds.server += 1;
    }
    let chance = rand::random::<f64>();
    let Some(wait) = shared.options.policy.delay(rounds.attempt, chance) else {
        return ControlFlow::Break((cause, at_login));
    };
    rounds.attempt = rounds.attempt.saturating_add(1);
    let asked = cause.retry_after.unwrap_or_default().mul_f64(1.0 + chance);
    ControlFlow::Continue((cause, wait.max(asked)))
}

fn tell(shared: &Shared, rounds: &mut Rounds, cause: &Cause) {
    if rounds.told != Some(cause.code) {
        rounds.told = Some(cause.code);
        shared.events.push_state(Event::Disconnected {
            cause: cause.clone(),
            will_reconnect: true,
            at_login: false,
        });
    }
}

async fn establish(shared: &Shared, rounds: &mut Rounds) -> Result<(Socket, Welcome), Ended> {
    let options = &shared.options;
    let token = if let Some(token) = &rounds.token {
        token.clone()
    } else {
        let token = ask_token(shared, rounds.reason).await?;
        rounds.token = Some(token.clone());
        token
    };
    let server = &options.servers[rounds.server % options.servers.len()];
    let patience = options.login_timeout;
    let mut socket = match timeout(patience, transport::open(server, &options.tls)).await {
        Ok(Ok(socket)) => socket,
        Ok(Err(error)) => {
            let message = format!("cannot open {}: {error}", server.url());
            return Err(Ended::lost(LocalCode::CannotOpen, message));
        }
        Err(_) => {
            let message = format!("{} did not answer within {patience:?}", server.url());
            return Err(Ended::lost(LocalCode::CannotOpen, message));
        }
    };
    let login = log_in(shared, server, &mut socket, token);
    match timeout(patience, login).await {
        Ok(welcome) => Ok((socket, welcome?)),
        Err(_) => {
            Err(Ended::lost(LocalCode::LoginTimeout, format!("no welcome within {patience:?}")))
        }
    }
}

async fn ask_token(shared: &Shared, reason: TokenReason) -> Result<String, Ended> {
    let patience = shared.options.login_timeout;
    match timeout(patience, shared.options.token.token(reason)).await {
        Ok(Ok(token)) => Ok(token),
        Ok(Err(error @ TokenError::Refused(_))) => {
            Err(Ended::Fatal(Cause::local(LocalCode::NoToken, error.to_string()).into()))
        }
        Ok(Err(error @ TokenError::Unavailable(_))) => {
            Err(Ended::lost(LocalCode::NoToken, error.to_string()))
        }
        Err(_) => {
            Err(Ended::lost(LocalCode::NoToken, format!("no token came within {patience:?}")))
        }
    }
}

/// The login's frame id; a session's requests follow.
pub(crate) const LOGIN_ID: u64 = 1;

async fn log_in(
    shared: &Shared,
    server: &Server,
    socket: &mut Socket,
    token: String,
) -> Result<Welcome, Ended> {
    let login = Login {
        app_key: shared.options.app_key.to_string(),
        token,
        device_id: shared.options.device_id.clone(),
        platform: shared.options.platform.clone(),
        sdk_version: concat!("rust-", env!("CARGO_PKG_VERSION")).into(),
    };
    let frame = ClientFrame { id: LOGIN_ID, body: Some(client_frame::Body::Login(login)) };
    socket
        .send(WsMessage::binary(frame.encode_to_vec()))
        .await
        .map_err(|e| Ended::lost(LocalCode::ConnectionLost, format!("{}: {e}", server.url())))?;
    loop {
        let message = match socket.next().await {
            Some(Ok(WsMessage::Binary(message))) => message,
            Some(Ok(WsMessage::Close(close))) => {
                let (code, text) = close.map_or((1005, String::new()), |frame| {
                    (frame.code.into(), frame.reason.as_str().to_owned())
                });
                return Err(match Ended::closed(code, &text) {
                    Ended::Lost(cause) if code >= 4000 => Ended::AtLogin(cause),
                    other => other,
                });
            }
            Some(Ok(_)) => continue,
            Some(Err(error)) => {
                return Err(Ended::lost(LocalCode::ConnectionLost, error.to_string()));
            }
            None => return Err(Ended::lost(LocalCode::ConnectionLost, "closed at the login")),
        };
        let frame = ServerFrame::decode(message).map_err(|e| {
            Ended::lost(LocalCode::ConnectionLost, format!("not our protocol: {e}"))
        })?;
        match frame.body {
            Some(server_frame::Body::Welcome(welcome)) => return Ok(welcome),
            Some(server_frame::Body::Failure(failure) | server_frame::Body::Closing(failure)) => {
                return Err(Ended::AtLogin(Box::new(failure.into())));
            }
            _ => {}
        }
    }
}
