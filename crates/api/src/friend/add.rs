//! `POST /v4/friend/add`: make two users friends, or ask one for the other.

use nuncio_core::friends::How;

use crate::prelude::*;

pub(crate) struct Add;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// Who asks.
    user_id: Id,
    /// The other user.
    target_id: Id,
    /// 1: as the target's verification level says; 2: friends at once.
    #[schemars(range(min = 1, max = 2), extend("default" = 1))]
    action: Option<Integer>,
    /// Goes with the request.
    #[schemars(length(max = 128))]
    extra: Option<String>,
}

impl Operation for Add {
    const PATH: &'static str = "/v4/friend/add";
    const ID: &'static str = "add_friend";
    const TAG: &'static str = "Friendship";
    const SUMMARY: &'static str = "Make friends, or send a friend request";
    const RATE: RateClass = RateClass::Friends;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let asker = wire::user("userId", &request.user_id)?;
        let target = wire::user("targetId", &request.target_id)?;
        let how = match wire::within("action", request.action, 1, 1, 2)? {
            1 => How::ObeyPermission,
            _ => How::AtOnce,
        };
        let extra = wire::value("extra", request.extra.unwrap_or_default())?;
        ctx.core.add_friend(ctx.app.id, asker, target, how, extra).await?;
        Ok(())
    }
}
