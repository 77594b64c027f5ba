//! A WebSocket that says back what it hears: below a session everything as in the gateway, and nothing above it.
//!
//! The load generator measures it beside the server, as the limit: no message can cost less than that.

use std::future::poll_fn;
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use hyper_util::rt::TokioIo;

use crate::ws::handshake::{self, Io};
use crate::ws::socket::{Incoming, Socket};

/// Bytes of a message at most.
const MOST: usize = 64 * 1024;
/// Bytes that wait to be written before nothing more is read.
const QUEUED: usize = 64 * 1024;

/// The route `/connect`, which every binary message comes back from.
pub fn router() -> Router {
    Router::new().route("/connect", any(connect))
}

async fn connect(mut request: Request) -> Response {
    match handshake::accept(&mut request) {
        Ok((answer, upgrade)) => {
            tokio::spawn(async move {
                if let Ok(upgraded) = upgrade.await {
                    let mut socket = Socket::new(TokioIo::new(upgraded), MOST);
                    poll_fn(|cx| poll_end(&mut socket, cx)).await;
                }
            });
            answer
        }
        Err((status, why)) => (status, why).into_response(),
    }
}

/// What has come together goes back together, as a connection of the gateway does it.
fn poll_end(socket: &mut Socket<Io>, cx: &mut Context<'_>) -> Poll<()> {
    loop {
        let mut more = true;
        while more && socket.queued() < QUEUED {
            match socket.poll_incoming(cx) {
                Poll::Ready(Ok(Incoming::Message(message))) => socket.push(&message),
                Poll::Ready(Ok(Incoming::Sign)) => {}
                Poll::Ready(Ok(Incoming::Close) | Err(_)) => return Poll::Ready(()),
                Poll::Pending => more = false,
            }
        }
        match socket.poll_flush(cx) {
            Poll::Ready(Ok(())) if more => {}
            Poll::Ready(Err(_)) => return Poll::Ready(()),
            Poll::Ready(Ok(())) | Poll::Pending => return Poll::Pending,
        }
    }
}
