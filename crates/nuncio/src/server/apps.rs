//! Closes connections after another process, such as `nuncio app set`, has locked an app or changed its
//! secret.
//!
//! What is decided about logins and messages needs none of this: it is read from the store each time. Only
//! connections that are open already would stay so; twice a second this looks whose should not.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nuncio_core::Core;
use nuncio_protocol::AppKey;

use super::tasks::Tasks;

/// How often to look.
const LOOK: Duration = Duration::from_millis(500);

/// What of an app closes connections when it changes: whether it is locked, and its secret's version.
type Seen = (bool, i64);

/// Starts to look.
pub(super) fn watch(core: &Core, tasks: &Tasks) {
    let core = core.clone();
    let seen: Arc<Mutex<HashMap<AppKey, Seen>>> = Arc::default();
    tasks.every("apps", LOOK, move || {
        let (core, seen) = (core.clone(), Arc::clone(&seen));
        async move {
            for app in core.apps().await? {
                let now = (app.locked, app.secret_version);
                let mut all = seen.lock().unwrap_or_else(PoisonError::into_inner);
                let before = all.insert(app.key.clone(), now);
                drop(all);
                if before.is_some_and(|before| before != now) {
                    let closed = core.close_app(&app).await;
                    let key = &app.key;
                    tracing::info!(app.key = %key, closed, "app `{key}` has changed: {closed} connections closed");
                }
            }
            Ok::<_, nuncio_core::Error>(())
        }
    });
}
