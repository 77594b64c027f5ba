//! `POST /v4/group-channel/member/kickout-all`: end a user's membership of all groups.

use crate::prelude::*;

pub(crate) struct LeaveAll;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// Who must not own one of them.
    user_id: Id,
}

impl Operation for LeaveAll {
    const PATH: &'static str = "/v4/group-channel/member/kickout-all";
    const ID: &'static str = "kick_user_from_all_group_channels";
    const TAG: &'static str = "GroupChannelManagement";
    const SUMMARY: &'static str = "Remove a user from all groups";
    const RATE: RateClass = RateClass::Groups;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let user = wire::user("userId", &request.user_id)?;
        ctx.core.leave_all_groups(ctx.app.id, user).await?;
        Ok(())
    }
}
