//! `POST /v4/friend/relationship/get`: say who is a user's friend.

use crate::prelude::*;

pub(crate) struct Relationships;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// Whose friends.
    user_id: Id,
    /// The users in question.
    #[schemars(length(min = 1, max = 20))]
    target_ids: Vec<Id>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Response {
    /// In the order asked for.
    friendships: Vec<Friendship>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Friendship {
    user_id: String,
    /// 1: not friends; 4: friends.
    result: i64,
}

impl Operation for Relationships {
    const PATH: &'static str = "/v4/friend/relationship/get";
    const ID: &'static str = "get_friend_relationships";
    const TAG: &'static str = "Friendship";
    const SUMMARY: &'static str = "Say which users are friends of a user";
    const RATE: RateClass = RateClass::Friends;
    const COUNTED: Counted = Counted::Each("targetIds");
    const MUTATES: bool = false;

    type Request = Request;
    type Response = Response;

    async fn call(ctx: &Context, request: Request) -> Result<Response, ApiError> {
        let user = wire::user("userId", &request.user_id)?;
        let targets =
            wire::others(&user, "targetIds", &request.target_ids, ctx.most(limits::BATCH))?;
        let relations = ctx.core.are_friends(ctx.app.id, user, targets).await?;
        let friendships = relations
            .into_iter()
            .map(|(user, friends)| Friendship {
                user_id: user.to_string(),
                result: if friends { 4 } else { 1 },
            })
            .collect();
        Ok(Response { friendships })
    }
}
