//! The headers that say which app calls, and prove it.

use axum::http::{HeaderMap, HeaderName};
use nuncio_protocol::{AppKey, Code, Timestamp, limits, signing};

use crate::error::ApiError;

/// Timestamps below this are seconds: as milliseconds they would lie in 1973.
const SECONDS_BELOW: i64 = 100_000_000_000;

/// What a request says about its sender.
pub(super) struct Credentials<'a> {
    /// `None` when it cannot be any app's.
    pub(super) app_key: Option<AppKey>,
    nonce: &'a str,
    timestamp: &'a str,
    v1: &'a str,
    /// The stronger signature, when there is one.
    pub(super) v2: Option<&'a str>,
}

fn bad(sentence: impl Into<String>) -> ApiError {
    ApiError::new(Code::BadSignature, sentence)
}

/// A header that says who calls.
struct Header {
    /// As it is documented.
    name: &'static str,
    plain: HeaderName,
    /// The one that hosting platforms let through.
    prefixed: HeaderName,
}

static APP_KEY: Header = Header {
    name: "App-Key",
    plain: HeaderName::from_static("app-key"),
    prefixed: HeaderName::from_static("rc-app-key"),
};
static NONCE: Header = Header {
    name: "Nonce",
    plain: HeaderName::from_static("nonce"),
    prefixed: HeaderName::from_static("rc-nonce"),
};
static TIMESTAMP: Header = Header {
    name: "Timestamp",
    plain: HeaderName::from_static("timestamp"),
    prefixed: HeaderName::from_static("rc-timestamp"),
};
static SIGNATURE: Header = Header {
    name: "Signature",
    plain: HeaderName::from_static("signature"),
    prefixed: HeaderName::from_static("rc-signature"),
};
static NUNCIO_SIGNATURE: HeaderName = HeaderName::from_static("nuncio-signature");

/// A header by its plain name, else by the other one.
fn header<'a>(headers: &'a HeaderMap, which: &Header) -> Result<Option<&'a str>, ApiError> {
    let name = which.name;
    let value = headers.get(&which.plain).or_else(|| headers.get(&which.prefixed));
    let Some(value) = value else { return Ok(None) };
    match value.to_str() {
        Ok(text) => Ok(Some(text.trim())),
        Err(_) => Err(bad(format!("the header {name} contains more than printable ASCII"))),
    }
}

fn required<'a>(headers: &'a HeaderMap, which: &Header) -> Result<&'a str, ApiError> {
    let name = which.name;
    header(headers, which)?
        .filter(|text| !text.is_empty())
        .ok_or_else(|| bad(format!("the header {name} is missing: sign the request")))
}

impl<'a> Credentials<'a> {
    pub(super) fn read(headers: &'a HeaderMap) -> Result<Self, ApiError> {
        let app_key = required(headers, &APP_KEY)?;
        let nonce = required(headers, &NONCE)?;
        if nonce.len() > limits::NONCE_BYTES {
            let limit = limits::NONCE_BYTES;
            return Err(bad(format!("the header Nonce has more than {limit} bytes")));
        }
        Ok(Self {
            app_key: AppKey::try_from(app_key).ok(),
            nonce,
            timestamp: required(headers, &TIMESTAMP)?,
            v1: required(headers, &SIGNATURE)?,
            v2: match headers.get(&NUNCIO_SIGNATURE).map(|value| value.to_str()) {
                None => None,
                Some(Ok(signature)) => Some(signature.trim()),
                Some(Err(_)) => return Err(bad("the header Nuncio-Signature is not a signature")),
            },
        })
    }

    /// When the request was signed, if that is not more than the window away from `now`.
    pub(super) fn check_time(
        &self,
        now: Timestamp,
        window_seconds: u32,
    ) -> Result<Timestamp, ApiError> {
        let sent_at = parse_time(self.timestamp).ok_or_else(|| {
            bad("the header Timestamp is not Unix time in milliseconds or seconds")
        })?;
        let off_ms = now.0.abs_diff(sent_at.0);
        if off_ms > u64::from(window_seconds) * 1000 {
            return Err(bad(format!(
                "the header Timestamp is {} s off this server's clock, at most {window_seconds} s are \
                 allowed: set the caller's clock",
                off_ms / 1000
            )));
        }
        Ok(sent_at)
    }

    pub(super) fn verify_v1(&self, secret: &str) -> Result<(), ApiError> {
        if signing::equal(self.v1, &signing::v1(secret, self.nonce, self.timestamp)) {
            return Ok(());
        }
        Err(bad(
            "the header Signature does not match: it is the lower-case hex SHA-1 of App Secret, \
                 Nonce and Timestamp",
        ))
    }

    pub(super) fn verify_v2(
        &self,
        secret: &str,
        path: &str,
        body: &[u8],
        signature: &str,
    ) -> Result<(), ApiError> {
        let right = signing::v2(secret, "POST", path, body, self.timestamp, self.nonce);
        if signing::equal(signature, &right) {
            return Ok(());
        }
        Err(bad(
            "the header Nuncio-Signature does not match: it is `v2=` and the hex HMAC-SHA-256 of \
                 method, path, hex SHA-256 of the body, Timestamp and Nonce, joined by line feeds",
        ))
    }

    /// What is the same when a request is played again.
    pub(super) fn fingerprint(&self) -> impl std::hash::Hash {
        (self.nonce, self.timestamp, self.v1, self.v2)
    }
}

/// Reads Unix time in milliseconds or in seconds.
fn parse_time(text: &str) -> Option<Timestamp> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: i64 = text.parse().ok()?;
    Some(Timestamp(if number < SECONDS_BELOW { number * 1000 } else { number }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    #[test]
    fn time_may_be_in_seconds_or_in_milliseconds() {
        assert_eq!(parse_time("1408710653"), Some(Timestamp(1_408_710_653_000)));
        assert_eq!(parse_time("1408710653000"), Some(Timestamp(1_408_710_653_000)));
        for bad in ["-1", "+1", "1.5", "0x10", " 1", "99999999999999999999", "१"] {
            assert_eq!(parse_time(bad), None, "{bad}");
        }
    }

    #[test]
    fn time_may_be_off_by_the_window_and_not_more() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("app-key", "k"),
            ("nonce", "0.8444218515250481"),
            ("timestamp", "1000000"),
            ("signature", "s"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let credentials = Credentials::read(&headers).unwrap();
        let at = |seconds: i64| credentials.check_time(Timestamp(seconds * 1000), 300);
        for near in [999_700, 1_000_000, 1_000_300] {
            assert!(at(near).is_ok());
        }
        for far in [999_699, 1_000_301, i64::MIN / 1000, i64::MAX / 1000] {
            assert_eq!(at(far).unwrap_err().code, Code::BadSignature);
        }
    }

    proptest! {
        #[test]
        fn whatever_the_headers_hold_reading_them_never_panics(
            values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 5)
        ) {
            let names = ["app-key", "nonce", "rc-timestamp", "signature", "nuncio-signature"];
            let mut headers = HeaderMap::new();
            for (name, value) in names.into_iter().zip(values) {
                if let Ok(value) = HeaderValue::from_bytes(&value) {
                    headers.insert(HeaderName::from_static(name), value);
                }
            }
            if let Ok(credentials) = Credentials::read(&headers) {
                let _ = credentials.check_time(Timestamp(0), 300);
                prop_assert!(credentials.verify_v1("secret").is_err());
            }
        }
    }
}
