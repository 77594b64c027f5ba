//! What the fuzzer in `fuzz/` calls: everything that is read of a connection's bytes before the store is
//! asked. It panics when what was read breaks a promise.

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use nuncio_protocol::frames::{
    Channel, ChannelType, CheckFriends, ClientFrame, EditMessage, GetHistory, Login, MarkRead,
    ProtobufMessage as _, RecallMessage, RemoveFriends, client_frame,
};
use nuncio_protocol::ids::DeviceId;
use nuncio_protocol::values::{BasicProfileChange, ExtProfile, Label};
use nuncio_protocol::{ChannelId, MessageId, UserId, limits};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::handlers::{self, Asked};
use crate::ws::frame::{self, Frame};
use crate::ws::socket::{Broken, Incoming, Socket};

/// Reads what a client has written after the handshake.
pub fn client_bytes(bytes: &[u8]) {
    frames(bytes);
    let all_at_once = messages(bytes, bytes.len());
    for part in [1, 7] {
        assert_eq!(messages(bytes, part), all_at_once, "it matters how the bytes were cut");
    }
    for incoming in all_at_once.0 {
        if let Incoming::Message(message) = incoming {
            assert!(message.len() <= limits::FRAME_BYTES);
            client_frame(&message);
        }
    }
    // Most of what a fuzzer makes up is no WebSocket frame.
    client_frame(bytes);
}

fn frames(mut bytes: &[u8]) {
    while let Ok(Some((frame, used))) = frame::parse(bytes, limits::FRAME_BYTES) {
        assert!(used > frame.payload.len() && frame.payload.len() <= limits::FRAME_BYTES);
        for part in [used - 1, used / 2] {
            assert_eq!(frame::parse(&bytes[..part], limits::FRAME_BYTES), Ok(None));
        }
        let again = masked(&frame);
        let size = again.len();
        assert_eq!(frame::parse(&again, limits::FRAME_BYTES), Ok(Some((frame, size))));
        bytes = &bytes[used..];
    }
}

/// The bytes of a client's frame.
fn masked(frame: &Frame) -> Vec<u8> {
    const MASK: [u8; 4] = [0x5A, 0, 0xFF, 3];
    let mut bytes = Vec::new();
    frame::write_head(&mut bytes, frame.opcode, frame.payload.len());
    if !frame.last {
        bytes[0] &= 0x7F;
    }
    bytes[1] |= 0x80;
    bytes.extend(MASK);
    bytes.extend(frame.payload.iter().zip(MASK.iter().cycle()).map(|(byte, key)| byte ^ key));
    bytes
}

/// What comes in of bytes that arrive in parts of this size, and what is wrong with the rest.
fn messages(bytes: &[u8], part: usize) -> (Vec<Incoming>, Option<frame::Fault>, usize) {
    let mut socket = Socket::new(Arriving { bytes, part }, limits::FRAME_BYTES);
    let mut cx = Context::from_waker(Waker::noop());
    let mut all = Vec::new();
    loop {
        match socket.poll_incoming(&mut cx) {
            Poll::Ready(Ok(incoming)) => all.push(incoming),
            Poll::Ready(Err(Broken::Fault(fault))) => return (all, Some(fault), socket.queued()),
            Poll::Ready(Err(Broken::Lost)) | Poll::Pending => return (all, None, socket.queued()),
        }
    }
}

fn client_frame(message: &[u8]) {
    let Ok(frame) = ClientFrame::decode(message) else { return };
    let again = frame.encode_to_vec();
    assert_eq!(again.len(), frame.encoded_len());
    assert_eq!(ClientFrame::decode(again.as_slice()).as_ref(), Ok(&frame));
    let named = match &frame.body {
        Some(client_frame::Body::SendMessage(message)) => message.client_message_id.clone(),
        _ => String::new(),
    };
    if let Some(client_frame::Body::Login(login)) = &frame.body {
        check_login(login);
    }
    match handlers::read(frame.body) {
        Asked::Send(message) => {
            if let Some(id) = message.own_entry() {
                assert_eq!(id.as_str(), named);
                assert!((1..=limits::CLIENT_MESSAGE_ID_BYTES).contains(&named.len()));
            }
        }
        Asked::Operation(body) => check_operation(body),
        Asked::Ping(_) | Asked::Logout | Asked::Nothing(_) => {}
    }
}

fn check_login(login: &Login) {
    if let Ok(device) = DeviceId::try_from(login.device_id.as_str()) {
        assert!((1..=limits::DEVICE_TEXT_BYTES).contains(&device.as_str().len()));
    }
    for text in [&login.platform, &login.sdk_version] {
        if let Ok(label) = Label::try_from(text.as_str()) {
            assert!(label.as_str().len() <= limits::DEVICE_TEXT_BYTES);
        }
    }
}

/// What the handlers check first.
fn check_operation(body: client_frame::Body) {
    use client_frame::Body;
    match body {
        Body::GetHistory(GetHistory { channel, from_message_id: id, .. })
        | Body::RecallMessage(RecallMessage { channel, message_id: id, .. })
        | Body::EditMessage(EditMessage { channel, message_id: id, .. })
        | Body::MarkRead(MarkRead { channel, message_id: id }) => {
            if let Ok(id) = handlers::channel_id(channel.as_ref()) {
                let (kind, id) = match id {
                    ChannelId::Direct(peer) => (ChannelType::Direct, peer.to_string()),
                    ChannelId::Group(group) => (ChannelType::Group, group.to_string()),
                };
                assert_eq!(channel, Some(Channel { r#type: kind.into(), id }));
            }
            if let Ok(id) = id.parse::<MessageId>() {
                assert_eq!(id.to_string().parse(), Ok(id));
            }
        }
        Body::RemoveFriends(RemoveFriends { user_ids })
        | Body::CheckFriends(CheckFriends { user_ids }) => {
            if let Ok(users) = handlers::users("user_ids", &user_ids, limits::LARGE_BATCH) {
                assert!(users.iter().map(UserId::as_str).eq(&user_ids));
                assert!(users.len() <= limits::LARGE_BATCH);
            }
        }
        Body::UpdateMyProfile(request) => {
            if let Ok(members) = serde_json::from_str(&request.basic) {
                let _ = BasicProfileChange::parse(&members);
            }
            check_ext(request.ext, limits::PROFILE_EXT_PAIRS);
        }
        Body::SetFriendInfo(request) => check_ext(request.ext_profile, limits::FRIEND_EXT_PAIRS),
        _ => {}
    }
}

fn check_ext(pairs: HashMap<String, String>, most: usize) {
    if let Ok(ext) = ExtProfile::parse(pairs, most) {
        assert!(ext.pairs().len() <= most);
    }
}

/// Bytes that arrive in parts and then end. What is written is thrown away.
struct Arriving<'a> {
    bytes: &'a [u8],
    part: usize,
}

impl AsyncRead for Arriving<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let part = self.part.min(buf.remaining()).min(self.bytes.len());
        let (now, later) = self.bytes.split_at(part);
        buf.put_slice(now);
        self.bytes = later;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Arriving<'_> {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    #[test]
    fn what_the_fuzzer_found_worth_keeping_keeps_the_promises() {
        let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/client_bytes");
        let mut inputs = 0;
        for file in fs::read_dir(corpus).unwrap() {
            let path = file.unwrap().path();
            eprintln!("{}", path.display());
            super::client_bytes(&fs::read(path).unwrap());
            inputs += 1;
        }
        assert!(inputs > 0);
    }
}
