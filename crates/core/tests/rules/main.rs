//! What the rules do beyond the store: pages, limits of a call, and who is told over the bus.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod harness;

mod apps;
mod bans;
mod figures;
mod idempotency;
mod lists;
mod profiles;
mod soft_delete;
mod subscriptions;
mod tokens;
