//! What a server writes into its connection to a client.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| nuncio_client::fuzzing::message_frames(bytes));
