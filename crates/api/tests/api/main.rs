//! The Server API through its front door: the whole router over a real core and a SQLite store, with a
//! stopped clock.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod coverage;
mod docs;
mod edge;
mod friends;
mod groups;
mod harness;
mod idempotency;
mod legacy;
mod lists;
mod messages;
mod metrics;
mod profiles;
mod rates;
mod reference;
mod users;
