//! The client protocol's frames, written ready to be sent and read no further than a load needs.

use nuncio_protocol::frames::{
    Channel, ClientFrame, Login, Ping, ProtobufMessage as _, PushProvider, RegisterPush,
    SendMessage, ServerFrame, Sync, client_frame, server_frame,
};

use nuncio_protocol::Code;

use crate::ws;

/// The content of a message of `bytes` bytes, a JSON text as clients send it.
pub(crate) fn content(bytes: usize) -> String {
    let around = r#"{"content":""}"#.len();
    format!(r#"{{"content":"{}"}}"#, "x".repeat(bytes.saturating_sub(around)))
}

fn framed(id: u64, body: client_frame::Body) -> Vec<u8> {
    let payload = ClientFrame { id, body: Some(body) }.encode_to_vec();
    let mut bytes = Vec::with_capacity(payload.len() + 8);
    ws::frame(&payload, &mut bytes);
    bytes
}

/// A login, the first request of a connection.
pub(crate) fn login(app_key: &str, token: &str) -> Vec<u8> {
    let login = Login {
        app_key: app_key.to_owned(),
        token: token.to_owned(),
        device_id: "bench".to_owned(),
        platform: "bench".to_owned(),
        sdk_version: "0".to_owned(),
    };
    framed(1, client_frame::Body::Login(login))
}

/// The id of heartbeats.
const HEARTBEAT: u64 = 2;

/// A heartbeat.
pub(crate) fn ping() -> Vec<u8> {
    framed(HEARTBEAT, client_frame::Body::Ping(Ping::default()))
}

/// The id of requests for what a device missed.
const SYNC: u64 = 3;

/// A request for the inbox entries after a place.
pub(crate) fn sync(after: u64) -> Vec<u8> {
    framed(SYNC, client_frame::Body::Sync(Sync { after, limit: 500 }))
}

/// The id of a device's registration for push.
const REGISTER: u64 = 4;

/// A registration with the app's own gateway.
pub(crate) fn register_push(token: &str) -> Vec<u8> {
    let register = RegisterPush {
        provider: PushProvider::Webhook.into(),
        token: token.to_owned(),
        ..RegisterPush::default()
    };
    framed(REGISTER, client_frame::Body::RegisterPush(register))
}

/// The code that tells a sender to slow down.
pub(crate) const SLOW_DOWN: u32 = Code::SendingTooFast.number();

/// Messages from one user to another, numbered from 0.
pub(crate) struct Messages {
    message: SendMessage,
    prefix: String,
    payload: Vec<u8>,
    bytes: Vec<u8>,
}

/// The first request id of messages, so that it tells their acks from other answers.
pub(crate) const FIRST_MESSAGE: u64 = 1000;

impl Messages {
    /// Messages of `bytes` bytes to `to`. `prefix` makes their ids different from those of another sequence.
    pub(crate) fn new(to: &str, prefix: String, bytes: usize) -> Self {
        let message = SendMessage {
            channel: Some(Channel::direct(to)),
            r#type: "RC:TxtMsg".to_owned(),
            content: content(bytes),
            ..SendMessage::default()
        };
        Self { message, prefix, payload: Vec::new(), bytes: Vec::new() }
    }

    /// The same, to a group.
    pub(crate) fn to_group(group: &str, prefix: String, bytes: usize) -> Self {
        let mut messages = Self::new("", prefix, bytes);
        messages.message.channel = Some(Channel::group(group));
        messages
    }

    /// The next messages are for this user.
    pub(crate) fn address(&mut self, to: &str) {
        self.message.channel = Some(Channel::direct(to));
    }

    /// The bytes that send message `number`.
    pub(crate) fn number(&mut self, number: u64) -> &[u8] {
        use std::fmt::Write as _;
        let id = &mut self.message.client_message_id;
        id.clear();
        id.push_str(&self.prefix);
        // Writing into memory does not fail.
        let _ = write!(id, "{number}");
        let body = client_frame::Body::SendMessage(std::mem::take(&mut self.message));
        let frame = ClientFrame { id: FIRST_MESSAGE + number, body: Some(body) };
        self.payload.clear();
        frame.encode_raw(&mut self.payload);
        if let Some(client_frame::Body::SendMessage(message)) = frame.body {
            self.message = message;
        }
        self.bytes.clear();
        ws::frame(&self.payload, &mut self.bytes);
        &self.bytes
    }
}

/// What a server's frame says.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Said {
    Welcome,
    /// The answer to a heartbeat.
    Pong,
    /// Message so and so was accepted.
    Sent(u64),
    /// So many messages of this connection have been accepted in all.
    SentInAll(u64),
    /// A message came: its number after the prefix.
    Came(u64),
    /// Inbox entries that a device asked for: how many, the number of the last, and of the inbox's last.
    Page {
        count: u64,
        last: Option<u64>,
        head: u64,
    },
    /// Request so and so was refused, with this code, and is to be tried after this many milliseconds.
    Failed(u64, u32, u64),
    Closing(u32),
    Other,
}

/// Reads a server's frame. Acks and entries, which are most of what comes, are read without decoding the whole.
pub(crate) fn read(payload: &[u8], prefix: &str) -> Said {
    let mut fields = Fields(payload);
    let mut id = 0;
    while let Some((field, value)) = fields.next() {
        match (field, value) {
            (1, Value::Number(number)) => id = number,
            (4, Value::Bytes(_)) => return Said::Sent(id.wrapping_sub(FIRST_MESSAGE)),
            (100, Value::Bytes(entry)) => {
                let number = Fields(entry)
                    .bytes(2)
                    .and_then(|message| Fields(message).bytes(7))
                    .and_then(|id| id.strip_prefix(prefix.as_bytes()))
                    .and_then(|number| std::str::from_utf8(number).ok()?.parse().ok());
                return number.map_or(Said::Other, Said::Came);
            }
            _ => return read_whole(payload),
        }
    }
    Said::Other
}

/// The number, in the inbox of whoever reads this, of a message that came or was accepted.
pub(crate) fn place(payload: &[u8]) -> Option<u64> {
    let mut fields = Fields(payload);
    while let Some((field, value)) = fields.next() {
        match (field, value) {
            (4, Value::Bytes(sent)) => return Fields(sent).number(3),
            (100, Value::Bytes(entry)) => return Fields(entry).number(1),
            _ => {}
        }
    }
    None
}

/// Reads a message that has come back as it was sent.
pub(crate) fn read_echo(payload: &[u8]) -> Said {
    match Fields(payload).next() {
        Some((1, Value::Number(id))) => Said::Came(id.wrapping_sub(FIRST_MESSAGE)),
        _ => Said::Other,
    }
}

fn read_whole(payload: &[u8]) -> Said {
    let Ok(frame) = ServerFrame::decode(payload) else { return Said::Other };
    match frame.body {
        Some(server_frame::Body::Welcome(_)) => Said::Welcome,
        Some(server_frame::Body::Pong(_)) => Said::Pong,
        Some(server_frame::Body::SyncPage(page)) => Said::Page {
            count: page.entries.len() as u64,
            last: page.entries.last().map(|entry| entry.seq),
            head: page.head,
        },
        Some(server_frame::Body::Failure(failure)) => {
            let number = frame.id.wrapping_sub(FIRST_MESSAGE);
            Said::Failed(number, failure.code, failure.retry_after_ms)
        }
        Some(server_frame::Body::Closing(failure)) => Said::Closing(failure.code),
        _ => Said::Other,
    }
}

/// The fields of a protobuf message, one after the other.
struct Fields<'a>(&'a [u8]);

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Fields<'a> {
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn next(&mut self) -> Option<(u64, Value<'a>)> {
        let key = self.varint()?;
        let value = match key & 7 {
            0 => Value::Number(self.varint()?),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                let (bytes, rest) = self.0.split_at_checked(length)?;
                self.0 = rest;
                Value::Bytes(bytes)
            }
            _ => return None,
        };
        Some((key >> 3, value))
    }

    /// The first field with this number that is a number.
    fn number(&mut self, number: u64) -> Option<u64> {
        while let Some((field, value)) = self.next() {
            if let (true, Value::Number(value)) = (field == number, value) {
                return Some(value);
            }
        }
        None
    }

    /// The first field with this number that has bytes.
    fn bytes(&mut self, number: u64) -> Option<&'a [u8]> {
        while let Some((field, value)) = self.next() {
            if let (true, Value::Bytes(bytes)) = (field == number, value) {
                return Some(bytes);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use nuncio_protocol::frames::{Entry, Failure, Message, MessageSent, Pong, Welcome, entry};

    use super::*;

    fn said(id: u64, body: server_frame::Body) -> Said {
        read(&ServerFrame::new(id, body).encode_to_vec(), "p-")
    }

    #[test]
    fn acks_entries_and_refusals_are_told_apart() {
        let sent = MessageSent { message_id: "m".to_owned(), sent_at: 5, seq: 7 };
        let sent = ServerFrame::new(FIRST_MESSAGE + 3, server_frame::Body::MessageSent(sent));
        let sent = sent.encode_to_vec();
        assert_eq!((read(&sent, "p-"), place(&sent)), (Said::Sent(3), Some(7)));
        let message = Message {
            id: "m".to_owned(),
            sender_id: "ada".to_owned(),
            client_message_id: "p-42".to_owned(),
            ..Message::default()
        };
        let entry = |id: &str| Entry {
            seq: 9,
            body: Some(entry::Body::Message(Message {
                client_message_id: id.to_owned(),
                ..message.clone()
            })),
            at: 1,
        };
        let came = ServerFrame::new(0, server_frame::Body::Entry(entry("p-42"))).encode_to_vec();
        assert_eq!((read(&came, "p-"), place(&came)), (Said::Came(42), Some(9)));
        assert_eq!(said(0, server_frame::Body::Entry(entry("q-42"))), Said::Other);
        assert_eq!(said(1, server_frame::Body::Welcome(Welcome::default())), Said::Welcome);
        assert_eq!(said(HEARTBEAT, server_frame::Body::Pong(Pong::default())), Said::Pong);
        let failure = Failure::new(Code::ComeBack, "");
        let code = Code::ComeBack.number();
        assert_eq!(
            said(FIRST_MESSAGE + 1, server_frame::Body::Failure(failure.clone())),
            Said::Failed(1, code, failure.retry_after_ms)
        );
        assert_eq!(said(0, server_frame::Body::Closing(failure)), Said::Closing(code));
    }

    #[test]
    fn a_message_is_what_the_server_reads() {
        let mut messages = Messages::new("bob", "p-".to_owned(), 100);
        let first = messages.number(0).to_vec();
        let bytes = messages.number(7);
        assert_ne!(first, bytes);
        // Two bytes say what and how long, two more the length, four are the mask.
        let frame = ClientFrame::decode(&bytes[8..]).unwrap();
        assert_eq!(frame.id, FIRST_MESSAGE + 7);
        let Some(client_frame::Body::SendMessage(message)) = frame.body else { panic!() };
        assert_eq!((message.client_message_id.as_str(), message.content.len()), ("p-7", 100));
        assert_eq!(read_echo(&messages.number(7)[8..]), Said::Came(7));
    }
}
