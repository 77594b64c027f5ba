//! Closes connections after another process, such as `nuncio app set`, has locked or deleted an app, or changed
//! its secret.
//!
//! What is decided about logins and messages needs none of this: it is read from the store each time. Only
//! connections that are open already would stay so; twice a second this looks whose should not.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nuncio_core::Core;
use nuncio_protocol::AppKey;
use nuncio_store::apps::App;

use super::tasks::Tasks;

/// How often to look.
const LOOK: Duration = Duration::from_millis(500);

/// For so long deleted apps are looked at: long enough that no look which failed lets one slip.
const LATELY: Duration = Duration::from_mins(10);

/// What of an app closes connections when it changes: whether it is locked, and its secret's version.
#[derive(Default)]
struct Seen(Mutex<HashMap<AppKey, (bool, i64)>>);

impl Seen {
    /// Whether that is another than when it was seen last, or is seen for the first time: an app can be made,
    /// used and locked between two looks.
    fn is_new(&self, app: &App) -> bool {
        let now = (app.locked, app.secret_version);
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(app.key.clone(), now).is_none_or(|before| before != now)
    }
}

/// Starts to look.
pub(super) fn watch(core: &Core, tasks: &Tasks) {
    let (core, seen) = (core.clone(), Arc::new(Seen::default()));
    tasks.every("apps", LOOK, move || {
        let (core, seen) = (core.clone(), Arc::clone(&seen));
        async move {
            // A deleted app is a locked one to its connections.
            let deleted = core.lately_deleted_apps(LATELY).await?;
            let apps = core.apps().await?.into_iter().chain(deleted);
            for app in apps {
                if !seen.is_new(&app) {
                    continue;
                }
                let (closed, key) = (core.close_app(&app).await, &app.key);
                if closed > 0 {
                    tracing::info!(
                        app.key = %key,
                        closed,
                        "app `{key}` has changed: {closed} connections closed"
                    );
                }
            }
            Ok::<_, nuncio_core::Error>(())
        }
    });
}
