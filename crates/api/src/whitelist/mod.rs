//! Whitelists: from whom alone a user wants messages.

pub(crate) mod add;
pub(crate) mod enabled;
pub(crate) mod get;
pub(crate) mod remove;
pub(crate) mod set_enabled;
