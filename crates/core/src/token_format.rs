//! What a token looks like: `nct_` and the URL-safe base64 of
//!
//! | bytes | |
//! |---|---|
//! | 1 | version of this format |
//! | 8 | the app's number |
//! | 8 | issue time, Unix milliseconds |
//! | 8 | end, Unix milliseconds; 0 for none |
//! | 16 | chance |
//! | 1 to 64 | the user's id |
//! | 32 | HMAC-SHA-256 of all that, under a key derived from the App Secret |
//!
//! numbers big-endian. The key changes with the App Secret, so rotating the secret voids every token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use nuncio_protocol::ids::AppId;
use nuncio_protocol::{Timestamp, UserId, limits};
use sha2::Sha256;

const PREFIX: &str = "nct_";
const VERSION: u8 = 1;
const MAC_BYTES: usize = 32;

/// A token's contents.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Token {
    /// The app that it was made for.
    pub(crate) app: AppId,
    /// Whom it was issued for.
    pub(crate) user: UserId,
    /// When it was issued.
    pub(crate) issued_at: Timestamp,
    /// When it ends; `None` for never.
    pub(crate) expires_at: Option<Timestamp>,
}

/// The token as text. `chance` makes two tokens of one moment differ.
pub(crate) fn write(token: &Token, app_secret: &str, chance: [u8; 16]) -> String {
    let mut bytes = vec![VERSION];
    bytes.extend(token.app.0.to_be_bytes());
    bytes.extend(token.issued_at.0.to_be_bytes());
    bytes.extend(token.expires_at.map_or(0, |end| end.0).to_be_bytes());
    bytes.extend(chance);
    bytes.extend(token.user.as_str().as_bytes());
    write_contents(bytes, app_secret)
}

/// Signs the contents of a token, whatever they are.
pub(crate) fn write_contents(mut bytes: Vec<u8>, app_secret: &str) -> String {
    let mac = mac(app_secret, &bytes).finalize().into_bytes();
    bytes.extend_from_slice(&mac);
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(&bytes))
}

/// Reads a token that was made under this secret; `None` for any other text.
pub(crate) fn read(text: &str, app_secret: &str) -> Option<Token> {
    if text.len() > limits::TOKEN_BYTES {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
    let (signed, signature) = bytes.split_last_chunk::<MAC_BYTES>()?;
    // In constant time, and before anything that the text says is believed.
    mac(app_secret, signed).verify_slice(signature).ok()?;

    let (version, rest) = signed.split_first()?;
    if *version != VERSION {
        return None;
    }
    let (app, rest) = number(rest)?;
    let (issued_at, rest) = number(rest)?;
    let (expires_at, rest) = number(rest)?;
    let (_chance, user) = rest.split_first_chunk::<16>()?;
    Some(Token {
        app: AppId(app),
        user: UserId::try_from(str::from_utf8(user).ok()?).ok()?,
        issued_at: Timestamp(issued_at),
        expires_at: (expires_at != 0).then_some(Timestamp(expires_at)),
    })
}

/// Whether a text that [`read`] refused looks like a token of this app: made under another secret, or forged.
pub(crate) fn resembles(text: &str, app: AppId) -> bool {
    if text.len() > limits::TOKEN_BYTES {
        return false;
    }
    let Some(bytes) = text.strip_prefix(PREFIX).and_then(|t| URL_SAFE_NO_PAD.decode(t).ok()) else {
        return false;
    };
    let mut start = vec![VERSION];
    start.extend(app.0.to_be_bytes());
    bytes.len() > start.len() + MAC_BYTES && bytes.starts_with(&start)
}

fn number(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((i64::from_be_bytes(*number), rest))
}

fn mac(app_secret: &str, bytes: &[u8]) -> Hmac<Sha256> {
    let mut key = [0; 32];
    let derived = Hkdf::<Sha256>::new(None, app_secret.as_bytes())
        .expand(b"nuncio token v1", &mut key)
        .map_err(drop)
        .and_then(|()| Hmac::new_from_slice(&key).map_err(drop));
    let Ok(mut mac) = derived else {
        unreachable!("HKDF gives 32 bytes, and HMAC takes a key of any length")
    };
    mac.update(bytes);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn token(user: &str) -> Token {
        Token {
            app: AppId(7),
            user: UserId::try_from(user).unwrap(),
            issued_at: Timestamp(1_790_000_000_123),
            expires_at: Some(Timestamp(1_790_000_060_123)),
        }
    }

    #[test]
    fn the_longest_token_has_187_bytes_and_only_plain_characters() {
        let mut longest = token(&"x".repeat(limits::USER_ID_BYTES));
        longest.app = AppId(i64::MAX);
        longest.expires_at = Some(Timestamp::FOREVER);
        let text = write(&longest, "secret", [255; 16]);
        assert_eq!(text.len(), 187);
        assert!(text.len() <= limits::TOKEN_BYTES);
        assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        assert_eq!(read(&text, "secret"), Some(longest));
    }

    /// The format is a promise: a token issued today must open doors after an upgrade. This one was made by
    /// another program, from the description at the top of this file.
    #[test]
    fn a_token_of_version_1_reads_for_ever() {
        let text = "nct_AQAAAAAAAAAHAAABoMRQbHsAAAGgxFFW2wICAgICAgICAgICAgICAgJhbGljZXwLkaCoUKGt6auF9N2hsa7ccR1Zfg6rqJqSmck9d4Lq";
        assert_eq!(write(&token("alice"), "secret", [2; 16]), text);
        assert_eq!(read(text, "secret"), Some(token("alice")));
    }

    #[test]
    fn two_tokens_of_one_moment_differ() {
        let token = token("alice");
        assert_ne!(write(&token, "secret", [1; 16]), write(&token, "secret", [2; 16]));
    }

    #[test]
    fn a_token_without_an_end_reads_back_without_one() {
        let token = Token { expires_at: None, ..token("alice") };
        assert_eq!(read(&write(&token, "secret", [0; 16]), "secret"), Some(token));
    }

    #[test]
    fn a_token_that_was_changed_anywhere_or_made_under_another_secret_is_none() {
        let text = write(&token("alice"), "secret", [3; 16]);
        assert_eq!(read(&text, "Secret"), None);
        let bytes = URL_SAFE_NO_PAD.decode(&text[PREFIX.len()..]).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let changed = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(changed));
            assert_eq!(read(&changed, "secret"), None, "bit {bit}");
        }
        for end in 0..text.len() {
            assert_eq!(read(&text[..end], "secret"), None, "cut to {end}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(
            user in "[A-Za-z0-9+=_|-]{1,64}", app: i64, issued: i64, end in 1i64.., secret in ".{0,40}",
        ) {
            let token = Token {
                app: AppId(app),
                user: UserId::try_from(user).unwrap(),
                issued_at: Timestamp(issued),
                expires_at: Some(Timestamp(end)),
            };
            let text = write(&token, &secret, [9; 16]);
            prop_assert!(text.len() <= limits::TOKEN_BYTES);
            prop_assert_eq!(read(&text, &secret), Some(token));
        }

        #[test]
        fn reading_any_text_never_panics(text in "(nct_)?\\PC{0,300}") {
            prop_assert_eq!(read(&text, "secret"), None);
        }

        /// Whatever holds the secret may sign anything at all.
        #[test]
        fn reading_any_signed_bytes_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..150)) {
            let mut all = bytes.clone();
            all.extend_from_slice(&mac("secret", &bytes).finalize().into_bytes());
            let text = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(all));
            if let Some(token) = read(&text, "secret") {
                prop_assert_eq!(bytes[0], VERSION);
                prop_assert_eq!(token.user.as_str().as_bytes(), &bytes[41..]);
            }
        }
    }
}
