//! What is said about push: by providers, browsers, senders and operators.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| nuncio_push::fuzzing::push(bytes));
