//! What a push service carries to a browser is for the browser alone: RFC 8291, which is RFC 8188's `aes128gcm` under a
//! key that the two agree on.

use aes_gcm::aead::{Aead as _, KeyInit as _};
use aes_gcm::{Aes128Gcm, Nonce};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree};
use hkdf::Hkdf;
use sha2::Sha256;

/// Bytes of an uncompressed point of P-256.
pub(crate) const POINT: usize = 65;
/// Bytes of the secret that a subscription comes with.
pub(crate) const AUTH: usize = 16;
/// Bytes of a record, all of it: more, no push service has to carry.
const RECORD: u32 = 4096;
/// Bytes that come before the text: salt, the record's size, the key's size, the key.
const HEADER: usize = 16 + 4 + 1 + POINT;
/// Bytes of text that fit: what is left of the record after its end mark and its tag.
pub(crate) const MOST: usize = RECORD as usize - HEADER - 1 - 16;

/// Encrypts for a subscription, under a key and a salt of its own.
pub(crate) fn encrypt(
    text: &[u8],
    receiver: &[u8; POINT],
    auth: &[u8; AUTH],
) -> Result<Vec<u8>, String> {
    let own = PrivateKey::generate(&ECDH_P256).map_err(|_| failed("no key could be made"))?;
    encrypt_with(text, receiver, auth, &own, rand::random())
}

fn failed(why: &str) -> String {
    format!("the notification could not be encrypted: {why}")
}

fn encrypt_with(
    text: &[u8],
    receiver: &[u8; POINT],
    auth: &[u8; AUTH],
    own: &PrivateKey,
    salt: [u8; 16],
) -> Result<Vec<u8>, String> {
    if text.len() > MOST {
        return Err(failed("it is too long"));
    }
    let public = own.compute_public_key().map_err(|_| failed("the key has no public part"))?;
    let public = public.as_ref();
    let too_long = |_| failed("a key is too long");
    let agreed = |shared: &[u8]| {
        let mut info = b"WebPush: info\0".to_vec();
        info.extend(receiver);
        info.extend(public);
        let mut key = [0; 32];
        Hkdf::<Sha256>::new(Some(auth), shared).expand(&info, &mut key).map_err(too_long)?;
        Ok(key)
    };
    let peer = UnparsedPublicKey::new(&ECDH_P256, receiver);
    let no_point = failed("the subscription's key is no point of the curve");
    let key = agree(own, peer, no_point, agreed)?;
    let keys = Hkdf::<Sha256>::new(Some(&salt), &key);
    let (mut content_key, mut nonce) = ([0; 16], [0; 12]);
    keys.expand(b"Content-Encoding: aes128gcm\0", &mut content_key).map_err(too_long)?;
    keys.expand(b"Content-Encoding: nonce\0", &mut nonce).map_err(too_long)?;
    // The mark says that this record is the last.
    let marked = [text, &[2]].concat();
    let sealed = Aes128Gcm::new(&content_key.into())
        .encrypt(&Nonce::from(nonce), marked.as_slice())
        .map_err(|_| failed("the cipher refuses it"))?;
    let size = u8::try_from(public.len()).map_err(|_| failed("the key is too long"))?;
    Ok([&salt[..], &RECORD.to_be_bytes(), &[size], public, &sealed].concat())
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;

    use super::*;

    fn bytes<const N: usize>(text: &str) -> [u8; N] {
        BASE64.decode(text).unwrap().try_into().unwrap()
    }

    /// RFC 8291, appendix A.
    #[test]
    fn the_example_of_the_rfc_comes_out_byte_by_byte() {
        let text =
            BASE64.decode("V2hlbiBJIGdyb3cgdXAsIEkgd2FudCB0byBiZSBhIHdhdGVybWVsb24").unwrap();
        let own = bytes::<32>("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw");
        let own = PrivateKey::from_private_key(&ECDH_P256, &own).unwrap();
        let receiver = bytes(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        );
        let (auth, salt) = (bytes("BTBZMqHH6r4Tts7J_aSIgg"), bytes("DGv6ra1nlYgDCS1FRnbzlw"));
        let sealed = encrypt_with(&text, &receiver, &auth, &own, salt).unwrap();
        assert_eq!(
            BASE64.encode(sealed),
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWA\
             mS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj\
             _Qulcy4a-fN"
        );
    }

    #[test]
    fn what_does_not_fit_or_is_no_key_is_refused() {
        let receiver: [u8; POINT] = bytes(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        );
        let longest = encrypt(&[0; MOST], &receiver, &[0; AUTH]).unwrap();
        assert_eq!(longest.len(), RECORD as usize);
        assert!(encrypt(&[0; MOST + 1], &receiver, &[0; AUTH]).is_err());
        let mut off = receiver;
        off[40] ^= 1;
        assert!(encrypt(b"", &off, &[0; AUTH]).is_err(), "no point of the curve");
    }
}
