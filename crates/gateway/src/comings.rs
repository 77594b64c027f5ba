//! Writes down which devices came and went, for app servers that want to hear of it.
//!
//! Off the path of logins. Every change is kept, in order, until the store has it; so what a crash can lose is
//! the last moment, and the devices that a crash cuts off are told of when the node starts again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nuncio_core::webhooks::{ConnectionChange, Status};

use crate::gateway::Gateway;
use crate::session::Session;

/// Changes that one go writes.
const BATCH: usize = 256;
/// Changes that wait; with the store away for longer than that takes, the oldest are lost.
const MOST: usize = 100_000;
/// Between two tries to write.
const PAUSE: Duration = Duration::from_secs(1);

/// Changes to be written.
#[derive(Debug, Default)]
pub(crate) struct Comings {
    noted: Mutex<Noted>,
}

#[derive(Debug, Default)]
struct Noted {
    changes: VecDeque<ConnectionChange>,
    /// Whether a task takes care of them.
    at_work: bool,
}

impl Comings {
    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A device came or went.
    pub(crate) fn changed(&self, session: &Session, status: Status, gateway: &Arc<Gateway>) {
        let change = ConnectionChange {
            app: session.app,
            user: session.user.clone(),
            session: session.id.to_string(),
            status,
            address: session.address.map(|address| address.to_string()).unwrap_or_default(),
            os: session.os(),
        };
        let mut noted = self.noted();
        if noted.changes.len() >= MOST {
            noted.changes.pop_front();
        }
        noted.changes.push_back(change);
        if !std::mem::replace(&mut noted.at_work, true) {
            gateway.tasks.spawn(work(Arc::clone(gateway)));
        }
    }

    /// Some changes, the first ones; `None` when there are none: then the task ends.
    fn take(&self) -> Option<Vec<ConnectionChange>> {
        let mut noted = self.noted();
        noted.at_work = !noted.changes.is_empty();
        let some = noted.changes.len().min(BATCH);
        noted.at_work.then(|| noted.changes.drain(..some).collect())
    }
}

async fn work(gateway: Arc<Gateway>) {
    while let Some(changes) = gateway.comings.take() {
        while let Err(error) = gateway.core.connections_changed(&changes).await {
            tracing::warn!("devices' coming and going could not be written down: {error}");
            tokio::time::sleep(PAUSE).await;
        }
    }
}
