//! An app server's side of the API.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, Response};
use nuncio_api::Options;
use nuncio_bus::LocalBus;
use nuncio_core::{Core, TestClock, Vault};
use nuncio_protocol::{Timestamp, signing};
use nuncio_store::apps::{App, Edition, Environment};
use nuncio_store::{Place, Store};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// The moment at which every test begins.
pub(crate) const NOW: i64 = 1_769_847_300_000; // 2026-01-31 08:15:00

/// The API over a store of its own.
pub(crate) struct World {
    pub(crate) router: Router,
    pub(crate) core: Core,
    pub(crate) clock: Arc<TestClock>,
    _data: tempfile::TempDir,
}

/// An app server.
pub(crate) struct Tenant<'w> {
    world: &'w World,
    pub(crate) app: App,
    pub(crate) secret: String,
}

/// What the server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Options::default()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let data = tempfile::tempdir().unwrap();
        let bus = Arc::new(LocalBus::default());
        let clock = Arc::new(TestClock::new(Timestamp(NOW)));
        let store = Store::open(nuncio_store::Options {
            place: Place::File(data.path().join("nuncio.db")),
            node: 0,
            nudges: bus.clone(),
            groups: <_>::default(),
        })
        .await
        .unwrap();
        let vault = Vault::open_or_create(&data.path().join("master.key")).unwrap();
        let core = Core::new(store, bus, clock.clone(), vault);
        let router = nuncio_api::router(core.clone(), options);
        Self { router, core, clock, _data: data }
    }

    /// A new app in production, without a limit on users.
    pub(crate) async fn tenant(&self) -> Tenant<'_> {
        self.tenant_in(Environment::Production, Edition::Flagship).await
    }

    pub(crate) async fn tenant_in(&self, environment: Environment, edition: Edition) -> Tenant<'_> {
        let made = self.core.create_app("Test", environment, edition).await.unwrap();
        let secret = made.secret.expose_secret().to_owned();
        Tenant { world: self, app: made.app, secret }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response: Response<Body> = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| json!({ "text": String::from_utf8_lossy(&bytes) }));
        Answer { status: head.status.as_u16(), headers: head.headers, body }
    }
}

impl Tenant<'_> {
    /// The headers of a request that this app signs now, with a nonce of its own.
    pub(crate) fn sign(&self) -> Vec<(&'static str, String)> {
        let nonce = rand::random::<u64>().to_string();
        let timestamp = self.world.core.now().0.to_string();
        let signature = signing::v1(&self.secret, &nonce, &timestamp);
        vec![
            ("App-Key", self.app.key.to_string()),
            ("Nonce", nonce),
            ("Timestamp", timestamp),
            ("Signature", signature),
        ]
    }

    pub(crate) async fn call(&self, path: &str, body: Value) -> Answer {
        self.call_with(path, &[], body).await
    }

    /// A call with more headers.
    pub(crate) async fn call_with(
        &self,
        path: &str,
        headers: &[(&'static str, &str)],
        body: Value,
    ) -> Answer {
        let mut all = self.sign();
        all.push(("Content-Type", "application/json".to_owned()));
        all.extend(headers.iter().map(|(name, value)| (*name, (*value).to_owned())));
        self.world.send(post(path, &all, body.to_string())).await
    }

    pub(crate) async fn form(&self, path: &str, body: &str) -> Answer {
        let mut all = self.sign();
        all.push(("Content-Type", "application/x-www-form-urlencoded".to_owned()));
        self.world.send(post(path, &all, body.to_owned())).await
    }

    /// The result of a call that must succeed.
    pub(crate) async fn ok(&self, path: &str, body: Value) -> Value {
        self.call(path, body).await.result()
    }

    /// Status, code and sentence of a call that must fail.
    pub(crate) async fn refused(&self, path: &str, body: Value) -> (u16, i64, String) {
        self.call(path, body).await.refusal()
    }

    /// Registers users.
    pub(crate) async fn register(&self, users: &[&str]) {
        for user in users {
            let body = json!({ "userId": user, "name": format!("Name of {user}") });
            self.ok("/v4/auth/access-token/issue", body).await;
        }
    }

    /// Changes the app's record.
    pub(crate) async fn set(&mut self, change: impl Fn(&mut App) + Send + 'static) {
        self.app = self.world.core.set_app(self.app.id, change).await.unwrap();
    }
}

impl Answer {
    pub(crate) fn code(&self) -> i64 {
        self.body["code"].as_i64().unwrap_or(-1)
    }

    #[track_caller]
    pub(crate) fn result(self) -> Value {
        assert_eq!((self.status, self.code()), (200, 0), "{}", self.body);
        assert_eq!(self.headers["content-type"], "application/json; charset=utf-8");
        self.body["result"].clone()
    }

    #[track_caller]
    pub(crate) fn refusal(self) -> (u16, i64, String) {
        assert!(self.status >= 400 && self.code() > 0, "{}", self.body);
        assert_eq!(self.body["requestId"], self.headers["x-request-id"].to_str().unwrap());
        let sentence = self.body["errorMessage"].as_str().unwrap().to_owned();
        (self.status, self.code(), sentence)
    }
}

pub(crate) fn post(
    path: &str,
    headers: &[(&'static str, String)],
    body: impl Into<Body>,
) -> Request<Body> {
    let mut request = Request::post(path);
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    request.body(body.into()).unwrap()
}

/// `count` valid user ids.
pub(crate) fn ids(count: usize) -> Vec<String> {
    (0..count).map(|i| format!("u{i}")).collect()
}
