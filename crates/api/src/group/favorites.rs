//! `POST /v4/group-channel/member/favorites/list`: list whom a member of a group follows.

use crate::prelude::*;

pub(crate) struct Favorites;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The group.
    channel_id: Id,
    /// The member.
    user_id: Id,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    /// As in the request.
    user_id: String,
    /// As in the request.
    channel_id: String,
    /// The first first.
    favorites: Vec<Favorite>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Favorite {
    user_id: String,
    /// Unix time in milliseconds.
    favorited_at: i64,
}

impl Operation for Favorites {
    const PATH: &'static str = "/v4/group-channel/member/favorites/list";
    const ID: &'static str = "list_group_channel_member_favorites";
    const TAG: &'static str = "GroupChannelManagement";
    const SUMMARY: &'static str = "List whom a member of a group follows";
    const RATE: RateClass = RateClass::Groups;
    const MUTATES: bool = false;

    type Request = Request;
    type Response = Response;

    async fn call(ctx: &Context, request: Request) -> Result<Response, ApiError> {
        let group = wire::group("channelId", &request.channel_id)?;
        let user = wire::user("userId", &request.user_id)?;
        let favorites = ctx.core.group_favorites(ctx.app.id, group.clone(), user.clone()).await?;
        let favorites = favorites
            .into_iter()
            .map(|favorite| Favorite {
                user_id: favorite.user.to_string(),
                favorited_at: favorite.added_at.0,
            })
            .collect();
        Ok(Response { user_id: user.to_string(), channel_id: group.to_string(), favorites })
    }
}
