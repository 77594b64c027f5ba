//! `/openapi.json`, and `/docs`: a page that shows it. Everything that the page needs is in the binary; it
//! asks no other host for anything.

use std::sync::LazyLock;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get};

use crate::kept::Kept;
use crate::openapi;

/// The page's own scripts alone run; its styles are partly written into its elements.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

const JSON: &str = "application/json; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

macro_rules! renderer {
    ($name:literal) => {
        Kept { contents: include_bytes!(concat!(env!("OUT_DIR"), "/", $name)), gzip: true }
    };
}

macro_rules! page {
    ($name:literal) => {
        Kept { contents: include_bytes!($name), gzip: false }
    };
}

/// Made when it is first asked for.
static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(openapi().to_string()));

pub(crate) fn router() -> Router {
    Router::new()
        .route("/openapi.json", get(async || (headers(JSON), DOCUMENT.clone())))
        .route("/docs", file(HTML, page!("page.html")))
        .route("/docs/page.js", file(SCRIPT, page!("page.js")))
        .route("/docs/swagger-ui.js", file(SCRIPT, renderer!("swagger-ui.js")))
        .route("/docs/swagger-ui.css", file("text/css; charset=utf-8", renderer!("swagger-ui.css")))
        .route("/docs/LICENSE.txt", file(TEXT, renderer!("LICENSE.txt")))
        .route("/docs/NOTICE.txt", file(TEXT, renderer!("NOTICE.txt")))
}

fn file(content_type: &'static str, kept: Kept) -> MethodRouter {
    get(move |asked: HeaderMap| {
        std::future::ready((headers(content_type), kept.answer(&asked)).into_response())
    })
}

fn headers(content_type: &'static str) -> [(HeaderName, &'static str); 4] {
    [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-cache"),
    ]
}
