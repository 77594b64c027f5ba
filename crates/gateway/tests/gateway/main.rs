//! Client connections over real sockets: a gateway on a SQLite file, and clients that speak frames.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod closing;
mod devices;
mod drain;
mod group_operations;
mod limits;
mod login;
mod messages;
mod operations;
mod overload;
mod presence;
mod protocol;
mod push_operations;
mod slow_readers;
mod world;
