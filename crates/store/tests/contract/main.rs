//! The rules of the store, each tried on SQLite and on PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod harness;

mod blocklist;
mod friend_requests;
mod friends;
mod messages;
mod profiles;
mod subscriptions;
mod whitelist;
