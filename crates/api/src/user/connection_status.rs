//! `POST /v4/user/connection-status/get`: say who is online.

use nuncio_protocol::UserId;

use crate::prelude::*;

pub(crate) struct ConnectionStatus;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The user. May be left out when `userIds` is given.
    user_id: Option<Id>,
    /// Several users at once.
    #[schemars(length(min = 1, max = 100))]
    user_ids: Option<Vec<Id>>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Response {
    /// `1` when the user of `userId` is online, else `0`; so also for an unknown user.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    /// The same for each of `userIds`, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    users: Vec<Status>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Status {
    user_id: String,
    status: &'static str,
}

impl Operation for ConnectionStatus {
    const PATH: &'static str = "/v4/user/connection-status/get";
    const ALIASES: &'static [&'static str] = &["/v4/user/online-status/get"];
    const ID: &'static str = "get_user_connection_status";
    const TAG: &'static str = "UserManagement";
    const SUMMARY: &'static str = "Say whether a user, or each of several, is online";
    const RATE: RateClass = RateClass::Users;
    const MUTATES: bool = false;

    type Request = Request;
    type Response = Response;

    async fn call(ctx: &Context, request: Request) -> Result<Response, ApiError> {
        let one = request.user_id.map(|id| wire::user("userId", &id)).transpose()?;
        let several = match &request.user_ids {
            Some(ids) => wire::users("userIds", ids, limits::LARGE_BATCH)?,
            None if one.is_none() => {
                return Err(ApiError::member(Code::BadParameter, "userId", "is missing"));
            }
            None => Vec::new(),
        };
        let asked: Vec<UserId> = one.iter().chain(&several).cloned().collect();
        let presence = ctx.core.presence(ctx.app.id, asked).await?;
        let mut answers = presence.iter().map(|user| if user.online { "1" } else { "0" });
        let status = one.and_then(|_| answers.next());
        let users = several
            .iter()
            .zip(answers)
            .map(|(user, status)| Status { user_id: user.to_string(), status })
            .collect();
        Ok(Response { status, users })
    }
}
