//! The text keys under which rows are found.

use nuncio_protocol::frames::{Channel, ChannelType};
use nuncio_protocol::{GroupId, UserId};

/// What the keys of groups begin with.
const GROUP: &str = "g:";
/// What those of direct channels begin with.
const DIRECT: &str = "d:";

/// What the keys of channels of one kind begin with, or of all.
pub(crate) fn beginning(only: Option<ChannelType>) -> &'static str {
    match only {
        None => "",
        Some(ChannelType::Group) => GROUP,
        Some(_) => DIRECT,
    }
}

/// A channel as all its sides share it. A direct channel's key names its two users in order, so that
/// either side finds the same messages.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ChannelKey(String);

impl ChannelKey {
    /// The direct channel of two users.
    #[must_use]
    pub fn direct(one: &UserId, other: &UserId) -> Self {
        let (first, second) = if one <= other { (one, other) } else { (other, one) };
        // A colon cannot be part of a user id.
        Self(format!("{DIRECT}{first}:{second}"))
    }

    /// The channel of a group, which all its members share.
    #[must_use]
    pub fn group(id: &GroupId) -> Self {
        Self(format!("{GROUP}{id}"))
    }

    /// The key of a channel as `user`, one of its sides, sees it.
    pub(crate) fn of(user: &UserId, seen: &Channel) -> Self {
        if seen.r#type == i32::from(ChannelType::Group) {
            return Self(format!("{GROUP}{}", seen.id));
        }
        let (one, other) = (user.as_str(), seen.id.as_str());
        Self(format!("{DIRECT}{}:{}", one.min(other), one.max(other)))
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

    /// The channel as `user`, one of its sides, sees it.
    #[must_use]
    pub fn seen_by(&self, user: &UserId) -> Channel {
        if let Some(group) = self.0.strip_prefix(GROUP) {
            return Channel { r#type: ChannelType::Group.into(), id: group.to_owned() };
        }
        let mut sides = self.0.strip_prefix(DIRECT).unwrap_or(&self.0).split(':');
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
        for side in [&alice, &bob] {
            assert_eq!(ChannelKey::of(side, &key.seen_by(side)), key);
        }
    }

    #[test]
    fn a_group_is_the_same_for_every_member() {
        let key = ChannelKey::group(&GroupId::try_from("club").unwrap());
        for user in ["alice", "club"] {
            let seen = key.seen_by(&UserId::try_from(user).unwrap());
            assert_eq!((seen.r#type, seen.id.as_str()), (ChannelType::Group.into(), "club"));
            assert_eq!(ChannelKey::of(&UserId::try_from(user).unwrap(), &seen), key);
        }
    }
}
