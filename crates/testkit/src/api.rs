//! Signed Server API calls.

use std::time::{SystemTime, UNIX_EPOCH};

use nuncio_protocol::signing;
use serde_json::{Value, json};

/// An app server: holds an App Key and its secret.
#[derive(Clone, Debug)]
pub struct Api {
    /// Base address, such as `http://127.0.0.1:8080`.
    pub base: String,
    /// The App Key.
    pub key: String,
    /// The App Secret.
    pub secret: String,
    http: reqwest::Client,
}

/// What the server answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Value,
    /// The headers.
    pub headers: reqwest::header::HeaderMap,
}

impl Answer {
    /// The body's `code`.
    #[must_use]
    pub fn code(&self) -> i64 {
        self.body["code"].as_i64().unwrap_or(-1)
    }

    /// The body's `result`, of a call that must have succeeded.
    #[must_use]
    #[track_caller]
    pub fn result(&self) -> Value {
        assert_eq!((self.status, self.code()), (200, 0), "{}", self.body);
        self.body["result"].clone()
    }
}

impl Api {
    /// An app server that calls `base`.
    #[must_use]
    pub fn new(base: &str, key: &str, secret: &str) -> Self {
        // Each call has a connection of its own, and so may come to any node behind `Proxy::to_any`.
        let http = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
        Self { base: base.to_owned(), key: key.to_owned(), secret: secret.to_owned(), http }
    }

    /// Calls an operation; the answer may be a failure, but an answer it must be.
    pub async fn call(&self, path: &str, body: Value) -> Answer {
        self.try_call(path, body).await.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Calls a form-encoded operation of the legacy API.
    pub async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let text: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = self
            .signed(path)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(text.join("&"));
        answer(request).await.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Calls an operation; fails when there is no answer.
    pub async fn try_call(&self, path: &str, body: Value) -> anyhow::Result<Answer> {
        answer(self.signed(path).json(&body)).await
    }

    fn signed(&self, path: &str) -> reqwest::RequestBuilder {
        let nonce = rand::random::<u64>().to_string();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis().to_string();
        self.http
            .post(format!("{}{path}", self.base))
            .header("App-Key", &self.key)
            .header("Nonce", &nonce)
            .header("Timestamp", &now)
            .header("Signature", signing::v1(&self.secret, &nonce, &now))
    }

    /// Calls an operation that must succeed; returns its result.
    #[track_caller]
    pub fn ok(&self, path: &str, body: Value) -> impl Future<Output = Value> {
        let (api, path) = (self.clone(), path.to_owned());
        async move { api.call(&path, body).await.result() }
    }

    /// Registers a user, or asks for one more token.
    pub async fn token(&self, user: &str) -> String {
        let request = json!({ "userId": user, "name": format!("Name of {user}") });
        let result = self.ok("/v4/auth/access-token/issue", request).await;
        result["accessToken"].as_str().unwrap().to_owned()
    }
}

async fn answer(request: reqwest::RequestBuilder) -> anyhow::Result<Answer> {
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok(Answer { status, body: response.json().await?, headers })
}
