//! What requests are made of: lenient wire types, and the checks that make our own types of them.
//!
//! Callers in the wild write numbers as text and truth as 0 and 1; whatever can only mean one thing is
//! understood. A failed check names the member.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::hash::Hash;

use nuncio_protocol::frames;
use nuncio_protocol::ids::{ChannelId, IdError};
use nuncio_protocol::values::ValueError;
use nuncio_protocol::{Code, GroupId, UserId, limits};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

use crate::error::ApiError;

/// A user's or a group's id, not yet checked.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Id(String);

/// A whole number, also when written as text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Integer(pub(crate) i64);

struct IntegerVisitor;

impl de::Visitor<'_> for IntegerVisitor {
    type Value = Integer;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_bool<E: de::Error>(self, v: bool) -> Result<Integer, E> {
        Ok(Integer(v.into()))
    }

    fn visit_i64<E: de::Error>(self, v: i64) -> Result<Integer, E> {
        Ok(Integer(v))
    }

    fn visit_u64<E: de::Error>(self, v: u64) -> Result<Integer, E> {
        // No range reaches that far, so the nearest number fails the same check.
        Ok(Integer(i64::try_from(v).unwrap_or(i64::MAX)))
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "the number is whole, and an i64 saturates"
    )]
    fn visit_f64<E: de::Error>(self, v: f64) -> Result<Integer, E> {
        if v.fract() == 0.0 {
            return Ok(Integer(v as i64));
        }
        Err(E::invalid_type(de::Unexpected::Float(v), &self))
    }

    fn visit_str<E: de::Error>(self, v: &str) -> Result<Integer, E> {
        v.trim().parse().map(Integer).map_err(|_| E::invalid_type(de::Unexpected::Str(v), &self))
    }
}

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IntegerVisitor)
    }
}

/// Yes or no: `true`, `false`, 0, 1, or one of these as text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Flag(bool);

struct FlagVisitor;

impl de::Visitor<'_> for FlagVisitor {
    type Value = Flag;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, false, 0 or 1")
    }

    fn visit_bool<E: de::Error>(self, v: bool) -> Result<Flag, E> {
        Ok(Flag(v))
    }

    fn visit_i64<E: de::Error>(self, v: i64) -> Result<Flag, E> {
        match v {
            0 => Ok(Flag(false)),
            1 => Ok(Flag(true)),
            _ => Err(E::invalid_type(de::Unexpected::Signed(v), &self)),
        }
    }

    fn visit_u64<E: de::Error>(self, v: u64) -> Result<Flag, E> {
        match v {
            0 => Ok(Flag(false)),
            1 => Ok(Flag(true)),
            _ => Err(E::invalid_type(de::Unexpected::Unsigned(v), &self)),
        }
    }

    fn visit_f64<E: de::Error>(self, v: f64) -> Result<Flag, E> {
        match v {
            0.0 => Ok(Flag(false)),
            1.0 => Ok(Flag(true)),
            _ => Err(E::invalid_type(de::Unexpected::Float(v), &self)),
        }
    }

    fn visit_str<E: de::Error>(self, v: &str) -> Result<Flag, E> {
        match v {
            "0" | "false" => Ok(Flag(false)),
            "1" | "true" => Ok(Flag(true)),
            _ => Err(E::invalid_type(de::Unexpected::Str(v), &self)),
        }
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FlagVisitor)
    }
}

/// The same, for members that are documented as 0 or 1.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(transparent)]
pub(crate) struct Bit(Flag);

impl Flag {
    /// Whether it says yes.
    pub(crate) fn is_set(self) -> bool {
        self.0
    }
}

impl Bit {
    /// Whether it is 1.
    pub(crate) fn is_set(self) -> bool {
        self.0.0
    }
}

/// A channel's type, by number or by name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ChannelType(String);

impl<'de> Deserialize<'de> for ChannelType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(name) => Ok(Self(name)),
            serde_json::Value::Number(number) => Ok(Self(number.to_string())),
            _ => Err(de::Error::custom("is neither a channel type's name nor its number")),
        }
    }
}

impl ChannelType {
    /// The kind that is meant; refuses any but direct channels and groups.
    pub(crate) fn kind(&self, member: &str) -> Result<ChannelKind, ApiError> {
        match self.0.as_str() {
            "PERSON" | "1" => Ok(ChannelKind::Direct),
            "GROUP" | "3" => Ok(ChannelKind::Group),
            other => {
                let meant =
                    "only direct channels (1, `PERSON`) and groups (3, `GROUP`) can be meant";
                let fault = format!("is {other}, but {meant} here");
                Err(ApiError::member(Code::BadParameter, member, fault))
            }
        }
    }

    /// Refuses any but the direct channel.
    pub(crate) fn must_be_direct(&self, member: &str) -> Result<(), ApiError> {
        if matches!(self.0.as_str(), "PERSON" | "1") {
            return Ok(());
        }
        let fault =
            format!("is {}, but only direct channels (1, `PERSON`) can be meant here", self.0);
        Err(ApiError::member(Code::BadParameter, member, fault))
    }
}

/// A kind of channel that messages are in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ChannelKind {
    Direct,
    Group,
}

impl From<ChannelKind> for frames::ChannelType {
    fn from(kind: ChannelKind) -> Self {
        match kind {
            ChannelKind::Direct => Self::Direct,
            ChannelKind::Group => Self::Group,
        }
    }
}

/// One channel type or a list of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum ChannelTypes {
    One(ChannelType),
    Many(Vec<ChannelType>),
}

impl ChannelTypes {
    /// Refuses an empty list and any type but the direct channel.
    pub(crate) fn must_be_direct(&self, member: &str) -> Result<(), ApiError> {
        let types = match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many.as_slice(),
        };
        if types.is_empty() {
            return Err(ApiError::member(Code::BadParameter, member, "is empty"));
        }
        types.iter().try_for_each(|channel_type| channel_type.must_be_direct(member))
    }
}

macro_rules! schema {
    ($type:ident, $($json:tt)+) => {
        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($($json)+)
            }
        }
    };
}
schema!(Id, {
    "type": "string",
    "minLength": 1,
    "maxLength": limits::USER_ID_BYTES,
    "pattern": "^[A-Za-z0-9+=_|-]*$",
});
schema!(Integer, { "type": "integer" });
schema!(Flag, { "type": "boolean" });
schema!(Bit, { "type": "integer", "enum": [0, 1] });
schema!(ChannelType, { "type": "string", "enum": ["PERSON"] });
schema!(ChannelTypes, { "type": "array", "items": { "type": "string", "enum": ["PERSON"] } });

/// Makes a user's id of a member.
pub(crate) fn user(member: &str, id: &Id) -> Result<UserId, ApiError> {
    UserId::try_from(id.0.as_str()).map_err(|error| ApiError::id(member, &error))
}

/// Makes a channel of the members `channelType` and `channelId`.
pub(crate) fn channel(channel_type: &ChannelType, id: &Id) -> Result<ChannelId, ApiError> {
    channel_in("", channel_type, id)
}

/// The same where both are members of something that `place` leads to, such as `channels[2].`.
pub(crate) fn channel_in(
    place: &str,
    channel_type: &ChannelType,
    id: &Id,
) -> Result<ChannelId, ApiError> {
    let member = format!("{place}channelId");
    match channel_type.kind(&format!("{place}channelType"))? {
        ChannelKind::Direct => user(&member, id).map(ChannelId::Direct),
        ChannelKind::Group => group(&member, id).map(ChannelId::Group),
    }
}

/// Makes a group's id of a member.
pub(crate) fn group(member: &str, id: &Id) -> Result<GroupId, ApiError> {
    GroupId::try_from(id.0.as_str()).map_err(|error| ApiError::id(member, &error))
}

/// The same for a member that may be absent, or empty, which means the same.
pub(crate) fn optional_group(member: &str, id: Option<&Id>) -> Result<Option<GroupId>, ApiError> {
    id.filter(|id| !id.0.is_empty()).map(|id| group(member, id)).transpose()
}

/// Makes users' ids of a list of 1 to `most` entries; one that is there twice counts once.
pub(crate) fn users(member: &str, given: &[Id], most: usize) -> Result<Vec<UserId>, ApiError> {
    ids(member, given, most)
}

/// The same for groups.
pub(crate) fn groups(member: &str, given: &[Id], most: usize) -> Result<Vec<GroupId>, ApiError> {
    ids(member, given, most)
}

fn ids<'a, I>(member: &str, given: &'a [Id], most: usize) -> Result<Vec<I>, ApiError>
where
    I: TryFrom<&'a str, Error = IdError> + Clone + Eq + Hash,
{
    length(member, given.len(), most)?;
    let mut seen = HashSet::with_capacity(given.len());
    let mut ids = Vec::with_capacity(given.len());
    for (index, id) in given.iter().enumerate() {
        let id = I::try_from(id.0.as_str())
            .map_err(|error| ApiError::id(format!("{member}[{index}]"), &error))?;
        if seen.insert(id.clone()) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// The same for a list of others than `owner`.
pub(crate) fn others(
    owner: &UserId,
    member: &str,
    given: &[Id],
    most: usize,
) -> Result<Vec<UserId>, ApiError> {
    let ids = users(member, given, most)?;
    if ids.contains(owner) {
        let fault = format!("holds `{owner}`, who cannot be their own target");
        return Err(ApiError::member(Code::BadParameter, member, fault));
    }
    Ok(ids)
}

/// Refuses an empty list, and one of more than `most` entries.
pub(crate) fn length(member: &str, found: usize, most: usize) -> Result<(), ApiError> {
    let fault = match found {
        0 => "is empty".to_owned(),
        _ if found > most => format!("has {found} entries, at most {most} are allowed"),
        _ => return Ok(()),
    };
    Err(ApiError::member(Code::BadParameter, member, fault))
}

/// Makes one of our values of a member.
pub(crate) fn value<T, U>(member: &str, raw: U) -> Result<T, ApiError>
where
    T: TryFrom<U, Error = ValueError>,
{
    T::try_from(raw).map_err(|error| ApiError::value(member, &error))
}

/// The same for a member that may be absent.
pub(crate) fn optional<T, U>(member: &str, raw: Option<U>) -> Result<Option<T>, ApiError>
where
    T: TryFrom<U, Error = ValueError>,
{
    raw.map(|raw| value(member, raw)).transpose()
}

/// A number between two others, `usual` when absent.
pub(crate) fn within(
    member: &str,
    given: Option<Integer>,
    usual: i64,
    least: i64,
    most: i64,
) -> Result<i64, ApiError> {
    match given {
        None => Ok(usual),
        Some(Integer(found)) if (least..=most).contains(&found) => Ok(found),
        Some(Integer(found)) => {
            Err(ApiError::value(member, &ValueError::OutOfRange { found, least, most }))
        }
    }
}

/// Whether the newest shall come first: `order` is 1. Absent or 0 means oldest first.
pub(crate) fn newest_first(order: Option<Integer>) -> Result<bool, ApiError> {
    Ok(within("order", order, 0, 0, 1)? == 1)
}

/// Pages that a page number can name: enough for any list, and their offset fits a number.
pub(crate) const PAGES: i64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, from_value, json};

    #[test]
    fn what_can_only_mean_one_number_is_understood() {
        for (wire, number) in [
            (json!(5), 5),
            (json!("5"), 5),
            (json!(" -1 "), -1),
            (json!(true), 1),
            (json!(20.0), 20),
            (json!(u64::MAX), i64::MAX),
        ] {
            assert_eq!(from_value::<Integer>(wire).unwrap(), Integer(number));
        }
        for wire in [json!("five"), json!(1.5), json!([1]), json!({}), json!("")] {
            assert!(from_value::<Integer>(wire).is_err());
        }
    }

    #[test]
    fn what_can_only_mean_yes_or_no_is_understood() {
        for (wire, flag) in [
            (json!(true), true),
            (json!(1), true),
            (json!("1"), true),
            (json!("true"), true),
            (json!(1.0), true),
            (json!(0), false),
            (json!("0"), false),
        ] {
            assert_eq!(from_value::<Flag>(wire.clone()).unwrap(), Flag(flag));
            assert_eq!(from_value::<Bit>(wire).unwrap().is_set(), flag);
        }
        for wire in [json!(2), json!(-1), json!("yes"), json!(null), json!(0.5)] {
            assert!(from_value::<Flag>(wire).is_err());
        }
    }

    #[test]
    fn a_direct_channel_has_three_spellings() {
        let direct = |wire: Value| from_value::<ChannelTypes>(wire).unwrap().must_be_direct("t");
        for wire in [json!(["PERSON"]), json!(["1"]), json!([1]), json!("PERSON"), json!(1)] {
            assert!(direct(wire).is_ok());
        }
        for wire in [json!([]), json!(["GROUP"]), json!([1, 3])] {
            assert_eq!(direct(wire).unwrap_err().code, Code::BadParameter);
        }
    }

    #[test]
    fn a_list_of_ids_is_bounded_and_its_error_names_the_entry() {
        let list = |texts: &[&str]| {
            let given: Vec<_> = texts.iter().map(|text| Id((*text).to_owned())).collect();
            users("userIds", &given, 3)
        };
        assert_eq!(list(&["a", "b", "a"]).unwrap().len(), 2);
        assert_eq!(list(&[]).unwrap_err().to_string(), "`userIds` is empty");
        let long = list(&["a", "b", "c", "d"]).unwrap_err();
        assert_eq!(long.to_string(), "`userIds` has 4 entries, at most 3 are allowed");
        let bad = list(&["a", "b c"]).unwrap_err();
        assert_eq!(bad.to_string(), "`userIds[1]` contains ' ', which is not allowed");
        let id = "x".repeat(65);
        assert_eq!(list(&[&id]).unwrap_err().code, Code::TooLong);
    }
}
