//! A browser's side of the console.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::response::Parts;
use axum::http::{HeaderMap, Request};
use nuncio_bus::LocalBus;
use nuncio_core::operators::Role;
use nuncio_core::{Core, TestClock, Vault};
use nuncio_protocol::Timestamp;
use nuncio_store::{Place, Store};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

pub(crate) const PASSWORD: &str = "a long enough password";

pub(crate) struct World {
    pub(crate) router: Router,
    pub(crate) core: Core,
    pub(crate) clock: Arc<TestClock>,
    _data: tempfile::TempDir,
}

/// A browser: keeps the cookie that it is given.
pub(crate) struct Browser {
    router: Router,
    pub(crate) cookie: Mutex<String>,
    pub(crate) address: SocketAddr,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body
    }

    /// The name of the refusal.
    #[track_caller]
    pub(crate) fn refusal(&self) -> &str {
        assert!(self.status >= 400, "{}", self.body);
        self.body["name"].as_str().unwrap()
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let bus = Arc::new(LocalBus::default());
        let clock = Arc::new(TestClock::new(Timestamp(1_790_000_000_000)));
        let store = Store::open(nuncio_store::Options {
            place: Place::File(data.path().join("nuncio.db")),
            node: 0,
            nudges: bus.clone(),
            groups: <_>::default(),
        })
        .await
        .unwrap();
        let core = Core::new(store, bus, clock.clone(), Vault::from_key(&[7; 32]));
        let server_api = nuncio_api::router(core.clone(), nuncio_api::Options::default());
        let options = nuncio_console::Options { tls: false, server_api };
        let router = nuncio_console::router(core.clone(), options);
        Self { router, core, clock, _data: data }
    }

    pub(crate) fn browser(&self) -> Browser {
        let address = SocketAddr::from(([127, 0, 0, 1], 40_000));
        Browser { router: self.router.clone(), cookie: Mutex::default(), address }
    }

    /// The first owner, signed in.
    pub(crate) async fn owner(&self) -> Browser {
        let link = self.core.first_owner_link().await.unwrap().unwrap();
        let browser = self.browser();
        let token = link.token.expose_secret();
        let body = json!({ "token": token, "name": "ada", "password": PASSWORD });
        browser.call("session/redeem", body).await.ok();
        browser
    }

    /// An operator with a role on one app, or on all, signed in.
    pub(crate) async fn operator(
        &self,
        owner: &Browser,
        name: &str,
        app: Option<&str>,
        role: Role,
    ) -> Browser {
        let grants = json!([{ "appKey": app, "role": role }]);
        let link =
            owner.call("operators/invite", json!({ "name": name, "grants": grants })).await.ok();
        let token = link["url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let browser = self.browser();
        let body = json!({ "token": token, "password": PASSWORD });
        browser.call("session/redeem", body).await.ok();
        browser
    }
}

impl Browser {
    pub(crate) async fn call(&self, path: &str, body: Value) -> Answer {
        self.call_with(path, body, &[]).await
    }

    /// The same with other headers in place of the usual ones; an empty value leaves one out.
    pub(crate) async fn call_with(
        &self,
        path: &str,
        body: Value,
        headers: &[(&'static str, &str)],
    ) -> Answer {
        let (head, bytes) = self.send(path, body, headers).await;
        let body = serde_json::from_slice(&bytes).unwrap();
        Answer { status: head.status.as_u16(), headers: head.headers, body }
    }

    /// The text of a file that is answered.
    pub(crate) async fn download(&self, path: &str, body: Value) -> String {
        String::from_utf8(self.download_bytes(path, body).await.1.into()).unwrap()
    }

    /// The headers and the bytes of a file that is answered.
    pub(crate) async fn download_bytes(&self, path: &str, body: Value) -> (HeaderMap, Bytes) {
        let (head, bytes) = self.send(path, body, &[]).await;
        assert_eq!(head.status.as_u16(), 200, "{}", String::from_utf8_lossy(&bytes));
        let disposition = head.headers["content-disposition"].to_str().unwrap();
        assert!(disposition.starts_with("attachment; filename="), "{disposition}");
        (head.headers, bytes)
    }

    async fn send(
        &self,
        path: &str,
        body: Value,
        headers: &[(&'static str, &str)],
    ) -> (Parts, Bytes) {
        let cookie = self.cookie.lock().unwrap().clone();
        let mut all = vec![
            ("host", "console.example".to_owned()),
            ("origin", "http://console.example".to_owned()),
            ("sec-fetch-site", "same-origin".to_owned()),
            ("nuncio-console", "1".to_owned()),
            ("content-type", "application/json".to_owned()),
            ("cookie", cookie),
        ];
        for (name, value) in headers {
            all.retain(|(other, _)| other != name);
            all.push((name, (*value).to_owned()));
        }
        let mut request = Request::post(format!("/console/api/{path}"));
        for (name, value) in all.iter().filter(|(_, value)| !value.is_empty()) {
            request = request.header(*name, value);
        }
        let mut request = request.body(Body::from(body.to_string())).unwrap();
        request.extensions_mut().insert(ConnectInfo(self.address));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        if let Some(cookie) = head.headers.get("set-cookie") {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
            *self.cookie.lock().unwrap() = pair;
        }
        (head, bytes)
    }

    pub(crate) async fn sign_in(&self, name: &str, password: &str) -> Answer {
        self.call("session/sign-in", json!({ "name": name, "password": password })).await
    }

    /// A new app: its key.
    pub(crate) async fn app(&self, environment: &str, edition: &str) -> String {
        let body = json!({ "name": "Test", "environment": environment, "edition": edition });
        let made = self.call("apps/create", body).await.ok();
        made["app"]["appKey"].as_str().unwrap().to_owned()
    }
}
