//! What every call goes through, in this order: path and method, origin, session, body, role, confirmation, and
//! then the call itself.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use nuncio_core::Core;
use nuncio_core::operators::{Operator, SignedIn, Visitor};
use nuncio_protocol::{AppKey, Code, Origin, Refusal, limits};
use nuncio_store::apps::App;
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};

use crate::Options;
use crate::call::{Answer, Context, Cookie, Declared, Done, File, Who};
use crate::error::ConsoleError;

/// Time that a call has, from its head to its answer.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The header that no other site's form or script can send here without being asked first.
const OWN_HEADER: &str = "nuncio-console";
/// The cookie; over TLS the prefix binds it to this host, and to secure connections.
const COOKIE: &str = "nuncio-console";
const SECURE_COOKIE: &str = "__Host-nuncio-console";

/// The console's state.
pub(crate) struct Console {
    core: Core,
    options: Options,
}

impl Console {
    pub(crate) fn new(core: Core, options: Options) -> Self {
        Self { core, options }
    }

    /// Answers one request, whatever it is.
    pub(crate) async fn serve(
        self: Arc<Self>,
        declared: Option<&'static Declared>,
        request: Request,
    ) -> Response<Body> {
        let request_id = format!("{:016x}", rand::random::<u64>());
        let secure = self.options.tls || is_secure(request.headers());
        let work = Box::pin(self.answer(declared, request, request_id.clone()));
        let mut response = match tokio::time::timeout(TIMEOUT, work).await {
            Ok(Ok(Done { answer, cookie })) => {
                let mut response = match answer {
                    Answer::Json(result) => respond(StatusCode::OK, &result),
                    Answer::File(file) => attachment(file),
                };
                if let Some(value) = set_cookie(&cookie, secure) {
                    response.headers_mut().insert(header::SET_COOKIE, value);
                }
                response
            }
            Ok(Err(error)) => failure(&error, &request_id),
            Err(_) => {
                let sentence = "the call was not finished in time, and may still take effect";
                failure(&ConsoleError::new(Code::Timeout, sentence), &request_id)
            }
        };
        if let Ok(id) = HeaderValue::from_str(&request_id) {
            response.headers_mut().insert("x-request-id", id);
        }
        response
    }

    async fn answer(
        &self,
        declared: Option<&'static Declared>,
        request: Request,
        request_id: String,
    ) -> Result<Done, ConsoleError> {
        let (head, body) = request.into_parts();
        let declared = declared
            .ok_or_else(|| ConsoleError::new(Code::PathNotFound, "there is no such call"))?;
        if head.method != Method::POST {
            let sentence = "only POST is answered here";
            return Err(ConsoleError::new(Code::MethodNotAllowed, sentence));
        }
        from_own_pages(&head)?;
        let signed_in = self.session(&head.headers).await?;
        if declared.who != Who::Anybody && signed_in.is_none() {
            return Err(Refusal::NotSignedIn.into());
        }
        let members = read(body).await?;
        let app = allow(&self.core, declared, signed_in.as_ref(), &members).await?;
        if declared.confirmed
            && let Some(signed_in) = &signed_in
        {
            self.core.confirmed(&signed_in.session)?;
        }
        let peer = head.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
        let text = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
        let visitor = Visitor {
            address: peer.map(|peer| peer.to_string()).unwrap_or_default(),
            agent: text(header::USER_AGENT).unwrap_or_default().to_owned(),
            request_id: request_id.clone(),
        };
        let origin = signed_in.as_ref().map(|SignedIn { operator, .. }| {
            Origin::operator(operator.name.to_string(), peer, request_id.clone())
        });
        let core = match &origin {
            Some(origin) => self.core.by(origin.clone()),
            None => self.core.clone(),
        };
        let ctx = Context {
            core,
            server_api: self.options.server_api.clone(),
            visitor,
            request_id,
            origin,
            signed_in,
            app,
            cookie: Mutex::default(),
            file: Mutex::default(),
        };
        // In a task of its own, so that who hangs up does not leave a commit without its effects.
        tokio::spawn((declared.run)(ctx, members)).await.map_err(ConsoleError::internal)?
    }

    /// The session that the request's cookie opens, if it opens one.
    async fn session(&self, headers: &HeaderMap) -> Result<Option<SignedIn>, ConsoleError> {
        let Some(token) = token(headers) else { return Ok(None) };
        match self.core.session(token.to_owned().into()).await {
            Ok(signed_in) => Ok(Some(signed_in)),
            Err(nuncio_core::Error::Refused(Refusal::NotSignedIn)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether the browser came over TLS: it says so itself, which a proxy in between does not hide.
fn is_secure(headers: &HeaderMap) -> bool {
    headers.get(header::ORIGIN).is_some_and(|origin| origin.as_bytes().starts_with(b"https://"))
}

fn token(headers: &HeaderMap) -> Option<&str> {
    let pairs = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let mut found = None;
    for (name, value) in pairs {
        match name {
            SECURE_COOKIE => return Some(value),
            COOKIE => found = found.or(Some(value)),
            _ => {}
        }
    }
    found
}

fn set_cookie(cookie: &Cookie, secure: bool) -> Option<HeaderValue> {
    let (token, age) = match cookie {
        Cookie::Keep => return None,
        Cookie::Set(token) => (token.expose_secret(), nuncio_core::operators::SESSION_MS / 1000),
        Cookie::Clear => ("", 0),
    };
    let (name, rest) = if secure {
        (SECURE_COOKIE, "Path=/; HttpOnly; SameSite=Strict; Secure")
    } else {
        (COOKIE, "Path=/console; HttpOnly; SameSite=Strict")
    };
    HeaderValue::from_str(&format!("{name}={token}; Max-Age={age}; {rest}")).ok()
}

/// Refuses what a page of another site makes a browser send. The header alone would do, since no other site may
/// send it; what the browser says of where it comes from must fit too.
fn from_own_pages(head: &Parts) -> Result<(), ConsoleError> {
    let foreign = |sentence: &str| Err(ConsoleError::new(Code::ForeignOrigin, sentence));
    if !head.headers.contains_key(OWN_HEADER) {
        return foreign("the header `Nuncio-Console` is missing");
    }
    let text = |name: &str| head.headers.get(name).map(|v| v.to_str().unwrap_or("?"));
    if text("sec-fetch-site").is_some_and(|site| site != "same-origin") {
        return foreign("the request comes from a page of another site");
    }
    if let Some(origin) = text("origin") {
        let host = origin.split_once("://").map(|(_, host)| host);
        if host.is_none() || host != text("host") {
            return foreign("the request comes from a page of another origin");
        }
    }
    let kind = text("content-type").unwrap_or_default();
    if kind.split(';').next().is_none_or(|kind| kind.trim() != "application/json") {
        let sentence = "the `Content-Type` must be `application/json`";
        return Err(ConsoleError::new(Code::WrongContentType, sentence));
    }
    Ok(())
}

async fn read(body: Body) -> Result<Map<String, Value>, ConsoleError> {
    let bytes = Limited::new(body, limits::BODY_BYTES)
        .collect()
        .await
        .map_err(|error| {
            if error.is::<http_body_util::LengthLimitError>() {
                let most = limits::BODY_BYTES;
                let sentence = format!("the body has more than {most} bytes");
                ConsoleError::new(Code::BodyTooLarge, sentence)
            } else {
                ConsoleError::new(Code::BadParameter, "the body did not come whole")
            }
        })?
        .to_bytes();
    serde_json::from_slice(&bytes)
        .map_err(|_| ConsoleError::new(Code::BadParameter, "the body is not a JSON object"))
}

/// Whether the operator's role is enough; and the app, where one is meant. Who has no role on an app is told
/// that there is none.
async fn allow(
    core: &Core,
    declared: &Declared,
    signed_in: Option<&SignedIn>,
    members: &Map<String, Value>,
) -> Result<Option<Arc<App>>, ConsoleError> {
    let operator = signed_in.map(|signed_in| &signed_in.operator);
    match declared.who {
        Who::Anybody | Who::Operator => Ok(None),
        Who::OnAll(needed) => {
            if operator.and_then(Operator::role_on_all).is_some_and(|role| role >= needed) {
                return Ok(None);
            }
            Err(Refusal::RoleTooLow { needed: needed.word() }.into())
        }
        Who::OnApp(needed) => {
            let key = members.get("appKey").and_then(Value::as_str);
            let key = key.ok_or_else(|| ConsoleError::member("appKey", "is missing"))?;
            let app = match AppKey::try_from(key) {
                Ok(key) => core.app(&key).await?,
                Err(_) => None,
            };
            let found = app.and_then(|app| Some((operator?.role_on(app.id)?, app)));
            match found {
                None => Err(Refusal::AppNotFound.into()),
                Some((role, app)) if role >= needed => Ok(Some(app)),
                Some(_) => Err(Refusal::RoleTooLow { needed: needed.word() }.into()),
            }
        }
    }
}

fn respond(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, json);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// A file is saved and never shown: whatever it holds, it is no page of this origin.
fn attachment(file: File) -> Response<Body> {
    let mut response = Response::new(file.body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.content_type));
    if let Some(length) = file.length {
        headers.insert(header::CONTENT_LENGTH, length.into());
    }
    if let Ok(value) = format!("attachment; filename=\"{}\"", file.name).parse() {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn failure(error: &ConsoleError, request_id: &str) -> Response<Body> {
    if let Some(cause) = &error.cause {
        tracing::error!(
            request.id = request_id,
            error.cause = cause,
            "a call of the console failed: {cause}"
        );
    }
    let mut body = json!({
        "code": error.code.number(),
        "name": error.code.name(),
        "errorMessage": error.sentence,
        "requestId": request_id,
    });
    if let Some(seconds) = error.retry_after {
        body["retryAfter"] = seconds.into();
    }
    let status =
        StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = respond(status, &body);
    if let Some(seconds) = error.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}
