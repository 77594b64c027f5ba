//! Whom a message mentions, as its content says: in the member `mentionedInfo`, an object with `type` (1: everybody,
//! 2: the users in `userIdList`).

use serde::Deserialize;
use serde_json::Value;

use crate::ids::UserId;
use crate::values::NotificationLevel;

/// Whom a message mentions.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Mentions {
    /// Nobody.
    #[default]
    Nobody,
    /// Everybody in the channel.
    Everybody,
    /// Some users.
    Users(Vec<UserId>),
}

/// What of a content is looked at.
#[derive(Deserialize)]
struct Outline {
    #[serde(default, rename = "mentionedInfo")]
    info: Value,
}

impl Mentions {
    /// Reads a content, which may be anything: what says nothing of mentions, or not in this form, mentions nobody, and
    /// what is no user's id is nobody's.
    #[must_use]
    pub fn of(content: &str) -> Self {
        // Most contents mention nobody, and need not be read for that.
        if !content.contains("\"mentionedInfo\"") {
            return Self::Nobody;
        }
        let Ok(Outline { info }) = serde_json::from_str(content) else { return Self::Nobody };
        match info.get("type").and_then(Value::as_i64) {
            Some(1) => Self::Everybody,
            Some(2) => {
                let list = info.get("userIdList").and_then(Value::as_array);
                let ids = list.into_iter().flatten().filter_map(Value::as_str);
                let mut users: Vec<_> = ids.filter_map(|id| UserId::try_from(id).ok()).collect();
                users.sort_unstable();
                users.dedup();
                if users.is_empty() { Self::Nobody } else { Self::Users(users) }
            }
            _ => Self::Nobody,
        }
    }

    /// Whether it mentions this user, alone or with everybody.
    #[must_use]
    pub fn include(&self, user: &UserId) -> bool {
        match self {
            Self::Nobody => false,
            Self::Everybody => true,
            Self::Users(users) => users.binary_search(user).is_ok(),
        }
    }
}

impl NotificationLevel {
    /// Whether a message that mentions these users notifies `user`, where this is the level in force.
    #[must_use]
    pub fn notifies(self, mentions: &Mentions, user: &UserId) -> bool {
        match self.number() {
            1 => mentions.include(user),
            2 => matches!(mentions, Mentions::Users(_)) && mentions.include(user),
            4 => *mentions == Mentions::Everybody,
            5 => false,
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: &str) -> UserId {
        UserId::try_from(id).unwrap()
    }

    #[test]
    fn a_content_mentions_everybody_some_or_nobody() {
        let all = Mentions::of(r#"{"content":"x","mentionedInfo":{"type":1}}"#);
        assert_eq!(all, Mentions::Everybody);
        assert!(all.include(&user("anyone")));
        let some = Mentions::of(
            r#"{"mentionedInfo":{"type":2,"userIdList":["bob","ann","bob","no id","",5]}}"#,
        );
        assert_eq!(some, Mentions::Users(vec![user("ann"), user("bob")]));
        assert!(some.include(&user("ann")) && !some.include(&user("cem")));
    }

    #[test]
    fn what_is_not_in_the_form_mentions_nobody() {
        for content in [
            "{}",
            "5",
            "[\"mentionedInfo\"]",
            r#"{"content":"\"mentionedInfo\""}"#,
            r#"{"mentionedInfo":null}"#,
            r#"{"mentionedInfo":{"type":3}}"#,
            r#"{"mentionedInfo":{"type":2}}"#,
            r#"{"mentionedInfo":{"type":2,"userIdList":[]}}"#,
            r#"{"mentionedInfo":{"type":"1"}}"#,
        ] {
            assert_eq!(Mentions::of(content), Mentions::Nobody, "{content}");
        }
        assert!(!Mentions::Nobody.include(&user("ann")));
    }

    #[test]
    fn a_level_says_which_mentions_notify_whom() {
        let user = |id: &str| UserId::try_from(id).unwrap();
        let (ann, bob) = (user("ann"), user("bob"));
        let (nobody, all) = (Mentions::Nobody, Mentions::Everybody);
        let some = Mentions::Users(vec![ann.clone()]);
        for (level, expected) in [
            (-1, [true, true, true, true]),
            (0, [true, true, true, true]),
            (1, [false, true, true, false]),
            (2, [false, false, true, false]),
            (4, [false, true, false, false]),
            (5, [false, false, false, false]),
        ] {
            let level = NotificationLevel::try_from(level).unwrap();
            let found = [
                level.notifies(&nobody, &ann),
                level.notifies(&all, &ann),
                level.notifies(&some, &ann),
                level.notifies(&some, &bob),
            ];
            assert_eq!(found, expected, "{level:?}");
        }
    }
}
