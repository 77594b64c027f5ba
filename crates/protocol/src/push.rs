//! What users and senders say about push, checked.

use crate::frames::{self, PushConfig};
use crate::limits;
use crate::values::ValueError;

fn at_most(text: &str, limit: usize) -> Result<(), ValueError> {
    if text.len() > limit {
        return Err(ValueError::TooLong { found: text.len(), limit, unit: "bytes" });
    }
    Ok(())
}

/// In which texts are made: a language tag such as `de` or `zh-CN`, or empty for nothing said.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Language(String);

impl Language {
    /// The tag.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Language {
    type Error = ValueError;

    fn try_from(tag: String) -> Result<Self, ValueError> {
        at_most(&tag, limits::LANGUAGE_BYTES)?;
        if tag.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
            Ok(Self(tag))
        } else {
            Err(ValueError::Malformed("must be a language tag such as `de` or `zh-CN`"))
        }
    }
}

/// What a provider gave a device to be reached by: 1 to 1,024 bytes without white space.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PushToken(String);

impl PushToken {
    /// The token.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PushToken {
    type Error = ValueError;

    fn try_from(token: String) -> Result<Self, ValueError> {
        at_most(&token, limits::PUSH_TOKEN_BYTES)?;
        if token.is_empty() {
            return Err(ValueError::Empty);
        }
        if token.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(ValueError::Malformed("holds white space or control characters"));
        }
        Ok(Self(token))
    }
}

/// How one message is pushed, where its sender has said so.
#[derive(Clone, Debug, PartialEq)]
pub struct PushOptions(PushConfig);

impl PushOptions {
    /// Checks what a sender has said; `None` where that is nothing. The error names the member.
    pub fn new(config: PushConfig) -> Result<Option<Self>, (&'static str, ValueError)> {
        let PushConfig { title, content, data, ext, .. } = &config;
        for (name, text, limit) in [
            ("title", title, limits::PUSH_TITLE_BYTES),
            ("content", content, limits::PUSH_TEXT_BYTES),
            ("data", data, limits::PUSH_TEXT_BYTES),
            ("ext", ext, limits::PUSH_EXT_BYTES),
        ] {
            at_most(text, limit).map_err(|error| (name, error))?;
        }
        let is_object = |ext: &str| {
            serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(ext).is_ok()
        };
        if !ext.is_empty() && !is_object(ext) {
            return Err(("ext", ValueError::Malformed("must be a JSON object as text")));
        }
        Ok((config != PushConfig::default()).then_some(Self(config)))
    }

    /// What was said.
    #[must_use]
    pub fn config(&self) -> &PushConfig {
        &self.0
    }

    /// For the store, by [`PushOptions::decode`].
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        frames::ProtobufMessage::encode_to_vec(&self.0)
    }

    /// What [`PushOptions::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, frames::DecodeError> {
        frames::ProtobufMessage::decode(bytes).map(Self)
    }
}

/// A time of each day in which fewer messages notify.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct QuietHours {
    /// Seconds after midnight.
    pub start: u32,
    /// How long: 1 to 1,439.
    pub minutes: u32,
    /// Which messages notify meanwhile.
    pub level: QuietLevel,
    /// The name of a time zone; empty: UTC.
    pub timezone: String,
}

/// Which messages notify in quiet hours.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum QuietLevel {
    /// Those that mention the user.
    Mentions = 1,
    /// None.
    Nothing = 5,
}

impl TryFrom<frames::QuietHours> for QuietHours {
    type Error = ValueError;

    fn try_from(hours: frames::QuietHours) -> Result<Self, ValueError> {
        let frames::QuietHours { start, minutes, level, timezone } = hours;
        let within = |found: u32, least: u32, most: u32| {
            if (least..=most).contains(&found) {
                return Ok(());
            }
            let (found, least, most) = (found.into(), least.into(), most.into());
            Err(ValueError::OutOfRange { found, least, most })
        };
        within(start, 0, 86_399)?;
        within(minutes, 1, 1439)?;
        at_most(&timezone, limits::TIMEZONE_BYTES)?;
        let level = match level {
            1 => QuietLevel::Mentions,
            5 => QuietLevel::Nothing,
            _ => return Err(ValueError::Malformed("has a level that is neither 1 nor 5")),
        };
        Ok(Self { start, minutes, level, timezone })
    }
}

/// Seconds after midnight of `HH:mm:ss`.
#[must_use]
pub fn read_time_of_day(text: &str) -> Option<u32> {
    let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    let read = |part: &str| part.parse::<u32>().ok().filter(|_| two_digits(part));
    let mut parts = text.split(':').map(read);
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    let within = parts.next().is_none() && hours < 24 && minutes < 60 && seconds < 60;
    within.then_some(hours * 3600 + minutes * 60 + seconds)
}

/// `HH:mm:ss` of seconds after midnight.
#[must_use]
pub fn write_time_of_day(seconds: u32) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_say_nothing_are_none_and_others_have_limits() {
        assert_eq!(PushOptions::new(PushConfig::default()), Ok(None));
        let config = |ext: &str, title: usize| PushConfig {
            ext: ext.to_owned(),
            title: "t".repeat(title),
            ..PushConfig::default()
        };
        assert!(matches!(PushOptions::new(config("{}", 256)), Ok(Some(_))));
        assert!(matches!(PushOptions::new(config("", 257)), Err(("title", _))));
        for ext in ["[]", "{", "1"] {
            assert!(matches!(PushOptions::new(config(ext, 0)), Err(("ext", _))), "{ext}");
        }
        let said = PushOptions::new(config("{}", 3)).unwrap().unwrap();
        assert_eq!(PushOptions::decode(&said.encode()).unwrap(), said);
    }

    #[test]
    fn quiet_hours_are_within_a_day() {
        let hours = |start, minutes, level| {
            QuietHours::try_from(frames::QuietHours {
                start,
                minutes,
                level,
                timezone: String::new(),
            })
        };
        assert!(hours(86_399, 1439, 5).is_ok() && hours(0, 1, 1).is_ok());
        for (start, minutes, level) in
            [(86_400, 1, 1), (0, 0, 1), (0, 1440, 1), (0, 1, 0), (0, 1, 2)]
        {
            assert!(hours(start, minutes, level).is_err(), "{start} {minutes} {level}");
        }
    }

    #[test]
    fn times_of_day_are_read_and_written_alike() {
        for (text, expected) in [
            ("00:00:00", Some(0)),
            ("23:59:59", Some(86_399)),
            ("07:05:09", Some(7 * 3600 + 309)),
            ("24:00:00", None),
            ("7:00:00", None),
            ("07:60:00", None),
            ("07:00", None),
            ("07:00:00:00", None),
            ("+7:00:00", None),
        ] {
            assert_eq!(read_time_of_day(text), expected, "{text}");
            if let Some(start) = expected {
                assert_eq!(write_time_of_day(start), text);
            }
        }
    }
}
