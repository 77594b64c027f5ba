//! A push gateway of an app's own that takes whatever comes, and counts it: a thread of this program.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hyper::body::{Body as _, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// A running gateway; its thread ends with the program.
pub(crate) struct Gateway {
    pub(crate) address: SocketAddr,
    taken: Arc<AtomicU64>,
}

impl Gateway {
    pub(crate) fn start() -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let (address, taken) = (listener.local_addr()?, Arc::new(AtomicU64::default()));
        let gateway = Self { address, taken: Arc::clone(&taken) };
        std::thread::spawn(move || runtime.block_on(serve(listener, taken)));
        Ok(gateway)
    }

    /// Notifications that it has taken.
    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }
}

async fn serve(listener: TcpListener, taken: Arc<AtomicU64>) {
    while let Ok((stream, _)) = listener.accept().await {
        let taken = Arc::clone(&taken);
        let answer = service_fn(move |request: Request<Incoming>| {
            let taken = Arc::clone(&taken);
            async move {
                let mut body = request.into_body();
                while let Some(Ok(_)) =
                    poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await
                {
                }
                taken.fetch_add(1, Ordering::Relaxed);
                Ok::<_, Infallible>(Response::new(String::new()))
            }
        });
        let http = hyper::server::conn::http1::Builder::new();
        let connection = http.serve_connection(TokioIo::new(stream), answer);
        tokio::spawn(async move {
            // A server that goes away ends nothing but its connection.
            let _ = connection.await;
        });
    }
}
