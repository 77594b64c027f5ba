//! Closes connections after another process, such as `nuncio app set`, has locked an app or changed its
//! secret.
//!
//! What is decided about logins and messages needs none of this: it is read from the store each time. Only
//! connections that are open already would stay so; every half second this looks whose should not.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nuncio_bus::{Bus, Close};
use nuncio_core::Core;
use nuncio_protocol::frames::Failure;
use nuncio_protocol::ids::AppId;
use nuncio_protocol::{Code, Refusal};
use nuncio_store::apps::App;

use super::tasks::Tasks;

/// How often to look.
const LOOK: Duration = Duration::from_millis(500);

/// What of an app closes connections when it changes.
#[derive(Clone, Copy, Eq, PartialEq)]
struct Seen {
    locked: bool,
    secret_version: i64,
}

/// Starts to look.
pub(super) fn watch(core: &Core, bus: Arc<dyn Bus>, tasks: &Tasks) {
    let core = core.clone();
    let seen = Arc::new(Mutex::new(HashMap::new()));
    tasks.every("apps", LOOK, move || {
        let (core, bus, seen) = (core.clone(), Arc::clone(&bus), Arc::clone(&seen));
        async move {
            for app in core.apps().await? {
                let now = Seen { locked: app.locked, secret_version: app.secret_version };
                let before = {
                    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                    seen.insert(app.id, now)
                };
                if let Some(close) = before.and_then(|before| to_close(&app, before)) {
                    let closed = bus.close(close).await;
                    tracing::info!(app.key = %app.key, closed, "app `{}` was changed: closed {closed} connections", app.key);
                }
            }
            Ok::<_, nuncio_core::Error>(())
        }
    });
}

/// The connections that must not outlive the change from `before` to `app`.
fn to_close(app: &App, before: Seen) -> Option<Close> {
    let close = |secret_before, why| {
        Some(Close { app: app.id, users: None, tokens_before: None, secret_before, why })
    };
    if app.locked && !before.locked {
        close(None, Failure::new(Code::AppUnavailable, "the app is locked"))
    } else if app.secret_version > before.secret_version {
        close(Some(app.secret_version), Refusal::TokenInvalid.to_failure())
    } else {
        None
    }
}
