//! What the product does: the rule, the store call, the effects.
//!
//! [`Core`] is the one door: the Server API, the client connections and the command line call it with
//! checked values and get back a typed answer or an [`Error`]. It knows no HTTP and no frames beyond what
//! its users' devices are told. One file per aggregate, named as in the store.

mod blocklist;
mod clock;
mod error;
pub mod friends;
pub mod messages;
mod page_token;
mod profiles;
mod subscriptions;
mod test_users;
mod whitelist;

use std::sync::Arc;

use nuncio_bus::Bus;
use nuncio_store::Store;

pub use clock::{Clock, SystemClock, TestClock};
pub use error::Error;
pub use page_token::Page;

/// The product. Cheap to clone.
#[derive(Clone)]
pub struct Core {
    store: Store,
    bus: Arc<dyn Bus>,
    clock: Arc<dyn Clock>,
}

impl Core {
    /// Puts the parts together.
    pub fn new(store: Store, bus: Arc<dyn Bus>, clock: Arc<dyn Clock>) -> Self {
        Self { store, bus, clock }
    }

    /// The store, for health checks and figures.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The clock.
    #[must_use]
    pub fn now(&self) -> nuncio_protocol::Timestamp {
        self.clock.now()
    }
}
