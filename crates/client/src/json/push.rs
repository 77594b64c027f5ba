//! The operations about push.

use nuncio_protocol::frames::{PushConfig, PushProvider, QuietHours};
use nuncio_protocol::push::{read_time_of_day, write_time_of_day};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::calls::{Params, done, raw};
use super::input::bad;
use crate::client::Client;
use crate::error::ClientError;
use crate::ops::push::{PushRegistration, PushSettingsChange};

/// Their names, with their parameters; those in brackets may be left out.
pub const METHODS: &[(&str, &str)] = &[
    ("getPushInfo", ""),
    ("registerPush", "provider token [p256dh auth language]"),
    ("unregisterPush", ""),
    ("getPushSettings", ""),
    ("setPushSettings", "[hideContent language]"),
    ("setNoDisturbTime", "startTime spanMinutes level [timezone]"),
    ("getNoDisturbTime", ""),
    ("removeNoDisturbTime", ""),
];

/// Providers by their names.
const PROVIDERS: [(&str, PushProvider); 4] = [
    ("fcm", PushProvider::Fcm),
    ("apns", PushProvider::Apns),
    ("web", PushProvider::Web),
    ("webhook", PushProvider::Webhook),
];

fn provider(name: &str) -> Option<PushProvider> {
    PROVIDERS.iter().find(|(known, _)| *known == name).map(|(_, provider)| *provider)
}

fn name(number: i32) -> Option<&'static str> {
    PROVIDERS.iter().find(|(_, provider)| i32::from(*provider) == number).map(|(name, _)| *name)
}

/// How one message is pushed, as a line says it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Config {
    disable_notification: bool,
    disable_push_title: bool,
    push_title: String,
    push_content: String,
    push_data: String,
    force_show_detail_content: bool,
    push_ext: Option<Value>,
}

impl From<Config> for PushConfig {
    fn from(config: Config) -> Self {
        Self {
            disabled: config.disable_notification,
            no_title: config.disable_push_title,
            title: config.push_title,
            content: config.push_content,
            data: config.push_data,
            force_content: config.force_show_detail_content,
            ext: config.push_ext.map_or_else(String::new, |ext| ext.to_string()),
        }
    }
}

fn quiet(hours: &QuietHours) -> Value {
    json!({
        "startTime": write_time_of_day(hours.start), "spanMinutes": hours.minutes,
        "level": hours.level, "timezone": hours.timezone,
    })
}

pub(super) async fn call(
    client: &Client,
    method: &str,
    mut p: Params,
) -> Result<Box<RawValue>, ClientError> {
    match method {
        "getPushInfo" => {
            p.done()?;
            let info = client.get_push_info().await?;
            let providers: Vec<_> = info.providers.iter().filter_map(|p| name(*p)).collect();
            raw(json!({
                "providers": providers, "vapidPublicKey": info.vapid_public_key,
                "registered": name(info.registered),
            }))
        }
        "registerPush" => {
            let registration = PushRegistration {
                provider: p.named("provider", "", provider)?,
                token: p.must("token")?,
                p256dh: p.or_default("p256dh")?,
                auth: p.or_default("auth")?,
                language: p.or_default("language")?,
            };
            p.done()?;
            done(client.register_push(registration).await)
        }
        "unregisterPush" => {
            p.done()?;
            done(client.unregister_push().await)
        }
        "getPushSettings" => {
            p.done()?;
            let settings = client.get_push_settings().await?;
            raw(json!({
                "hideContent": settings.hide_content, "language": settings.language,
                "noDisturbTime": settings.quiet_hours.as_ref().map(quiet),
            }))
        }
        "setPushSettings" => {
            let (hide_content, language) = (p.maybe("hideContent")?, p.maybe("language")?);
            p.done()?;
            let change = PushSettingsChange { hide_content, language, quiet_hours: None };
            done(client.set_push_settings(change).await)
        }
        "setNoDisturbTime" => {
            let start: String = p.must("startTime")?;
            let start =
                read_time_of_day(&start).ok_or_else(|| bad("`startTime` must be `HH:mm:ss`"))?;
            let minutes: u32 = p.must("spanMinutes")?;
            if minutes == 0 {
                return Err(bad("`spanMinutes` is 0: `removeNoDisturbTime` ends quiet hours"));
            }
            let (level, timezone) = (p.must("level")?, p.or_default("timezone")?);
            p.done()?;
            set_quiet(client, QuietHours { start, minutes, level, timezone }).await
        }
        "removeNoDisturbTime" => {
            p.done()?;
            set_quiet(client, QuietHours::default()).await
        }
        _ => {
            p.done()?;
            raw(client.get_push_settings().await?.quiet_hours.as_ref().map(quiet))
        }
    }
}

async fn set_quiet(client: &Client, hours: QuietHours) -> Result<Box<RawValue>, ClientError> {
    let change = PushSettingsChange { quiet_hours: Some(hours), ..PushSettingsChange::default() };
    done(client.set_push_settings(change).await)
}
