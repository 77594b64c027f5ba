//! `POST /v4/user/whitelist/setting/get`: say whose whitelists are on.

use crate::prelude::*;

pub(crate) struct Enabled;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The users whose whitelists are meant.
    #[schemars(length(min = 1, max = 20))]
    user_ids: Vec<Id>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Response {
    /// In the order asked for.
    settings: Vec<Setting>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Setting {
    user_id: String,
    enabled: bool,
}

impl Operation for Enabled {
    const PATH: &'static str = "/v4/user/whitelist/setting/get";
    const ID: &'static str = "get_user_whitelist_setting";
    const TAG: &'static str = "UserWhitelist";
    const SUMMARY: &'static str = "Say whether whitelists are on";
    const RATE: RateClass = RateClass::Lists;
    const MUTATES: bool = false;

    type Request = Request;
    type Response = Response;

    async fn call(ctx: &Context, request: Request) -> Result<Response, ApiError> {
        let users = wire::users("userIds", &request.user_ids, limits::BATCH)?;
        let settings = ctx.core.whitelist_enabled(ctx.app.id, users).await?;
        let settings = settings
            .into_iter()
            .map(|(user, enabled)| Setting { user_id: user.to_string(), enabled })
            .collect();
        Ok(Response { settings })
    }
}
