//! The operations that the server answers, by topic: each asks once and gives a typed answer.
//!
//! They need a connection ([`ClientError::NotConnected`](crate::ClientError::NotConnected) without one) and
//! are not repeated: after [`ClientError::ConnectionLost`](crate::ClientError::ConnectionLost) or
//! [`ClientError::Timeout`](crate::ClientError::Timeout) it is not known whether the operation took effect.
//! All of them may be called again without harm. Messages are different: see
//! [`Client::send`](crate::Client::send).

pub(crate) mod blocklist;
pub(crate) mod channel_tags;
pub(crate) mod friends;
pub(crate) mod groups;
pub(crate) mod messages;
pub(crate) mod presence;
pub(crate) mod profiles;
pub(crate) mod push;
pub(crate) mod receipts;

use nuncio_protocol::UserId;

/// Asks with a request frame, and takes the one answer that belongs to it.
macro_rules! ask {
    ($client:expr, $request:ident $fields:tt => $answer:ident) => {{
        use nuncio_protocol::frames::{client_frame, server_frame};
        let request = client_frame::Body::$request(nuncio_protocol::frames::$request $fields);
        match $client.shared().request(request).await? {
            server_frame::Body::$answer(answer) => Ok(answer),
            _ => Err($crate::ClientError::UnexpectedAnswer(stringify!($request))),
        }
    }};
}
pub(crate) use ask;

fn texts(users: &[UserId]) -> Vec<String> {
    users.iter().map(UserId::to_string).collect()
}
