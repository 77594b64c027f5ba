//! What lasts: one file per aggregate, over two engines, SQLite and PostgreSQL.
//!
//! A method of [`Store`] is a use case and a transaction: `append`, `ban`, `expire`. The decision whether
//! something is allowed is taken inside it, next to the fact. Each method is written once, against
//! `engine::Tx`, and runs on both engines; its rules stand in the contract tests, `tests/contract/`.
//!
//! Whatever a user's devices must learn of is an entry of the user's inbox, written by `inbox` in the same
//! transaction. After the commit the engine hands the entries, as [`Nudge`]s, to the [`Nudges`] sink that the
//! store was opened with. A nudge may be lost; the inbox is the truth.

mod appends;
mod encoding;
mod engine;
mod error;
mod events;
mod inbox;
mod keys;
mod leases;
mod lists;
mod migrations;
mod stretches;

pub mod app_deletion;
pub mod apps;
pub mod audit;
pub mod bans;
pub mod blocklist;
pub mod channel_settings;
pub mod channel_tags;
pub mod channels;
pub mod connections;
pub mod directory;
pub mod edits;
pub mod exports;
pub mod figures;
pub mod friend_requests;
pub mod friends;
pub mod groups;
pub mod idempotency;
pub mod imports;
pub mod jobs;
pub mod messages;
pub mod mutes;
pub mod nodes;
mod operator_secrets;
pub mod operator_sessions;
pub mod operators;
pub mod outbox;
pub mod outbox_care;
pub mod paging;
pub mod profiles;
pub mod push;
pub mod retention;
pub mod sessions;
pub mod soft_delete;
pub mod subscriptions;
pub mod tags;
pub mod test_users;
pub mod tokens;
pub mod users;
pub mod webhooks;
pub mod whitelist;

pub use engine::{NoNudges, Nudge, Nudges, Options, Place, Store, StoreMetrics};
pub use error::StoreError;
pub use events::{Status, body as event_body};
pub use keys::ChannelKey;
