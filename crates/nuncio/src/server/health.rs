//! Whether the process lives, and whether it is ready for work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use nuncio_store::Store;

use crate::product::Joint;

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// What probes are told.
#[derive(Clone)]
pub(crate) struct Health {
    store: Store,
    bus: Joint,
    draining: Arc<AtomicBool>,
}

impl Health {
    /// Of a server that works with `store`, and with other nodes by `bus`.
    pub(crate) fn new(store: Store, bus: Joint) -> Self {
        Self { store, bus, draining: Arc::default() }
    }

    /// From now on the server is not ready: it is about to stop.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// `/healthz` and `/readyz`.
    pub(crate) fn router(self) -> Router {
        Router::new()
            .route("/healthz", get(async || "the process lives\n"))
            .route("/readyz", get(ready))
            .with_state(self)
    }
}

async fn ready(State(health): State<Health>) -> (StatusCode, &'static str) {
    if health.draining.load(Ordering::Relaxed) {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining\n");
    }
    if health.bus.is_cut_off() {
        let told = "cut off from the database or from the other nodes\n";
        return (StatusCode::SERVICE_UNAVAILABLE, told);
    }
    match tokio::time::timeout(PATIENCE, health.store.ping()).await {
        Ok(Ok(())) => (StatusCode::OK, "ready\n"),
        Ok(Err(error)) => {
            tracing::warn!("not ready: {error}");
            (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n")
        }
        Err(_) => {
            tracing::warn!("not ready: the store did not answer in time");
            (StatusCode::SERVICE_UNAVAILABLE, "the store did not answer in time\n")
        }
    }
}
