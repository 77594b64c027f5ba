//! The bytes of WebSocket frames. No I/O.

/// Bytes of a control frame's payload at most.
const CONTROL_BYTES: usize = 125;
const MASK_BYTES: usize = 4;

/// What a frame is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Opcode {
    fn read(nibble: u8) -> Option<Self> {
        Some(match nibble {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xA => Self::Pong,
            _ => return None,
        })
    }

    fn nibble(self) -> u8 {
        match self {
            Self::Continuation => 0x0,
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xA,
        }
    }

    fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// A client's frame, unmasked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Frame {
    /// Whether it ends its message.
    pub(crate) last: bool,
    pub(crate) opcode: Opcode,
    pub(crate) payload: Vec<u8>,
}

/// Why bytes are not a client's frame. The sentence goes to the client.
pub(crate) type Fault = &'static str;

/// Reads the first frame of `bytes`; also tells how many bytes it took. `None` when more must come first.
pub(crate) fn parse(bytes: &[u8], most: usize) -> Result<Option<(Frame, usize)>, Fault> {
    let [first, second, rest @ ..] = bytes else { return Ok(None) };
    if first & 0x70 != 0 {
        return Err("a WebSocket frame has reserved bits set, but no extension was agreed on");
    }
    let opcode = Opcode::read(first & 0x0F).ok_or("a WebSocket frame has an unknown opcode")?;
    let last = first & 0x80 != 0;
    if second & 0x80 == 0 {
        return Err("a client's WebSocket frames must be masked");
    }
    let announced = match second & 0x7F {
        126 => {
            rest.split_first_chunk().map(|(size, rest)| (u16::from_be_bytes(*size).into(), rest))
        }
        127 => rest.split_first_chunk().map(|(size, rest)| (u64::from_be_bytes(*size), rest)),
        short => Some((short.into(), rest)),
    };
    let Some((announced, rest)) = announced else { return Ok(None) };
    let size = usize::try_from(announced).unwrap_or(usize::MAX);
    if opcode.is_control() && (size > CONTROL_BYTES || !last) {
        return Err("a WebSocket control frame is fragmented or has more than 125 bytes");
    }
    if size > most {
        return Err("a frame has more bytes than allowed");
    }
    let Some((mask, rest)) = rest.split_first_chunk::<MASK_BYTES>() else { return Ok(None) };
    let Some(masked) = rest.get(..size) else { return Ok(None) };
    let payload = unmask(masked, *mask);
    Ok(Some((Frame { last, opcode, payload }, bytes.len() - rest.len() + size)))
}

fn unmask(masked: &[u8], mask: [u8; MASK_BYTES]) -> Vec<u8> {
    let mut payload = masked.to_vec();
    let wide = u64::from_ne_bytes([
        mask[0], mask[1], mask[2], mask[3], mask[0], mask[1], mask[2], mask[3],
    ]);
    let (chunks, tail) = payload.as_chunks_mut::<8>();
    for chunk in chunks {
        *chunk = (u64::from_ne_bytes(*chunk) ^ wide).to_ne_bytes();
    }
    for (byte, key) in tail.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= key;
    }
    payload
}

/// Writes the head of a server's frame, which is whole and not masked.
pub(crate) fn write_head(out: &mut Vec<u8>, opcode: Opcode, size: usize) {
    out.push(0x80 | opcode.nibble());
    match (u8::try_from(size), u16::try_from(size)) {
        (Ok(size), _) if size < 126 => out.push(size),
        (_, Ok(size)) => {
            out.push(126);
            out.extend_from_slice(&size.to_be_bytes());
        }
        _ => {
            out.push(127);
            out.extend_from_slice(&(size as u64).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MOST: usize = 200_000;

    fn masked(last: bool, opcode: Opcode, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_head(&mut bytes, opcode, payload.len());
        bytes[0] = if last { bytes[0] } else { bytes[0] & 0x7F };
        bytes[1] |= 0x80;
        bytes.extend_from_slice(&mask);
        bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
        bytes
    }

    #[test]
    fn what_a_client_must_not_send_is_refused() {
        let fault = |bytes: &[u8]| parse(bytes, MOST).unwrap_err();
        assert!(fault(&[0xC2, 0x80]).contains("reserved"));
        assert!(fault(&[0x83, 0x80]).contains("opcode"));
        assert!(fault(&[0x82, 0x01, b'x']).contains("masked"));
        assert!(fault(&[0x09, 0x80]).contains("control"), "fragmented");
        assert!(fault(&[0x89, 0xFE, 0x00, 0x7E]).contains("control"), "126 bytes");
    }

    #[test]
    fn a_frame_that_is_too_large_is_refused_by_its_announcement() {
        let mut bytes = vec![0x82, 0xFF];
        bytes.extend_from_slice(&(MOST as u64 + 1).to_be_bytes());
        assert!(parse(&bytes, MOST).unwrap_err().contains("more bytes than allowed"));
        let mut endless = vec![0x82, 0xFF];
        endless.extend_from_slice(&u64::MAX.to_be_bytes());
        assert!(parse(&endless, MOST).is_err());
    }

    proptest! {
        #[test]
        fn a_frame_is_read_back_once_it_is_whole(
            last: bool,
            payload in prop::collection::vec(any::<u8>(), 0..70_000),
            mask: [u8; 4],
            cut: prop::sample::Index,
            after in prop::collection::vec(any::<u8>(), 0..9),
        ) {
            let bytes = masked(last, Opcode::Binary, &payload, mask);
            let part = cut.index(bytes.len());
            prop_assert_eq!(parse(&bytes[..part], MOST), Ok(None));
            let mut more = bytes.clone();
            more.extend(after);
            let frame = Frame { last, opcode: Opcode::Binary, payload };
            prop_assert_eq!(parse(&more, MOST), Ok(Some((frame, bytes.len()))));
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(Some((frame, used))) = parse(&bytes, 100) {
                prop_assert!(used <= bytes.len() && frame.payload.len() <= 100);
            }
        }
    }
}
