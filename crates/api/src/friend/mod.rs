//! Friendships, always between two and always both ways.

pub(crate) mod add;
pub(crate) mod list;
pub(crate) mod permission;
pub(crate) mod relationships;
pub(crate) mod remove;
pub(crate) mod remove_all;
pub(crate) mod set_permission;
pub(crate) mod set_profile;
