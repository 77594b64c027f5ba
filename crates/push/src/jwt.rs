//! JSON web tokens, as providers want to be shown them: signed, never read here.
//!
//! Signed with the library that does the server's TLS, so that there is no second one.

use std::sync::Mutex;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use nuncio_protocol::Timestamp;
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::{Value, json};

use crate::credentials::CredentialsError;

/// A key that tokens are signed with.
pub(crate) enum Key {
    /// RS256.
    Rsa(Box<RsaKeyPair>),
    /// ES256.
    P256(Box<EcdsaKeyPair>),
}

impl Key {
    /// An RSA key in PEM, PKCS #8.
    pub(crate) fn rsa_pem(pem: &str) -> Result<Self, CredentialsError> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes())
            .map_err(|_| CredentialsError::Key("is no PEM text of a private key"))?;
        RsaKeyPair::from_pkcs8(der.secret_pkcs8_der())
            .map(|key| Self::Rsa(Box::new(key)))
            .map_err(|_| CredentialsError::Key("is no RSA key of at least 2,048 bits"))
    }

    /// A P-256 key in PEM, PKCS #8: an Apple `.p8` file.
    pub(crate) fn p256_pem(pem: &str) -> Result<Self, CredentialsError> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes())
            .map_err(|_| CredentialsError::Key("is no PEM text of a private key"))?;
        Self::p256_der(der.secret_pkcs8_der())
    }

    /// A P-256 key in PKCS #8.
    pub(crate) fn p256_der(der: &[u8]) -> Result<Self, CredentialsError> {
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der)
            .map(|key| Self::P256(Box::new(key)))
            .map_err(|_| CredentialsError::Key("is no P-256 key"))
    }

    /// A new P-256 key, in PKCS #8.
    pub(crate) fn new_p256() -> Result<Vec<u8>, CredentialsError> {
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .map(|document| document.as_ref().to_vec())
            .map_err(|_| CredentialsError::Key("could not be made"))
    }

    /// The public part: of a P-256 key, an uncompressed point of 65 bytes.
    pub(crate) fn public(&self) -> &[u8] {
        match self {
            Self::Rsa(key) => key.public_key().as_ref(),
            Self::P256(key) => key.public_key().as_ref(),
        }
    }

    /// A token of these claims.
    pub(crate) fn sign(&self, key_id: Option<&str>, claims: &Value) -> Result<String, String> {
        let algorithm = match self {
            Self::Rsa(_) => "RS256",
            Self::P256(_) => "ES256",
        };
        let mut header = json!({ "alg": algorithm, "typ": "JWT" });
        if let Some(key_id) = key_id {
            header["kid"] = json!(key_id);
        }
        let text =
            format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
        let failed = |_| "the token could not be signed".to_owned();
        let rng = SystemRandom::new();
        let signature = match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &rng, text.as_bytes(), &mut signature)
                    .map_err(failed)?;
                signature
            }
            Self::P256(key) => key.sign(&rng, text.as_bytes()).map_err(failed)?.as_ref().to_vec(),
        };
        Ok(format!("{text}.{}", BASE64.encode(signature)))
    }
}

/// A token that is used until it is old.
#[derive(Default)]
pub(crate) struct Cached(Mutex<Option<(String, Timestamp)>>);

impl Cached {
    /// The token, if it is good still.
    pub(crate) fn get(&self, now: Timestamp) -> Option<String> {
        let cached = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        cached.as_ref().filter(|(_, until)| now < *until).map(|(token, _)| token.clone())
    }

    /// Keeps a token until a moment.
    pub(crate) fn set(&self, token: String, until: Timestamp) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some((token, until));
    }

    /// Forgets it: it was not accepted.
    pub(crate) fn clear(&self) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = None;
    }
}
