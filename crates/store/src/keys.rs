//! The text keys under which rows are found.

use nuncio_protocol::UserId;
use nuncio_protocol::frames::{Channel, ChannelType};

/// A channel as both its sides share it. A direct channel's key names its two users in order, so that
/// either side finds the same messages.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ChannelKey(String);

impl ChannelKey {
    /// The direct channel of two users.
    #[must_use]
    pub fn direct(one: &UserId, other: &UserId) -> Self {
        let (first, second) = if one <= other { (one, other) } else { (other, one) };
        // A colon cannot be part of a user id.
        Self(format!("d:{first}:{second}"))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A key that was stored.
    pub(crate) fn stored(key: String) -> Self {
        Self(key)
    }

    /// The channel as `user`, one of its two sides, sees it.
    #[must_use]
    pub fn seen_by(&self, user: &UserId) -> Channel {
        let mut sides = self.0.strip_prefix("d:").unwrap_or(&self.0).split(':');
        let (first, second) = (sides.next().unwrap_or_default(), sides.next().unwrap_or_default());
        let peer = if first == user.as_str() { second } else { first };
        Channel { r#type: ChannelType::Direct.into(), id: peer.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_share_a_key_and_see_each_other() {
        let (alice, bob) = (UserId::try_from("d").unwrap(), UserId::try_from("bob").unwrap());
        let key = ChannelKey::direct(&alice, &bob);
        assert_eq!(key, ChannelKey::direct(&bob, &alice));
        assert_eq!(key.seen_by(&alice).id, "bob");
        assert_eq!(key.seen_by(&bob).id, "d");
    }
}
