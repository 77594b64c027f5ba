//! `POST /v4/user/whitelist/setting/set`: switch users' whitelists on or off.

use crate::prelude::*;

pub(crate) struct SetEnabled;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The users whose whitelists are meant.
    #[schemars(length(min = 1, max = 20))]
    user_ids: Vec<Id>,
    /// Whether only users on the whitelist may send to the owner. Off keeps the entries.
    enabled: Flag,
}

impl Operation for SetEnabled {
    const PATH: &'static str = "/v4/user/whitelist/setting/set";
    const ID: &'static str = "set_user_whitelist_setting";
    const TAG: &'static str = "UserWhitelist";
    const SUMMARY: &'static str = "Switch whitelists on or off";
    const RATE: RateClass = RateClass::Lists;
    const MUTATES: bool = true;

    type Request = Request;
    type Response = ();

    async fn call(ctx: &Context, request: Request) -> Result<(), ApiError> {
        let users = wire::users("userIds", &request.user_ids, limits::BATCH)?;
        ctx.core.set_whitelist_enabled(ctx.app.id, users, request.enabled.is_set()).await?;
        Ok(())
    }
}
