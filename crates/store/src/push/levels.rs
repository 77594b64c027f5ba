//! Whether a message notifies: by whom it mentions, the level of its channel, and quiet hours.

use std::collections::HashMap;

use nuncio_protocol::frames::Channel;
use nuncio_protocol::ids::AppId;
use nuncio_protocol::push::{QuietHours, QuietLevel};
use nuncio_protocol::values::NotificationLevel;
use nuncio_protocol::{Mentions, Timestamp, UserId};

use crate::engine::{Tx, params};
use crate::error::StoreError;

/// Whether quiet hours are on. A time zone that this program does not know counts as UTC.
fn is_quiet(hours: &QuietHours, now: Timestamp) -> bool {
    use jiff::tz::TimeZone;
    let zone = TimeZone::get(&hours.timezone).unwrap_or(TimeZone::UTC);
    let Ok(moment) = jiff::Timestamp::from_millisecond(now.0) else { return false };
    let time = zone.to_datetime(moment).time();
    let second =
        i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second());
    let since = (second - i64::from(hours.start)).rem_euclid(86_400);
    since < i64::from(hours.minutes) * 60
}

/// Which messages of which channels notify the user just now.
pub(super) struct Levels {
    quiet: Option<QuietLevel>,
    channels: HashMap<String, NotificationLevel>,
}

impl Levels {
    /// Those of one moment.
    pub(super) fn at(now: Timestamp, quiet: Option<&QuietHours>) -> Self {
        let quiet = quiet.filter(|hours| is_quiet(hours, now)).map(|hours| hours.level);
        Self { quiet, channels: HashMap::new() }
    }

    pub(super) async fn passes(
        &mut self,
        tx: &Tx<'_>,
        (app, user): (AppId, &UserId),
        key: &str,
        channel: &Channel,
        mentions: &Mentions,
    ) -> Result<bool, StoreError> {
        let level = if let Some(level) = self.channels.get(key) {
            *level
        } else {
            let level = level_of(tx, app, user, channel).await?;
            self.channels.insert(key.to_owned(), level);
            level
        };
        // What notifies of everything by the user's own word does so at any time.
        let quiet = self.quiet.filter(|_| level.number() != -1).map(|quiet| known(quiet as i64));
        let quiet = quiet.transpose()?;
        Ok(level.notifies(mentions, user)
            && quiet.is_none_or(|quiet| quiet.notifies(mentions, user)))
    }
}

fn known(number: i64) -> Result<NotificationLevel, StoreError> {
    NotificationLevel::try_from(number).map_err(|error| StoreError::corrupt("level", error))
}

/// The level of a channel, else that of its type, else 0.
async fn level_of(
    tx: &Tx<'_>,
    app: AppId,
    user: &UserId,
    channel: &Channel,
) -> Result<NotificationLevel, StoreError> {
    tx.one(
        "select coalesce(
             (select level from channel_settings where app = ?1 and user_id = ?2
                and channel_type = ?3 and channel_id = ?4 and level <> 0),
             (select level from channel_type_settings
              where app = ?1 and user_id = ?2 and channel_type = ?3), 0)",
        params![app, user, i64::from(channel.r#type), channel.id.as_str()],
        |row| known(row.get(0)?),
    )
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_hours_go_by_the_users_clock_and_over_midnight() {
        let at = |text: &str| Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
        let hours = |start, minutes, timezone: &str| QuietHours {
            start,
            minutes,
            level: QuietLevel::Nothing,
            timezone: timezone.to_owned(),
        };
        let night = hours(22 * 3600, 8 * 60, "Europe/Berlin");
        assert!(!is_quiet(&night, at("2026-01-10T20:59:59Z")));
        assert!(is_quiet(&night, at("2026-01-10T21:00:00Z")));
        assert!(is_quiet(&night, at("2026-01-11T04:59:59Z")));
        assert!(!is_quiet(&night, at("2026-01-11T05:00:00Z")));
        assert!(is_quiet(&night, at("2026-07-10T20:00:00Z")), "summer time");
        assert!(is_quiet(&hours(0, 1, ""), at("2026-07-10T00:00:59Z")));
        assert!(!is_quiet(&hours(0, 1, ""), at("2026-07-10T00:01:00Z")));
        assert!(is_quiet(&hours(0, 1, "No/Where"), at("2026-07-10T00:00:00Z")));
    }

    #[test]
    fn levels_let_pass_what_they_say() {
        let user = UserId::try_from("ada").unwrap();
        let mentions = |info: &str| Mentions::of(&format!("{{\"mentionedInfo\":{info}}}"));
        let all = mentions(r#"{"type":1}"#);
        let ada = mentions(r#"{"type":2,"userIdList":["bob","ada"]}"#);
        assert_eq!(all, Mentions::Everybody);
        assert!(matches!(ada, Mentions::Users(_)) && ada.include(&user));
        assert!(!mentions(r#"{"type":2,"userIdList":["bob"]}"#).include(&user));
        assert_eq!(Mentions::of("not json \"mentionedInfo\""), Mentions::Nobody);
        let passing = |level| {
            let level = known(level).unwrap();
            [&Mentions::Nobody, &all, &ada].map(|mentions| level.notifies(mentions, &user))
        };
        assert_eq!(passing(-1), [true, true, true]);
        assert_eq!(passing(0), [true, true, true]);
        assert_eq!(passing(1), [false, true, true]);
        assert_eq!(passing(2), [false, false, true]);
        assert_eq!(passing(4), [false, true, false]);
        assert_eq!(passing(5), [false, false, false]);
    }
}
