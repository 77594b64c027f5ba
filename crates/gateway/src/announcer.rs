//! Tells subscribers who came online and who went offline.
//!
//! Off the path of logins, and state rather than events: a user is noted here when something changed, and
//! what is announced is how things are when its turn comes. So a device that goes and comes back at once
//! leaves no wrong last word, and users that change often are announced less often, never later.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{StreamExt as _, stream};

use crate::gateway::Gateway;
use crate::registry::Key;

/// Announcements under way at once.
const AT_ONCE: usize = 8;

/// Users to announce.
#[derive(Debug, Default)]
pub(crate) struct Announcer {
    noted: Mutex<Noted>,
}

#[derive(Debug, Default)]
struct Noted {
    users: HashSet<Key>,
    /// Whether a task takes care of them.
    at_work: bool,
}

impl Announcer {
    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something changed about a user's being online.
    pub(crate) fn changed(&self, user: Key, gateway: &Arc<Gateway>) {
        let mut noted = self.noted();
        noted.users.insert(user);
        if !std::mem::replace(&mut noted.at_work, true) {
            gateway.tasks.spawn(work(Arc::clone(gateway)));
        }
    }

    /// Everybody noted, or `None` when that is nobody: then the task ends.
    fn take(&self) -> Option<HashSet<Key>> {
        let mut noted = self.noted();
        noted.at_work = !noted.users.is_empty();
        noted.at_work.then(|| std::mem::take(&mut noted.users))
    }
}

async fn work(gateway: Arc<Gateway>) {
    // A user is in a batch once, and batches follow each other: nobody is announced twice at a time.
    while let Some(users) = gateway.announcer.take() {
        stream::iter(users).for_each_concurrent(AT_ONCE, |user| announce(&gateway, user)).await;
    }
}

async fn announce(gateway: &Gateway, (app, user): Key) {
    let announced = async {
        let presence = gateway.core.presence(app, vec![user.clone()]).await?;
        let mut presence = presence.into_iter().next().unwrap_or_default();
        if !presence.online {
            presence.changed_at = gateway.core.now();
        }
        gateway.core.presence_changed(app, &user, presence).await
    };
    if let Err(error) = announced.await {
        tracing::warn!("a change of presence could not be announced: {error}");
    }
}
