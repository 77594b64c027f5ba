//! Users: their push identity, their account, and whether they are connected.

use nuncio_bus::{Applied, Close, Presence};
use nuncio_protocol::frames::{Account, Failure};
use nuncio_protocol::ids::AppId;
use nuncio_protocol::values::{AvatarUrl, Name};
use nuncio_protocol::{Refusal, UserId};
use nuncio_store::users::User;

use crate::{Core, Error};

impl Core {
    /// Changes a registered user's push identity; what is `None` stays.
    pub async fn update_user(
        &self,
        app: AppId,
        user: UserId,
        name: Option<Name>,
        avatar_url: Option<AvatarUrl>,
    ) -> Result<(), Error> {
        Ok(self.store.update_user(app, user, name, avatar_url, self.now()).await?)
    }

    /// A user's record. Refused for who is not registered, or soft-deleted.
    pub async fn user(&self, app: AppId, user: UserId) -> Result<User, Error> {
        match self.store.user(app, user.clone()).await? {
            None => Err(Refusal::NotRegistered(user).into()),
            Some(record) if record.deleted => Err(Refusal::SoftDeleted(user).into()),
            Some(record) => Ok(record),
        }
    }

    /// A user's standing and settings, as the user's own devices are told them.
    pub async fn account(&self, app: AppId, user: &UserId) -> Result<Account, Error> {
        Ok(self.store.account(app, user.clone()).await?)
    }

    /// Who of `users` is connected, in their order. Who is not known is not.
    pub async fn presence(&self, app: AppId, users: Vec<UserId>) -> Result<Vec<Presence>, Error> {
        Ok(self.parts.bus.presence(app, &users).await?)
    }

    /// The same as a user is told. Who has the viewer in its blocklist is not connected to the viewer's eyes.
    pub async fn presence_seen_by(
        &self,
        app: AppId,
        viewer: &UserId,
        users: Vec<UserId>,
    ) -> Result<Vec<Presence>, Error> {
        let mut seen = self.parts.bus.presence(app, &users).await?;
        for (user, presence) in users.iter().zip(&mut seen) {
            if presence.online && self.is_blocked(app, user, viewer).await? {
                *presence = Presence::default();
            }
        }
        Ok(seen)
    }

    /// Closes all connections of users, and waits until that is done.
    pub(crate) async fn close(
        &self,
        app: AppId,
        users: Vec<UserId>,
        why: Failure,
    ) -> Result<Applied, Error> {
        let close =
            Close { app, users: Some(users), tokens_before: None, secret_before: None, why };
        Ok(self.parts.bus.close(close).await?)
    }
}
