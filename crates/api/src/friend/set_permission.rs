//! `POST /v4/friend/permission/set`: say who may become users' friend.

use crate::prelude::*;

pub(crate) struct SetPermission;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The users.
    #[schemars(length(min = 1, max = 100))]
    user_ids: Vec<Id>,
    /// 1 anyone, 2 with consent, 3 nobody.
    #[schemars(range(min = 1, max = 3))]
    permission_type: Integer,
}

impl Operation for SetPermission {
    const PATH: &'static str = "/v4/friend/permission/set";
    const ID: &'static str = "set_friend_permission";
    const TAG: &'static str = "Friendship";
    const SUMMARY: &'static str = "Set who may become friends of users";
    const RATE: RateClass = RateClass::Friends;
    const COUNTED: Counted = Counted::Each("userIds");
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let users = wire::users("userIds", &request.user_ids, limits::LARGE_BATCH)?;
        let permission = wire::value("permissionType", request.permission_type.0)?;
        ctx.core.set_friend_permission(ctx.app.id, users, permission).await?;
        Ok(())
    }
}
