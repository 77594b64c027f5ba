//! Operators: invited by one-time links, signed in with password and second factor, and what they may do.
//!
//! Nothing guessable is ever shipped: the first owner, too, comes in by a link, which the server prints at its
//! start until somebody has used it. Of links, sessions and recovery codes the database has only hashes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nuncio_protocol::ids::OperatorName;
use nuncio_protocol::{Origin, Refusal, Timestamp};
use nuncio_store::operator_sessions::NewSession;
pub use nuncio_store::operator_sessions::Session;
use nuncio_store::operators::NewLink;
pub use nuncio_store::operators::{Grant, Operator, OperatorId, Role, SecretHash};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use crate::passwords::Passwords;
use crate::throttle::{Pace, Throttle};
use crate::{Core, Error, second_factor};

/// How long a one-time link is good for.
const LINK_MS: i64 = 3 * 24 * 60 * 60 * 1000;
/// A session ends after so long without a call.
pub const IDLE_MS: i64 = 2 * 60 * 60 * 1000;
/// A session ends so long after its beginning.
pub const SESSION_MS: i64 = 24 * 60 * 60 * 1000;
/// For so long after the password was given it is not asked for again.
pub const CONFIRMED_MS: i64 = 10 * 60 * 1000;
/// How exactly it is known when a session was last used.
const TOUCH_MS: i64 = 60 * 1000;
/// Characters of what a browser says of itself that are kept.
const AGENT_CHARS: usize = 200;
/// Roles that one operator may have.
const GRANTS: usize = 100;
/// The name that the first owner has until they choose one.
const FIRST_OWNER: &str = "owner";
/// Wrong passwords and codes for one name.
const BY_NAME: Pace = Pace { burst: 10, refill_ms: 30_000 };
/// Wrong passwords, codes and links from one address.
const BY_ADDRESS: Pace = Pace { burst: 30, refill_ms: 10_000 };

/// What stands between a guesser and the operators.
#[derive(Debug)]
pub(crate) struct Doors {
    passwords: Passwords,
    by_name: Throttle,
    by_address: Throttle,
}

impl Default for Doors {
    fn default() -> Self {
        Self {
            passwords: Passwords::default(),
            by_name: Throttle::new(BY_NAME),
            by_address: Throttle::new(BY_ADDRESS),
        }
    }
}

/// A secret that opens something once: a link, or a session.
pub type Secret = SecretString;

/// A one-time link. The database has only its hash.
#[derive(Debug)]
pub struct OneTimeLink {
    /// What the link ends with.
    pub token: Secret,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Where somebody calls from.
#[derive(Clone, Debug, Default)]
pub struct Visitor {
    /// The client's address.
    pub address: String,
    /// The browser, as it says itself.
    pub agent: String,
    /// The request's id.
    pub request_id: String,
}

impl Visitor {
    /// Who comes in under this name, for the audit trail.
    fn named(&self, name: &str) -> Origin {
        Origin::operator(name.to_owned(), self.address.parse().ok(), self.request_id.clone())
    }
}

/// A session that has begun, or goes on under another token.
#[derive(Debug)]
pub struct SignedIn {
    /// What the cookie holds.
    pub token: Secret,
    /// The session.
    pub session: Session,
    /// Whose it is.
    pub operator: Operator,
}

fn new_token() -> (Secret, SecretHash) {
    let token = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
    let hash = hash_of(&token);
    (token.into(), hash)
}

fn hash_of(token: &str) -> SecretHash {
    SecretHash(Sha256::digest(token).into())
}

impl Core {
    fn new_link(&self) -> (OneTimeLink, NewLink) {
        let (token, hash) = new_token();
        let expires_at = self.now().plus_ms(LINK_MS);
        (OneTimeLink { token, expires_at }, NewLink { hash, expires_at })
    }

    /// A link for the first owner of all apps, which voids an earlier one; `None` once there is an owner.
    pub async fn first_owner_link(&self) -> Result<Option<OneTimeLink>, Error> {
        let (link, new) = self.new_link();
        let name = OperatorName::try_from(FIRST_OWNER)
            .map_err(|error| Error::Internal(format!("the first owner's name {error}")))?;
        let needed = self.store.invite_first_owner(name, new, self.now()).await?;
        Ok(needed.then_some(link))
    }

    /// Adds an operator with these roles; the link lets them choose a password.
    pub async fn invite_operator(
        &self,
        name: OperatorName,
        grants: Vec<Grant>,
    ) -> Result<OneTimeLink, Error> {
        check(&grants)?;
        let (link, new) = self.new_link();
        self.store.invite_operator(name, grants, new, self.now()).await?;
        Ok(link)
    }

    /// A new link for an operator who has forgotten everything: password, second factor and sessions are void
    /// from now on.
    pub async fn renew_operator_link(&self, name: OperatorName) -> Result<OneTimeLink, Error> {
        let (link, new) = self.new_link();
        self.store.renew_link(name, new, self.now()).await?;
        Ok(link)
    }

    /// Sets an operator's roles, in force at once.
    pub async fn set_operator_grants(
        &self,
        name: OperatorName,
        grants: Vec<Grant>,
    ) -> Result<(), Error> {
        check(&grants)?;
        Ok(self.store.set_grants(name, grants, self.now()).await?)
    }

    /// Removes an operator; their sessions end.
    pub async fn remove_operator(&self, name: OperatorName) -> Result<(), Error> {
        Ok(self.store.remove_operator(name, self.now()).await?)
    }

    /// All operators, by name.
    pub async fn operators(&self) -> Result<Vec<Operator>, Error> {
        Ok(self.store.operators().await?)
    }

    /// Whom a link is for, and whether that is the first owner.
    pub async fn operator_of_link(
        &self,
        token: &Secret,
        visitor: &Visitor,
    ) -> Result<(Operator, bool), Error> {
        let now = self.now();
        self.parts.doors.by_address.take(&visitor.address, now)?;
        let found = self.store.operator_of_link(hash_of(token.expose_secret()), now).await?;
        self.parts.doors.by_address.give_back(&visitor.address);
        Ok(found)
    }

    /// Uses a link up: sets the password and signs in. The first owner may choose a name.
    pub async fn redeem_link(
        &self,
        token: &Secret,
        name: Option<OperatorName>,
        password: Secret,
        visitor: &Visitor,
    ) -> Result<SignedIn, Error> {
        // Looked up first, so that nobody can make us hash for nothing.
        let (operator, first) = self.operator_of_link(token, visitor).await?;
        let password = self.parts.doors.passwords.hash(password).await?;
        let (session, new) = new_session(visitor);
        let link = hash_of(token.expose_secret());
        let known = name.as_ref().filter(|_| first).unwrap_or(&operator.name);
        let store = self.store.by(visitor.named(known.as_str()));
        store.redeem_link(link, name, password, new, self.now()).await?;
        self.signed_in(session).await
    }

    /// Signs in. Who is not known is told no otherwise, and no sooner, than whose password is wrong.
    ///
    /// Refused with [`Refusal::SecondFactorNeeded`] when the password is right and the code is missing.
    pub async fn sign_in(
        &self,
        name: &str,
        password: Secret,
        code: Option<&str>,
        visitor: &Visitor,
    ) -> Result<SignedIn, Error> {
        let name = name.to_lowercase();
        let operator = match OperatorName::try_from(name.as_str()) {
            Ok(name) => self.store.operator(name).await?,
            Err(_) => None,
        };
        // Who comes from where the operator is signed in has tries of their own: strangers cannot lock
        // the operator out.
        let familiar = match &operator {
            Some(operator) => {
                let sessions = self.store.sessions(operator.id).await?;
                sessions.iter().any(|session| session.address == visitor.address)
            }
            None => false,
        };
        let id = operator.as_ref().map(|operator| operator.id);
        let known = operator.as_ref().map_or("", |operator| operator.name.as_str()).to_owned();
        let store = self.store.by(visitor.named(&known));
        let proved = self.prove(&name, operator, familiar, password, code, visitor).await;
        if let Err(Error::Refused(Refusal::WrongCredentials)) = proved {
            // For names that there are not, too, so that the time of the answer does not tell.
            store.note_failed_sign_in(self.now()).await?;
        }
        let operator = proved?;
        debug_assert_eq!(Some(operator.id), id, "nobody else is let in");
        let (token, new) = new_session(visitor);
        store.open_session(operator.id, new, self.now()).await?;
        self.signed_in(token).await
    }

    /// Asks for password and code once more. The session goes on under another token.
    pub async fn confirm(
        &self,
        current: &SignedIn,
        password: Secret,
        code: Option<&str>,
        visitor: &Visitor,
    ) -> Result<SignedIn, Error> {
        let operator = current.operator.clone();
        let name = operator.name.to_string();
        self.prove(&name, Some(operator), true, password, code, visitor).await?;
        self.renew(current).await
    }

    /// Gives the session another token, which counts as confirmed.
    async fn renew(&self, current: &SignedIn) -> Result<SignedIn, Error> {
        let (token, hash) = new_token();
        if !self.store.renew_session(current.session.id, hash, self.now()).await? {
            return Err(Refusal::NotSignedIn.into());
        }
        self.signed_in(token).await
    }

    /// Password, then code; every wrong one counts.
    async fn prove(
        &self,
        name: &str,
        operator: Option<Operator>,
        familiar: bool,
        password: Secret,
        code: Option<&str>,
        visitor: &Visitor,
    ) -> Result<Operator, Error> {
        let now = self.now();
        // Longer names than there are cost no memory.
        let name: String = name.chars().take(64).collect();
        let key = if familiar { format!("{name} {}", visitor.address) } else { name };
        self.parts.doors.by_address.take(&visitor.address, now)?;
        self.parts.doors.by_name.take(&key, now)?;
        let hash = operator.as_ref().map(|o| o.password.clone()).filter(|hash| !hash.is_empty());
        let right = self.parts.doors.passwords.verify(password, hash).await?;
        let Some(operator) = operator.filter(|_| right) else {
            return Err(Refusal::WrongCredentials.into());
        };
        let proved = self.prove_second_factor(&operator, code).await;
        if matches!(proved, Ok(()) | Err(Error::Refused(Refusal::SecondFactorNeeded))) {
            self.parts.doors.by_address.give_back(&visitor.address);
            self.parts.doors.by_name.give_back(&key);
        }
        proved.map(|()| operator)
    }

    async fn prove_second_factor(
        &self,
        operator: &Operator,
        code: Option<&str>,
    ) -> Result<(), Error> {
        let Some(sealed) = &operator.second_factor else { return Ok(()) };
        let code: String =
            code.unwrap_or_default().chars().filter(|c| !c.is_whitespace()).collect();
        if code.is_empty() {
            return Err(Refusal::SecondFactorNeeded.into());
        }
        let secret = self.unseal_second_factor(operator.id, sealed)?;
        let unused = if let Some(step) = second_factor::step_of(&secret, &code, self.now()) {
            self.store.use_step(operator.id, step).await?
        } else {
            let hash = second_factor::recovery_hash(&code);
            self.store.use_recovery_code(operator.id, hash).await?
        };
        if unused { Ok(()) } else { Err(Refusal::WrongCredentials.into()) }
    }

    async fn signed_in(&self, token: Secret) -> Result<SignedIn, Error> {
        let found = self.store.session(hash_of(token.expose_secret())).await?;
        let (session, operator) = found.ok_or(Refusal::NotSignedIn)?;
        Ok(SignedIn { token, session, operator })
    }

    /// The session that a cookie's token opens. Refused when there is none, or its time is over.
    pub async fn session(&self, token: Secret) -> Result<SignedIn, Error> {
        let signed_in = self.signed_in(token).await?;
        let (session, now) = (&signed_in.session, self.now());
        if session.used_at.plus_ms(IDLE_MS) <= now || session.created_at.plus_ms(SESSION_MS) <= now
        {
            self.store.close_session(session.id).await?;
            return Err(Refusal::NotSignedIn.into());
        }
        if session.used_at.plus_ms(TOUCH_MS) <= now {
            self.store.touch_session(session.id, now).await?;
        }
        Ok(signed_in)
    }

    /// Fails unless the password was given a short while ago.
    pub fn confirmed(&self, session: &Session) -> Result<(), Error> {
        if session.confirmed_at.plus_ms(CONFIRMED_MS) > self.now() {
            Ok(())
        } else {
            Err(Refusal::ConfirmationNeeded.into())
        }
    }

    /// Ends a session.
    pub async fn sign_out(&self, session: &Session) -> Result<(), Error> {
        Ok(self.store.close_session(session.id).await?)
    }

    /// An operator's sessions, the one used last first.
    pub async fn operator_sessions(&self, operator: &Operator) -> Result<Vec<Session>, Error> {
        let now = self.now();
        let mut sessions = self.store.sessions(operator.id).await?;
        sessions
            .retain(|s| s.used_at.plus_ms(IDLE_MS) > now && s.created_at.plus_ms(SESSION_MS) > now);
        Ok(sessions)
    }

    /// Ends all of an operator's sessions but this one.
    pub async fn sign_out_others(&self, current: &SignedIn) -> Result<(), Error> {
        Ok(self.store.close_other_sessions(current.operator.id, current.session.id).await?)
    }

    /// Sets a new password for who knows the old one. Other sessions end, this one gets another token.
    pub async fn change_password(
        &self,
        current: &SignedIn,
        old: Secret,
        new: Secret,
        visitor: &Visitor,
    ) -> Result<SignedIn, Error> {
        // The second factor was asked for when the session began; the old password is enough.
        let operator = Operator { second_factor: None, ..current.operator.clone() };
        let name = operator.name.to_string();
        self.prove(&name, Some(operator), true, old, None, visitor).await?;
        let hash = self.parts.doors.passwords.hash(new).await?;
        let now = self.now();
        self.store.set_password(current.operator.id, hash, current.session.id, now).await?;
        self.renew(current).await
    }

    /// Prepares a second factor: its secret as text, and what a QR code says of it.
    pub async fn begin_second_factor(
        &self,
        operator: &Operator,
    ) -> Result<(String, String), Error> {
        let secret = second_factor::new_secret();
        let sealed = self
            .parts
            .vault
            .seal(&second_factor_context(operator.id), &secret)
            .map_err(|error| Error::Internal(error.to_string()))?;
        self.store.prepare_second_factor(operator.id, sealed).await?;
        Ok((second_factor::base32(&secret), second_factor::uri(&operator.name, &secret)))
    }

    /// Puts the prepared second factor in force, once a code has shown that the operator has it. The session
    /// gets another token. Returns recovery codes.
    pub async fn enable_second_factor(
        &self,
        current: &SignedIn,
        code: &str,
    ) -> Result<(SignedIn, Vec<String>), Error> {
        let operator = &current.operator;
        let Some(sealed) = &operator.second_factor_next else {
            let sentence = "begin with a new secret first";
            return Err(Refusal::NotNow(sentence.to_owned()).into());
        };
        let secret = self.unseal_second_factor(operator.id, sealed)?;
        let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        let Some(step) = second_factor::step_of(&secret, &code, self.now()) else {
            return Err(Refusal::WrongCredentials.into());
        };
        let codes = second_factor::new_recovery_codes();
        let hashes = codes.iter().map(|code| second_factor::recovery_hash(code)).collect();
        self.store.enable_second_factor(operator.id, step, hashes, self.now()).await?;
        self.sign_out_others(current).await?;
        Ok((self.renew(current).await?, codes))
    }

    /// Lets an operator sign in without a code again.
    pub async fn disable_second_factor(&self, operator: &Operator) -> Result<(), Error> {
        Ok(self.store.disable_second_factor(operator.id, self.now()).await?)
    }

    /// New recovery codes, in place of what is left of the old ones.
    pub async fn renew_recovery_codes(&self, operator: &Operator) -> Result<Vec<String>, Error> {
        if operator.second_factor.is_none() {
            return Err(Refusal::NotNow("there is no second factor".to_owned()).into());
        }
        let codes = second_factor::new_recovery_codes();
        let hashes = codes.iter().map(|code| second_factor::recovery_hash(code)).collect();
        self.store.set_recovery_codes(operator.id, hashes, self.now()).await?;
        Ok(codes)
    }

    /// Forgets sessions whose time is over; returns how many. A job's step, in short transactions.
    pub async fn prune_operator_sessions(&self) -> Result<u64, Error> {
        let now = self.now();
        let mut pruned = 0;
        loop {
            let step =
                self.store.prune_sessions(now.plus_ms(-IDLE_MS), now.plus_ms(-SESSION_MS)).await?;
            pruned += step;
            if step == 0 {
                return Ok(pruned);
            }
        }
    }

    fn unseal_second_factor(&self, operator: OperatorId, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        self.parts
            .vault
            .unseal(&second_factor_context(operator), sealed)
            .map_err(|error| Error::Internal(format!("a second factor: {error}")))
    }
}

fn new_session(visitor: &Visitor) -> (Secret, NewSession) {
    let (token, id) = new_token();
    let plain = |c: &char| !c.is_control();
    let agent = visitor.agent.chars().filter(plain).take(AGENT_CHARS).collect();
    (token, NewSession { id, address: visitor.address.clone(), agent })
}

/// The place that a second factor's secret is sealed for.
fn second_factor_context(operator: OperatorId) -> String {
    format!("second factor {}", operator.0)
}

fn check(grants: &[Grant]) -> Result<(), Refusal> {
    let wrong = |sentence: &str| Err(Refusal::BadParameter(sentence.to_owned()));
    if grants.is_empty() || grants.len() > GRANTS {
        return wrong("`grants` must have 1 to 100 entries: remove who shall have no role");
    }
    let twice = (1..grants.len()).any(|i| grants[..i].iter().any(|g| g.app == grants[i].app));
    if twice {
        return wrong("`grants` names an app twice");
    }
    Ok(())
}
