//! Protobuf written field by field, from borrowed parts: what `prost` makes of a struct of owned texts, without
//! the copies. A field whose value is the default is left out, as `prost` does.

use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint};

/// A text.
pub(crate) fn put_text(tag: u32, value: &str, out: &mut Vec<u8>) {
    if !value.is_empty() {
        encode_key(tag, WireType::LengthDelimited, out);
        encode_varint(value.len() as u64, out);
        out.extend_from_slice(value.as_bytes());
    }
}

/// A number, of any integer type that is not zigzag-encoded.
pub(crate) fn put_int(tag: u32, value: i64, out: &mut Vec<u8>) {
    if value != 0 {
        encode_key(tag, WireType::Varint, out);
        encode_varint(value.cast_unsigned(), out);
    }
}

/// A message, which may be empty, and which `write` writes.
pub(crate) fn put_message(tag: u32, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    encode_key(tag, WireType::LengthDelimited, out);
    // Most messages' lengths take two bytes; the others' are moved.
    let start = out.len() + 2;
    out.extend_from_slice(&[0; 2]);
    write(out);
    let length = (out.len() - start) as u64;
    let mut prefix = [0_u8; 10];
    let size = encoded_len_varint(length);
    encode_varint(length, &mut prefix.as_mut_slice());
    out.splice(start - 2..start, prefix[..size].iter().copied());
}
