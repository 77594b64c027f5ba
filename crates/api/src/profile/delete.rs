//! `POST /v4/user/profile/delete`: clear hosted profiles.

use crate::prelude::*;

pub(crate) struct Delete;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// Whose profiles.
    #[schemars(length(min = 1, max = 20))]
    user_ids: Vec<Id>,
}

impl Operation for Delete {
    const PATH: &'static str = "/v4/user/profile/delete";
    const ID: &'static str = "delete_user_profiles";
    const TAG: &'static str = "UserProfileHosting";
    const SUMMARY: &'static str = "Clear hosted profiles";
    const RATE: RateClass = RateClass::Profiles;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let users = wire::users("userIds", &request.user_ids, ctx.most(limits::BATCH))?;
        ctx.core.delete_profiles(ctx.app.id, users).await?;
        Ok(())
    }
}
