//! `POST /v4/user/profile/batch/get`: read hosted profiles.

use super::Profiles;
use crate::prelude::*;

pub(crate) struct Get;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// Whose profiles.
    #[schemars(length(min = 1, max = 20))]
    user_ids: Vec<Id>,
}

impl Operation for Get {
    const PATH: &'static str = "/v4/user/profile/batch/get";
    const ID: &'static str = "batch_get_user_profiles";
    const TAG: &'static str = "UserProfileHosting";
    const SUMMARY: &'static str = "Get hosted profiles";
    const RATE: RateClass = RateClass::Profiles;
    const MUTATES: bool = false;

    type Request = Request;
    type Response = Profiles;

    async fn call(ctx: &Context, request: Request) -> Result<Profiles, ApiError> {
        let users = wire::users("userIds", &request.user_ids, ctx.most(limits::BATCH))?;
        Profiles::of(ctx.core.profiles(ctx.app.id, users).await?)
    }
}
