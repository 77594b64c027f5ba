//! `POST /v4/user/update`: change the push identity.

use crate::prelude::*;

pub(crate) struct Update;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The user.
    user_id: Id,
    /// Absent: unchanged.
    #[schemars(length(min = 1, max = 64))]
    name: Option<String>,
    /// Empty, or an absolute http(s) URL. Absent: unchanged.
    #[schemars(length(max = 1024))]
    avatar_url: Option<String>,
}

impl Operation for Update {
    const PATH: &'static str = "/v4/user/update";
    const ID: &'static str = "update_user";
    const TAG: &'static str = "UserManagement";
    const SUMMARY: &'static str = "Change a user's push identity";
    const RATE: RateClass = RateClass::Users;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let user = wire::user("userId", &request.user_id)?;
        let name = wire::optional("name", request.name)?;
        let avatar_url = wire::optional("avatarUrl", request.avatar_url)?;
        ctx.core.update_user(ctx.app.id, user, name, avatar_url).await?;
        Ok(())
    }
}
