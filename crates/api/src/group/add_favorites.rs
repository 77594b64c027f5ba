//! `POST /v4/group-channel/member/favorites/add`: have a member of a group follow others.

use crate::prelude::*;

pub(crate) struct AddFavorites;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The group.
    channel_id: Id,
    /// The member.
    user_id: Id,
    /// Members of the same group; a member can follow 100.
    #[schemars(length(min = 1, max = 100))]
    favorite_ids: Vec<Id>,
}

impl Operation for AddFavorites {
    const PATH: &'static str = "/v4/group-channel/member/favorites/add";
    const ID: &'static str = "add_group_channel_member_favorites";
    const TAG: &'static str = "GroupChannelManagement";
    const SUMMARY: &'static str = "Have a member of a group follow others";
    const RATE: RateClass = RateClass::Groups;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let group = wire::group("channelId", &request.channel_id)?;
        let user = wire::user("userId", &request.user_id)?;
        let favorites =
            wire::others(&user, "favoriteIds", &request.favorite_ids, limits::LARGE_BATCH)?;
        ctx.core.add_group_favorites(ctx.app.id, group, user, favorites).await?;
        Ok(())
    }
}
