//! The rules of the store, each tried on SQLite and on PostgreSQL.

mod harness;

mod messages;
