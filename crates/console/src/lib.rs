//! The console's API, under `/console/api/`: what an operator and an app's owner work with.
//!
//! A call is a type that implements [`Call`] and a line of the table [`CALLS`], which says who may call it;
//! `pipeline` holds the gates that every call passes. Whoever changes a call here changes
//! `web/console/src/api.ts`, which the pages are written against.

mod account;
mod apps;
mod audit;
mod call;
mod calls;
mod error;
mod explorer;
mod exports;
mod groups;
mod imports;
mod operators;
mod overview;
mod pipeline;
mod push;
mod session;
mod settings;
mod users;
mod webhooks;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::routing::any;
use nuncio_core::Core;

pub use call::{Call, Declared, Who};
pub use calls::CALLS;
use pipeline::Console;

/// What the console needs besides the product.
#[derive(Clone)]
pub struct Options {
    /// Whether the server itself speaks TLS: then cookies are kept from other connections.
    pub tls: bool,
    /// The Server API, which the explorer calls.
    pub server_api: Router,
}

/// Everything under `/console/api/`.
pub fn router(core: Core, options: Options) -> Router {
    let console = Arc::new(Console::new(core, options));
    let mut router = Router::new();
    for declared in CALLS {
        let console = Arc::clone(&console);
        let path = format!("/console/api/{}", declared.path);
        let serve = move |request: Request| Arc::clone(&console).serve(Some(declared), request);
        router = router.route(&path, any(serve));
    }
    router.route(
        "/console/api/{*path}",
        any(move |request: Request| Arc::clone(&console).serve(None, request)),
    )
}
