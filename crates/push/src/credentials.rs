//! What an app shows to a provider: given by its operators, checked, and parted into what may be seen and what not.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use nuncio_protocol::frames::PushProvider;
use nuncio_protocol::values::WebhookUrl;
use rand::distr::{Alphanumeric, SampleString as _};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::jwt::Key;

/// Letters and digits of a gateway's secret.
const SECRET_CHARS: usize = 32;
/// Bytes of any member of the credentials.
const MEMBER_BYTES: usize = 8 * 1024;

/// The member that says how many notifications a second a provider is sent at most.
const PACE: &str = "perSecond";
/// Where nothing is said.
const PER_SECOND: u32 = 500;
/// The most that may be said.
const PER_SECOND_MOST: u32 = 10_000;

/// Why credentials are not taken. The sentence is for who gives them.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CredentialsError {
    /// It is none of the providers.
    #[error("there is no such provider: there are `fcm`, `apns`, `web` and `webhook`")]
    NoProvider,
    /// A member is missing, of another form, or one too many.
    #[error("the credentials cannot be read: {0}")]
    Malformed(String),
    /// A member that is a text is empty, too long or holds what it may not.
    #[error("`{member}` {fault}")]
    Member {
        /// Which one.
        member: &'static str,
        /// What is wrong.
        fault: String,
    },
    /// The private key cannot be used.
    #[error("the key {0}")]
    Key(&'static str),
}

/// Credentials as they are kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// What may be seen.
    pub setup: Value,
    /// What may not.
    pub secret: String,
}

impl Kept {
    /// A text of the setup; empty where it is missing.
    pub(crate) fn text(&self, member: &str) -> String {
        self.setup[member].as_str().unwrap_or_default().to_owned()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Fcm {
    /// The service account's file: an object, or its text. Left out: as before.
    service_account: Option<Value>,
    #[serde(default)]
    endpoint: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Apns {
    /// The `.p8` file's text. Left out: as before.
    key: Option<String>,
    key_id: String,
    team_id: String,
    topic: String,
    #[serde(default)]
    sandbox: bool,
    #[serde(default)]
    endpoint: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Web {
    subject: String,
    #[serde(default)]
    new_key: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Webhook {
    url: String,
    #[serde(default)]
    new_secret: bool,
}

fn read<T: for<'de> Deserialize<'de>>(given: Value) -> Result<T, CredentialsError> {
    serde_json::from_value(given).map_err(|error| CredentialsError::Malformed(error.to_string()))
}

fn bad(member: &'static str, fault: impl std::fmt::Display) -> CredentialsError {
    CredentialsError::Member { member, fault: fault.to_string() }
}

/// Checks a text that becomes part of a header or a URL.
fn plain(member: &'static str, text: &str) -> Result<(), CredentialsError> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._:@".contains(c);
    if text.is_empty() || text.len() > 128 || !text.chars().all(is_plain) {
        return Err(bad(member, "must be 1 to 128 letters, digits, `-`, `.`, `_`, `:` or `@`"));
    }
    Ok(())
}

/// An address to send to in place of the provider's own, or nothing.
fn endpoint(text: &str) -> Result<&str, CredentialsError> {
    if !text.is_empty() {
        WebhookUrl::try_from(text).map_err(|error| bad("endpoint", error))?;
    }
    Ok(text.trim_end_matches('/'))
}

fn before_or(before: Option<&Kept>, member: &'static str) -> Result<String, CredentialsError> {
    before.map(|kept| kept.secret.clone()).ok_or_else(|| bad(member, "is missing"))
}

/// Takes the pace out of what an operator gives.
fn take_pace(given: &mut Value) -> Result<u32, CredentialsError> {
    let Some(pace) = given.as_object_mut().and_then(|members| members.remove(PACE)) else {
        return Ok(PER_SECOND);
    };
    let found = pace.as_u64().and_then(|pace| u32::try_from(pace).ok());
    found.filter(|pace| (1..=PER_SECOND_MOST).contains(pace)).ok_or_else(|| {
        bad(PACE, format!("must be a number of notifications from 1 to {PER_SECOND_MOST}"))
    })
}

/// How many notifications a second a provider is sent at most, by what of its credentials may be seen.
#[must_use]
pub fn per_second(setup: &Value) -> u32 {
    let found = setup[PACE].as_u64().and_then(|pace| u32::try_from(pace).ok());
    found.unwrap_or(PER_SECOND).clamp(1, PER_SECOND_MOST)
}

/// Checks what an app's operator gives for a provider. What is left out of the secrets stays as it was `before`.
pub fn prepare(
    provider: PushProvider,
    mut given: Value,
    before: Option<&Kept>,
) -> Result<Kept, CredentialsError> {
    if given.to_string().len() > 2 * MEMBER_BYTES {
        return Err(CredentialsError::Malformed("they are too long".to_owned()));
    }
    let pace = take_pace(&mut given)?;
    let mut kept = read_credentials(provider, given, before)?;
    kept.setup[PACE] = json!(pace);
    Ok(kept)
}

fn read_credentials(
    provider: PushProvider,
    given: Value,
    before: Option<&Kept>,
) -> Result<Kept, CredentialsError> {
    match provider {
        PushProvider::Unspecified => Err(CredentialsError::NoProvider),
        PushProvider::Fcm => {
            let Fcm { service_account, endpoint: to } = read(given)?;
            let secret = match service_account {
                Some(Value::String(text)) => text,
                Some(account) => account.to_string(),
                None => before_or(before, "serviceAccount")?,
            };
            let account = crate::fcm::Account::read(&secret)?;
            plain("project_id", &account.project_id)?;
            let setup = json!({
                "projectId": account.project_id, "clientEmail": account.client_email,
                "endpoint": endpoint(&to)?,
            });
            Ok(Kept { setup, secret })
        }
        PushProvider::Apns => {
            let Apns { key, key_id, team_id, topic, sandbox, endpoint: to } = read(given)?;
            for (member, text) in [("keyId", &key_id), ("teamId", &team_id), ("topic", &topic)] {
                plain(member, text)?;
            }
            let secret = key.map_or_else(|| before_or(before, "key"), Ok)?;
            Key::p256_pem(&secret)?;
            let setup = json!({
                "keyId": key_id, "teamId": team_id, "topic": topic, "sandbox": sandbox,
                "endpoint": endpoint(&to)?,
            });
            Ok(Kept { setup, secret })
        }
        PushProvider::Web => {
            let Web { subject, new_key } = read(given)?;
            let known = ["mailto:", "https://"].iter().any(|s| subject.starts_with(s));
            if !known || subject.len() > 256 || subject.chars().any(char::is_control) {
                return Err(bad("subject", "must be a `mailto:` or `https:` address"));
            }
            let secret = match before {
                Some(kept) if !new_key => kept.secret.clone(),
                _ => BASE64.encode(Key::new_p256()?),
            };
            let key = crate::web_push::key(&secret)?;
            let setup = json!({ "subject": subject, "publicKey": BASE64.encode(key.public()) });
            Ok(Kept { setup, secret })
        }
        PushProvider::Webhook => {
            let Webhook { url, new_secret } = read(given)?;
            WebhookUrl::try_from(url.as_str()).map_err(|error| bad("url", error))?;
            let secret = match before {
                Some(kept) if !new_secret => kept.secret.clone(),
                _ => Alphanumeric.sample_string(&mut rand::rng(), SECRET_CHARS),
            };
            Ok(Kept { setup: json!({ "url": url }), secret })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_has_a_default_and_limits() {
        let prepared = |pace: Value| {
            let mut given = json!({ "url": "https://p.example/push" });
            if !pace.is_null() {
                given[PACE] = pace;
            }
            prepare(PushProvider::Webhook, given, None).map(|kept| per_second(&kept.setup))
        };
        assert_eq!(prepared(Value::Null), Ok(PER_SECOND));
        assert_eq!((prepared(json!(1)), prepared(json!(10_000))), (Ok(1), Ok(10_000)));
        for wrong in [json!(0), json!(10_001), json!(-1), json!(1.5), json!("5")] {
            let error = prepared(wrong.clone()).unwrap_err().to_string();
            assert!(error.starts_with("`perSecond` must be"), "{wrong}: {error}");
        }
        // What was set up before there was a pace.
        assert_eq!(per_second(&json!({})), PER_SECOND);
    }
}
