//! Checked values of groups: names, roles, permissions, and what a group and a member say of themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::limits;
use crate::time::Timestamp;
use crate::values::{
    AvatarUrl, ProfileError, ProfileFault, ValueError, not_empty, text_value, words,
};

text_value! {
    /// A group's name: 1 to 64 characters.
    GroupName, |text| not_empty(text).and_then(|()| words(text, limits::NAME_CHARS))
}

text_value! {
    /// What a member is called in a group: at most 64 characters; empty means none.
    Nickname, |text| words(text, limits::NAME_CHARS)
}

text_value! {
    /// What an app keeps with a member of a group: at most 128 characters, may be empty.
    MemberExtra, |text| words(text, limits::MEMBER_EXTRA_CHARS)
}

text_value! {
    /// Why an application or invitation to a group is refused: at most 128 characters, may be empty.
    RefusalReason, |text| words(text, limits::GROUP_REASON_CHARS)
}

/// What a member is in a group. The numbers are those of the wire; a higher one may do more.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum GroupRole {
    /// Neither admin nor owner. 1 on the wire.
    Member,
    /// Made so by the owner. 2 on the wire.
    Admin,
    /// The one who owns the group. 3 on the wire.
    Owner,
}

impl GroupRole {
    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> i64 {
        match self {
            Self::Member => 1,
            Self::Admin => 2,
            Self::Owner => 3,
        }
    }
}

impl TryFrom<i64> for GroupRole {
    type Error = ValueError;

    fn try_from(number: i64) -> Result<Self, ValueError> {
        match number {
            1 => Ok(Self::Member),
            2 => Ok(Self::Admin),
            3 => Ok(Self::Owner),
            found => Err(ValueError::OutOfRange { found, least: 1, most: 3 }),
        }
    }
}

/// How long a member is muted: 1 to 43,200 minutes, or until someone lifts it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MuteDuration {
    /// So many minutes from now.
    Minutes(i64),
    /// Until unmuted; 0 on the wire, -1 being understood too.
    UntilUnmuted,
}

impl MuteDuration {
    /// When a mute that begins at `now` ends.
    #[must_use]
    pub fn end(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Minutes(minutes) => now.plus_ms(minutes * 60_000),
            Self::UntilUnmuted => Timestamp::FOREVER,
        }
    }
}

impl TryFrom<i64> for MuteDuration {
    type Error = ValueError;

    fn try_from(minutes: i64) -> Result<Self, ValueError> {
        match minutes {
            0 | -1 => Ok(Self::UntilUnmuted),
            1..=limits::BAN_MINUTES => Ok(Self::Minutes(minutes)),
            found => Err(ValueError::OutOfRange { found, least: 0, most: limits::BAN_MINUTES }),
        }
    }
}

/// What a group says of itself besides its name. Where a value is `None`, nothing is changed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct GroupProfileChange {
    /// Another name.
    pub name: Option<GroupName>,
    /// The values of the keys `introduction`, `announcement` and `portraitUrl`; empty removes one.
    values: BTreeMap<&'static str, String>,
}

impl GroupProfileChange {
    /// Reads a JSON object's members; `null` removes a value, but not the name.
    pub fn parse(members: &Map<String, Value>) -> Result<Self, ProfileError> {
        let mut change = Self::default();
        for (key, value) in members {
            let fail = |fault| ProfileError { key: key.clone(), fault };
            let text = match value {
                Value::String(text) => text.as_str(),
                Value::Null if key != "name" => "",
                _ => return Err(fail(ProfileFault::WrongType)),
            };
            let (key, checked) = match key.as_str() {
                "name" => {
                    let name = GroupName::try_from(text).map_err(|error| fail(fault(&error)))?;
                    change.name = Some(name);
                    continue;
                }
                "introduction" => ("introduction", words(text, limits::GROUP_INTRODUCTION_CHARS)),
                "announcement" => ("announcement", words(text, limits::GROUP_ANNOUNCEMENT_CHARS)),
                "portraitUrl" => ("portraitUrl", AvatarUrl::try_from(text).map(drop)),
                _ => return Err(fail(ProfileFault::UnknownKey)),
            };
            checked.map_err(|error| fail(fault(&error)))?;
            change.values.insert(key, text.to_owned());
        }
        Ok(change)
    }

    /// Whether nothing is changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.name.is_none() && self.values.is_empty()
    }

    /// Makes the change to a profile's members, the name's apart.
    pub fn apply(&self, profile: &mut Map<String, Value>) {
        for (key, value) in &self.values {
            if value.is_empty() {
                profile.remove(*key);
            } else {
                profile.insert((*key).to_owned(), Value::String(value.clone()));
            }
        }
    }
}

fn fault(error: &ValueError) -> ProfileFault {
    match error {
        ValueError::TooLong { .. } => ProfileFault::TooLong,
        ValueError::OutOfRange { .. } => ProfileFault::OutOfRange,
        ValueError::Empty | ValueError::Malformed(_) => ProfileFault::WrongType,
    }
}

/// The permissions of a group: their names on the wire, and the greatest number of each. 0 is the strictest, and what
/// is in force until another is set.
///
/// `joinPerm`: 0 the owner approves, 1 anybody at once, 2 the owner or an admin approves, 3 nobody. `removePerm`,
/// `memInvitePerm`, `profilePerm`: 0 the owner, 1 admins too, 2 every member. `invitePerm`: 0 who is invited is in, 1 must
/// consent. `memProfilePerm`: 0 owner, admins and the member, 1 owner and the member, 2 the member alone.
const PERMISSIONS: [(&str, i64); 6] = [
    ("joinPerm", 3),
    ("removePerm", 2),
    ("memInvitePerm", 2),
    ("invitePerm", 1),
    ("profilePerm", 2),
    ("memProfilePerm", 2),
];

/// Changes to a group's permissions; those that are not named stay.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct GroupPermissionsChange(BTreeMap<&'static str, i64>);

impl GroupPermissionsChange {
    /// Reads a JSON object's members; numbers may be written as text.
    pub fn parse(members: &Map<String, Value>) -> Result<Self, ProfileError> {
        let mut change = BTreeMap::new();
        for (key, value) in members {
            let fail = |fault| ProfileError { key: key.clone(), fault };
            let (name, most) = PERMISSIONS
                .iter()
                .find(|(name, _)| name == key)
                .ok_or_else(|| fail(ProfileFault::UnknownKey))?;
            let number = match value {
                Value::Number(number) => number.as_i64(),
                Value::String(text) => text.trim().parse().ok(),
                _ => None,
            };
            let number = number.ok_or_else(|| fail(ProfileFault::WrongType))?;
            if !(0..=*most).contains(&number) {
                return Err(fail(ProfileFault::OutOfRange));
            }
            change.insert(*name, number);
        }
        Ok(Self(change))
    }

    /// Whether nothing is changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Makes the change.
    pub fn apply(&self, permissions: &mut GroupPermissions) {
        for (name, number) in &self.0 {
            permissions.0.insert(name, *number);
        }
    }
}

/// Who may do something in a group.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Permitted {
    /// The owner alone. 0 on the wire.
    Owner,
    /// Admins too. 1 on the wire.
    Admins,
    /// Every member. 2 on the wire.
    Members,
}

impl Permitted {
    fn of(number: i64) -> Self {
        match number {
            0 => Self::Owner,
            1 => Self::Admins,
            _ => Self::Members,
        }
    }

    /// Whether a member with this role may.
    #[must_use]
    pub fn allows(self, role: GroupRole) -> bool {
        match self {
            Self::Owner => role == GroupRole::Owner,
            Self::Admins => role >= GroupRole::Admin,
            Self::Members => true,
        }
    }
}

/// How one comes into a group that one asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Joining {
    /// At once.
    AtOnce,
    /// When somebody with this role, or a higher one, approves.
    Approved(GroupRole),
    /// Not at all.
    Closed,
}

/// Whose nickname and extra a member may change, besides its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MemberEditing {
    /// Those of members below one, from admins up. 0 on the wire.
    Admins,
    /// Everybody's, the owner. 1 on the wire.
    Owner,
    /// Nobody's. 2 on the wire.
    Nobody,
}

/// All permissions of a group.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GroupPermissions(BTreeMap<&'static str, i64>);

impl Default for GroupPermissions {
    fn default() -> Self {
        Self(PERMISSIONS.iter().map(|(name, _)| (*name, 0)).collect())
    }
}

impl GroupPermissions {
    /// Each permission's name and number.
    #[must_use]
    pub fn numbers(&self) -> &BTreeMap<&'static str, i64> {
        &self.0
    }

    fn number(&self, name: &str) -> i64 {
        self.0.get(name).copied().unwrap_or_default()
    }

    /// How one comes into the group that one asks for.
    #[must_use]
    pub fn joining(&self) -> Joining {
        match self.number("joinPerm") {
            0 => Joining::Approved(GroupRole::Owner),
            1 => Joining::AtOnce,
            2 => Joining::Approved(GroupRole::Admin),
            _ => Joining::Closed,
        }
    }

    /// Who may remove members.
    #[must_use]
    pub fn removing(&self) -> Permitted {
        Permitted::of(self.number("removePerm"))
    }

    /// Who may invite.
    #[must_use]
    pub fn inviting(&self) -> Permitted {
        Permitted::of(self.number("memInvitePerm"))
    }

    /// Whether who is invited must consent.
    #[must_use]
    pub fn asks_invited(&self) -> bool {
        self.number("invitePerm") == 1
    }

    /// Who may change what the group says of itself.
    #[must_use]
    pub fn editing(&self) -> Permitted {
        Permitted::of(self.number("profilePerm"))
    }

    /// Whose nickname and extra a member may change.
    #[must_use]
    pub fn member_editing(&self) -> MemberEditing {
        match self.number("memProfilePerm") {
            0 => MemberEditing::Admins,
            1 => MemberEditing::Owner,
            _ => MemberEditing::Nobody,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: &Value) -> &Map<String, Value> {
        value.as_object().unwrap()
    }

    #[test]
    fn a_mute_lasts_1_to_43200_minutes_or_until_unmuted() {
        for forever in [0, -1] {
            let end = MuteDuration::try_from(forever).unwrap().end(Timestamp(5));
            assert_eq!(end, Timestamp::FOREVER);
        }
        assert_eq!(MuteDuration::try_from(1).unwrap().end(Timestamp(5)), Timestamp(60_005));
        for bad in [-2, 43_201, i64::MAX, i64::MIN] {
            assert!(MuteDuration::try_from(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_profiles_change_keeps_removes_and_refuses_by_key() {
        let mut profile = object(&json!({ "introduction": "old", "announcement": "a" })).clone();
        let change =
            json!({ "introduction": null, "portraitUrl": "https://a.example/1.png", "name": "N" });
        let change = GroupProfileChange::parse(object(&change)).unwrap();
        change.apply(&mut profile);
        let left = json!({ "announcement": "a", "portraitUrl": "https://a.example/1.png" });
        assert_eq!(Value::Object(profile), left);
        assert_eq!(change.name.unwrap().as_str(), "N");
        for (bad, key, fault) in [
            (json!({ "nope": "" }), "nope", ProfileFault::UnknownKey),
            (json!({ "name": null }), "name", ProfileFault::WrongType),
            (json!({ "name": "" }), "name", ProfileFault::WrongType),
            (json!({ "introduction": "x".repeat(513) }), "introduction", ProfileFault::TooLong),
            (json!({ "announcement": 5 }), "announcement", ProfileFault::WrongType),
            (json!({ "portraitUrl": "javascript:x" }), "portraitUrl", ProfileFault::WrongType),
        ] {
            let error = GroupProfileChange::parse(object(&bad)).unwrap_err();
            assert_eq!((error.key.as_str(), error.fault), (key, fault));
        }
    }

    #[test]
    fn a_permission_has_its_range_and_starts_with_the_strictest() {
        let mut permissions = GroupPermissions::default();
        assert!(permissions.numbers().values().all(|number| *number == 0));
        let change = json!({ "joinPerm": 3, "invitePerm": "1" });
        GroupPermissionsChange::parse(object(&change)).unwrap().apply(&mut permissions);
        assert_eq!(
            (permissions.numbers()["joinPerm"], permissions.numbers()["invitePerm"]),
            (3, 1)
        );
        for (bad, fault) in [
            (json!({ "joinPerm": 4 }), ProfileFault::OutOfRange),
            (json!({ "invitePerm": 2 }), ProfileFault::OutOfRange),
            (json!({ "removePerm": -1 }), ProfileFault::OutOfRange),
            (json!({ "removePerm": 1.5 }), ProfileFault::WrongType),
            (json!({ "flyPerm": 1 }), ProfileFault::UnknownKey),
        ] {
            assert_eq!(GroupPermissionsChange::parse(object(&bad)).unwrap_err().fault, fault);
        }
    }
}
