//! `POST /v4/group-channel/member/set`: set what a member is called in a group.

use crate::prelude::*;
use nuncio_core::groups::Actor;

pub(crate) struct SetMember;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The group.
    channel_id: Id,
    /// The member.
    user_id: Id,
    /// What the member is called in the group; absent: unchanged, empty: nothing of its own.
    #[schemars(length(max = 64))]
    nickname: Option<String>,
    /// Kept with the member; absent: unchanged.
    #[schemars(length(max = 128))]
    extra: Option<String>,
}

impl Operation for SetMember {
    const PATH: &'static str = "/v4/group-channel/member/set";
    const ID: &'static str = "set_group_channel_member";
    const TAG: &'static str = "GroupChannelManagement";
    const SUMMARY: &'static str = "Set what a member is called in a group";
    const RATE: RateClass = RateClass::Groups;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let group = wire::group("channelId", &request.channel_id)?;
        let user = wire::user("userId", &request.user_id)?;
        let nickname = wire::optional("nickname", request.nickname)?;
        let extra = wire::optional("extra", request.extra)?;
        if nickname.is_none() && extra.is_none() {
            let fault = "is missing, and so is `extra`: give at least one of them";
            return Err(ApiError::member(Code::BadParameter, "nickname", fault));
        }
        ctx.core.set_group_member(ctx.app.id, Actor::App, group, user, nickname, extra).await?;
        Ok(())
    }
}
