//! Access tokens: issued, expired, read and admitted. What one looks like is in `token_format.rs`.
//!
//! Tokens are stateless, so nothing has to be looked up to prove who made one. Whether it still opens
//! anything is asked of the database at every login and, while the connection lasts, at every message.

use std::sync::Arc;

use nuncio_bus::{Applied, Close, Standing};
use nuncio_protocol::frames::Failure;
use nuncio_protocol::ids::{AppId, DeviceId};
use nuncio_protocol::values::{AvatarUrl, Name};
use nuncio_protocol::{AppKey, Refusal, Timestamp, UserId};
use nuncio_store::StoreError;
use nuncio_store::apps::App;
use nuncio_store::sessions::{Entered, Entering, Other};
pub use nuncio_store::tokens::Admission;

use crate::token_format::{self, Token};
use crate::{Core, Error};

/// How far an app server's clock may be ahead of ours when it says up to when tokens are void, in
/// milliseconds.
const CLOCK_TOLERANCE_MS: i64 = 5_000;

/// What a token that was read says. That it is authentic is certain; whether its user may log in is for
/// [`Core::admit`] to find out.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The app, as it was when the token was read.
    pub app: Arc<App>,
    /// Whom the token was issued for.
    pub user: UserId,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it ends by itself; `None` for never.
    pub expires_at: Option<Timestamp>,
    /// The version of the App Secret that it was made under.
    pub secret_version: i64,
}

/// A connection that is about to be welcomed.
#[derive(Clone, Debug)]
pub struct Newcomer {
    /// Names it.
    pub session: String,
    /// Its device.
    pub device: DeviceId,
    /// What it runs on, as it says itself.
    pub platform: String,
    /// The SDK's version, as it says itself.
    pub sdk_version: String,
    /// Where it comes from; empty when that is not known.
    pub address: String,
}

/// A connection that may log in.
#[derive(Debug)]
pub struct Admitted {
    /// What its client is told.
    pub admission: Admission,
    /// What the directory of sessions says, on a node of a cluster.
    pub elsewhere: Option<Elsewhere>,
}

/// A user's other connections in a cluster, when a new one enters.
#[derive(Debug)]
pub struct Elsewhere {
    /// Whether there is none.
    pub came_online: bool,
    others: Vec<Other>,
}

impl Elsewhere {
    /// The connections that must give way to a new one of `device`: an older one of the same device, and the
    /// oldest ones past `most` devices.
    #[must_use]
    pub fn giving_way(&self, device: &DeviceId, most: u32) -> Vec<&str> {
        let is_same = |other: &&Other| other.device == device.as_str();
        let (same, others): (Vec<_>, Vec<_>) = self.others.iter().partition(is_same);
        let too_many = (others.len() + 1).saturating_sub(most.max(1) as usize);
        let giving_way = same.into_iter().chain(others.into_iter().take(too_many));
        giving_way.map(|other| other.session.as_str()).collect()
    }
}

impl Core {
    /// Issues an access token: registers the user, or sets the push identity of one who is registered (no
    /// avatar given: it stays). Earlier tokens live on.
    ///
    /// The token ends after `ttl_seconds`, else after the app's setting, else never. Refused past the app's
    /// user limit for a user who is not registered yet, and for who was soft-deleted.
    pub async fn issue_token(
        &self,
        app: &App,
        user: UserId,
        name: Name,
        avatar_url: Option<AvatarUrl>,
        ttl_seconds: Option<i64>,
    ) -> Result<String, Error> {
        let ttl_seconds = ttl_seconds.or(app.settings.token_ttl_seconds);
        if ttl_seconds.is_some_and(|seconds| seconds < 1) {
            let sentence = "`ttlSeconds` must be at least 1".to_owned();
            return Err(Refusal::BadParameter(sentence).into());
        }
        let secret = self.app_secret(app)?;
        let now = self.now();
        let issued_at = self.store.register(app.id, user.clone(), name, avatar_url, now).await?;
        let expires_at = ttl_seconds.map(|s| issued_at.plus_ms(s.saturating_mul(1000)));
        let token = Token { app: app.id, user, issued_at, expires_at };
        Ok(token_format::write(&token, &secret, rand::random()))
    }

    /// Voids the tokens that users were issued before `expires_at`, and closes the connections that logged
    /// in with one of them, unless the app's settings leave those alone.
    ///
    /// Refused when `expires_at` is later than a wrong clock explains, or a user is not registered.
    pub async fn expire_tokens(
        &self,
        app: AppId,
        users: Vec<UserId>,
        expires_at: Timestamp,
    ) -> Result<Option<Applied>, Error> {
        let now = self.now();
        if expires_at > now.plus_ms(CLOCK_TOLERANCE_MS) {
            let sentence = "`expiresAt` lies in the future: give Unix milliseconds, at most now";
            return Err(Refusal::BadParameter(sentence.to_owned()).into());
        }
        self.store.expire_tokens(app, users.clone(), expires_at, now).await?;
        if !self.store.app_by_id(app).await?.settings.expire_closes_connections {
            return Ok(None);
        }
        let why = Refusal::TokenExpired.to_failure();
        let tokens_before = Some(expires_at);
        let close = Close { app, users: Some(users), tokens_before, secret_before: None, why };
        Ok(Some(self.parts.bus.close(close).await?))
    }

    /// Reads a token: whether this app made it, and whether it has aged.
    ///
    /// Refused when the app is not there or locked, when the token is not one of this app's, and when its time
    /// is over. A token of an earlier secret cannot be told from a forged one any more; where the secret was
    /// rotated both count as expired, which lets honest clients ask for a new one.
    pub async fn read_token(&self, app_key: &str, token: &str) -> Result<Claim, Error> {
        let key = AppKey::try_from(app_key).map_err(|_| Refusal::AppUnavailable)?;
        let app = self.store.app(key).await?.ok_or(Refusal::AppUnavailable)?;
        if app.locked {
            return Err(Refusal::AppUnavailable.into());
        }
        let read = token_format::read(token, &self.app_secret(&app)?);
        let Some(token) = read.filter(|token| token.app == app.id) else {
            let of_old = app.secret_version > 1 && token_format::resembles(token, app.id);
            return Err(if of_old { Refusal::TokenExpired } else { Refusal::TokenInvalid }.into());
        };
        if token.expires_at.is_some_and(|end| end <= self.now()) {
            return Err(Refusal::TokenExpired.into());
        }
        let Token { user, issued_at, expires_at, .. } = token;
        Ok(Claim { user, issued_at, expires_at, secret_version: app.secret_version, app })
    }

    /// Says whether a claim may log in, by what the database holds at this moment.
    ///
    /// **Call it after the connection is in the registry of sessions**, and welcome the client only after it
    /// has succeeded. A ban (or expiry, or soft deletion) goes the other way round: it commits first, and
    /// closes the sessions in the registry after. So of a ban and a login that overlap one always sees
    /// the other: either the ban was committed before this reads, and the login is refused; or it was
    /// not, and then the ban looks for sessions later than that, and finds this one.
    ///
    /// Refused, in this order: app locked, App Secret rotated since, user deleted, banned, token voided.
    pub async fn admit(&self, claim: &Claim) -> Result<Admission, Error> {
        let Claim { app, user, issued_at, secret_version, .. } = claim;
        let now = self.now();
        Ok(self.store.admit(app.id, user.clone(), *issued_at, *secret_version, now).await?)
    }

    /// The same for a connection that is about to be welcomed: on a node of a cluster it enters the directory of
    /// sessions in the transaction that reads the standing. Refused where the node is cut off.
    pub async fn enter(
        &self,
        claim: &Claim,
        newcomer: impl FnOnce() -> Newcomer + Send,
    ) -> Result<Admitted, Error> {
        let node = match self.parts.bus.standing() {
            Standing::Alone => {
                let admission = self.admit(claim).await?;
                return Ok(Admitted { admission, elsewhere: None });
            }
            Standing::CutOff => {
                let sentence = "the node is cut off from its cluster".to_owned();
                return Err(StoreError::Unavailable(sentence).into());
            }
            Standing::Member(node) => node,
        };
        let Newcomer { session, device, platform, sdk_version, address } = newcomer();
        let entering = Entering {
            app: claim.app.id,
            user: claim.user.clone(),
            session,
            node,
            device,
            platform,
            sdk_version,
            address,
            token_issued_at: claim.issued_at,
            secret_version: claim.secret_version,
        };
        let entered = self.store.enter(entering, self.now(), self.parts.bus.clock()).await?;
        let Entered { admission, came_online, others } = entered;
        Ok(Admitted { admission, elsewhere: Some(Elsewhere { came_online, others }) })
    }

    /// A connection that [`Core::enter`] was asked about has ended. Returns whether the directory of sessions
    /// takes care of telling when it was its user's last.
    #[must_use]
    pub fn leave(&self, app: AppId, user: &UserId, session: impl std::fmt::Display) -> bool {
        if self.parts.bus.standing() == Standing::Alone {
            return false;
        }
        self.parts.bus.left(app, user, session.to_string());
        true
    }

    /// Closes a connection that gives way to a newer one, wherever it is.
    pub async fn give_way(
        &self,
        app: AppId,
        user: &UserId,
        session: &str,
        why: Failure,
    ) -> Result<(), Error> {
        self.parts.bus.close_session(app, user, session, why).await?;
        Ok(())
    }
}
