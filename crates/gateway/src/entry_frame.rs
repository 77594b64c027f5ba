//! The frames that push inbox entries, made without decoding what the store has encoded already.

use bytes::Bytes;
use nuncio_protocol::frames::{Entry, ProtobufMessage as _, ServerFrame, server_frame};
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint, key_len};

/// `ServerFrame.entry`.
const ENTRY: u32 = 100;
/// `Entry.seq`.
const SEQ: u32 = 1;

/// The frame of an entry whose number was left out of `body` when that was encoded.
///
/// A protobuf message's fields may come in any order, so the number is put before the rest.
pub(crate) fn of_parts(seq: u64, body: &[u8]) -> Bytes {
    let entry_len = key_len(SEQ) + encoded_len_varint(seq) + body.len();
    let length = entry_len as u64;
    let mut frame = Vec::with_capacity(key_len(ENTRY) + encoded_len_varint(length) + entry_len);
    encode_key(ENTRY, WireType::LengthDelimited, &mut frame);
    encode_varint(length, &mut frame);
    encode_key(SEQ, WireType::Varint, &mut frame);
    encode_varint(seq, &mut frame);
    frame.extend_from_slice(body);
    frame.into()
}

/// The frame of a whole entry.
pub(crate) fn of_entry(entry: Entry) -> Bytes {
    ServerFrame::new(0, server_frame::Body::Entry(entry)).encode_to_vec().into()
}

/// The sender of the message in an entry's frame, and what the sender calls it; `None` for other entries.
pub(crate) fn origin(frame: &Bytes) -> Option<(String, String)> {
    let message = Origin::decode(frame.clone()).ok()?.entry?.message?;
    Some((message.sender_id, message.client_message_id))
}

// The same messages as in the protocol with the few fields that matter here: decoding skips the others,
// a large content among them, without copying.

#[derive(Clone, PartialEq, prost::Message)]
struct Origin {
    #[prost(message, optional, tag = "100")]
    entry: Option<EntryOrigin>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct EntryOrigin {
    #[prost(message, optional, tag = "2")]
    message: Option<MessageOrigin>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct MessageOrigin {
    #[prost(string, tag = "3")]
    sender_id: String,
    #[prost(string, tag = "7")]
    client_message_id: String,
}

#[cfg(test)]
mod tests {
    use nuncio_protocol::frames::{AccountChanged, Message, entry};
    use proptest::prelude::*;

    use super::*;

    fn message(sender: &str, id: &str, content: &str) -> entry::Body {
        entry::Body::Message(Message {
            sender_id: sender.to_owned(),
            client_message_id: id.to_owned(),
            content: content.to_owned(),
            ..Message::default()
        })
    }

    proptest! {
        #[test]
        fn a_frame_put_together_is_the_frame_encoded_whole(seq: u64, at: i64, content in ".{0,200}") {
            let body = Some(message("ada", "m1", &content));
            let without_seq = Entry { seq: 0, body: body.clone(), at }.encode_to_vec();
            let frame = of_parts(seq, &without_seq);
            let whole = ServerFrame::new(0, server_frame::Body::Entry(Entry { seq, body, at }));
            prop_assert_eq!(ServerFrame::decode(frame.clone()), Ok(whole));
            prop_assert_eq!(origin(&frame), Some(("ada".to_owned(), "m1".to_owned())));
        }
    }

    #[test]
    fn what_is_no_message_has_no_origin() {
        let body = Some(entry::Body::AccountChanged(AccountChanged::default()));
        assert_eq!(origin(&of_entry(Entry { seq: 5, body, at: 1 })), None);
        assert_eq!(origin(&Bytes::from_static(b"\xff\xff")), None);
    }
}
