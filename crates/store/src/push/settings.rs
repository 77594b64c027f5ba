//! What users have set about push, for all of their devices.

use nuncio_protocol::ids::AppId;
use nuncio_protocol::push::{Language, QuietHours, QuietLevel};
use nuncio_protocol::{Timestamp, UserId};
use serde_json::{Value, json};

use crate::audit::{self, Act};
use crate::engine::{Row, Store, Tx, params};
use crate::error::StoreError;
use crate::users;

/// What a user has set.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Settings {
    /// Whether notifications leave out what a message says.
    pub hide_content: bool,
    /// In which texts are made for devices that have said nothing; empty: English.
    pub language: String,
    /// When fewer messages notify.
    pub quiet: Option<QuietHours>,
}

/// What is to be different; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Whether notifications leave out what a message says.
    pub hide_content: Option<bool>,
    /// In which texts are made.
    pub language: Option<Language>,
    /// When fewer messages notify; `Some(None)`: never.
    pub quiet: Option<Option<QuietHours>>,
}

/// A user's settings; the default where nothing is set.
pub(super) async fn find(tx: &Tx<'_>, app: AppId, user: &UserId) -> Result<Settings, StoreError> {
    let found = tx
        .opt(
            "select hide_content, language, quiet_start, quiet_minutes, quiet_level, quiet_zone
             from push_settings where app = ?1 and user_id = ?2",
            params![app, user],
            read,
        )
        .await?;
    Ok(found.unwrap_or_default())
}

fn read(row: &Row<'_>) -> Result<Settings, StoreError> {
    let number = |column: usize| {
        u32::try_from(row.get::<i64>(column)?).map_err(|e| StoreError::corrupt("push_settings", e))
    };
    let minutes = number(3)?;
    let level = if row.get::<i64>(4)? == QuietLevel::Mentions as i64 {
        QuietLevel::Mentions
    } else {
        QuietLevel::Nothing
    };
    let quiet = QuietHours { start: number(2)?, minutes, level, timezone: row.get(5)? };
    Ok(Settings {
        hide_content: row.get(0)?,
        language: row.get(1)?,
        quiet: (minutes > 0).then_some(quiet),
    })
}

/// All of it, for the audit trail and exports.
fn state(settings: &Settings) -> Value {
    let quiet = settings.quiet.as_ref().map(|quiet| {
        json!({
            "start": quiet.start, "minutes": quiet.minutes, "level": quiet.level as i64,
            "timezone": quiet.timezone,
        })
    });
    json!({
        "hideContent": settings.hide_content, "language": settings.language, "quietHours": quiet,
    })
}

/// What a user has set, as exports show it; `None` where that is nothing.
pub(crate) async fn exported(
    tx: &Tx<'_>,
    app: AppId,
    user: &UserId,
) -> Result<Option<Value>, StoreError> {
    let settings = find(tx, app, user).await?;
    Ok((settings != Settings::default()).then(|| state(&settings)))
}

impl Store {
    /// What a user has set about push.
    pub async fn push_settings(&self, app: AppId, user: UserId) -> Result<Settings, StoreError> {
        self.read(async move |tx| {
            users::active(tx, app, &user).await?;
            find(tx, app, &user).await
        })
        .await
    }

    /// Changes what a user has set about push.
    pub async fn set_push_settings(
        &self,
        app: AppId,
        user: UserId,
        change: Change,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(vec![(app, user.clone())], async move |tx| {
            users::active(tx, app, &user).await?;
            let before = find(tx, app, &user).await?;
            let change = change.clone();
            let after = Settings {
                hide_content: change.hide_content.unwrap_or(before.hide_content),
                language: change
                    .language
                    .map_or_else(|| before.language.clone(), |l| l.as_str().to_owned()),
                quiet: change.quiet.unwrap_or_else(|| before.quiet.clone()),
            };
            if after == before {
                return Ok(());
            }
            let quiet = after.quiet.clone().unwrap_or(QuietHours {
                start: 0,
                minutes: 0,
                level: QuietLevel::Nothing,
                timezone: String::new(),
            });
            tx.execute(
                "insert into push_settings (app, user_id, hide_content, language, quiet_start,
                                            quiet_minutes, quiet_level, quiet_zone)
                 values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 on conflict (app, user_id) do update
                 set hide_content = excluded.hide_content, language = excluded.language,
                     quiet_start = excluded.quiet_start, quiet_minutes = excluded.quiet_minutes,
                     quiet_level = excluded.quiet_level, quiet_zone = excluded.quiet_zone",
                params![
                    app,
                    &user,
                    after.hide_content,
                    &after.language,
                    i64::from(quiet.start),
                    i64::from(quiet.minutes),
                    quiet.level as i64,
                    &quiet.timezone,
                ],
            )
            .await?;
            audit::note(tx, Act::on_user("push.settings", app, &user, now), &state(&after));
            Ok(())
        })
        .await
    }
}
