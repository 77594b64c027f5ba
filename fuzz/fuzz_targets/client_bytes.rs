//! What a client writes into its connection to the server.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| nuncio_gateway::fuzzing::client_bytes(bytes));
