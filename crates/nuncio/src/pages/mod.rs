//! The web pages in the binary: built by `web/`, put in by `build.rs`, served from memory.
//!
//! A site is a folder of files under a path of its name. What is not a file and has no extension is answered with
//! its `index.html`, so that a page can have addresses of its own; a path that somebody else serves, such as
//! `/console/api/`, goes to them. In a build without the pages the path says how to make them.

mod demo;

use axum::Router;
use axum::extract::Path;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use nuncio_api::kept::{Kept, elements};

pub(crate) use demo::Keys;

/// What the build made of `web/*/dist`.
mod built {
    use super::File;

    include!(concat!(env!("OUT_DIR"), "/pages.rs"));
}

/// The console's pages, at `/console/`.
pub(crate) fn console() -> Router {
    router(Site { name: "console", files: built::CONSOLE, framed_by: "'none'" })
}

/// The demo, at `/demo/`, with what it plays the app's server with. Its phones are frames of its own.
pub(crate) fn demo(keys: Keys) -> Router {
    router(Site { name: "demo", files: built::DEMO, framed_by: "'self'" })
        .route("/", get(async || Redirect::temporary("/demo/")))
        .merge(demo::router(keys))
}

/// A file of a site.
struct File {
    /// Its path in the site.
    path: &'static str,
    /// Changes with its contents; weak, because it stands for the compressed form too.
    etag: &'static str,
    kept: Kept,
}

/// A folder of pages.
#[derive(Clone, Copy)]
struct Site {
    name: &'static str,
    files: &'static [File],
    /// Whose pages may show these in a frame.
    framed_by: &'static str,
}

/// What is said where the build has no such pages.
const WITHOUT: &str = "<p>The server was built without its web pages, which need Node.js 20. To have them, build it \
    again with</p><pre>make build</pre><p>or, step by step, with</p><pre>(cd web && npm ci && npm run build)
cargo build --release --package nuncio</pre>";

fn router(site: Site) -> Router {
    let name = site.name;
    let index = move |headers: HeaderMap| std::future::ready(site.answer("index.html", &headers));
    let file = move |Path(path): Path<String>, headers: HeaderMap| {
        std::future::ready(site.answer(&path, &headers))
    };
    Router::new()
        .route(
            &format!("/{name}"),
            get(move || std::future::ready(Redirect::temporary(&format!("/{name}/")))),
        )
        .route(&format!("/{name}/"), get(index))
        .route(&format!("/{name}/{{*path}}"), get(file))
}

impl Site {
    fn answer(&self, path: &str, headers: &HeaderMap) -> Response {
        let answer = if self.files.is_empty() {
            self.missing()
        } else {
            match self.find(path) {
                Some(file) => file.answer(headers),
                None => (StatusCode::NOT_FOUND, "there is no such page\n").into_response(),
            }
        };
        (self.security(), answer).into_response()
    }

    fn find(&self, path: &str) -> Option<&File> {
        let named = |path: &str| self.files.iter().find(|file| file.path == path);
        named(path).or_else(|| {
            let last = path.rsplit('/').next().unwrap_or_default();
            if last.contains('.') { None } else { named("index.html") }
        })
    }

    /// Nothing but the page's own files runs or is asked for; pictures may come from where users have them.
    fn security(&self) -> [(HeaderName, String); 4] {
        let policy = format!(
            "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' https: http: data: blob:; \
             media-src 'self' https: http: data: blob:; object-src 'none'; base-uri 'none'; \
             form-action 'self'; frame-ancestors {}",
            self.framed_by
        );
        [
            (CONTENT_SECURITY_POLICY, policy),
            (X_CONTENT_TYPE_OPTIONS, "nosniff".into()),
            (REFERRER_POLICY, "no-referrer".into()),
            (HeaderName::from_static("cross-origin-resource-policy"), "same-origin".into()),
        ]
    }

    fn missing(&self) -> Response {
        let page = format!(
            "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width\">
<meta name=\"color-scheme\" content=\"light dark\">
<title>Not in this build</title>
<h1>The {} is not in this build</h1>
{}
<p>Everything else is there, such as the <a href=\"/docs\">reference of the Server API</a>.</p>
</html>
",
            self.name, WITHOUT
        );
        (StatusCode::NOT_FOUND, [(CACHE_CONTROL, "no-store")], Html(page)).into_response()
    }
}

impl File {
    fn answer(&self, headers: &HeaderMap) -> Response {
        // The names in `assets/` change with the contents.
        let lasts = if self.path.starts_with("assets/") {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        let about = [(ETAG, self.etag), (CACHE_CONTROL, lasts)];
        if is_known(headers, self.etag) {
            return (StatusCode::NOT_MODIFIED, about).into_response();
        }
        (about, [(CONTENT_TYPE, self.content_type())], self.kept.answer(headers)).into_response()
    }

    fn content_type(&self) -> &'static str {
        match self.path.rsplit('.').next().unwrap_or_default() {
            "html" => "text/html; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "json" | "map" => "application/json; charset=utf-8",
            "txt" => "text/plain; charset=utf-8",
            "webmanifest" => "application/manifest+json",
            "svg" => "image/svg+xml",
            "png" => "image/png",
            "jpg" => "image/jpeg",
            "webp" => "image/webp",
            "ico" => "image/x-icon",
            "woff2" => "font/woff2",
            "wasm" => "application/wasm",
            _ => "application/octet-stream",
        }
    }
}

/// Whether the client has this already.
fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let opaque = |tag: &str| tag.trim_start_matches("W/").to_owned();
    elements(headers, IF_NONE_MATCH).any(|tag| tag == "*" || opaque(tag) == opaque(etag))
}

#[cfg(test)]
mod tests;
