//! Users' tags.

pub(crate) mod get;
pub(crate) mod set;
