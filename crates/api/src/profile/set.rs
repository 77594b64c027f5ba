//! `POST /v4/user/profile/set`: change a hosted profile.

use std::collections::BTreeMap;

use nuncio_protocol::values::{BasicProfileChange, ExtProfile};
use serde_json::{Map, Value};

use crate::prelude::*;

pub(crate) struct Set;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// Whose profile.
    user_id: Id,
    /// The keys to change, the others stay; `null` removes one. `uniqueId`, `birthday` and `location` have
    /// at most 32 characters, `name` 64, `email` 128, `portraitUri` 1,024 (an http(s) URL); `gender` is 0
    /// to 2, `role` and `level` are 0 to 100.
    user_profile: Option<Map<String, Value>>,
    /// The pairs to change, the others stay; empty text removes one. Keys are `ext_` and letters, digits or
    /// `_`, at most 32 characters, and may have to be declared in the app's settings; values have at most 256
    /// characters; a profile has at most 20 pairs.
    #[schemars(extend("maxProperties" = limits::PROFILE_EXT_PAIRS))]
    user_ext_profile: Option<BTreeMap<String, String>>,
}

impl Operation for Set {
    const PATH: &'static str = "/v4/user/profile/set";
    const ID: &'static str = "set_user_profile";
    const TAG: &'static str = "UserProfileHosting";
    const SUMMARY: &'static str = "Change a hosted profile";
    const RATE: RateClass = RateClass::Profiles;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let user = wire::user("userId", &request.user_id)?;
        if request.user_profile.is_none() && request.user_ext_profile.is_none() {
            let fault = "is missing, and so is `userExtProfile`: give at least one of them";
            return Err(ApiError::member(Code::BadParameter, "userProfile", fault));
        }
        let basic = BasicProfileChange::parse(&request.user_profile.unwrap_or_default())
            .map_err(ApiError::profile)?;
        let ext = request
            .user_ext_profile
            .map(|pairs| ExtProfile::parse(pairs, limits::PROFILE_EXT_PAIRS))
            .transpose()
            .map_err(ApiError::profile)?;
        ctx.core.set_profile(ctx.app.id, user, basic, ext).await?;
        Ok(())
    }
}
