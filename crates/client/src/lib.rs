//! The Rust client SDK: connect, reconnect, sync, local database.
//!
//! A [`Client`] is one user's connection. It logs in with a token, comes back by itself when the network
//! or the server goes away, and goes on exactly where it stopped: every entry of the user's inbox is
//! applied to the local database once and in order, and told as a typed [`Event`]. Messages to be sent are
//! written down first and sent again, under the same id, until the server has said yes or no.
//!
//! ```no_run
//! use nuncio_client::{Client, Event, NewMessage};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let (client, mut events) =
//!     Client::builder("http://127.0.0.1:8080", "myappkey").token("nct_...").build().await?;
//! client.connect().await?;
//!
//! let sent = client.send(NewMessage::text(&"bob".parse()?, "hello")).await?;
//! println!("sent as {}", sent.message_id);
//!
//! while let Some(event) = events.next().await {
//!     if let Event::Message(message) = event {
//!         println!("{}: {}", message.sender_id, message.content);
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Where things are: [`Client`] and its [`ClientBuilder`] first, the operations in `ops` by topic.
//! `connection` is the task that logs in and comes back, `session` one logged-in connection; what they
//! decide is in plain parts without I/O: `inbox` (which entries come next), `outbox` (which message may be
//! sent) and `reconnect` (what an end means). `db` is the local database. [`json`] drives a client by
//! lines of JSON, for scripts.

mod builder;
mod client;
mod connection;
mod db;
mod error;
mod events;
#[doc(hidden)]
pub mod fuzzing;
mod inbox;
pub mod json;
mod member_info;
mod ops;
mod outbox;
mod reconnect;
mod session;
mod shared;
mod token;
mod transport;
mod user_info;

pub use nuncio_protocol::{AppKey, Code, GroupId, Mentions, UserId, frames, groups};

pub use builder::ClientBuilder;
pub use client::Client;
pub use db::StoreError;
pub use error::{Cause, ClientError, LocalCode};
pub use events::{Event, Events};
pub use ops::friends::{FriendApplicationQuery, FriendInfoChange, Page};
pub use ops::groups::GroupAnswer;
pub use ops::messages::{HistoryFrom, NewMessage, SendHandle};
pub use ops::push::{PushRegistration, PushSettingsChange};
pub use outbox::Sent;
pub use reconnect::{Backoff, ReconnectPolicy};
pub use shared::{State, SyncState};
pub use token::{TokenCallback, TokenError, TokenReason};
pub use user_info::{UserInfo, UserInfoProvider};
