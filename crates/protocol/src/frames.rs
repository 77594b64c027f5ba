//! The frames of a client connection, generated from `proto/nuncio/v1/`.
//!
//! docs/protocol.md explains them; the `.proto` files hold each field's meaning and limits.
#![expect(
    missing_docs,
    clippy::pedantic,
    reason = "generated; the .proto files are the documentation"
)]

use crate::ids::ChannelId;

include!(concat!(env!("OUT_DIR"), "/nuncio.v1.rs"));

pub use prost::{DecodeError, Message as ProtobufMessage};

impl Channel {
    /// The direct channel with `user`, as the other side of it sees it.
    pub fn direct(user: impl Into<String>) -> Self {
        Self { r#type: ChannelType::Direct.into(), id: user.into() }
    }

    /// A group, as each of its members sees it.
    pub fn group(id: impl Into<String>) -> Self {
        Self { r#type: ChannelType::Group.into(), id: id.into() }
    }
}

impl From<&ChannelId> for Channel {
    fn from(id: &ChannelId) -> Self {
        match id {
            ChannelId::Direct(peer) => Self::direct(peer.as_str()),
            ChannelId::Group(group) => Self::group(group.as_str()),
        }
    }
}

impl ServerFrame {
    /// An answer to the request `id`; 0 for a pushed frame.
    pub fn new(id: u64, body: server_frame::Body) -> Self {
        Self { id, body: Some(body) }
    }
}
