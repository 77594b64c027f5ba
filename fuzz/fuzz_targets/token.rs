//! What comes back as an access token or as a page token.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| nuncio_core::fuzzing::token(bytes));
