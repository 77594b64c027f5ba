//! How a Server API request, or a webhook, proves that its sender holds the App Secret.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// The plain signature: lower-case hex of SHA-1 over secret, nonce and timestamp.
///
/// ```
/// // The vector that the legacy documentation publishes.
/// let signature = nuncio_protocol::signing::v1("Y1W2MeFwwwRxa0", "14314", "1408710653000");
/// assert_eq!(signature, "30be0bbca9c9b2e27578701e9fda2358a814c88f");
/// ```
#[must_use]
pub fn v1(secret: &str, nonce: &str, timestamp: &str) -> String {
    hex(&Sha1::new()
        .chain_update(secret.as_bytes())
        .chain_update(nonce.as_bytes())
        .chain_update(timestamp.as_bytes())
        .finalize())
}

/// The stronger signature, which covers the whole request: `v2=` and hex of HMAC-SHA-256 over
/// method, path, hex SHA-256 of the body, timestamp and nonce, joined by line feeds.
#[must_use]
pub fn v2(
    secret: &str,
    method: &str,
    path: &str,
    body: &[u8],
    timestamp: &str,
    nonce: &str,
) -> String {
    let digest = hex(&Sha256::digest(body));
    let text = [method, path, &digest, timestamp, nonce].join("\n");
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        unreachable!("HMAC takes a key of any length")
    };
    mac.update(text.as_bytes());
    format!("v2={}", hex(&mac.finalize().into_bytes()))
}

/// Whether two signatures are the same, in a time that does not depend on where they differ.
#[must_use]
pub fn equal(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

/// Lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// The path of an absolute URL, its query included: what a signature of a request there covers.
///
/// ```
/// use nuncio_protocol::signing::path_of;
/// assert_eq!(path_of("https://a.example/hook?x=1"), "/hook?x=1");
/// assert_eq!(path_of("https://a.example:81/"), "/");
/// assert_eq!(path_of("http://a.example"), "/");
/// ```
#[must_use]
pub fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    match rest.find(['/', '?']) {
        Some(place) if rest[place..].starts_with('/') => &rest[place..],
        _ => "/",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_request_changes_its_v2_signature() {
        let base = v2("secret", "POST", "/v4/user/get", b"{}", "1", "n");
        for other in [
            v2("secret2", "POST", "/v4/user/get", b"{}", "1", "n"),
            v2("secret", "GET", "/v4/user/get", b"{}", "1", "n"),
            v2("secret", "POST", "/v4/user/ban", b"{}", "1", "n"),
            v2("secret", "POST", "/v4/user/get", b"{ }", "1", "n"),
            v2("secret", "POST", "/v4/user/get", b"{}", "2", "n"),
            v2("secret", "POST", "/v4/user/get", b"{}", "1", "m"),
        ] {
            assert_ne!(base, other);
        }
        assert!(base.starts_with("v2=") && base.len() == 67);
        assert!(equal(&base, &base.clone()) && !equal(&base, "v2="));
    }
}
