//! Reading a request's body.

use std::error::Error;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use http_body_util::LengthLimitError;
use nuncio_protocol::{Code, limits};
use serde_json::{Map, Value};

use crate::error::ApiError;

/// The whole body, if it is not too large.
pub(super) async fn read(body: Body) -> Result<Bytes, ApiError> {
    axum::body::to_bytes(body, limits::BODY_BYTES).await.map_err(|error| {
        let limit = limits::BODY_BYTES;
        if error.source().is_some_and(<dyn Error>::is::<LengthLimitError>) {
            let sentence = format!("the body has more than {limit} bytes: send less in one call");
            return ApiError::new(Code::BodyTooLarge, sentence);
        }
        ApiError::new(Code::BadParameter, "the body broke off")
    })
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
