//! How an answer looks, in either dialect.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use nuncio_protocol::Code;
use serde_json::{Map, Value, json};

use super::Route;
use super::request_id::RequestId;
use crate::error::ApiError;

/// A whole answer, ready to be sent and to be kept for an idempotency key.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// The code in the body; 0 for success in either dialect.
    pub(super) code: u32,
    pub(super) body: String,
    /// Seconds after which to try again.
    retry_after: Option<u64>,
    /// Whether it is the answer of an earlier call with the same idempotency key.
    pub(super) repeated: bool,
}

impl Answer {
    /// Success; `null` means without data.
    pub(super) fn success(route: Route, result: &Value) -> Self {
        let body = match route {
            Route::Legacy(row) => {
                let mut members = Map::from_iter([("code".to_owned(), json!(200))]);
                members.extend(row.answer(result));
                Value::Object(members).to_string()
            }
            _ if result.is_null() => r#"{"code":0}"#.to_owned(),
            _ => format!(r#"{{"code":0,"result":{result}}}"#),
        };
        Self { status: 200, code: 0, body, retry_after: None, repeated: false }
    }

    /// Failure; logged here, when the server is to blame.
    pub(super) fn failure(route: Route, error: &ApiError, request_id: &RequestId) -> Self {
        if let Some(cause) = &error.cause {
            tracing::error!(
                request.id = %request_id,
                operation = route.metrics_name(),
                error.cause = %cause,
                "call `{request_id}` failed: {cause}"
            );
        }
        let sentence = match route {
            Route::Legacy(row) => error.sentence_with(|member| row.older_name(member)),
            _ => error.sentence(),
        };
        let mut members = json!({
            "code": error.code.number(),
            "errorMessage": sentence,
            "requestId": request_id.to_string(),
        });
        if let Some(key) = &error.profile_key {
            members["profileKey"] = json!(key);
        }
        match route {
            Route::Legacy(row) => members["url"] = json!(row.path),
            Route::Missing(missing) => members["url"] = json!(missing.path),
            Route::V4(_) | Route::Unknown => {}
        }
        Self {
            status: error.code.status(),
            code: error.code.number(),
            body: members.to_string(),
            retry_after: error.retry_after,
            repeated: false,
        }
    }

    /// An answer that was kept.
    pub(super) fn kept(status: u16, body: String) -> Self {
        #[derive(serde::Deserialize)]
        struct Head {
            code: u32,
        }
        let code = match status {
            200 => 0,
            _ => {
                serde_json::from_str(&body).map_or(Code::Internal.number(), |head: Head| head.code)
            }
        };
        Self { status, code, body, retry_after: None, repeated: true }
    }

    pub(super) fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        let json = HeaderValue::from_static("application/json; charset=utf-8");
        headers.insert(header::CONTENT_TYPE, json);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.repeated {
            headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
        }
        response
    }
}
