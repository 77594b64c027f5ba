//! `POST /v4/friend/list`: list a user's friends.

use std::collections::BTreeMap;

use nuncio_protocol::frames;

use crate::prelude::*;

pub(crate) struct List;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// Whose friends.
    user_id: Id,
    /// The `pageToken` of the page before; absent: from the beginning.
    #[serde(alias = "next")]
    page_token: Option<String>,
    #[schemars(range(min = 1, max = 100), extend("default" = 50))]
    page_size: Option<Integer>,
    /// By the friendships' age: 0 oldest first, 1 newest first.
    #[schemars(range(min = 0, max = 1), extend("default" = 0))]
    order: Option<Integer>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    /// Asks for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    page_token: Option<String>,
    /// The same under its other public name.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// Friends in all.
    total_count: i64,
    /// Those of this page.
    friends: Vec<Friend>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Friend {
    user_id: String,
    /// The hosted profile's name, else the push identity's.
    name: String,
    /// The user's own name for the friend; empty when there is none.
    alias: String,
    friend_ext_profile: BTreeMap<String, String>,
    /// The same as JSON text.
    extra_profile: String,
    /// Unix time in milliseconds.
    added_at: i64,
}

impl Operation for List {
    const PATH: &'static str = "/v4/friend/list";
    const ID: &'static str = "list_friends";
    const TAG: &'static str = "Friendship";
    const SUMMARY: &'static str = "List a user's friends";
    const RATE: RateClass = RateClass::Friends;
    const MUTATES: bool = false;

    type Request = Request;
    type Response = Response;

    async fn call(ctx: &Context, request: Request) -> Result<Response, ApiError> {
        let user = wire::user("userId", &request.user_id)?;
        let page_token = request.page_token.as_deref();
        let page_size = wire::within("pageSize", request.page_size, 50, 1, 100)?;
        let newest_first = wire::newest_first(request.order)?;
        let page = ctx.core.friends(ctx.app.id, user, page_token, page_size, newest_first).await?;
        let friends = page.friends.into_iter().map(Friend::of).collect::<Result<_, _>>()?;
        Ok(Response {
            page_token: page.next.clone(),
            next: page.next,
            total_count: page.total,
            friends,
        })
    }
}

impl Friend {
    fn of(friend: frames::Friend) -> Result<Self, ApiError> {
        let friend_ext_profile: BTreeMap<_, _> = friend.ext_profile.into_iter().collect();
        Ok(Self {
            user_id: friend.user_id,
            name: friend.name,
            alias: friend.alias,
            extra_profile: serde_json::to_string(&friend_ext_profile)
                .map_err(ApiError::internal)?,
            friend_ext_profile,
            added_at: friend.added_at,
        })
    }
}
