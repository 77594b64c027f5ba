//! The id under which a call is found in the logs, here and at the caller's.

use std::fmt;

use axum::http::{HeaderMap, HeaderValue};
use nuncio_protocol::limits;

/// The caller's `X-Request-ID`, else one of our making.
#[derive(Clone, Debug)]
pub(super) struct RequestId(String);

impl RequestId {
    /// The id of a request with these headers. One that is too long or not printable is as good as none.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let given = headers.get("x-request-id").and_then(|value| value.to_str().ok());
        let fits = |id: &&str| {
            (1..=limits::REQUEST_ID_BYTES).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_graphic())
        };
        match given.filter(fits) {
            Some(id) => Self(id.to_owned()),
            None => Self(format!("{:032x}", rand::random::<u128>())),
        }
    }

    pub(super) fn header(&self) -> HeaderValue {
        HeaderValue::from_str(&self.0).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
