//! The console's calls, over the whole router and a real store.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod accounts;
mod exports;
mod groups;
mod harness;
mod imports;
mod overview;
mod push;
mod security;
mod work;
