//! An app's server as webhooks see it: it keeps what it gets and answers as the test says.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::IntoResponse;
use serde_json::Value;

/// How long a test waits for something to arrive.
const PATIENCE: Duration = Duration::from_mins(1);

/// A request that arrived.
#[derive(Clone, Debug)]
pub struct Received {
    /// Path and query.
    pub path: String,
    /// Headers, names in lower case.
    pub headers: HashMap<String, String>,
    /// The body as it came.
    pub raw: String,
    /// The body.
    pub body: Value,
    /// The status that it was answered with; 0 when it was left without an answer.
    pub status: u16,
}

impl Received {
    /// The event's data.
    #[must_use]
    pub fn data(&self) -> &Value {
        &self.body["data"][0]
    }
}

/// What a request is answered with.
#[derive(Clone, Debug)]
pub struct Reply {
    /// HTTP status; 0: no answer at all.
    pub status: u16,
    /// The body.
    pub body: String,
    /// A `Location` header, when not empty.
    pub location: String,
    /// How long to wait before.
    pub after: Duration,
}

impl Reply {
    /// An answer with a status.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self { status, body: String::new(), location: String::new(), after: Duration::ZERO }
    }

    /// An answer with a body.
    #[must_use]
    pub fn json(body: &Value) -> Self {
        Self { body: body.to_string(), ..Self::status(200) }
    }

    /// No answer.
    #[must_use]
    pub fn hang() -> Self {
        Self::status(0)
    }
}

type Behaviour = dyn Fn(&Received) -> Reply + Send + Sync;

struct Inside {
    received: Mutex<Vec<Received>>,
    behaviour: Mutex<Arc<Behaviour>>,
}

/// A receiver on a free port of 127.0.0.1. It answers 200 until told otherwise.
#[derive(Clone)]
pub struct Receiver {
    address: SocketAddr,
    inside: Arc<Inside>,
}

impl Receiver {
    /// Starts one.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let inside = Arc::new(Inside {
            received: Mutex::default(),
            behaviour: Mutex::new(Arc::new(|_: &Received| Reply::status(200))),
        });
        let router = Router::new().fallback(take).with_state(Arc::clone(&inside));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, inside }
    }

    /// Its address with this path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Says how it answers from now on.
    pub fn answer(&self, behaviour: impl Fn(&Received) -> Reply + Send + Sync + 'static) {
        *self.inside.behaviour.lock().unwrap() = Arc::new(behaviour);
    }

    /// What has arrived, answered or not.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.inside.received.lock().unwrap().clone()
    }

    /// What was answered with a success.
    #[must_use]
    pub fn accepted(&self) -> Vec<Received> {
        let received = self.received();
        received.into_iter().filter(|r| (200..300).contains(&r.status)).collect()
    }

    /// Waits until `enough` is true of what has arrived.
    pub async fn wait(&self, what: &str, enough: impl Fn(&[Received]) -> bool) -> Vec<Received> {
        let begun = Instant::now();
        loop {
            let received = self.received();
            if enough(&received) {
                return received;
            }
            assert!(begun.elapsed() < PATIENCE, "{what} did not come; there is {received:#?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn take(
    State(inside): State<Arc<Inside>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> impl IntoResponse {
    let raw = String::from_utf8(body.to_vec()).unwrap();
    let text = |value: &axum::http::HeaderValue| value.to_str().unwrap().to_owned();
    let mut received = Received {
        path: uri.to_string(),
        headers: headers.iter().map(|(name, v)| (name.to_string(), text(v))).collect(),
        body: serde_json::from_str(&raw).unwrap_or_default(),
        raw,
        status: 0,
    };
    let behaviour = Arc::clone(&*inside.behaviour.lock().unwrap());
    let reply = behaviour(&received);
    received.status = reply.status;
    inside.received.lock().unwrap().push(received);
    tokio::time::sleep(reply.after).await;
    if reply.status == 0 {
        std::future::pending::<()>().await;
    }
    let status = StatusCode::from_u16(reply.status).unwrap();
    (status, [("location", reply.location)], reply.body)
}
