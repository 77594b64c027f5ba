//! Ids. A value of one of these types has been checked; code that holds one never checks again.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::limits;
use crate::time::Timestamp;

/// Why a text is not an id.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum IdError {
    /// Nothing was given.
    #[error("is empty")]
    Empty,
    /// More bytes than the id may have.
    #[error("has {bytes} bytes, at most {limit} are allowed")]
    TooLong {
        /// Bytes found.
        bytes: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// A character that the id may not contain.
    #[error("contains {character:?}, which is not allowed")]
    BadCharacter {
        /// The first such character.
        character: char,
    },
    /// Not made by this service.
    #[error("is not an id that this service made")]
    Unknown,
}

fn check(text: &str, limit: usize, allowed: impl Fn(char) -> bool) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if text.len() > limit {
        return Err(IdError::TooLong { bytes: text.len(), limit });
    }
    match text.chars().find(|c| !allowed(*c)) {
        Some(character) => Err(IdError::BadCharacter { character }),
        None => Ok(()),
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $limit:expr, $allowed:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<&str> for $name {
            type Error = IdError;

            fn try_from(text: &str) -> Result<Self, IdError> {
                check(text, $limit, $allowed)?;
                Ok(Self(text.into()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                Self::try_from(text.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::try_from(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.as_ref().to_owned()
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id! {
    /// A user's id, as the app's own system names the user: 1 to 64 bytes of `A-Z a-z 0-9 + = - _ |`,
    /// case-sensitive.
    ///
    /// ```
    /// use nuncio_protocol::UserId;
    /// assert!(UserId::try_from("alice_01").is_ok());
    /// assert!(UserId::try_from("alice@example.org").is_err());
    /// ```
    UserId, limits::USER_ID_BYTES,
    |c| c.is_ascii_alphanumeric() || matches!(c, '+' | '=' | '-' | '_' | '|')
}

text_id! {
    /// A group's id, as the app's own system names the group: 1 to 64 bytes of `A-Z a-z 0-9 + = - _ |`,
    /// case-sensitive.
    GroupId, limits::GROUP_ID_BYTES,
    |c| c.is_ascii_alphanumeric() || matches!(c, '+' | '=' | '-' | '_' | '|')
}

text_id! {
    /// The name that an operator signs in with: 1 to 64 lower-case letters, digits and `. _ @ + -`.
    OperatorName, 64,
    |c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '@' | '+' | '-')
}

text_id! {
    /// An app's public key: names the tenant in every request. 1 to 32 letters and digits.
    AppKey, 32, |c| c.is_ascii_alphanumeric()
}

text_id! {
    /// What a client calls its message before the server has named it: 1 to 64 printable ASCII bytes.
    ClientMessageId, limits::CLIENT_MESSAGE_ID_BYTES, |c| c.is_ascii_graphic()
}

text_id! {
    /// One installation of an app on one device: 1 to 64 printable ASCII bytes, chosen by the client.
    DeviceId, limits::DEVICE_TEXT_BYTES, |c| c.is_ascii_graphic()
}

/// A channel as one of its users names it.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum ChannelId {
    /// The direct channel with a user.
    Direct(UserId),
    /// A group.
    Group(GroupId),
}

/// An app, as the store numbers it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct AppId(pub i64);

/// A webhook's id: unique, as a message's is, and never used again.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct WebhookId(pub i64);

impl fmt::Display for WebhookId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        MessageId(self.0).fmt(f)
    }
}

impl std::str::FromStr for WebhookId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        text.parse().map(|MessageId(id)| Self(id))
    }
}

/// A message's id: unique, and ordered by time both as a number and as text.
///
/// 41 bits of milliseconds since 2024, 10 bits of node, 12 bits that count within a millisecond. The
/// text form is 13 characters of Crockford's base 32, so that text and number sort alike.
///
/// ```
/// use nuncio_protocol::MessageId;
/// let id = MessageId(123_456_789);
/// assert_eq!(id.to_string().parse::<MessageId>().unwrap(), id);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct MessageId(pub i64);

const ID_EPOCH_MS: i64 = 1_704_067_200_000; // 2024-01-01
const ID_SHIFT: u32 = 22;
const COUNTER_BITS: u32 = 12;
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl MessageId {
    /// The first id that a message sent at `at` or later can have.
    #[must_use]
    pub fn first_at(at: Timestamp) -> Self {
        let ms = at.0.saturating_sub(ID_EPOCH_MS).clamp(0, (1 << 41) - 1);
        Self(ms << ID_SHIFT)
    }

    /// When the message was accepted, by the server's clock.
    #[must_use]
    pub fn sent_at(self) -> Timestamp {
        Timestamp((self.0 >> ID_SHIFT) + ID_EPOCH_MS)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [b'0'; 13];
        let mut rest = self.0.cast_unsigned();
        for place in text.iter_mut().rev() {
            *place = DIGITS[(rest & 31) as usize];
            rest >>= 5;
        }
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl std::str::FromStr for MessageId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.len() != 13 {
            return Err(IdError::Unknown);
        }
        let mut id: u64 = 0;
        for byte in text.bytes() {
            let digit = DIGITS.iter().position(|d| *d == byte).ok_or(IdError::Unknown)?;
            if id >> 58 != 0 {
                return Err(IdError::Unknown);
            }
            id = (id << 5) | digit as u64;
        }
        Ok(Self(id.cast_signed()))
    }
}

/// Makes message ids for one node: never the same one twice, and never an earlier one after a later.
#[derive(Debug)]
pub struct MessageIds {
    node: i64,
    last: i64,
}

impl MessageIds {
    /// A maker for the node numbered `node` (0 to 1023).
    #[must_use]
    pub fn new(node: u16) -> Self {
        Self { node: i64::from(node & 1023) << COUNTER_BITS, last: 0 }
    }

    /// Goes on as the node numbered `node`.
    pub fn set_node(&mut self, node: u16) {
        self.node = i64::from(node & 1023) << COUNTER_BITS;
    }

    /// The next id, later than `after`, and at `now` or as little later as that allows.
    pub fn next(&mut self, now: Timestamp, after: MessageId) -> MessageId {
        let tick = |id: i64| (id >> ID_SHIFT, id & ((1 << COUNTER_BITS) - 1));
        let at = MessageId::first_at(now).0 >> ID_SHIFT;
        let (last_ms, last_count) = tick(self.last);
        let after_ms = after.0 >> ID_SHIFT;
        let full = last_count + 1 >= 1 << COUNTER_BITS;
        let ms = at.max(last_ms + i64::from(full)).max(after_ms);
        let count = if ms == last_ms { last_count + 1 } else { 0 };
        let mut id = (ms << ID_SHIFT) | self.node | count;
        if id <= after.0 {
            id = ((after_ms + 1) << ID_SHIFT) | self.node;
        }
        self.last = id;
        MessageId(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_time_has_a_first_id() {
        let first = |ms| MessageId::first_at(Timestamp(ms));
        assert_eq!((first(i64::MIN), first(0)), (MessageId(0), MessageId(0)));
        assert!(first(i64::MAX) > first(1_795_000_000_000));
    }

    #[test]
    fn the_error_names_what_was_found() {
        assert_eq!(
            UserId::try_from("a b").unwrap_err().to_string(),
            "contains ' ', which is not allowed"
        );
        let long = UserId::try_from("x".repeat(65)).unwrap_err();
        assert_eq!(long.to_string(), "has 65 bytes, at most 64 are allowed");
    }

    proptest! {
        #[test]
        fn a_user_id_that_parses_prints_back(text in ".{0,80}") {
            if let Ok(id) = UserId::try_from(text.as_str()) {
                prop_assert_eq!(id.as_str(), text.as_str());
                prop_assert!(text.len() <= 64 && text.is_ascii());
            }
        }

        #[test]
        fn message_ids_sort_alike_as_text(a in 0i64.., b in 0i64..) {
            let (a, b) = (MessageId(a), MessageId(b));
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
            prop_assert_eq!(a.to_string().parse::<MessageId>(), Ok(a));
        }

        #[test]
        fn parsing_any_text_as_a_message_id_never_panics(text in ".{0,20}") {
            if let Ok(id) = text.parse::<MessageId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }

        #[test]
        fn made_ids_only_grow(steps in prop::collection::vec((0i64..5, 0i64..1 << 24), 1..5000)) {
            let mut ids = MessageIds::new(7);
            let mut now = ID_EPOCH_MS + 1_000_000;
            let mut last = MessageId(0);
            for (advance, ahead) in steps {
                now += advance - 2;
                let after = MessageId(if ahead % 9 == 0 { last.0 + ahead } else { 0 });
                let id = ids.next(Timestamp(now), after);
                prop_assert!(id > last && id > after);
                last = id;
            }
        }
    }
}
