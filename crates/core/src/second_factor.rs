//! The second factor: codes that change every 30 seconds (TOTP, RFC 6238, with SHA-1 and six digits, as every
//! authenticator app knows them), and recovery codes for who has lost the app.

use hmac::{Hmac, KeyInit as _, Mac as _};
use nuncio_protocol::Timestamp;
use nuncio_protocol::ids::OperatorName;
use nuncio_protocol::signing::hex;
use rand::RngExt as _;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// Milliseconds for which a code is shown.
const STEP_MS: i64 = 30_000;
/// Digits of a code.
const DIGITS: u32 = 6;
/// Steps that a code may be older or newer than now: clocks differ, and people type slowly.
const TOLERANCE: i64 = 1;
/// Bytes of a secret, as RFC 4226 recommends for SHA-1.
const SECRET_BYTES: usize = 20;
/// Recovery codes that are given out at once.
const RECOVERY_CODES: usize = 10;
/// The alphabet of RFC 4648, in which secrets and recovery codes are written.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A new secret.
pub(crate) fn new_secret() -> [u8; SECRET_BYTES] {
    rand::random()
}

/// The step whose code this is, if it is one of now.
pub(crate) fn step_of(secret: &[u8], code: &str, now: Timestamp) -> Option<i64> {
    let current = now.0 / STEP_MS;
    (current - TOLERANCE..=current + TOLERANCE)
        .find(|step| code_at(secret, *step, DIGITS).as_bytes().ct_eq(code.as_bytes()).into())
}

/// RFC 4226's HOTP of a step.
fn code_at(secret: &[u8], step: i64, digits: u32) -> String {
    // A key of any length makes an HMAC.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(secret) else { return String::new() };
    mac.update(&step.to_be_bytes());
    let mac = mac.finalize().into_bytes();
    let offset = usize::from(mac[mac.len() - 1] & 0xF);
    let mut number = [0; 4];
    number.copy_from_slice(&mac[offset..offset + 4]);
    let number = (u32::from_be_bytes(number) & 0x7FFF_FFFF) % 10_u32.pow(digits);
    format!("{number:0width$}", width = digits as usize)
}

/// Text that people can type.
pub(crate) fn base32(bytes: &[u8]) -> String {
    bytes
        .chunks(5)
        .flat_map(|chunk| {
            let mut padded = [0; 8];
            padded[3..3 + chunk.len()].copy_from_slice(chunk);
            let bits = u64::from_be_bytes(padded);
            (0..(chunk.len() * 8).div_ceil(5)).map(move |place| {
                char::from(BASE32[usize::from((bits >> (35 - 5 * place)).to_le_bytes()[0] & 31)])
            })
        })
        .collect()
}

/// What an authenticator app reads from a QR code.
pub(crate) fn uri(operator: &OperatorName, secret: &[u8]) -> String {
    let label: String = operator
        .as_str()
        .chars()
        .map(|c| match c {
            '@' => "%40".to_owned(),
            '+' => "%2B".to_owned(),
            other => other.to_string(),
        })
        .collect();
    format!("otpauth://totp/Nuncio:{label}?secret={}&issuer=Nuncio", base32(secret))
}

/// New recovery codes of 50 bits, such as `K3QZP-7XMA2`.
pub(crate) fn new_recovery_codes() -> Vec<String> {
    let mut rng = rand::rng();
    let mut group =
        || -> String { (0..5).map(|_| char::from(BASE32[rng.random_range(0..32)])).collect() };
    (0..RECOVERY_CODES).map(|_| format!("{}-{}", group(), group())).collect()
}

/// What is kept of a recovery code; how it was typed does not matter.
pub(crate) fn recovery_hash(code: &str) -> String {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    hex(&Sha256::digest(plain.to_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B.
    #[test]
    fn codes_are_those_of_the_rfc() {
        let secret = b"12345678901234567890";
        for (seconds, code) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            assert_eq!(code_at(secret, seconds / 30, 8), code);
            let step = step_of(secret, &code[2..], Timestamp(seconds * 1000));
            assert_eq!(step, Some(seconds / 30));
        }
    }

    #[test]
    fn a_code_is_good_for_a_step_before_and_after() {
        let secret = b"12345678901234567890";
        let code = code_at(secret, 100, DIGITS);
        let good = |at: i64| step_of(secret, &code, Timestamp(at)).is_some();
        assert!(good(99 * STEP_MS) && good(102 * STEP_MS - 1));
        assert!(!good(99 * STEP_MS - 1) && !good(102 * STEP_MS));
        assert_eq!(step_of(secret, "", Timestamp(0)), None);
    }

    /// RFC 4648, section 10.
    #[test]
    fn base32_is_that_of_the_rfc() {
        for (bytes, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn a_recovery_code_may_be_typed_as_one_likes() {
        let codes = new_recovery_codes();
        assert_eq!(codes.len(), RECOVERY_CODES);
        let typed = codes[0].replace('-', " ").to_lowercase();
        assert_eq!(recovery_hash(&typed), recovery_hash(&codes[0]));
        assert_ne!(recovery_hash(&codes[0]), recovery_hash(&codes[1]));
    }
}
