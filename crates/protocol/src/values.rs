//! Checked values other than ids: names, contents, durations, profiles.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::limits;
use crate::time::Timestamp;

/// Which messages of a channel notify a user.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct NotificationLevel(i32);

impl NotificationLevel {
    /// -1: all, 0: as the channel's type says, and else all, 1: mentions, 2: mentions of the user, 4: mentions of
    /// everybody, 5: none.
    pub const NUMBERS: [i32; 6] = [-1, 0, 1, 2, 4, 5];

    /// The number on the wire.
    #[must_use]
    pub fn number(self) -> i32 {
        self.0
    }
}

impl TryFrom<i64> for NotificationLevel {
    type Error = ValueError;

    fn try_from(number: i64) -> Result<Self, ValueError> {
        let known = Self::NUMBERS.into_iter().find(|known| i64::from(*known) == number);
        known.map(Self).ok_or(ValueError::Malformed("must be -1, 0, 1, 2, 4 or 5"))
    }
}

/// Why a value is refused. The sentence goes on after the member's name: "`name` has 70 characters, ...".
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ValueError {
    /// Nothing was given where something must be.
    #[error("is empty")]
    Empty,
    /// Longer than allowed.
    #[error("has {found} {unit}, at most {limit} are allowed")]
    TooLong {
        /// Length found.
        found: usize,
        /// Length allowed.
        limit: usize,
        /// What is counted: `characters`, `bytes`, `entries`.
        unit: &'static str,
    },
    /// Not of the form that the value needs.
    #[error("{0}")]
    Malformed(&'static str),
    /// A number outside its range.
    #[error("is {found}, which is outside {least} to {most}")]
    OutOfRange {
        /// Number found.
        found: i64,
        /// Least number allowed.
        least: i64,
        /// Greatest number allowed.
        most: i64,
    },
}

fn bytes_at_most(text: &str, limit: usize) -> Result<(), ValueError> {
    if text.len() > limit {
        return Err(ValueError::TooLong { found: text.len(), limit, unit: "bytes" });
    }
    Ok(())
}

fn chars_at_most(text: &str, limit: usize) -> Result<(), ValueError> {
    if text.len() > limit {
        let found = text.chars().count();
        if found > limit {
            return Err(ValueError::TooLong { found, limit, unit: "characters" });
        }
    }
    Ok(())
}

/// What people write, of a bounded length. The NUL character is nothing that anybody writes, and PostgreSQL
/// cannot keep it.
pub(crate) fn words(text: &str, limit: usize) -> Result<(), ValueError> {
    if text.contains('\0') {
        return Err(ValueError::Malformed("contains the character U+0000"));
    }
    chars_at_most(text, limit)
}

macro_rules! text_value {
    ($(#[$doc:meta])* $name:ident, |$text:ident| $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Eq, PartialEq)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The value as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<&str> for $name {
            type Error = ValueError;

            fn try_from($text: &str) -> Result<Self, ValueError> {
                $check?;
                Ok(Self($text.into()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = ValueError;

            fn try_from(text: String) -> Result<Self, ValueError> {
                Self::try_from(text.as_str())
            }
        }
    };
}

pub(crate) use text_value;

pub(crate) fn not_empty(text: &str) -> Result<(), ValueError> {
    if text.is_empty() { Err(ValueError::Empty) } else { Ok(()) }
}

text_value! {
    /// A push identity's name: 1 to 64 characters.
    Name, |text| not_empty(text).and_then(|()| words(text, limits::NAME_CHARS))
}

text_value! {
    /// A push identity's avatar: empty, or an absolute http(s) URL of at most 1,024 bytes.
    ///
    /// Other schemes are refused because the text ends up in a page's `src`, where they could run.
    AvatarUrl, |text| bytes_at_most(text, limits::AVATAR_URL_BYTES).and_then(|()| web_url_or_empty(text))
}

text_value! {
    /// A webhook's URL: absolute, http or https, at most 1,024 bytes, without user, password and fragment.
    WebhookUrl, |text| not_empty(text)
        .and_then(|()| bytes_at_most(text, limits::WEBHOOK_URL_BYTES))
        .and_then(|()| web_url_or_empty(text))
        .and_then(|()| {
            let host = text.split('/').nth(2).unwrap_or_default();
            if host.contains('@') || host.contains('\\') || text.contains('#') {
                Err(ValueError::Malformed("holds a user, a password or a fragment: leave it out"))
            } else {
                Ok(())
            }
        })
}

fn web_url_or_empty(text: &str) -> Result<(), ValueError> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host_follows = rest.is_some_and(|r| r.starts_with(|c: char| !matches!(c, '/' | '?' | '#')));
    let plain = !text.chars().any(|c| c.is_whitespace() || c.is_control());
    if text.is_empty() || (host_follows && plain) {
        return Ok(());
    }
    Err(ValueError::Malformed("is neither empty nor an absolute http or https URL"))
}

text_value! {
    /// Why a user was banned, told to the user's client: at most 256 characters, may be empty.
    BanReason, |text| words(text, limits::BAN_REASON_CHARS)
}

text_value! {
    /// What a user calls a friend: at most 64 characters; empty means none.
    Alias, |text| words(text, limits::ALIAS_CHARS)
}

text_value! {
    /// What accompanies a friend request: at most 128 characters.
    FriendExtra, |text| words(text, limits::FRIEND_EXTRA_CHARS)
}

text_value! {
    /// A user's tag: 1 to 40 bytes without control characters.
    Tag, |text| not_empty(text).and_then(|()| bytes_at_most(text, limits::TAG_BYTES)).and_then(|()| {
        if text.chars().any(char::is_control) {
            Err(ValueError::Malformed("contains a control character"))
        } else {
            Ok(())
        }
    })
}

text_value! {
    /// The id of a tag by which a user sorts channels: 1 to 10 characters.
    ChannelTagId, |text| not_empty(text).and_then(|()| words(text, limits::CHANNEL_TAG_ID_CHARS))
}

text_value! {
    /// What such a tag is called: 1 to 15 characters.
    ChannelTagName, |text| not_empty(text).and_then(|()| words(text, limits::CHANNEL_TAG_NAME_CHARS))
}

text_value! {
    /// A message type's name, such as `RC:TxtMsg` or the app's own: 1 to 32 printable ASCII bytes.
    MessageType, |text| not_empty(text)
        .and_then(|()| bytes_at_most(text, limits::MESSAGE_TYPE_BYTES))
        .and_then(|()| {
            if text.chars().all(|c| c.is_ascii_graphic()) {
                Ok(())
            } else {
                Err(ValueError::Malformed("contains a character that is not printable ASCII"))
            }
        })
}

impl MessageType {
    /// The name of the type of a notice: what happened to a group, told in the conversation.
    pub const GROUP_NOTICE: &'static str = "RC:GrpNtf";

    /// Whether a message of this type may get another content: words, and what the app itself has named.
    /// A file, a notice or a command is what it was when it was sent.
    #[must_use]
    pub fn is_editable(&self) -> bool {
        let name = self.as_str();
        !name.starts_with("RC:") || matches!(name, "RC:TxtMsg" | "RC:ReferenceMsg")
    }
}

text_value! {
    /// A message's content: JSON text of at most 128 KiB, passed through unchanged.
    Content, |text| bytes_at_most(text, limits::CONTENT_BYTES).and_then(|()| {
        serde_json::from_str::<serde::de::IgnoredAny>(text)
            .map(|_| ())
            .map_err(|_| ValueError::Malformed("is not JSON text"))
    })
}

text_value! {
    /// A platform's, device's or SDK version's name: at most 64 printable ASCII bytes, may be empty.
    Label, |text| bytes_at_most(text, limits::DEVICE_TEXT_BYTES).and_then(|()| {
        if text.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
            Ok(())
        } else {
            Err(ValueError::Malformed("contains a character that is not printable ASCII"))
        }
    })
}

/// How long a ban lasts: 1 to 43,200 minutes, or until someone lifts it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BanDuration {
    /// So many minutes from now.
    Minutes(i64),
    /// Until unbanned; -1 on the wire.
    UntilUnbanned,
}

impl BanDuration {
    /// When a ban that begins at `now` ends.
    #[must_use]
    pub fn end(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Minutes(minutes) => now.plus_ms(minutes * 60_000),
            Self::UntilUnbanned => Timestamp::FOREVER,
        }
    }
}

impl TryFrom<i64> for BanDuration {
    type Error = ValueError;

    fn try_from(minutes: i64) -> Result<Self, ValueError> {
        match minutes {
            -1 => Ok(Self::UntilUnbanned),
            1..=limits::BAN_MINUTES => Ok(Self::Minutes(minutes)),
            found => Err(ValueError::OutOfRange { found, least: 1, most: limits::BAN_MINUTES }),
        }
    }
}

/// Who may become a user's friend.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FriendPermission {
    /// Anyone, at once. 1 on the wire.
    Anyone,
    /// Whoever the user consents to. 2 on the wire.
    WithConsent,
    /// Nobody. 3 on the wire.
    Nobody,
}

impl FriendPermission {
    /// The number on the wire.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::Anyone => 1,
            Self::WithConsent => 2,
            Self::Nobody => 3,
        }
    }
}

impl TryFrom<i64> for FriendPermission {
    type Error = ValueError;

    fn try_from(number: i64) -> Result<Self, ValueError> {
        match number {
            1 => Ok(Self::Anyone),
            2 => Ok(Self::WithConsent),
            3 => Ok(Self::Nobody),
            found => Err(ValueError::OutOfRange { found, least: 1, most: 3 }),
        }
    }
}

/// What is wrong with one key of a profile.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ProfileFault {
    /// No basic profile has such a key.
    UnknownKey,
    /// An extension key not of the form `ext_...`, or one that the app has not declared.
    UndeclaredKey,
    /// More extension pairs than allowed.
    TooManyKeys,
    /// A text longer than the key allows.
    TooLong,
    /// A text where a number must be, or the other way round.
    WrongType,
    /// A number outside the key's range.
    OutOfRange,
}

/// A profile that cannot be accepted, and the key that is to blame.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ProfileError {
    /// The offending key.
    pub key: String,
    /// What is wrong with it.
    pub fault: ProfileFault,
}

/// Changes to a hosted profile's basic part: for each key a new value, or `None` to remove it.
///
/// Keys: `uniqueId`, `name`, `portraitUri`, `email`, `birthday`, `location` (text), `gender` (0 to 2),
/// `role`, `level` (0 to 100).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct BasicProfileChange(BTreeMap<&'static str, Option<Value>>);

enum BasicKey {
    Text(usize),
    Url(usize),
    Number(i64),
}

const BASIC_KEYS: [(&str, BasicKey); 9] = [
    ("uniqueId", BasicKey::Text(32)),
    ("name", BasicKey::Text(64)),
    ("portraitUri", BasicKey::Url(1024)),
    ("email", BasicKey::Text(128)),
    ("birthday", BasicKey::Text(32)),
    ("gender", BasicKey::Number(2)),
    ("location", BasicKey::Text(32)),
    ("role", BasicKey::Number(100)),
    ("level", BasicKey::Number(100)),
];

impl BasicProfileChange {
    /// Reads a JSON object's members.
    pub fn parse(members: &serde_json::Map<String, Value>) -> Result<Self, ProfileError> {
        let mut change = BTreeMap::new();
        for (key, value) in members {
            let fail = |fault| ProfileError { key: key.clone(), fault };
            let (name, kind) = BASIC_KEYS
                .iter()
                .find(|(name, _)| name == key)
                .ok_or_else(|| fail(ProfileFault::UnknownKey))?;
            let checked = match (kind, value) {
                (_, Value::Null) => None,
                (BasicKey::Text(limit) | BasicKey::Url(limit), Value::String(text)) => {
                    if text.chars().count() > *limit {
                        return Err(fail(ProfileFault::TooLong));
                    }
                    if matches!(kind, BasicKey::Url(_)) && web_url_or_empty(text).is_err() {
                        return Err(fail(ProfileFault::WrongType));
                    }
                    Some(value.clone())
                }
                (BasicKey::Number(most), Value::Number(number)) => match number.as_i64() {
                    Some(n) if (0..=*most).contains(&n) => Some(value.clone()),
                    _ => return Err(fail(ProfileFault::OutOfRange)),
                },
                _ => return Err(fail(ProfileFault::WrongType)),
            };
            change.insert(*name, checked);
        }
        Ok(Self(change))
    }

    /// Makes the change to a profile's members.
    pub fn apply(&self, profile: &mut serde_json::Map<String, Value>) {
        for (key, value) in &self.0 {
            match value {
                Some(value) => profile.insert((*key).to_owned(), value.clone()),
                None => profile.remove(*key),
            };
        }
    }

    /// Whether nothing is changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Extension pairs of a profile or a friend: keys `ext_` and letters, digits or `_`, at most 32
/// characters; values of at most 256 characters.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ExtProfile(BTreeMap<String, String>);

impl ExtProfile {
    /// Checks pairs; there may be `most` of them.
    pub fn parse(
        pairs: impl IntoIterator<Item = (String, String)>,
        most: usize,
    ) -> Result<Self, ProfileError> {
        let mut checked = BTreeMap::new();
        for (key, value) in pairs {
            let fault = if checked.len() >= most {
                Some(ProfileFault::TooManyKeys)
            } else if !is_ext_key(&key) {
                Some(ProfileFault::UndeclaredKey)
            } else if value.chars().count() > limits::EXT_VALUE_CHARS {
                Some(ProfileFault::TooLong)
            } else {
                None
            };
            if let Some(fault) = fault {
                return Err(ProfileError { key, fault });
            }
            checked.insert(key, value);
        }
        Ok(Self(checked))
    }

    /// The pairs.
    #[must_use]
    pub fn pairs(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// The pairs, owned.
    #[must_use]
    pub fn into_pairs(self) -> BTreeMap<String, String> {
        self.0
    }
}

/// Whether `key` has the form of an extension key.
#[must_use]
pub fn is_ext_key(key: &str) -> bool {
    key.len() <= limits::EXT_KEY_CHARS
        && key.strip_prefix("ext_").is_some_and(|rest| {
            !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn an_avatar_is_empty_or_a_web_url() {
        for good in ["", "https://example.org/a.png", "http://localhost:8080/x?y#z"] {
            assert!(AvatarUrl::try_from(good).is_ok(), "{good}");
        }
        for bad in
            ["javascript:alert(1)", "//example.org", "https://", "http:///x", "data:,x", "x y"]
        {
            assert!(AvatarUrl::try_from(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_people_write_has_no_nul() {
        let nul = |refused| {
            assert_eq!(refused, Err(ValueError::Malformed("contains the character U+0000")));
        };
        nul(Name::try_from("a\0b").map(drop));
        nul(BanReason::try_from("\0").map(drop));
        nul(Alias::try_from("a\0").map(drop));
        nul(FriendExtra::try_from("\0b").map(drop));
    }

    #[test]
    fn a_ban_lasts_1_to_43200_minutes_or_until_unbanned() {
        assert_eq!(BanDuration::try_from(-1).unwrap().end(Timestamp(5)), Timestamp::FOREVER);
        assert_eq!(BanDuration::try_from(1).unwrap().end(Timestamp(5)), Timestamp(60_005));
        for bad in [0, -2, 43_201, i64::MAX, i64::MIN] {
            assert!(BanDuration::try_from(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_profile_error_names_the_key() {
        let parse = |value: Value| BasicProfileChange::parse(value.as_object().unwrap());
        let fault = |value| parse(value).unwrap_err();
        assert_eq!(fault(json!({"nope": 1})).fault, ProfileFault::UnknownKey);
        assert_eq!(fault(json!({"gender": 3})).fault, ProfileFault::OutOfRange);
        assert_eq!(fault(json!({"gender": "male"})).fault, ProfileFault::WrongType);
        let long = fault(json!({"location": "x".repeat(33)}));
        assert_eq!(long, ProfileError { key: "location".into(), fault: ProfileFault::TooLong });
    }

    #[test]
    fn a_null_removes_a_profile_key() {
        let mut profile = json!({"name": "Al", "level": 2}).as_object().unwrap().clone();
        let change = json!({"name": null, "role": 3});
        BasicProfileChange::parse(change.as_object().unwrap()).unwrap().apply(&mut profile);
        assert_eq!(Value::Object(profile), json!({"level": 2, "role": 3}));
    }

    proptest! {
        #[test]
        fn values_never_panic_and_keep_their_text(text in "\\PC{0,300}") {
            if let Ok(name) = Name::try_from(text.as_str()) {
                prop_assert_eq!(name.as_str(), text.as_str());
                prop_assert!((1..=64).contains(&text.chars().count()));
            }
            if let Ok(tag) = Tag::try_from(text.as_str()) {
                prop_assert!(tag.as_str().len() <= 40);
            }
            let _ = AvatarUrl::try_from(text.as_str());
            let _ = MessageType::try_from(text.as_str());
            let _ = Content::try_from(text.as_str());
            let _ = is_ext_key(&text);
        }
    }
}
