//! Client connections: accept, log in, frames, the session registry.
//!
//! A client opens a WebSocket at `/connect` (`ws`) and logs in (`login`). From then on one task owns the
//! connection (`serve`, `connection`): it answers requests (`handlers`) and writes what arrives in the
//! session's `mailbox`, inbox entries in the order that `delivery` decides. The rest of the node finds
//! sessions through the `registry` that the [`Gateway`] holds, and never waits for one: a mailbox that is
//! full forgets, and the session reads the store instead.

mod announcer;
mod close;
mod comings;
mod connection;
mod delivery;
#[doc(hidden)]
pub mod echo;
mod entry_frame;
#[doc(hidden)]
pub mod fuzzing;
mod gateway;
mod handlers;
mod login;
mod mailbox;
mod metrics;
mod options;
mod pace;
mod registry;
mod requests;
mod serve;
mod session;
mod ws;

pub use gateway::Gateway;
pub use handlers::OPERATIONS;
pub use metrics::Metrics;
pub use options::Options;
