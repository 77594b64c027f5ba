//! Users: push identity, standing, and whether they are online.

pub(crate) mod ban;
pub(crate) mod banned;
pub(crate) mod connection_status;
pub(crate) mod get;
pub(crate) mod restore;
pub(crate) mod soft_delete;
pub(crate) mod soft_deleted;
pub(crate) mod unban;
pub(crate) mod update;
