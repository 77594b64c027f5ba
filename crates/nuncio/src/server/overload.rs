//! What a connection past the limit is told.

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::{CONNECTION, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use nuncio_protocol::Code;
use serde_json::json;

/// Answers everything with 503 and ends the connection.
pub(super) fn router() -> Router {
    Router::new().fallback(async || full())
}

fn full() -> Response {
    let code = Code::TooManyConnections;
    let body = json!({
        "code": code.number(),
        "errorMessage": "the server has as many connections as it may: come back in a moment",
    });
    let headers = [(CONNECTION, "close"), (RETRY_AFTER, "5")];
    (StatusCode::SERVICE_UNAVAILABLE, headers, axum::Json(body)).into_response()
}
