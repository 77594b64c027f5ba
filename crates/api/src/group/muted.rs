//! `POST /v4/group-channel/user/mute-list/get`: list who is muted in a group, or in all groups.

use crate::prelude::*;

pub(crate) struct Muted;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The group; absent or empty: those who are muted in all groups of the app.
    #[schemars(extend("minLength" = 0))]
    channel_id: Option<Id>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    /// The mutes that are in force.
    muted_members: Vec<MutedMember>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct MutedMember {
    user_id: String,
    /// `YYYY-MM-DD HH:MM:SS` in UTC.
    muted_at: String,
    /// The same; `9999-12-31 23:59:59` when it has no end.
    mute_expires_at: String,
}

impl Operation for Muted {
    const PATH: &'static str = "/v4/group-channel/user/mute-list/get";
    const ALIASES: &'static [&'static str] = &["/v4/group-channel/user/mute-list-get"];
    const ID: &'static str = "get_group_channel_user_mute_list";
    const TAG: &'static str = "GroupChannelModeration";
    const SUMMARY: &'static str = "List who is muted in a group, or in all groups";
    const RATE: RateClass = RateClass::Groups;
    const MUTATES: bool = false;

    type Request = Request;
    type Response = Response;

    async fn call(ctx: &Context, request: Request) -> Result<Response, ApiError> {
        let group = wire::optional_group("channelId", request.channel_id.as_ref())?;
        let muted = ctx.core.muted_in_group(ctx.app.id, group).await?;
        let muted_members = muted
            .into_iter()
            .map(|muted| MutedMember {
                user_id: muted.user.to_string(),
                muted_at: muted.muted_at.to_text(),
                mute_expires_at: muted.until.to_text(),
            })
            .collect();
        Ok(Response { muted_members })
    }
}
