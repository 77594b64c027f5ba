//! Builders and a whole server inside a test.
//!
//! Tests go through the front door: [`World`] starts the built binary as a process of its own on a store of
//! its own, [`Api`] signs Server API calls, and [`Wire`] speaks the client protocol frame by frame, so
//! that a test can do what no well-behaved client does.
//!
//! Everything here may panic: it runs in tests only.
#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::disallowed_methods,
    reason = "a panic is how a test fails; a test may look at the clock and the environment"
)]

mod api;
mod clock;
pub mod cluster;
mod nats;
pub mod postgres;
mod proxy;
pub mod receiver;
mod server;
mod wire;
mod world;

pub use api::{Answer, Api};
pub use clock::Clock;
pub use cluster::Cluster;
pub use nats::Nats;
pub use proxy::{Cable, Proxy};
pub use server::{Server, Storage};
pub use wire::{Refused, Wire};
pub use world::World;
