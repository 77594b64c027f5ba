//! The bus of a single node.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use async_trait::async_trait;
use nuncio_protocol::UserId;
use nuncio_protocol::frames::{Failure, server_frame};
use nuncio_protocol::ids::AppId;
use nuncio_store::{Nudge, Nudges, StoreError};

use crate::{Applied, Bus, Close, Device, Presence, Sessions};

/// Joins rules and connections within one process. Until [`LocalBus::attach`] is called there are no
/// connections to reach.
#[derive(Default)]
pub struct LocalBus {
    sessions: OnceLock<Arc<dyn Sessions>>,
}

impl LocalBus {
    /// Says who holds the connections. Only the first call counts.
    pub fn attach(&self, sessions: Arc<dyn Sessions>) {
        let _ = self.sessions.set(sessions);
    }

    pub(crate) fn sessions(&self) -> Option<&dyn Sessions> {
        self.sessions.get().map(AsRef::as_ref)
    }
}

impl Nudges for LocalBus {
    fn nudge(&self, nudges: Vec<Nudge>) {
        if let Some(sessions) = self.sessions() {
            sessions.nudge(nudges);
        }
    }
}

#[async_trait]
impl Bus for LocalBus {
    fn tell(&self, app: AppId, user: &UserId, what: server_frame::Body) {
        if let Some(sessions) = self.sessions() {
            sessions.tell(app, user, what);
        }
    }

    async fn close(&self, close: Close) -> Result<Applied, StoreError> {
        let started = Instant::now();
        let connections = self.close_here(close).await;
        Ok(Applied { nodes: 1, connections, took: started.elapsed() })
    }

    async fn close_here(&self, close: Close) -> usize {
        match self.sessions() {
            Some(sessions) => sessions.close(close).await,
            None => 0,
        }
    }

    async fn close_session(
        &self,
        app: AppId,
        user: &UserId,
        session: &str,
        why: Failure,
    ) -> Result<bool, StoreError> {
        Ok(match self.sessions() {
            Some(sessions) => sessions.close_session(app, user, session, why).await,
            None => false,
        })
    }

    async fn devices(&self, app: AppId, user: &UserId) -> Result<Vec<Device>, StoreError> {
        Ok(self.sessions().map(|sessions| sessions.devices(app, user)).unwrap_or_default())
    }

    async fn online(&self, app: AppId) -> Result<usize, StoreError> {
        Ok(self.sessions().map_or(0, |sessions| sessions.online(app)))
    }

    async fn presence(&self, app: AppId, users: &[UserId]) -> Result<Vec<Presence>, StoreError> {
        let of = |user| self.sessions().map(|s| s.presence(app, user)).unwrap_or_default();
        Ok(users.iter().map(of).collect())
    }
}
