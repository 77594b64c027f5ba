//! `POST /v4/friend/profile/set`: say what a friend is to a user.

use std::collections::BTreeMap;

use nuncio_protocol::values::ExtProfile;

use crate::prelude::*;

pub(crate) struct SetProfile;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// Whose friend.
    user_id: Id,
    /// The other user.
    target_id: Id,
    /// The user's own name for the friend; absent or empty clears it.
    #[schemars(length(max = 64))]
    alias: Option<String>,
    /// Replaces the pairs; absent: unchanged. Keys are `ext_` and letters, digits or `_`, at most 32
    /// characters; values have at most 256 characters.
    #[schemars(extend("maxProperties" = limits::FRIEND_EXT_PAIRS))]
    friend_ext_profile: Option<BTreeMap<String, String>>,
}

impl Operation for SetProfile {
    const PATH: &'static str = "/v4/friend/profile/set";
    const ID: &'static str = "set_friend_profile";
    const TAG: &'static str = "Friendship";
    const SUMMARY: &'static str = "Set a user's alias and extension for a friend";
    const RATE: RateClass = RateClass::Friends;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let user = wire::user("userId", &request.user_id)?;
        let target = wire::user("targetId", &request.target_id)?;
        let alias = wire::value("alias", request.alias.unwrap_or_default())?;
        let ext = request
            .friend_ext_profile
            .map(|pairs| ExtProfile::parse(pairs, limits::FRIEND_EXT_PAIRS))
            .transpose()
            .map_err(ApiError::profile)?;
        ctx.core.set_friend_info(ctx.app.id, user, target, Some(alias), ext).await?;
        Ok(())
    }
}
