//! Whom the user does not want to hear from.

use nuncio_protocol::UserId;

use super::ask;
use crate::client::Client;
use crate::error::ClientError;

impl Client {
    /// Blocks a user: what they send to this user is refused with 405 from now on. Blocking twice is fine.
    pub async fn add_to_blocklist(&self, user: &UserId) -> Result<(), ClientError> {
        ask!(self, AddToBlocklist { user_id: user.to_string() } => Done).map(drop)
    }

    /// Unblocks a user. Unblocking who is not blocked is fine.
    pub async fn remove_from_blocklist(&self, user: &UserId) -> Result<(), ClientError> {
        ask!(self, RemoveFromBlocklist { user_id: user.to_string() } => Done).map(drop)
    }

    /// Whether a user is in this user's blocklist.
    pub async fn check_blocked(&self, user: &UserId) -> Result<bool, ClientError> {
        let state = ask!(self, CheckBlocked { user_id: user.to_string() } => BlockedState)?;
        Ok(state.blocked)
    }

    /// The whole blocklist, at most 3,000 users, newest first.
    pub async fn get_blocklist(&self) -> Result<Vec<String>, ClientError> {
        Ok(ask!(self, GetBlocklist {} => UserIds)?.user_ids)
    }
}
