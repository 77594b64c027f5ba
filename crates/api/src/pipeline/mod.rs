//! What every call goes through, in this order: path, method, app and signature, replay, rate, body,
//! idempotency, and then the operation itself.

mod answer;
pub(crate) mod body;
pub mod fuzzing;
mod idempotency;
mod rates;
mod replay;
mod request_id;
mod signature;

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::extract::{ConnectInfo, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, header};
use axum::response::Response;
use futures_util::FutureExt as _;
use nuncio_core::Core;
use nuncio_protocol::ids::AppId;
use nuncio_protocol::{Code, Origin};
use nuncio_store::apps::App;
use serde_json::{Map, Value};

use crate::error::ApiError;
use crate::legacy;
use crate::operation::{Context, Counted, Declared};
use crate::options::Options;
use answer::Answer;
use idempotency::IdempotencyKey;
use rates::Rates;
use replay::Replays;
use request_id::RequestId;
use signature::Credentials;

/// The Server API's state.
pub(crate) struct Api {
    core: Core,
    options: Options,
    rates: Rates,
    replays: Replays,
}

/// What a path leads to, and in which dialect it is spoken there.
#[derive(Clone, Copy)]
pub(crate) enum Route {
    /// An operation, in JSON.
    V4(&'static Declared),
    /// An operation under its older name.
    Legacy(&'static legacy::Row),
    /// An older path whose feature this server does not have.
    Missing(&'static legacy::Missing),
    /// Nothing.
    Unknown,
}

impl Route {
    fn metrics_name(self) -> &'static str {
        match self {
            Self::V4(declared) => declared.id,
            Self::Legacy(row) => row.path,
            Self::Missing(missing) => missing.path,
            Self::Unknown => "none",
        }
    }
}

/// A call that has passed every gate.
struct Call {
    route: Route,
    declared: &'static Declared,
    app: Arc<App>,
    members: Map<String, Value>,
    /// The key, and what it stands for.
    idempotency: Option<IdempotencyKey>,
    request_id: RequestId,
    origin: Origin,
}

impl Api {
    pub(crate) fn new(core: Core, options: Options) -> Arc<Self> {
        let rates = Rates::new(options.calls_per_second);
        let replays = Replays::new(options.signature_window_seconds, options.replays_remembered);
        Arc::new(Self { core, options, rates, replays })
    }

    /// Answers one request, whatever it is.
    pub(crate) async fn serve(self: Arc<Self>, route: Route, request: Request) -> Response {
        let began = Instant::now();
        let request_id = RequestId::of(request.headers());
        let caller = OnceLock::new();
        let work = Box::pin(self.answer(route, request, &request_id, &caller));
        let answer = match tokio::time::timeout(self.options.timeout, work).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => Answer::failure(route, &error, &request_id),
            Err(_) => {
                let error = ApiError::new(
                    Code::Timeout,
                    "the call was not finished in time, and may still take effect: try again, with \
                     the same Idempotency-Key if it had one",
                );
                Answer::failure(route, &error, &request_id)
            }
        };
        let took = began.elapsed();
        self.options.metrics.answered(route.metrics_name(), answer.code, took);
        if let Some(app) = caller.into_inner() {
            self.core.figures().api_call(app, answer.code, took);
        }
        let mut response = answer.into_response();
        response.headers_mut().insert("x-request-id", request_id.header());
        if response.status() == axum::http::StatusCode::METHOD_NOT_ALLOWED {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
        }
        response
    }

    async fn answer(
        self: &Arc<Self>,
        route: Route,
        request: Request,
        request_id: &RequestId,
        caller: &OnceLock<AppId>,
    ) -> Result<Answer, ApiError> {
        if self.core.is_cut_off() {
            let sentence = "this node is cut off from its cluster: call another one";
            return Err(ApiError::new(Code::Unavailable, sentence));
        }
        let (head, mut body) = request.into_parts();
        let read = match self.gates(route, &head, caller).await {
            Ok(passed) => body::read(&mut body).await.map(|bytes| (passed, bytes)),
            Err(error) => Err(error),
        };
        let ((declared, credentials, app), body) = match read {
            Ok(read) => read,
            Err(error) => {
                body::discard(&mut body).await;
                return Err(error);
            }
        };
        if let Some(signature) = credentials.v2 {
            let secret = self.core.app_secret(&app)?;
            credentials.verify_v2(&secret, head.uri.path(), &body, signature)?;
        }
        let members = match route {
            Route::Legacy(row) => row.members(&head.headers, &body)?,
            _ => body::json(&head.headers, &body)?,
        };
        if let Counted::Each(list) = declared.counted {
            let entries = members.get(list).and_then(Value::as_array).map_or(0, Vec::len);
            self.rates.take(&app, declared.rate, entries.saturating_sub(1))?;
        }
        let idempotency = if declared.mutates {
            IdempotencyKey::read(&head.headers, declared.path, &body)?
        } else {
            None
        };
        let request_id = request_id.clone();
        let peer = head.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
        // Who calls from within the process, such as the console's explorer, says for whom.
        let origin = head.extensions.get::<Origin>().cloned();
        let origin = origin.unwrap_or_else(|| Origin::app_server(peer, request_id.to_string()));
        let call = Call { route, declared, app, members, idempotency, request_id, origin };
        if !declared.mutates {
            return self.run(call).await;
        }
        // In a task of its own, so that a caller who hangs up, or a call that takes too long, does not
        // leave a commit without its effects.
        let api = Arc::clone(self);
        tokio::spawn(async move { api.run(call).await }).await.map_err(ApiError::internal)?
    }

    /// What is asked, and by which app: everything that can be told from a request's head.
    async fn gates<'a>(
        &self,
        route: Route,
        head: &'a Parts,
        caller: &OnceLock<AppId>,
    ) -> Result<(&'static Declared, Credentials<'a>, Arc<App>), ApiError> {
        let declared = match route {
            Route::V4(declared) => declared,
            Route::Legacy(row) => row.operation,
            Route::Missing(missing) => return Err(missing.refusal()),
            Route::Unknown => {
                let sentence = "there is no such path: GET /openapi.json lists what there is";
                return Err(ApiError::new(Code::PathNotFound, sentence));
            }
        };
        if head.method != Method::POST {
            return Err(ApiError::new(Code::MethodNotAllowed, "only POST is answered here"));
        }
        let credentials = Credentials::read(&head.headers)?;
        let app = self.authenticate(&credentials, caller).await?;
        self.rates.take(&app, declared.rate, 1)?;
        Ok((declared, credentials, app))
    }

    /// Who calls: the app, once the request is proven to be its own, fresh, and not seen before.
    /// `caller` is told whose key it is, whatever comes of it.
    async fn authenticate(
        &self,
        credentials: &Credentials<'_>,
        caller: &OnceLock<AppId>,
    ) -> Result<Arc<App>, ApiError> {
        let now = self.core.now();
        let sent_at = credentials.check_time(now, self.options.signature_window_seconds)?;
        let app = match &credentials.app_key {
            Some(key) => self.core.app(key).await?,
            None => None,
        };
        let app = app.ok_or_else(|| {
            ApiError::new(Code::UnknownAppKey, "there is no app with this App-Key")
        })?;
        let _ = caller.set(app.id);
        let secret = self.core.app_secret(&app)?;
        credentials.verify_v1(&secret)?;
        if app.locked {
            return Err(ApiError::new(
                Code::AppLocked,
                "the app is locked: its operator can unlock it",
            ));
        }
        if app.settings.require_signature_v2 && credentials.v2.is_none() {
            let sentence = "the app accepts only requests with the header Nuncio-Signature";
            return Err(ApiError::new(Code::BadSignature, sentence));
        }
        if !self.replays.is_new(app.id, credentials.fingerprint(), sent_at, now) {
            let sentence = "the same signed request was seen before: sign each with a new nonce";
            return Err(ApiError::new(Code::BadSignature, sentence));
        }
        Ok(app)
    }

    /// Runs the operation once for each idempotency key.
    async fn run(&self, call: Call) -> Result<Answer, ApiError> {
        let Call { route, declared, app, members, idempotency, request_id, origin } = call;
        let id = app.id;
        if let Some(key) = &idempotency
            && let Some(answer) = key.claim(&self.core, id).await?
        {
            return Ok(answer);
        }
        let ctx = Context {
            core: self.core.by(origin),
            app,
            dedup: idempotency.as_ref().and_then(IdempotencyKey::client_message_id),
            most: match route {
                Route::Legacy(row) => row.most,
                _ => None,
            },
        };
        // A panic is an answer, and not an idempotency key in use for good.
        let outcome = AssertUnwindSafe((declared.run)(ctx, members)).catch_unwind().await;
        let outcome = outcome.map_err(|_| ApiError::internal("the operation panicked")).flatten();
        let answer = match outcome {
            Ok(result) => Answer::success(route, &result),
            Err(error) => Answer::failure(route, &error, &request_id),
        };
        if let Some(key) = &idempotency {
            key.settle(&self.core, id, &answer).await;
        }
        Ok(answer)
    }
}
