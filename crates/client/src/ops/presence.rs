//! Who is online, and being told of changes.

use std::time::Duration;

use nuncio_protocol::UserId;
use nuncio_protocol::frames::{PresenceState, Subscription, SubscriptionType};

use super::friends::Page;
use super::{ask, texts};
use crate::client::Client;
use crate::error::ClientError;

impl Client {
    /// Asks to be told when something of the users changes: at most 200 at once. It ends after `expiry`
    /// (60 seconds to 30 days, `None` for the longest) without notice.
    pub async fn subscribe(
        &self,
        users: &[UserId],
        kind: SubscriptionType,
        expiry: Option<Duration>,
    ) -> Result<(), ClientError> {
        let expiry_seconds = expiry.map_or(0, |e| u32::try_from(e.as_secs()).unwrap_or(u32::MAX));
        let user_ids = texts(users);
        ask!(self, Subscribe { user_ids, r#type: kind.into(), expiry_seconds } => Done).map(drop)
    }

    /// Ends subscriptions.
    pub async fn unsubscribe(
        &self,
        users: &[UserId],
        kind: SubscriptionType,
    ) -> Result<(), ClientError> {
        let user_ids = texts(users);
        ask!(self, Unsubscribe { user_ids, r#type: kind.into() } => Done).map(drop)
    }

    /// Who of the users is online now.
    pub async fn get_presence(&self, users: &[UserId]) -> Result<Vec<PresenceState>, ClientError> {
        Ok(ask!(self, GetPresence { user_ids: texts(users) } => PresenceStates)?.states)
    }

    /// A page of the user's subscriptions: `limit` as the server allows, 0 for its default.
    pub async fn get_subscriptions(
        &self,
        kind: SubscriptionType,
        page_token: Option<String>,
        limit: u32,
    ) -> Result<Page<Subscription>, ClientError> {
        let page_token = page_token.unwrap_or_default();
        let ask = ask!(self, GetSubscriptions { r#type: kind.into(), page_token, limit } => Subscriptions)?;
        Ok(Page::new(ask.subscriptions, ask.next_page_token, 0))
    }
}
