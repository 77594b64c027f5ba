//! `POST /v4/friend/permission/get`: say who may become users' friend.

use crate::prelude::*;

pub(crate) struct Permission;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The users.
    #[schemars(length(min = 1, max = 100))]
    user_ids: Vec<Id>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Response {
    /// In the order asked for.
    permissions: Vec<UserPermission>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct UserPermission {
    user_id: String,
    /// 1 anyone, 2 with consent, 3 nobody; the app's setting for a user who has set none.
    permission_type: i64,
}

impl Operation for Permission {
    const PATH: &'static str = "/v4/friend/permission/get";
    const ID: &'static str = "get_friend_permission";
    const TAG: &'static str = "Friendship";
    const SUMMARY: &'static str = "Get who may become friends of users";
    const RATE: RateClass = RateClass::Friends;
    const COUNTED: Counted = Counted::Each("userIds");
    const MUTATES: bool = false;

    type Request = Request;
    type Response = Response;

    async fn call(ctx: &Context, request: Request) -> Result<Response, ApiError> {
        let users = wire::users("userIds", &request.user_ids, limits::LARGE_BATCH)?;
        let permissions = ctx.core.friend_permission(ctx.app.id, users).await?;
        let permissions = permissions
            .into_iter()
            .map(|(user, permission)| UserPermission {
                user_id: user.to_string(),
                permission_type: permission.number(),
            })
            .collect();
        Ok(Response { permissions })
    }
}
