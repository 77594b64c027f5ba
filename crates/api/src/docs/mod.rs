//! `/openapi.json`, and `/docs`: a page that shows it. Everything that the page needs is in the binary; it
//! asks no other host for anything.

use axum::Router;
use axum::body::Bytes;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get};

use crate::openapi;

/// The page's own scripts alone run; its styles are partly written into its elements.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

macro_rules! renderer {
    ($name:literal) => {
        include_bytes!(concat!(env!("OUT_DIR"), "/", $name))
    };
}

pub(crate) fn router() -> Router {
    let document = Bytes::from(openapi().to_string());
    Router::new()
        .route("/openapi.json", file("application/json; charset=utf-8", document))
        .route("/docs", file(HTML, Bytes::from_static(include_bytes!("page.html"))))
        .route("/docs/page.js", file(SCRIPT, Bytes::from_static(include_bytes!("page.js"))))
        .route("/docs/swagger-ui.js", file(SCRIPT, Bytes::from_static(renderer!("swagger-ui.js"))))
        .route(
            "/docs/swagger-ui.css",
            file("text/css; charset=utf-8", Bytes::from_static(renderer!("swagger-ui.css"))),
        )
        .route("/docs/LICENSE.txt", file(TEXT, Bytes::from_static(renderer!("LICENSE.txt"))))
        .route("/docs/NOTICE.txt", file(TEXT, Bytes::from_static(renderer!("NOTICE.txt"))))
}

fn file(content_type: &'static str, contents: Bytes) -> MethodRouter {
    get(move || {
        let headers = [
            (header::CONTENT_TYPE, content_type),
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::CACHE_CONTROL, "no-cache"),
        ];
        std::future::ready((headers, contents.clone()).into_response())
    })
}
