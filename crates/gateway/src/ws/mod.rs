//! WebSocket, as far as a server of binary frames needs it (RFC 6455, no extensions).
//!
//! Our own and not a library's for one reason: memory. tungstenite, the usual choice, keeps a read buffer
//! for each connection and never gives back the room of the largest frame it wrote, and it takes room for a
//! frame that a stranger has only announced. Here an idle connection holds no buffer at all, a frame takes
//! room as its bytes arrive, and what was written is given back. The tests run it against tungstenite.
//!
//! [`handshake`] turns a request into a connection, [`frame`] knows the bytes, [`socket`] the stream.

pub(crate) mod frame;
pub(crate) mod handshake;
pub(crate) mod socket;
