//! What nodes send each other: parcels, signed with a key that all nodes of a cluster derive from their master
//! key, so that who merely reaches the NATS server can neither close connections nor feign messages.

use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use nuncio_protocol::frames::{Failure, ProtobufMessage as _};
use sha2::Sha256;

/// Bytes of the signature that a parcel begins with.
const SIGNATURE: usize = 32;

/// Some items from one node to another.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Parcel {
    /// The id of the sending node's life.
    #[prost(int64, tag = "1")]
    pub(super) from: i64,
    #[prost(message, repeated, tag = "2")]
    pub(super) items: Vec<Item>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Item {
    #[prost(oneof = "Body", tags = "1, 2, 3, 4, 5")]
    pub(super) body: Option<Body>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub(super) enum Body {
    #[prost(message, tag = "1")]
    Nudge(Nudge),
    #[prost(message, tag = "2")]
    Tell(Tell),
    #[prost(message, tag = "3")]
    Close(Close),
    #[prost(message, tag = "4")]
    Closed(Closed),
    /// A node's word to itself: the way through the bus is open.
    #[prost(uint64, tag = "5")]
    Echo(u64),
}

/// An inbox entry, as `nuncio_store::Nudge`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Nudge {
    #[prost(int64, tag = "1")]
    pub(super) app: i64,
    #[prost(string, tag = "2")]
    pub(super) user: String,
    #[prost(uint64, tag = "3")]
    pub(super) seq: u64,
    #[prost(bytes = "bytes", tag = "4")]
    pub(super) body: Bytes,
}

/// A `ServerFrame` that is not stored.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Tell {
    #[prost(int64, tag = "1")]
    pub(super) app: i64,
    #[prost(string, tag = "2")]
    pub(super) user: String,
    #[prost(bytes = "bytes", tag = "3")]
    pub(super) frame: Bytes,
}

/// An order to close, as `crate::Close`, or one session.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Close {
    /// What the answer names.
    #[prost(uint64, tag = "1")]
    pub(super) request: u64,
    #[prost(int64, tag = "2")]
    pub(super) app: i64,
    /// Empty for everybody.
    #[prost(string, repeated, tag = "3")]
    pub(super) users: Vec<String>,
    #[prost(int64, optional, tag = "4")]
    pub(super) tokens_before: Option<i64>,
    #[prost(int64, optional, tag = "5")]
    pub(super) secret_before: Option<i64>,
    #[prost(message, optional, tag = "6")]
    pub(super) why: Option<Failure>,
    /// The one session of the one user that is meant, if so.
    #[prost(string, optional, tag = "7")]
    pub(super) session: Option<String>,
}

/// The answer to an order.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Closed {
    #[prost(uint64, tag = "1")]
    pub(super) request: u64,
    #[prost(uint64, tag = "2")]
    pub(super) connections: u64,
}

impl From<Body> for Item {
    fn from(body: Body) -> Self {
        Self { body: Some(body) }
    }
}

/// Signs parcels and proves them.
#[derive(Clone)]
pub(super) struct Seal(Hmac<Sha256>);

impl Seal {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        // A key shorter than a block is one that ends in zeros.
        let mut block = [0; 64];
        block[..key.len()].copy_from_slice(key);
        Self(Hmac::new(&block.into()))
    }

    /// The bytes of a parcel to a subject.
    pub(super) fn close(&self, subject: &str, parcel: &Parcel) -> Bytes {
        let body = parcel.encode_to_vec();
        let mut bytes = self.mac(subject, &body).finalize().into_bytes().to_vec();
        bytes.extend_from_slice(&body);
        bytes.into()
    }

    /// The parcel in bytes that came to a subject; `None` when no node of ours has made it.
    pub(super) fn open(&self, subject: &str, bytes: &Bytes) -> Option<Parcel> {
        if bytes.len() < SIGNATURE {
            return None;
        }
        let body = bytes.slice(SIGNATURE..);
        self.mac(subject, &body).verify_slice(&bytes[..SIGNATURE]).ok()?;
        Parcel::decode(body).ok()
    }

    fn mac(&self, subject: &str, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        // No subject has a zero byte in it.
        mac.update(subject.as_bytes());
        mac.update(&[0]);
        mac.update(body);
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parcel_is_opened_only_where_it_was_sent_and_only_as_it_was_sent() {
        let seal = Seal::new(&[7; 32]);
        let parcel = Parcel { from: 3, items: vec![Body::Echo(9).into()] };
        let bytes = seal.close("nuncio.a.1", &parcel);
        assert_eq!(seal.open("nuncio.a.1", &bytes), Some(parcel));
        assert_eq!(seal.open("nuncio.a.2", &bytes), None);
        assert_eq!(Seal::new(&[8; 32]).open("nuncio.a.1", &bytes), None);
        for place in 0..bytes.len() {
            let mut changed = bytes.to_vec();
            changed[place] ^= 1;
            assert_eq!(seal.open("nuncio.a.1", &changed.into()), None, "byte {place}");
        }
        assert_eq!(seal.open("nuncio.a.1", &Bytes::from_static(b"short")), None);
    }
}
