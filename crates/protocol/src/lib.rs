//! What both ends of the wire share: ids and other checked values, frames, codes, limits.
//!
//! Nothing here does I/O or reads a clock. Read [`ids`] and [`values`] first: everything that enters
//! the service becomes one of their types at the edge and is not checked again. [`codes`] and
//! [`refusal`] say how a failure is told; [`frames`] holds what travels on a client connection.

pub mod codes;
pub mod frames;
pub mod groups;
pub mod ids;
pub mod limits;
pub mod mentions;
pub mod origin;
pub mod os;
pub mod push;
pub mod refusal;
pub mod signing;
pub mod time;
pub mod values;

pub use codes::Code;
pub use ids::{AppKey, ChannelId, ClientMessageId, GroupId, MessageId, UserId};
pub use mentions::Mentions;
pub use origin::{Actor, Origin};
pub use os::Os;
pub use refusal::Refusal;
pub use time::Timestamp;
