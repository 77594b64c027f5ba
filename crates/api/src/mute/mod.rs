//! Muting: users who may not send direct messages.

pub(crate) mod list;
pub(crate) mod set;
