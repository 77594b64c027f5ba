//! The way into a session and the way out of it.

use std::future::poll_fn;
use std::time::Duration;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use nuncio_protocol::Code;
use nuncio_protocol::frames::{Failure, ServerFrame, server_frame};
use tokio::time::timeout;

use crate::close::{GOODBYE, close_code, closing};
use crate::connection::Connection;
use crate::gateway::Place;
use crate::login::{self, LOGIN_BYTES, NotLoggedIn};
use crate::ws::handshake::Io;
use crate::ws::socket::Socket;

/// How long a client that must go may take to take in that it is told.
const TELL: Duration = Duration::from_millis(500);
/// How long a client may take to close after it was told to.
const LINGER: Duration = Duration::from_secs(1);

/// Serves a connection, from the answer to its HTTP request on.
pub(crate) async fn serve(place: Place, upgrade: OnUpgrade, has_room: bool) {
    // The way in and the way out are boxed: an idle connection does not pay for them.
    let Some(mut connection) = Box::pin(open(place, upgrade, has_room)).await else { return };
    let end = connection.run().await;
    Box::pin(connection.end(end)).await;
}

async fn open(place: Place, upgrade: OnUpgrade, has_room: bool) -> Option<Box<Connection>> {
    let upgraded = timeout(place.gateway.options.login_timeout, upgrade).await.ok()?.ok()?;
    let mut socket = Socket::new(TokioIo::new(upgraded), LOGIN_BYTES);
    if !has_room {
        let code = Code::TooManyConnections;
        say_goodbye(&mut socket, Some(Failure::new(code, code.meaning().trim()))).await;
        linger(socket).await;
        return None;
    }
    match login::log_in(place, socket).await {
        Ok(connection) => Some(connection),
        Err((_, NotLoggedIn::Gone)) => None,
        Err((mut socket, NotLoggedIn::Told(request, failure))) => {
            match request {
                // The answer to the login is announcement enough.
                Some(id) => {
                    let code = close_code(&failure);
                    let body = server_frame::Body::Failure(*failure);
                    socket.push_protobuf(&ServerFrame::new(id, body));
                    socket.push_close(code);
                    let _ = timeout(TELL, poll_fn(|cx| socket.poll_flush(cx))).await;
                }
                None => say_goodbye(&mut socket, Some(*failure)).await,
            }
            linger(socket).await;
            None
        }
    }
}

/// Announces the end and closes; without a reason it is the client who wanted it.
pub(crate) async fn say_goodbye(socket: &mut Socket<Io>, why: Option<Failure>) {
    match why {
        Some(why) => {
            let code = close_code(&why);
            socket.push_protobuf(&closing(why));
            socket.push_close(code);
        }
        None => socket.push_close(GOODBYE),
    }
    let _ = timeout(TELL, poll_fn(|cx| socket.poll_flush(cx))).await;
}

/// Lets the client take in what it was told, and close.
pub(crate) async fn linger(socket: Socket<Io>) {
    let _ = timeout(LINGER, socket.finish()).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_connection_takes_little_memory() {
        let connection = size_of::<Connection>();
        assert!(connection <= 512, "the connection takes {connection} bytes");
        let task = size_of_result(serve);
        assert!(task <= 128, "its task takes {task} bytes");
    }

    fn size_of_result<F: Future>(_: impl Fn(Place, OnUpgrade, bool) -> F) -> usize {
        size_of::<F>()
    }
}
