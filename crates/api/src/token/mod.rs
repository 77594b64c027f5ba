//! Access tokens: what a client logs in with.

pub(crate) mod expire;
pub(crate) mod issue;
