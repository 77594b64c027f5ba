//! What a caller of the Server API sends.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| nuncio_api::fuzzing::request(bytes));
