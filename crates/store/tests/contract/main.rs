//! The rules of the store, each tried on SQLite and on PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod harness;

mod apps;
mod audit;
mod bans;
mod big_groups;
mod blocklist;
mod channel_settings;
mod channel_tags;
mod cluster;
mod directory;
mod edits;
mod exports;
mod figures;
mod friend_requests;
mod friends;
mod group_conversation;
mod group_joining;
mod group_messages;
mod group_moderation;
mod group_rights;
mod groups;
mod idempotency;
mod messages;
mod mutes;
mod operators;
mod profiles;
mod push;
mod reach;
mod soft_delete;
mod subscriptions;
mod tags;
mod tail;
mod tokens;
mod users;
mod webhooks;
mod whitelist;
