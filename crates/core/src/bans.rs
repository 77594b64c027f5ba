//! Bans of users.

use nuncio_bus::Applied;
use nuncio_protocol::frames::Failure;
use nuncio_protocol::ids::AppId;
use nuncio_protocol::values::{BanDuration, BanReason};
use nuncio_protocol::{Code, Refusal, UserId};
pub use nuncio_store::bans::Ban;

use crate::{Core, Error};

impl Core {
    /// Bans users: they cannot log in or send, and their connections are closed when this returns; how far that
    /// has got is the answer. Replaces an earlier ban's end and reason. With `expire_tokens`, the tokens they have now are void for good.
    ///
    /// The ban is committed before connections are looked for; [`Core::admit`] says why that matters.
    pub async fn ban(
        &self,
        app: AppId,
        users: Vec<UserId>,
        duration: BanDuration,
        reason: Option<BanReason>,
        expire_tokens: bool,
    ) -> Result<Applied, Error> {
        let now = self.now();
        let until = duration.end(now);
        let reason = reason.as_ref().map_or("", BanReason::as_str).to_owned();
        self.store.ban(app, users.clone(), until, reason.clone(), expire_tokens, now).await?;
        let sentence = Refusal::Banned { until, reason: reason.clone() }.to_string();
        let why = Failure {
            until: until.0,
            reason,
            ..Failure::new(Code::BannedWhileConnected, sentence)
        };
        self.close(app, users, why).await
    }

    /// Lifts users' bans. Who is not banned stays so.
    pub async fn unban(&self, app: AppId, users: Vec<UserId>) -> Result<(), Error> {
        Ok(self.store.unban(app, users, self.now()).await?)
    }

    /// Bans in force, the last to end first. `page` counts from 1, which is also the page when none is named.
    pub async fn bans(
        &self,
        app: AppId,
        page: Option<i64>,
        page_size: i64,
    ) -> Result<Vec<Ban>, Error> {
        let offset = (page.unwrap_or(1) - 1).saturating_mul(page_size);
        Ok(self.store.bans(app, offset, page_size, self.now()).await?)
    }
}
