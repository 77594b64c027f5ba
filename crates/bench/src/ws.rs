//! The client's side of WebSocket, as far as a load needs it: whole binary messages.

use anyhow::bail;

use crate::net::{Id, Net};

/// The client's request to speak WebSocket. The key is a client's to choose, and the answer to it needs no check
/// here: whoever did not take it fails at the first frame.
pub(crate) fn upgrade(path: &str, protocol: Option<&str>) -> Vec<u8> {
    let protocol =
        protocol.map(|name| format!("Sec-WebSocket-Protocol: {name}\r\n")).unwrap_or_default();
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: bnVuY2lvIGlzIGdyZWF0IQ==\r\n{protocol}\r\n"
    )
    .into_bytes()
}

/// Takes the answer to [`upgrade`] when it is there.
pub(crate) fn take_upgraded(net: &mut Net, id: Id) -> anyhow::Result<bool> {
    let input = net.input(id);
    let Some(end) = input.windows(4).position(|four| four == b"\r\n\r\n") else {
        anyhow::ensure!(!net.has_ended(id), "the connection ended before it spoke WebSocket");
        return Ok(false);
    };
    if !input.starts_with(b"HTTP/1.1 101") {
        bail!("not upgraded: {}", String::from_utf8_lossy(&input[..end]));
    }
    net.take(id, end + 4);
    Ok(true)
}

/// Puts a binary message around `payload`. The mask is zero, which a client may choose, and which leaves the bytes as
/// they are; the server takes it off like any other.
pub(crate) fn frame(payload: &[u8], into: &mut Vec<u8>) {
    head(0x82, payload.len(), into);
    into.extend_from_slice(payload);
}

/// The same for a text message.
pub(crate) fn text(payload: &[u8], into: &mut Vec<u8>) {
    head(0x81, payload.len(), into);
    into.extend_from_slice(payload);
}

fn head(first: u8, length: usize, into: &mut Vec<u8>) {
    const MASKED: u8 = 0x80;
    into.push(first);
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ 0..=125), _) => into.push(MASKED | short),
        (_, Ok(medium)) => {
            into.push(MASKED | 0x7E);
            into.extend_from_slice(&medium.to_be_bytes());
        }
        _ => {
            into.push(MASKED | 0x7F);
            into.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    into.extend_from_slice(&[0; 4]);
}

/// What a server sends.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Message,
    Close,
    Other,
}

/// Takes the next frame when it is there, its payload into `payload`.
pub(crate) fn take_frame(net: &mut Net, id: Id, payload: &mut Vec<u8>) -> Option<Kind> {
    let input = net.input(id);
    let (first, second) = (*input.first()?, *input.get(1)?);
    let (length, at) = match second & 0x7F {
        126 => (usize::from(u16::from_be_bytes(input.get(2..4)?.try_into().ok()?)), 4),
        127 => {
            let length = u64::from_be_bytes(input.get(2..10)?.try_into().ok()?);
            (usize::try_from(length).ok()?, 10)
        }
        short => (usize::from(short), 2),
    };
    payload.clear();
    payload.extend_from_slice(input.get(at..at + length)?);
    net.take(id, at + length);
    Some(match first & 0x0F {
        1 | 2 => Kind::Message,
        8 => Kind::Close,
        _ => Kind::Other,
    })
}
