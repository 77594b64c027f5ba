//! Operators' passwords: hashed with Argon2id, a few at a time.
//!
//! One hash takes 19 MiB and tens of milliseconds, so a storm of sign-ins would be a storm of memory: two are
//! worked on at once, some wait, and what comes on top is told to come back.

use std::sync::OnceLock;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use nuncio_protocol::Refusal;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;

use crate::Error;

/// Hashes that are worked on at once.
const AT_ONCE: usize = 2;
/// Callers that may be here at once, at work or waiting.
const WAITING: usize = 64;
/// How long is told to those for whom there is no room.
const COME_BACK_MS: u64 = 2000;
/// Characters that a password may have.
pub(crate) const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 12..=256;

/// Hashes and verifies.
#[derive(Debug)]
pub(crate) struct Passwords {
    at_once: Semaphore,
    waiting: Semaphore,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { at_once: Semaphore::new(AT_ONCE), waiting: Semaphore::new(WAITING) }
    }
}

impl Passwords {
    /// The hash of a new password, as a PHC string. Refused when it is too short or too long.
    pub(crate) async fn hash(&self, password: SecretString) -> Result<String, Error> {
        let characters = password.expose_secret().chars().count();
        if !PASSWORD_CHARS.contains(&characters) {
            let (least, most) = (PASSWORD_CHARS.start(), PASSWORD_CHARS.end());
            let sentence =
                format!("`password` has {characters} characters: {least} to {most} are needed");
            return Err(Refusal::BadParameter(sentence).into());
        }
        self.work(move || hash(&password)).await?
    }

    /// Whether `password` is the one that `hash` was made of. Without a hash it is not, which takes as long to
    /// find out.
    pub(crate) async fn verify(
        &self,
        password: SecretString,
        hash: Option<String>,
    ) -> Result<bool, Error> {
        if password.expose_secret().len() > PASSWORD_CHARS.end() * 4 {
            return Ok(false);
        }
        self.work(move || {
            let known = hash.is_some();
            let hash = match hash {
                Some(hash) => hash,
                None => nobodys()?.to_owned(),
            };
            let parsed = PasswordHash::new(&hash)
                .map_err(|error| Error::Internal(format!("a password's hash: {error}")))?;
            let right = Argon2::default()
                .verify_password(password.expose_secret().as_bytes(), &parsed)
                .is_ok();
            Ok(known && right)
        })
        .await?
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let closed = |_| Error::Internal("passwords are not verified any more".to_owned());
        let _place = self
            .waiting
            .try_acquire()
            .map_err(|_| Refusal::TooManyTries { wait_ms: COME_BACK_MS })?;
        let _turn = self.at_once.acquire().await.map_err(closed)?;
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| Error::Internal(format!("a password's hash: {error}")))
    }
}

fn hash(password: &SecretString) -> Result<String, Error> {
    Argon2::default()
        .hash_password(password.expose_secret().as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| Error::Internal(format!("cannot hash a password: {error}")))
}

/// The hash that stands in for those of names that do not exist.
fn nobodys() -> Result<&'static str, Error> {
    static NOBODYS: OnceLock<String> = OnceLock::new();
    if let Some(hash) = NOBODYS.get() {
        return Ok(hash);
    }
    let made = hash(&"nobody's password".to_owned().into())?;
    Ok(NOBODYS.get_or_init(|| made))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_is_right() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse battery".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(
            passwords.verify("correct horse battery".into(), Some(hash.clone())).await.unwrap()
        );
        assert!(!passwords.verify("correct horse batterY".into(), Some(hash)).await.unwrap());
        assert!(!passwords.verify("nobody's password".into(), None).await.unwrap());
    }

    #[tokio::test]
    async fn a_short_password_is_refused() {
        let error = Passwords::default().hash("eleven char".into()).await.unwrap_err();
        assert_eq!(error.to_string(), "`password` has 11 characters: 12 to 256 are needed");
    }
}
