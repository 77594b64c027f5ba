//! What the demo plays the app's server with: the App Key and the App Secret of `nuncio dev`. `serve` has none of it.
//!
//! Any site that is open in the developer's browser can send requests here. It cannot read the answer, because no header
//! lets it, unless its own name is made to lead to this server; so an answer is only for who asks by an address, or by
//! `localhost`, neither of which a stranger can point somewhere.

use std::net::IpAddr;

use axum::Router;
use axum::http::header::{CACHE_CONTROL, HOST, X_CONTENT_TYPE_OPTIONS};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use serde::Serialize;

/// Who the demo's app is.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Keys {
    pub(crate) app_key: String,
    pub(crate) app_secret: String,
}

/// `/demo/keys.json`.
pub(super) fn router(keys: Keys) -> Router {
    let answer = move |headers: HeaderMap| std::future::ready(answer(&keys, &headers));
    Router::new().route("/demo/keys.json", get(answer))
}

fn answer(keys: &Keys, headers: &HeaderMap) -> Response {
    let security = [
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    if is_unmistakable(headers) {
        (security, axum::Json(keys)).into_response()
    } else {
        let why = "the keys are for pages at an IP address or at localhost: open the demo at the address that \
                   `nuncio dev` printed\n";
        (StatusCode::FORBIDDEN, security, why).into_response()
    }
}

/// Whether the request names the server in a way that leads nowhere else.
fn is_unmistakable(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).into_iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let Ok(authority) = Authority::try_from(host.as_bytes()) else { return false };
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    host.parse::<IpAddr>().is_ok() || host.eq_ignore_ascii_case("localhost")
}
