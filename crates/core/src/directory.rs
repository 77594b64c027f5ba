//! Users as an operator looks for them, and the devices that they are connected with.

use nuncio_bus::Device;
use nuncio_protocol::frames::Failure;
use nuncio_protocol::ids::AppId;
use nuncio_protocol::{Code, UserId};
use nuncio_store::directory::{Counted, Listed};

use crate::page_token::{Page, Query};
use crate::{Core, Error};

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

    /// How many users an app has.
    pub async fn count_users(&self, app: AppId) -> Result<Counted, Error> {
        Ok(self.store.count_users(app).await?)
    }

    /// How many users of an app are connected.
    pub async fn online_users(&self, app: AppId) -> Result<usize, Error> {
        Ok(self.bus.online(app).await?)
    }

    /// The devices that a user is connected with.
    pub async fn devices(&self, app: AppId, user: &UserId) -> Result<Vec<Device>, Error> {
        Ok(self.bus.devices(app, user).await?)
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
            Some(session) => usize::from(self.bus.close_session(app, &user, &session, why).await?),
            None => self.close(app, vec![user], why).await?.connections,
        })
    }
}
