//! The Rust client SDK: connect, reconnect, sync, local database.
