//! Messages to users and groups, in users' names.

pub(crate) mod delete;
pub(crate) mod direct_history;
pub(crate) mod group_history;
mod push;
pub(crate) mod send_direct;
pub(crate) mod send_group;
pub(crate) mod update_direct;
pub(crate) mod update_group;
