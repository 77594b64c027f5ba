//! The Server API: what an app's own server calls, signed with the App Secret.
//!
//! An operation is a file in the folder of its noun and a line of the table [`OPERATIONS`]; read
//! [`Operation`] first. Every call passes the gates of `pipeline`, in the order in which they stand there.
//! [`openapi`] describes the table, `docs` shows it, and `legacy` serves it under its older names.

#![expect(clippy::struct_field_names, reason = "members are called what callers know them by")]

mod blocklist;
mod channel;
mod docs;
mod effect;
mod error;
mod friend;
mod group;
pub mod kept;
mod legacy;
mod message;
mod metrics;
mod mute;
mod openapi;
mod operation;
mod operations;
mod options;
mod pipeline;
mod prelude;
mod profile;
mod tag;
mod token;
mod user;
mod whitelist;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::routing::{MethodRouter, any};
use nuncio_core::Core;

pub use error::ApiError;
pub use metrics::Metrics;
pub use openapi::openapi;
pub use operation::{Context, Counted, Declared, Operation, RateClass};
pub use operations::OPERATIONS;
pub use options::Options;
#[doc(hidden)]
pub use pipeline::fuzzing;
use pipeline::{Api, Route};

/// Everything that is served under the Server API's paths, `/openapi.json` and `/docs`; any other path is
/// answered that there is none.
pub fn router(core: Core, options: Options) -> Router {
    let api = Api::new(core, options);
    let leads_to = |route: Route| -> MethodRouter {
        let api = Arc::clone(&api);
        any(move |request: Request| Arc::clone(&api).serve(route, request))
    };
    let mut router = docs::router().fallback_service(leads_to(Route::Unknown));
    for operation in OPERATIONS {
        for path in std::iter::once(&operation.path).chain(operation.aliases) {
            router = router.route(path, leads_to(Route::V4(operation)));
        }
    }
    for row in legacy::ROWS {
        router = router.route(row.path, leads_to(Route::Legacy(row)));
    }
    for missing in legacy::MISSING {
        router = router.route(missing.path, leads_to(Route::Missing(missing)));
    }
    router
}
