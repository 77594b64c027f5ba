//! `POST /v4/group-channel/create`: create a group.

use std::collections::BTreeMap;

use nuncio_core::groups::{Actor, NewGroup};
use nuncio_protocol::groups::GroupProfileChange;
use nuncio_protocol::values::ExtProfile;
use serde_json::{Map, Value};

use crate::prelude::*;

pub(crate) struct Create;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The new group's id.
    channel_id: Id,
    #[schemars(length(min = 1, max = 64))]
    name: String,
    /// Who owns the group, and is its first member.
    owner: Id,
    /// Who else is a member from the beginning; the owner need not be named.
    #[schemars(length(max = limits::GROUP_FIRST_MEMBERS))]
    user_ids: Option<Vec<Id>>,
    /// `introduction` has at most 512 characters, `announcement` 1,024; `portraitUrl` is an http(s) URL of at most 1,024
    /// bytes.
    group_profile: Option<Map<String, Value>>,
    /// `joinPerm`: 0 the owner approves, 1 anybody at once, 2 the owner or an admin approves, 3 nobody. `removePerm`,
    /// `memInvitePerm` and `profilePerm`: 0 the owner, 1 admins too, 2 every member. `invitePerm`: 0 who is invited is in,
    /// 1 must consent. `memProfilePerm`: 0 owner, admins and the member, 1 owner and the member, 2 the member alone.
    permissions: Option<Map<String, Value>>,
    /// Keys are `ext_` and letters, digits or `_`, at most 32
    /// characters; values have at most 256 characters; a group has at most 10 pairs.
    #[schemars(extend("maxProperties" = limits::GROUP_EXT_PAIRS))]
    group_ext_profile: Option<BTreeMap<String, String>>,
}

impl Operation for Create {
    const PATH: &'static str = "/v4/group-channel/create";
    const ID: &'static str = "create_group_channel";
    const TAG: &'static str = "GroupChannelManagement";
    const SUMMARY: &'static str = "Create a group";
    const RATE: RateClass = RateClass::Groups;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let members = match request.user_ids.as_deref() {
            None | Some([]) => Vec::new(),
            Some(ids) => wire::users("userIds", ids, limits::GROUP_FIRST_MEMBERS)?,
        };
        let profile = request.group_profile.unwrap_or_default();
        if profile.contains_key("name") {
            let fault = "is given beside the profile: leave it out there";
            return Err(ApiError::member(Code::BadParameter, "groupProfile.name", fault));
        }
        let new = NewGroup {
            id: wire::group("channelId", &request.channel_id)?,
            name: wire::value("name", request.name)?,
            owner: wire::user("owner", &request.owner)?,
            members,
            profile: GroupProfileChange::parse(&profile).map_err(ApiError::profile)?,
            ext: ExtProfile::parse(
                request.group_ext_profile.unwrap_or_default(),
                limits::GROUP_EXT_PAIRS,
            )
            .map_err(ApiError::profile)?,
            permissions: super::permissions(request.permissions)?,
        };
        ctx.core.create_group(ctx.app.id, Actor::App, new).await?;
        Ok(())
    }
}
