//! `POST /v4/group-channel/profile/list`: get groups by their ids.

use super::Profile;

use crate::prelude::*;

pub(crate) struct Profiles;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The groups; one that does not exist is left out of the answer.
    #[schemars(length(min = 1, max = 50))]
    channel_ids: Vec<Id>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Response {
    /// In the order asked for.
    profiles: Vec<Profile>,
}

impl Operation for Profiles {
    const PATH: &'static str = "/v4/group-channel/profile/list";
    const ID: &'static str = "batch_get_group_channel_profiles";
    const TAG: &'static str = "GroupChannelManagement";
    const SUMMARY: &'static str = "Get groups by their ids";
    const RATE: RateClass = RateClass::Groups;
    const MUTATES: bool = false;

    type Request = Request;
    type Response = Response;

    async fn call(ctx: &Context, request: Request) -> Result<Response, ApiError> {
        let groups = wire::groups("channelIds", &request.channel_ids, limits::GROUP_READ_BATCH)?;
        let groups = ctx.core.groups(ctx.app.id, groups).await?;
        Ok(Response { profiles: groups.into_iter().map(Profile::from).collect() })
    }
}
