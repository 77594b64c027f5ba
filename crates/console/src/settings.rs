//! Feature configuration: what an app's owner switches on and off. In force when it is answered.

use nuncio_core::operators::Role;
use nuncio_protocol::values::is_ext_key;
use nuncio_store::apps::App;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value, json};

use crate::call::{Call, Context, Who};
use crate::error::ConsoleError;
use crate::wire::Nothing;

/// Seconds of the longest token lifetime: a hundred years.
const TTL_SECONDS: i64 = 3_153_600_000;
/// Minutes of the longest time in which messages can be edited: a year.
const EDIT_MINUTES: i64 = 525_600;
/// Extension keys that an app may declare.
const EXT_KEYS: usize = 100;

/// A value, `null`, or left out.
type Given<T> = Option<Option<T>>;

/// The settings as the pages know them. What is left out stays; `null` is a value.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct WireSettings {
    only_friends_can_message: Option<bool>,
    friend_permission: Option<i64>,
    #[serde(deserialize_with = "given")]
    token_ttl_seconds: Given<i64>,
    expire_closes_connections: Option<bool>,
    devices_per_user: Option<u32>,
    profile_ext_keys: Option<Vec<String>>,
    profiles_visible_to_strangers: Option<bool>,
    notify_friends_of_profiles: Option<bool>,
    whitelist_service: Option<bool>,
    require_signature_v2: Option<bool>,
    #[serde(deserialize_with = "given")]
    api_calls_per_second: Given<u32>,
    #[serde(deserialize_with = "given")]
    client_calls_per_second: Given<u32>,
    message_edit_minutes: Option<u32>,
    inbox_days: Option<i64>,
    history_days: Option<i64>,
    group_notices: Option<bool>,
    group_history_from_joining: Option<bool>,
}

fn given<'de, D, T>(deserializer: D) -> Result<Given<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

impl WireSettings {
    /// Refuses what is outside its range.
    pub(crate) fn check(&self) -> Result<(), ConsoleError> {
        fn range(
            member: &str,
            found: Option<i64>,
            least: i64,
            most: i64,
        ) -> Result<(), ConsoleError> {
            match found {
                Some(number) if !(least..=most).contains(&number) => {
                    Err(ConsoleError::member(member, format!("must be {least} to {most}")))
                }
                _ => Ok(()),
            }
        }
        range("friendPermission", self.friend_permission, 1, 3)?;
        range("tokenTtlSeconds", self.token_ttl_seconds.flatten(), 1, TTL_SECONDS)?;
        range("devicesPerUser", self.devices_per_user.map(i64::from), 1, 100)?;
        range("messageEditMinutes", self.message_edit_minutes.map(i64::from), 0, EDIT_MINUTES)?;
        range("inboxDays", self.inbox_days, 1, 3650)?;
        range("historyDays", self.history_days, 1, 36_500)?;
        let most = i64::from(u32::MAX);
        let rate = |rate: Given<u32>| rate.flatten().map(i64::from);
        range("apiCallsPerSecond", rate(self.api_calls_per_second), 1, most)?;
        range("clientCallsPerSecond", rate(self.client_calls_per_second), 1, most)?;
        let keys = self.profile_ext_keys.as_deref().unwrap_or_default();
        if keys.len() > EXT_KEYS {
            let fault = format!("may have {EXT_KEYS} entries");
            return Err(ConsoleError::member("profileExtKeys", fault));
        }
        match keys.iter().find(|key| !is_ext_key(key)) {
            None => Ok(()),
            Some(_) => Err(ConsoleError::member(
                "profileExtKeys",
                "holds one that is not `ext_` and letters, digits or `_`, at most 32 characters",
            )),
        }
    }

    /// Makes the app's settings what was given.
    pub(crate) fn apply(&self, app: &mut App) {
        fn set<T: Clone>(place: &mut T, given: Option<&T>) {
            if let Some(value) = given {
                place.clone_from(value);
            }
        }
        set(&mut app.only_friends, self.only_friends_can_message.as_ref());
        let settings = &mut app.settings;
        set(&mut settings.friend_permission, self.friend_permission.as_ref());
        set(&mut settings.token_ttl_seconds, self.token_ttl_seconds.as_ref());
        set(&mut settings.expire_closes_connections, self.expire_closes_connections.as_ref());
        set(&mut settings.devices_per_user, self.devices_per_user.as_ref());
        set(&mut settings.profile_ext_keys, self.profile_ext_keys.as_ref());
        let visible = self.profiles_visible_to_strangers.as_ref();
        set(&mut settings.profiles_visible_to_strangers, visible);
        set(&mut settings.notify_friends_of_profiles, self.notify_friends_of_profiles.as_ref());
        set(&mut settings.whitelist_service, self.whitelist_service.as_ref());
        set(&mut settings.require_signature_v2, self.require_signature_v2.as_ref());
        set(&mut settings.api_calls_per_second, self.api_calls_per_second.as_ref());
        set(&mut settings.client_calls_per_second, self.client_calls_per_second.as_ref());
        set(&mut settings.message_edit_minutes, self.message_edit_minutes.as_ref());
        set(&mut settings.inbox_days, self.inbox_days.as_ref());
        set(&mut settings.history_days, self.history_days.as_ref());
        set(&mut settings.group_notices, self.group_notices.as_ref());
        set(&mut settings.group_history_from_joining, self.group_history_from_joining.as_ref());
    }
}

/// An app's settings, all of them.
pub(crate) fn to_json(app: &App) -> Result<Value, ConsoleError> {
    let settings = &app.settings;
    let all = WireSettings {
        only_friends_can_message: Some(app.only_friends),
        friend_permission: Some(settings.friend_permission),
        token_ttl_seconds: Some(settings.token_ttl_seconds),
        expire_closes_connections: Some(settings.expire_closes_connections),
        devices_per_user: Some(settings.devices_per_user),
        profile_ext_keys: Some(settings.profile_ext_keys.clone()),
        profiles_visible_to_strangers: Some(settings.profiles_visible_to_strangers),
        notify_friends_of_profiles: Some(settings.notify_friends_of_profiles),
        whitelist_service: Some(settings.whitelist_service),
        require_signature_v2: Some(settings.require_signature_v2),
        api_calls_per_second: Some(settings.api_calls_per_second),
        client_calls_per_second: Some(settings.client_calls_per_second),
        message_edit_minutes: Some(settings.message_edit_minutes),
        inbox_days: Some(settings.inbox_days),
        history_days: Some(settings.history_days),
        group_notices: Some(settings.group_notices),
        group_history_from_joining: Some(settings.group_history_from_joining),
    };
    serde_json::to_value(all).map_err(ConsoleError::internal)
}

/// What is another in `after` than in `before`.
pub(crate) fn differences(before: &Value, after: &Value) -> Vec<Value> {
    let empty = Map::new();
    let members = after.as_object().unwrap_or(&empty);
    members
        .iter()
        .filter(|(name, value)| before.get(name.as_str()) != Some(*value))
        .map(|(name, value)| {
            json!({ "setting": name, "before": before[name.as_str()], "after": value })
        })
        .collect()
}

pub(crate) struct Get;
impl Call for Get {
    const PATH: &'static str = "settings/get";
    const WHO: Who = Who::OnApp(Role::Viewer);
    type Request = Nothing;
    type Response = Value;

    async fn call(ctx: &Context, _: Nothing) -> Result<Value, ConsoleError> {
        to_json(ctx.app()?)
    }
}

#[derive(Deserialize)]
pub(crate) struct Change {
    settings: WireSettings,
}

pub(crate) struct Set;
impl Call for Set {
    const PATH: &'static str = "settings/set";
    const WHO: Who = Who::OnApp(Role::Developer);
    type Request = Change;
    type Response = Value;

    async fn call(ctx: &Context, request: Change) -> Result<Value, ConsoleError> {
        request.settings.check()?;
        let app = ctx.core.set_app(ctx.app()?.id, move |app| request.settings.apply(app)).await?;
        to_json(&app)
    }
}
