//! The vault: what is secret in the database is sealed with a master key that is not in it.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hkdf::Hkdf;
use nuncio_protocol::signing::hex;
use secrecy::zeroize::Zeroizing;
use sha2::Sha256;

/// Bytes of a master key.
const KEY_BYTES: usize = 32;
/// Bytes of a nonce, which a sealed value begins with.
const NONCE_BYTES: usize = 12;
/// Bytes of a key file at most: hex, and room for white space around it.
const FILE_BYTES: u64 = 1024;

/// Why a master key cannot be used, or a value not unsealed. The display is a sentence for the operator; it
/// names the file only where the caller does not.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the sentences say it")]
pub enum VaultError {
    #[error("cannot read or write it: {0}")]
    File(#[from] std::io::Error),
    #[error("others than its owner may open it (mode {mode:03o}): run `chmod 600` on it")]
    OpenToOthers { mode: u32 },
    #[error(
        "it does not hold a master key: 32 bytes as 64 hex digits, or as base64 \
         (`openssl rand -hex 32` makes one)"
    )]
    Malformed,
    #[error(
        "the master key is not the one that this was sealed with: give the key file that belongs to the database"
    )]
    WrongKey,
}

/// Seals and unseals with AES-256-GCM under the master key.
pub struct Vault {
    cipher: Aes256Gcm,
    bus_key: [u8; KEY_BYTES],
}

impl Vault {
    /// Reads the master key from a file, as 64 hex digits or base64. When there is no such file, makes a key
    /// and the file, with mode 0600.
    ///
    /// Fails when others than the file's owner may open it; the group may read a file of root's.
    pub fn open_or_create(path: &Path) -> Result<Self, VaultError> {
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        match made {
            Ok(file) => create(file, path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => open(path),
            Err(error) => Err(error.into()),
        }
    }

    /// A vault with this master key.
    #[must_use]
    pub fn from_key(key: &[u8; KEY_BYTES]) -> Self {
        let mut bus_key = [0; KEY_BYTES];
        if Hkdf::<Sha256>::new(None, key).expand(b"nuncio bus v1", &mut bus_key).is_err() {
            unreachable!("HKDF gives 32 bytes")
        }
        Self { cipher: Aes256Gcm::new(key.into()), bus_key }
    }

    /// What the nodes of a cluster, which share the master key, sign their messages to each other with.
    #[must_use]
    pub fn bus_key(&self) -> [u8; KEY_BYTES] {
        self.bus_key
    }

    /// Seals `secret` for one place, which `context` names: unsealing it elsewhere fails.
    pub(crate) fn seal(&self, context: &str, secret: &[u8]) -> Result<Vec<u8>, VaultError> {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let payload = Payload { msg: secret, aad: context.as_bytes() };
        // Only a text of more than 64 GiB cannot be sealed.
        let sealed =
            self.cipher.encrypt(&Nonce::from(nonce), payload).map_err(|_| VaultError::WrongKey)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// What was sealed with this key for this place.
    pub(crate) fn unseal(&self, context: &str, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        let (nonce, sealed) =
            sealed.split_first_chunk::<NONCE_BYTES>().ok_or(VaultError::WrongKey)?;
        let payload = Payload { msg: sealed, aad: context.as_bytes() };
        self.cipher.decrypt(&Nonce::from(*nonce), payload).map_err(|_| VaultError::WrongKey)
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

/// Writes a new key. On failure the file goes again: half a key would stand in the way of the next start.
fn create(mut file: File, path: &Path) -> Result<Vault, VaultError> {
    let key = Zeroizing::new(rand::random::<[u8; KEY_BYTES]>());
    let text = Zeroizing::new(hex(&*key) + "\n");
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if let Err(error) = written {
        let _ = std::fs::remove_file(path);
        return Err(error.into());
    }
    Ok(Vault::from_key(&key))
}

fn open(path: &Path) -> Result<Vault, VaultError> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    let mode = metadata.mode() & 0o777;
    // What root has put there for a group of ours may be read by that group: so secrets are mounted.
    let others = if metadata.uid() == 0 { 0o037 } else { 0o077 };
    if mode & others != 0 {
        return Err(VaultError::OpenToOthers { mode });
    }
    let mut text = Zeroizing::new(Vec::new());
    file.take(FILE_BYTES).read_to_end(&mut text)?;
    let key = parse(text.trim_ascii()).ok_or(VaultError::Malformed)?;
    Ok(Vault::from_key(&key))
}

fn parse(text: &[u8]) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
    let bytes = Zeroizing::new(match text.len() {
        64 => text
            .chunks(2)
            .map(|pair| {
                let digit = |place: usize| char::from(pair[place]).to_digit(16);
                u8::try_from(digit(0)? * 16 + digit(1)?).ok()
            })
            .collect::<Option<Vec<_>>>()?,
        _ => STANDARD.decode(text).ok()?,
    });
    <[u8; KEY_BYTES]>::try_from(bytes.as_slice()).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn file(folder: &tempfile::TempDir, text: &str, mode: u32) -> std::path::PathBuf {
        let path = folder.path().join("master.key");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn a_missing_key_is_made_for_its_owner_alone_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let sealed = Vault::open_or_create(&path).unwrap().seal("app", b"secret").unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let again = Vault::open_or_create(&path).unwrap();
        assert_eq!(again.unseal("app", &sealed).unwrap(), b"secret");
    }

    #[test]
    fn hex_and_base64_say_the_same_key() {
        let folder = tempfile::tempdir().unwrap();
        let key = [0xA7; KEY_BYTES];
        let sealed = Vault::from_key(&key).seal("app", b"secret").unwrap();
        for text in [hex(&key), hex(&key).to_uppercase(), format!(" {}\n", STANDARD.encode(key))] {
            let vault = Vault::open_or_create(&file(&folder, &text, 0o600)).unwrap();
            assert_eq!(vault.unseal("app", &sealed).unwrap(), b"secret", "{text}");
        }
    }

    #[test]
    fn a_file_that_is_no_key_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let long = "A".repeat(2000);
        for text in ["", "\n", "secret", &"g".repeat(64), &"ab".repeat(31), "é", &long] {
            let path = file(&folder, text, 0o600);
            let error = Vault::open_or_create(&path).unwrap_err();
            assert!(matches!(error, VaultError::Malformed), "{text}: {error}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn a_key_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for mode in [0o604, 0o620, 0o644, 0o666] {
            let path = file(&folder, &"ab".repeat(32), mode);
            let error = Vault::open_or_create(&path).unwrap_err();
            assert!(matches!(error, VaultError::OpenToOthers { .. }), "{mode:o}: {error}");
            assert!(error.to_string().contains(&format!("mode {mode:o}")));
        }
    }

    #[test]
    fn only_the_right_key_and_place_unseal() {
        let vault = Vault::from_key(&[1; 32]);
        let sealed = vault.seal("app1", b"secret").unwrap();
        assert!(!sealed.windows(6).any(|part| part == b"secret"));
        assert_ne!(sealed, vault.seal("app1", b"secret").unwrap());
        let refused = |outcome: Result<Vec<u8>, VaultError>| {
            assert!(outcome.unwrap_err().to_string().starts_with("the master key is not the one"));
        };
        refused(vault.unseal("app2", &sealed));
        refused(Vault::from_key(&[2; 32]).unseal("app1", &sealed));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            refused(vault.unseal("app1", &changed));
            refused(vault.unseal("app1", &sealed[..at]));
        }
    }
}
