//! The groups that a user is in, all at once: the newer operation gives pages.

use crate::prelude::*;

pub(super) struct JoinedGroups;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    user_id: Id,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Groups {
    groups: Vec<Group>,
}

#[derive(Serialize, JsonSchema)]
struct Group {
    id: String,
    name: String,
}

impl Operation for JoinedGroups {
    const PATH: &'static str = "/user/group/query.json";
    const ID: &'static str = "list_joined_groups";
    const TAG: &'static str = "GroupChannelManagement";
    const SUMMARY: &'static str = "List all groups that a user is in";
    const RATE: RateClass = RateClass::Groups;
    const MUTATES: bool = false;

    type Request = Request;
    type Response = Groups;

    async fn call(ctx: &Context, request: Request) -> Result<Groups, ApiError> {
        let user = wire::user("userId", &request.user_id)?;
        let all = i64::try_from(limits::JOINED_GROUPS).unwrap_or(i64::MAX - 1);
        let page = ctx.core.joined_groups(ctx.app.id, user, None, None, all, false).await?;
        let groups = page
            .items
            .into_iter()
            .map(|joined| Group { id: joined.group.id.to_string(), name: joined.group.name })
            .collect();
        Ok(Groups { groups })
    }
}
