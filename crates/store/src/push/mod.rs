//! Push: what tells users who are not connected.
//!
//! **The inbox is the queue.** A registered device has a cursor in its user's inbox; what lies behind it is pushed, or is
//! found not to be worth it, in order. So a message costs nothing in the transaction that appends it, a crash loses
//! nothing, and a nudge may get lost: whoever looks finds the devices that are behind.
//!
//! Whoever works on a device moves its moment, `next_at`, into the future first, as with a webhook's lane. Each step
//! proves that moment in its own transaction, and decides there what comes next: so what was read, recalled or muted a
//! moment ago is not pushed.

mod devices;
mod due;
mod levels;
mod options;
mod providers;
mod settings;

pub use devices::{Device, NewDevice};
pub use due::{Found, Outcome, Place, Work};
pub use providers::{Health, Provider};
pub(crate) use settings::exported as exported_settings;
pub use settings::{Change, Settings};

pub(crate) use devices::{exported as exported_device, forget};
pub(crate) use options::{KEEP_OPTIONS, forget_options, keep_options};
