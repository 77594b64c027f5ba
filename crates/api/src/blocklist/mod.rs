//! Blocklists: from whom a user does not want messages.

pub(crate) mod add;
pub(crate) mod get;
pub(crate) mod remove;
