//! The API explorer: signs a call of the Server API and sends it, within the process and through every gate.

use axum::body::Body;
use axum::http::Request;
use nuncio_core::operators::Role;
use nuncio_protocol::{Refusal, signing};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tower::ServiceExt as _;

use crate::call::{Call, Context, Who};
use crate::error::ConsoleError;

/// Bytes of an answer that are shown.
const ANSWER_BYTES: usize = 4 * 1024 * 1024;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Asked {
    path: String,
    body: Value,
    #[serde(default)]
    with_secret: bool,
    /// Where the command shall call: the server as the operator's browser knows it.
    #[serde(default = "usual_server")]
    server: String,
}

fn usual_server() -> String {
    "http://127.0.0.1:9645".to_owned()
}

impl Asked {
    /// The path of an operation; nothing that could break out of a command line.
    fn check(&self) -> Result<(), ConsoleError> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_');
        if !(self.path.starts_with("/v4/") && self.path.bytes().all(plain)) || self.path.len() > 200
        {
            let fault = "is not the path of an operation, such as `/v4/user/get`";
            return Err(ConsoleError::member("path", fault));
        }
        let host =
            |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b':' | b'-' | b'[' | b']');
        let address = self.server.strip_prefix("http").map(|rest| rest.trim_start_matches('s'));
        let address = address.and_then(|rest| rest.strip_prefix("://"));
        match address {
            Some(address) if address.len() < 300 && address.bytes().all(host) => Ok(()),
            _ => Err(ConsoleError::member("server", "is no address such as `https://im.example`")),
        }
    }
}

/// Signs and sends.
pub(crate) struct Send;
impl Call for Send {
    const PATH: &'static str = "explorer/send";
    const WHO: Who = Who::OnApp(Role::Developer);
    type Request = Asked;
    type Response = Value;

    async fn call(ctx: &Context, asked: Asked) -> Result<Value, ConsoleError> {
        asked.check()?;
        let app = ctx.app()?;
        let origin = ctx.origin.clone().ok_or(Refusal::NotSignedIn)?;
        let secret = ctx.core.app_secret(app)?;
        let (nonce, now) =
            (format!("{:032x}", rand::random::<u128>()), ctx.core.now().0.to_string());
        let body = asked.body.to_string();
        let v2 = signing::v2(&secret, "POST", &asked.path, body.as_bytes(), &now, &nonce);
        let request = Request::post(&asked.path)
            .header("App-Key", app.key.as_str())
            .header("Nonce", &nonce)
            .header("Timestamp", &now)
            .header("Signature", signing::v1(&secret, &nonce, &now))
            .header("Nuncio-Signature", v2)
            .header("Content-Type", "application/json")
            .header("X-Request-ID", &ctx.request_id)
            // What it changes is the operator's doing, in the audit trail too.
            .extension(origin)
            .body(Body::from(body))
            .map_err(ConsoleError::internal)?;
        let began = std::time::Instant::now();
        let Ok(response) = ctx.server_api.clone().oneshot(request).await;
        let (head, body) = response.into_parts();
        let body =
            axum::body::to_bytes(body, ANSWER_BYTES).await.map_err(ConsoleError::internal)?;
        let headers: Map<_, _> = head
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.to_string(), json!(value.to_str().ok()?))))
            .collect();
        Ok(json!({
            "status": head.status.as_u16(),
            "headers": headers,
            "body": String::from_utf8_lossy(&body),
            "tookMs": u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            "curl": curl(app.key.as_str(), None, &asked),
        }))
    }
}

/// The same call for a terminal, with the secret where that was asked for.
pub(crate) struct Curl;
impl Call for Curl {
    const PATH: &'static str = "explorer/curl";
    const WHO: Who = Who::OnApp(Role::Developer);
    type Request = Asked;
    type Response = Value;

    async fn call(ctx: &Context, asked: Asked) -> Result<Value, ConsoleError> {
        asked.check()?;
        let app = ctx.app()?;
        let secret = if asked.with_secret {
            ctx.confirmed()?;
            Some(ctx.core.app_secret(app)?)
        } else {
            None
        };
        Ok(json!({ "curl": curl(app.key.as_str(), secret.as_deref(), &asked) }))
    }
}

fn curl(key: &str, secret: Option<&str>, asked: &Asked) -> String {
    let body = asked.body.to_string().replace('\'', "'\\''");
    let secret = secret.unwrap_or("...");
    let Asked { path, server, .. } = asked;
    format!(
        "SERVER='{server}' APP_SECRET='{secret}'
NONCE=$RANDOM$RANDOM TIMESTAMP=$(date +%s%3N)
SIGNATURE=$(printf %s \"$APP_SECRET$NONCE$TIMESTAMP\" | sha1sum | cut -d' ' -f1)
curl \"$SERVER{path}\" -H 'App-Key: {key}' -H \"Nonce: $NONCE\" -H \"Timestamp: $TIMESTAMP\" \\
  -H \"Signature: $SIGNATURE\" -H 'Content-Type: application/json' -d '{body}'"
    )
}
