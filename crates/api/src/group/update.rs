//! `POST /v4/group-channel/profile/update`: change what a group says of itself, and its permissions.

use std::collections::BTreeMap;

use nuncio_core::groups::{Actor, GroupChange};
use nuncio_protocol::groups::GroupProfileChange;
use nuncio_protocol::values::ExtProfile;
use serde_json::{Map, Value};

use crate::prelude::*;

pub(crate) struct Update;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The group.
    channel_id: Id,
    /// The keys to change, the others stay; empty text or `null` removes one. `name` has 1 to 64 characters,
    /// `introduction` at most 512, `announcement` at most 1,024; `portraitUrl` is an http(s) URL of at most 1,024 bytes.
    group_profile: Option<Map<String, Value>>,
    /// Those to change, the others stay.
    /// `joinPerm`: 0 the owner approves, 1 anybody at once, 2 the owner or an admin approves, 3 nobody. `removePerm`,
    /// `memInvitePerm` and `profilePerm`: 0 the owner, 1 admins too, 2 every member. `invitePerm`: 0 who is invited is in,
    /// 1 must consent. `memProfilePerm`: 0 owner, admins and the member, 1 owner and the member, 2 the member alone.
    permissions: Option<Map<String, Value>>,
    /// The pairs to change, the others stay; empty text removes one. Keys are `ext_` and letters, digits or `_`, at most
    /// 32 characters; values have at most 256 characters; a group has at most 10 pairs.
    #[schemars(extend("maxProperties" = limits::GROUP_EXT_PAIRS))]
    group_ext_profile: Option<BTreeMap<String, String>>,
}

impl Operation for Update {
    const PATH: &'static str = "/v4/group-channel/profile/update";
    const ID: &'static str = "update_group_channel_profile";
    const TAG: &'static str = "GroupChannelManagement";
    const SUMMARY: &'static str = "Change what a group says of itself, and its permissions";
    const RATE: RateClass = RateClass::Groups;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let group = wire::group("channelId", &request.channel_id)?;
        if request.group_profile.is_none()
            && request.permissions.is_none()
            && request.group_ext_profile.is_none()
        {
            let fault = "is missing, and so are `permissions` and `groupExtProfile`: give at least one of them";
            return Err(ApiError::member(Code::BadParameter, "groupProfile", fault));
        }
        let ext = ExtProfile::parse(
            request.group_ext_profile.unwrap_or_default(),
            limits::GROUP_EXT_PAIRS,
        )
        .map_err(ApiError::profile)?;
        let change = GroupChange {
            profile: GroupProfileChange::parse(&request.group_profile.unwrap_or_default())
                .map_err(ApiError::profile)?,
            ext: ext.into_pairs(),
            permissions: super::permissions(request.permissions)?,
        };
        ctx.core.update_group(ctx.app.id, Actor::App, group, change).await?;
        Ok(())
    }
}
