//! Hosted profiles.

use nuncio_protocol::frames;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::ApiError;

pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod set;

/// Hosted profiles, as both reading operations answer them.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Profiles {
    users: Vec<Profile>,
}

/// One hosted profile.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Profile {
    user_id: String,
    /// Unix time in milliseconds of the last change; absent when there is no hosted profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<i64>,
    /// Keys: `uniqueId`, `name`, `portraitUri`, `email`, `birthday`, `gender`, `location`, `role`, `level`.
    user_profile: Map<String, Value>,
    /// Keys of the app's own, which begin with `ext_`.
    user_ext_profile: Map<String, Value>,
}

impl Profiles {
    /// Of the core's profiles.
    fn of(profiles: Vec<frames::Profile>) -> Result<Self, ApiError> {
        let users = profiles
            .into_iter()
            .map(|profile| {
                let basic = if profile.basic.is_empty() { "{}" } else { &profile.basic };
                Ok(Profile {
                    user_profile: serde_json::from_str(basic).map_err(ApiError::internal)?,
                    user_ext_profile: profile
                        .ext
                        .into_iter()
                        .map(|(key, value)| (key, value.into()))
                        .collect(),
                    version: (profile.version != 0).then_some(profile.version),
                    user_id: profile.user_id,
                })
            })
            .collect::<Result<_, ApiError>>()?;
        Ok(Self { users })
    }
}
