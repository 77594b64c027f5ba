//! Reading a request's body.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use http_body_util::{BodyExt as _, Collected, LengthLimitError, Limited};
use nuncio_protocol::{Code, limits};
use serde_json::{Map, Value};

use crate::error::ApiError;

/// Bytes of a body that nobody wants which are read nevertheless, and the time for it.
const DISCARDED_BYTES: usize = 16 * limits::BODY_BYTES;
const DISCARDING: Duration = Duration::from_secs(1);

/// The whole body, if it is not too large.
pub(super) async fn read(body: &mut Body) -> Result<Bytes, ApiError> {
    let read = Limited::new(body, limits::BODY_BYTES).collect().await;
    read.map(Collected::to_bytes).map_err(|error| {
        let limit = limits::BODY_BYTES;
        if error.is::<LengthLimitError>() {
            let sentence = format!("the body has more than {limit} bytes: send less in one call");
            return ApiError::new(Code::BodyTooLarge, sentence);
        }
        ApiError::new(Code::BadParameter, "the body broke off")
    })
}

/// Reads what is left of the body of a refused call, and forgets it. With a part of it unread, the connection
/// would be closed after the answer without a word: the caller's next call on it would break, or even the
/// answer be lost.
pub(super) async fn discard(body: &mut Body) {
    let mut rest = Limited::new(body, DISCARDED_BYTES);
    let discarded = async { while let Some(Ok(_)) = rest.frame().await {} };
    // Whoever is slower than that loses the connection, not the answer.
    let _ = tokio::time::timeout(DISCARDING, discarded).await;
}

/// Refuses a body that says it is something else than `wanted`; one that says nothing is read.
pub(crate) fn expect_type(headers: &HeaderMap, wanted: &str) -> Result<(), ApiError> {
    let Some(given) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let essence = given.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    Err(ApiError::new(Code::WrongContentType, format!("send the body as Content-Type {wanted}")))
}

/// The members of a JSON object; those that are `null` are left out.
pub(crate) fn json(headers: &HeaderMap, body: &[u8]) -> Result<Map<String, Value>, ApiError> {
    expect_type(headers, "application/json")?;
    if body.is_empty() {
        let sentence = "the body is empty: send a JSON object with the operation's members";
        return Err(ApiError::new(Code::EmptyBody, sentence));
    }
    let value: Value = serde_json::from_slice(body).map_err(|error| {
        ApiError::new(Code::BadParameter, format!("the body is not JSON: {error}"))
    })?;
    let Value::Object(mut members) = value else {
        return Err(ApiError::new(Code::BadParameter, "the body is not a JSON object"));
    };
    members.retain(|_, value| !value.is_null());
    Ok(members)
}
