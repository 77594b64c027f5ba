//! Files in the binary, kept compressed where that makes them smaller.

use std::io::Read as _;

use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, VARY};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};

/// A file's contents, in the smaller one of two forms.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    /// The form that is kept.
    pub contents: &'static [u8],
    /// Whether that is the compressed one.
    pub gzip: bool,
}

impl Kept {
    /// The file, in the form that the client reads.
    #[must_use]
    pub fn answer(self, headers: &HeaderMap) -> Response {
        let vary = [(VARY, "Accept-Encoding")];
        if !self.gzip {
            return (vary, self.contents).into_response();
        }
        if takes_gzip(headers) {
            return (vary, [(CONTENT_ENCODING, "gzip")], self.contents).into_response();
        }
        // No browser asks so: it need not be fast.
        let mut plain = Vec::new();
        match flate2::read::GzDecoder::new(self.contents).read_to_end(&mut plain) {
            Ok(_) => (vary, plain).into_response(),
            Err(error) => {
                tracing::error!("a file of this build cannot be read: {error}");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

/// The comma-separated elements of a header that may come several times.
pub fn elements(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

/// Whether the client reads gzip: it names it, and not with a weight of nothing.
fn takes_gzip(headers: &HeaderMap) -> bool {
    elements(headers, ACCEPT_ENCODING).any(|element| {
        let mut parts = element.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let weight = parts.find_map(|part| part.strip_prefix("q="));
        named && weight.is_none_or(|weight| weight.parse().is_ok_and(|weight: f32| weight > 0.0))
    })
}
