//! Accepts connections and serves HTTP on them.
//!
//! Our own loop rather than axum's: it limits how many connections there are (upgraded ones included, which
//! axum forgets), turns Nagle's algorithm off, reads certificates that change, and stops in order.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Layer as _;

use super::overload;

/// Connections that may wait in the kernel to be accepted: a crowd that reconnects at once.
const BACKLOG: u32 = 4096;
/// Connections past the limit that are told so at a time; still further ones are closed unheard.
const OVERFLOW: usize = 256;
/// Bytes of a request's head, and of what is buffered between socket and handler.
const HEAD_BYTES: usize = 64 * 1024;
/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long to wait when the machine cannot open another file.
const BREATHER: Duration = Duration::from_millis(100);

/// How a listener serves.
pub(crate) struct Options {
    /// What answers.
    pub(crate) router: Router,
    /// With it, connections begin with a TLS handshake.
    pub(crate) tls: Option<TlsAcceptor>,
    /// Connections that may be open at once.
    pub(crate) max_connections: u32,
    /// How long a connection may stay without a complete request head.
    pub(crate) header_timeout: Duration,
}

/// What listeners count.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListenerMetrics {
    open: Gauge,
    refused: Counter,
}

impl ListenerMetrics {
    /// Makes the figures part of `registry`.
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register(
            "http_connections",
            "Open connections, WebSockets included",
            self.open.clone(),
        );
        registry.register(
            "http_connections_refused",
            "Connections refused because as many as allowed were open",
            self.refused.clone(),
        );
    }
}

/// Begins to listen; port 0 takes a free one.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart need not wait for the old process's connections to be forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// A listener at work.
pub(crate) struct Listener {
    stop: CancellationToken,
    connections: TaskTracker,
}

impl Listener {
    /// Serves on `listener` until [`Listener::stop`].
    pub(crate) fn serve(
        listener: TcpListener,
        options: Options,
        metrics: &ListenerMetrics,
    ) -> Self {
        let this = Self { stop: CancellationToken::new(), connections: TaskTracker::new() };
        let accept = Accept {
            http: http(options.header_timeout),
            full: overload::router(),
            room: Arc::new(Semaphore::new(options.max_connections as usize)),
            overflow: Arc::new(Semaphore::new(OVERFLOW)),
            options,
            metrics: metrics.clone(),
            stop: this.stop.clone(),
            connections: this.connections.clone(),
        };
        this.connections.spawn(accept.run(listener));
        this
    }

    /// Stops accepting; connections end after the answer to the request that they are at.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
        self.connections.close();
    }

    /// Waits until the last HTTP connection has ended. Upgraded ones are the gateway's.
    pub(crate) async fn stopped(&self) {
        self.connections.wait().await;
    }
}

fn http(header_timeout: Duration) -> hyper::server::conn::http1::Builder {
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(header_timeout).max_buf_size(HEAD_BYTES);
    http
}

struct Accept {
    options: Options,
    http: hyper::server::conn::http1::Builder,
    full: Router,
    room: Arc<Semaphore>,
    overflow: Arc<Semaphore>,
    metrics: ListenerMetrics,
    stop: CancellationToken,
    connections: TaskTracker,
}

impl Accept {
    async fn run(self, listener: TcpListener) {
        loop {
            let accepted = tokio::select! {
                () = self.stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => self.connection(stream, peer),
                // The other side was quicker to leave than we to accept.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    tracing::warn!("cannot accept a connection: {error}");
                    tokio::time::sleep(BREATHER).await;
                }
            }
        }
    }

    fn connection(&self, stream: TcpStream, peer: SocketAddr) {
        let (permit, router) = if let Ok(permit) = Arc::clone(&self.room).try_acquire_owned() {
            (permit, self.options.router.clone())
        } else {
            self.metrics.refused.inc();
            let Ok(permit) = Arc::clone(&self.overflow).try_acquire_owned() else { return };
            (permit, self.full.clone())
        };
        // Without this a small answer waits for the acknowledgement of the one before.
        if stream.set_nodelay(true).is_err() {
            return;
        }
        let stream = Counted::new(stream, permit, self.metrics.open.clone());
        let (http, stop) = (self.http.clone(), self.stop.clone());
        match self.options.tls.clone() {
            None => drop(self.connections.spawn(serve(http, stream, peer, router, stop))),
            Some(tls) => drop(self.connections.spawn(async move {
                // Boxed, so that the handshake's state is not kept for the connection's life.
                let handshake = Box::pin(tokio::time::timeout(HANDSHAKE, tls.accept(stream)));
                match handshake.await {
                    Ok(Ok(stream)) => serve(http, stream, peer, router, stop).await,
                    Ok(Err(error)) => tracing::debug!("a TLS handshake failed: {error}"),
                    Err(_) => tracing::debug!("a TLS handshake took too long"),
                }
            })),
        }
    }
}

async fn serve<I>(
    http: hyper::server::conn::http1::Builder,
    stream: I,
    peer: SocketAddr,
    router: Router,
    stop: CancellationToken,
) where
    I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let service = TowerToHyperService::new(Extension(ConnectInfo(peer)).layer(router));
    let mut connection =
        Box::pin(http.serve_connection(TokioIo::new(stream), service).with_upgrades());
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!("a connection ended: {error}");
    }
}

/// A stream that counts as an open connection for as long as it exists, also after an upgrade.
struct Counted<I> {
    stream: I,
    open: Gauge,
    _permit: OwnedSemaphorePermit,
}

impl<I> Counted<I> {
    fn new(stream: I, permit: OwnedSemaphorePermit, open: Gauge) -> Self {
        open.inc();
        Self { stream, open, _permit: permit }
    }
}

impl<I> Drop for Counted<I> {
    fn drop(&mut self) {
        self.open.dec();
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Counted<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Counted<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    async fn status(address: SocketAddr) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer.lines().next().unwrap_or_default().to_owned()
    }

    #[tokio::test]
    async fn a_connection_past_the_limit_is_answered_503_until_there_is_room() {
        let socket = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = socket.local_addr().unwrap();
        let options = Options {
            router: Router::new().route("/", get(async || "hello")),
            tls: None,
            max_connections: 1,
            header_timeout: Duration::from_mins(1),
        };
        let metrics = ListenerMetrics::default();
        let listener = Listener::serve(socket, options, &metrics);

        let first = TcpStream::connect(address).await.unwrap();
        while metrics.open.get() == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(status(address).await, "HTTP/1.1 503 Service Unavailable");
        assert_eq!(metrics.refused.get(), 1);
        drop(first);
        while metrics.open.get() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(status(address).await, "HTTP/1.1 200 OK");

        listener.stop();
        listener.stopped().await;
        assert!(TcpStream::connect(address).await.is_err());
    }

    #[tokio::test]
    async fn a_connection_that_says_nothing_is_closed_in_time() {
        let socket = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = socket.local_addr().unwrap();
        let options = Options {
            router: Router::new(),
            tls: None,
            max_connections: 1,
            header_timeout: Duration::from_millis(50),
        };
        let _listener = Listener::serve(socket, options, &ListenerMetrics::default());
        let mut silent = TcpStream::connect(address).await.unwrap();
        let mut rest = Vec::new();
        let end =
            tokio::time::timeout(Duration::from_secs(10), silent.read_to_end(&mut rest)).await;
        end.expect("it was left open").unwrap();
    }
}
