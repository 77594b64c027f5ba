//! What the product does: the rule, the store call, the effects.
//!
//! [`Core`] is the one door: the Server API, the client connections and the command line call it with
//! checked values and get back a typed answer or an [`Error`]. It knows no HTTP and no frames beyond what
//! its users' devices are told. One file per aggregate, named as in the store.

mod apps;
mod asking;
pub mod audit;
mod bans;
mod blocklist;
pub mod channel_settings;
pub mod channel_tags;
mod clock;
mod courier;
mod directory;
mod error;
pub mod exports;
pub mod figures;
pub mod friends;
#[doc(hidden)]
pub mod fuzzing;
mod group_messages;
mod group_moderation;
pub mod groups;
mod idempotency;
pub mod imports;
pub mod messages;
mod mutes;
pub mod operators;
mod page_token;
mod passwords;
mod profiles;
pub mod push;
mod receipts;
mod second_factor;
mod soft_delete;
mod subscriptions;
mod tags;
mod test_users;
mod throttle;
mod token_format;
mod tokens;
mod turns;
mod users;
mod vault;
pub mod webhooks;
mod whitelist;

use std::sync::Arc;

use nuncio_bus::{Bus, Standing};
use nuncio_protocol::{Origin, Os};
use nuncio_store::Store;
use tokio::sync::Notify;

pub use apps::CreatedApp;
pub use bans::Ban;
pub use clock::{Clock, SystemClock, TestClock};
pub use courier::{Courier, Letter, Reply, WebhookMetrics};
pub use error::Error;
pub use idempotency::Claimed;
pub use mutes::Muted;
pub use nuncio_bus::Applied;
pub use page_token::Page;
pub use receipts::ReceiptUsersPage;
pub use soft_delete::OperationId;
pub use tokens::{Admission, Admitted, Claim, Elsewhere, Newcomer};
pub use vault::{Vault, VaultError};

/// The product. Cheap to clone.
#[derive(Clone)]
pub struct Core {
    store: Store,
    parts: Arc<Parts>,
}

/// What all clones share.
#[derive(Clone)]
struct Parts {
    bus: Arc<dyn Bus>,
    clock: Arc<dyn Clock>,
    vault: Arc<Vault>,
    unsealed: Arc<apps::Unsealed>,
    activations: Arc<Notify>,
    doors: Arc<operators::Doors>,
    figures: Arc<figures::Figures>,
    imports: Arc<Notify>,
    exports: Arc<Notify>,
    counted: Arc<directory::Counts>,
    courier: Arc<dyn Courier>,
    deliveries: Arc<webhooks::Deliveries>,
    asking: Arc<asking::Asking>,
    push: Arc<push::State>,
    receipts: Arc<receipts::Receipts>,
}

impl Core {
    /// Puts the parts together.
    #[must_use]
    pub fn new(store: Store, bus: Arc<dyn Bus>, clock: Arc<dyn Clock>, vault: Vault) -> Self {
        let parts = Parts {
            bus,
            clock,
            vault: Arc::new(vault),
            unsealed: Arc::default(),
            activations: Arc::default(),
            doors: Arc::default(),
            figures: Arc::default(),
            imports: Arc::default(),
            exports: Arc::default(),
            counted: Arc::default(),
            courier: Arc::new(courier::NoCourier),
            deliveries: Arc::default(),
            asking: Arc::default(),
            push: Arc::default(),
            receipts: Arc::default(),
        };
        Self { store, parts: Arc::new(parts) }
    }

    /// The same product for what `origin` does: every change leaves an entry in the audit trail. What is done
    /// without an origin is what users do themselves, and leaves none.
    #[must_use]
    pub fn by(&self, origin: Origin) -> Self {
        Self { store: self.store.by(origin), parts: Arc::clone(&self.parts) }
    }

    /// Whether this is a node of a cluster.
    #[must_use]
    pub fn is_clustered(&self) -> bool {
        self.parts.bus.standing() != Standing::Alone
    }

    /// Whether this is a node that is cut off from its cluster: callers must go elsewhere.
    #[must_use]
    pub fn is_cut_off(&self) -> bool {
        self.parts.bus.standing() == Standing::CutOff
    }

    /// The same product for what clients on `os` do.
    #[must_use]
    pub fn on(&self, os: Os) -> Self {
        Self { store: self.store.on(os), parts: Arc::clone(&self.parts) }
    }

    /// The store, for health checks and figures.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The clock.
    #[must_use]
    pub fn now(&self) -> nuncio_protocol::Timestamp {
        self.parts.clock.now()
    }
}
