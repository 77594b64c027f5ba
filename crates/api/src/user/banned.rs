//! `POST /v4/user/ban/list`: list who is banned.

use crate::prelude::*;

pub(crate) struct Banned;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// Counts from 1. Absent: the first 1,000, or as many as a `pageSize` other than 50 says.
    #[schemars(range(min = 1))]
    page: Option<Integer>,
    #[schemars(range(min = 1, max = MOST), extend("default" = USUAL))]
    page_size: Option<Integer>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    /// The bans that are in force.
    banned_users: Vec<BannedUser>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct BannedUser {
    user_id: String,
    /// `YYYY-MM-DD HH:MM:SS` in UTC; `9999-12-31 23:59:59` when it has no end.
    ban_expires_at: String,
    /// What was given as the ban's reason.
    #[serde(skip_serializing_if = "String::is_empty")]
    reason: String,
}

impl Operation for Banned {
    const PATH: &'static str = "/v4/user/ban/list";
    const ID: &'static str = "list_banned_users";
    const TAG: &'static str = "UserManagement";
    const SUMMARY: &'static str = "List banned users, the longest ban first";
    const RATE: RateClass = RateClass::Users;
    const MUTATES: bool = false;

    type Request = Request;
    type Response = Response;

    async fn call(ctx: &Context, request: Request) -> Result<Response, ApiError> {
        let page_size = wire::within("pageSize", request.page_size, USUAL, 1, MOST)?;
        let (page, page_size) = match request.page {
            None if page_size == USUAL => (None, MOST),
            None => (None, page_size),
            given => (Some(wire::within("page", given, 1, 1, wire::PAGES)?), page_size),
        };
        let bans = ctx.core.bans(ctx.app.id, page, page_size).await?;
        let banned_users = bans
            .into_iter()
            .map(|ban| BannedUser {
                user_id: ban.user.to_string(),
                ban_expires_at: ban.until.to_text(),
                reason: ban.reason,
            })
            .collect();
        Ok(Response { banned_users })
    }
}

/// Bans of a page, when the call does not say.
const USUAL: i64 = 50;
/// Bans of one answer.
const MOST: i64 = 1000;
