//! How a message is pushed: the members that all sending has in common.

use nuncio_protocol::frames::PushConfig;
use nuncio_protocol::push::PushOptions;
use serde_json::{Map, Value};

use crate::prelude::*;

/// What a call says about push.
pub(super) struct Said {
    pub(super) content: Option<String>,
    pub(super) data: Option<String>,
    pub(super) ext: Option<String>,
    pub(super) disabled: Option<Flag>,
}

impl Said {
    /// All of it, checked; `None` where nothing is said.
    pub(super) fn options(self) -> Result<Option<PushOptions>, ApiError> {
        let bad = |member: &str, fault: String| ApiError::member(Code::BadParameter, member, fault);
        let ext = self.ext.filter(|ext| !ext.is_empty()).unwrap_or_default();
        let members: Map<String, Value> = match ext.as_str() {
            "" => Map::new(),
            text => serde_json::from_str(text)
                .map_err(|_| bad("pushExt", "must be a JSON object as text".to_owned()))?,
        };
        let is_set = |member: &str| {
            members.get(member).is_some_and(|value| value == 1 || value == true || value == "1")
        };
        let config = PushConfig {
            disabled: self.disabled.is_some_and(Flag::is_set),
            no_title: false,
            title: members.get("title").and_then(Value::as_str).unwrap_or_default().to_owned(),
            content: self.content.unwrap_or_default(),
            data: self.data.unwrap_or_default(),
            force_content: is_set("forceShowPushContent"),
            ext,
        };
        PushOptions::new(config).map_err(|(name, error)| {
            let member = match name {
                "content" => "pushContent",
                "data" => "pushData",
                _ => "pushExt",
            };
            bad(member, error.to_string())
        })
    }
}
