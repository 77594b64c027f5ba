//! `POST /v4/group-channel/member/favorites/remove`: have a member of a group follow others no longer.

use crate::prelude::*;

pub(crate) struct RemoveFavorites;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The group.
    channel_id: Id,
    /// The member.
    user_id: Id,
    /// Whom the member does not follow does not matter.
    #[schemars(length(min = 1, max = 100))]
    favorite_ids: Vec<Id>,
}

impl Operation for RemoveFavorites {
    const PATH: &'static str = "/v4/group-channel/member/favorites/remove";
    const ID: &'static str = "remove_group_channel_member_favorites";
    const TAG: &'static str = "GroupChannelManagement";
    const SUMMARY: &'static str = "Have a member of a group follow others no longer";
    const RATE: RateClass = RateClass::Groups;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let group = wire::group("channelId", &request.channel_id)?;
        let user = wire::user("userId", &request.user_id)?;
        let favorites =
            wire::others(&user, "favoriteIds", &request.favorite_ids, limits::LARGE_BATCH)?;
        ctx.core.remove_group_favorites(ctx.app.id, group, user, favorites).await?;
        Ok(())
    }
}
