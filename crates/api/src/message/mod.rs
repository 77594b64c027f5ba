//! Direct messages, in users' names.

pub(crate) mod delete;
pub(crate) mod direct_history;
pub(crate) mod send_direct;
pub(crate) mod update_direct;
