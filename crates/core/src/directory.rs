//! Users as an operator looks for them, and the devices that they are connected with.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use nuncio_bus::Device;
use nuncio_protocol::frames::Failure;
use nuncio_protocol::ids::AppId;
use nuncio_protocol::{Code, Timestamp, UserId};
use nuncio_store::directory::{Counted, Known, Listed, Standing};

use crate::page_token::{Page, Query};
use crate::{Core, Error};

/// Users from which on an app's are not counted at each look, and for how long a count is good then.
const LARGE: i64 = 20_000;
const COUNT_MS: i64 = 10_000;

/// Counts of large apps, and when they were made.
pub(crate) type Counts = Mutex<HashMap<AppId, (Timestamp, Counted)>>;

fn locked(counts: &Counts) -> MutexGuard<'_, HashMap<AppId, (Timestamp, Counted)>> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Core {
    /// A page of an app's users, the newest first.
    pub async fn newest_users(
        &self,
        app: AppId,
        page_token: Option<&str>,
        page_size: i64,
    ) -> Result<Page<Listed>, Error> {
        let query = Query::of_app("newest users", app);
        let after = query.position(page_token)?;
        Ok(query.page(self.store.newest_users(app, after, page_size).await?))
    }

    /// A page of an app's users of a standing.
    pub async fn users_of(
        &self,
        app: AppId,
        standing: Standing,
        page_token: Option<&str>,
        page_size: i64,
    ) -> Result<Page<Listed>, Error> {
        let query = Query::of_app(&format!("users {standing:?}"), app);
        let after = query.position(page_token)?;
        let page = self.store.users_of(app, standing, after, page_size, self.now()).await?;
        Ok(query.page(page))
    }

    /// The names and avatars under which others know users, in the order asked for.
    pub async fn known_as(&self, app: AppId, ids: Vec<UserId>) -> Result<Vec<Known>, Error> {
        Ok(self.store.known_as(app, ids).await?)
    }

    /// How many users an app has. Nothing is decided by it: of a large app, it may be ten seconds old.
    pub async fn count_users(&self, app: AppId) -> Result<Counted, Error> {
        let now = self.now();
        let kept = locked(&self.parts.counted).get(&app).copied();
        if let Some((at, counted)) = kept
            && (at..at.plus_ms(COUNT_MS)).contains(&now)
        {
            return Ok(counted);
        }
        let counted = self.store.count_users(app).await?;
        let mut all = locked(&self.parts.counted);
        all.retain(|_, (at, _)| (*at..at.plus_ms(COUNT_MS)).contains(&now));
        if counted.registered + counted.soft_deleted >= LARGE {
            all.insert(app, (now, counted));
        }
        Ok(counted)
    }

    /// How many users of an app are connected.
    pub async fn online_users(&self, app: AppId) -> Result<usize, Error> {
        Ok(self.parts.bus.online(app).await?)
    }

    /// The devices that a user is connected with.
    pub async fn devices(&self, app: AppId, user: &UserId) -> Result<Vec<Device>, Error> {
        Ok(self.parts.bus.devices(app, user).await?)
    }

    /// Closes one of a user's connections, or all of them; returns how many. The devices may come back.
    pub async fn disconnect(
        &self,
        app: AppId,
        user: UserId,
        session: Option<String>,
    ) -> Result<usize, Error> {
        let why = Failure::new(Code::ComeBack, "an operator has closed the connection");
        Ok(match session {
            Some(session) => {
                usize::from(self.parts.bus.close_session(app, &user, &session, why).await?)
            }
            None => self.close(app, vec![user], why).await?.connections,
        })
    }
}
