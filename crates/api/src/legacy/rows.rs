//! The older paths.

use serde_json::{Map, Value, json};

use super::Form::{JsonText, List, One};
use super::{
    Encoding, Member, Missing, Reply, Row, joined_groups, quiet_hours, renamed, test_users,
};
use crate::operation::Declared;
use crate::{blocklist, friend, mute, profile, tag, token, user, whitelist};

macro_rules! rows {
    ($(
        $path:literal = $operation:path
            { $($theirs:literal => $ours:literal $form:expr),* $(,)? }
            $($answer:expr)?
            $(, most $most:literal)?
            $(, as $encoding:ident)?;
    )+) => {
        /// Every older path that leads to an operation.
        pub(crate) static ROWS: &[Row] = &[$(Row {
            path: $path,
            operation: const { &Declared::of::<$operation>() },
            encoding: rows!(@encoding $($encoding)?),
            members: &[$(Member($theirs, $ours, $form)),*],
            answer: rows!(@answer $($answer)?),
            most: rows!(@most $($most)?),
        },)+];
    };
    (@encoding) => { Encoding::Form };
    (@encoding $encoding:ident) => { Encoding::$encoding };
    (@answer) => { Reply::Plain };
    (@answer $answer:expr) => { $answer };
    (@most) => { None };
    (@most $most:literal) => { Some($most) };
}

rows! {
    "/user/getToken.json" = token::issue::Issue
        { "userId" => "userId" One, "name" => "name" One, "portraitUri" => "avatarUrl" One }
        Reply::Renamed(&[("userId", "userId"), ("accessToken", "token")]);
    "/user/token/expire.json" = token::expire::Expire
        { "userId" => "userIds" List, "time" => "expiresAt" One };
    "/user/refresh.json" = user::update::Update
        { "userId" => "userId" One, "name" => "name" One, "portraitUri" => "avatarUrl" One };
    "/user/info.json" = user::get::Get
        { "userId" => "userId" One }
        Reply::Renamed(&[("name", "userName"), ("avatarUrl", "userPortrait"), ("createdAt", "createTime")]);
    "/user/checkOnline.json" = user::connection_status::ConnectionStatus
        { "userId" => "userId" One }
        Reply::Renamed(&[("status", "status")]);

    "/user/block.json" = user::ban::Ban
        { "userId" => "userIds" List, "minute" => "durationMinutes" One };
    "/user/unblock.json" = user::unban::Unban
        { "userId" => "userIds" List };
    "/user/block/query.json" = user::banned::Banned
        { "page" => "page" One, "size" => "pageSize" One }
        Reply::Made(|result| json!({
            "users": each(&result["bannedUsers"], &[("userId", "userId"), ("banExpiresAt", "blockEndTime")]),
        }));

    "/user/blacklist/add.json" = blocklist::add::Add
        { "userId" => "userId" One, "blackUserId" => "targetUserIds" List };
    "/user/blacklist/remove.json" = blocklist::remove::Remove
        { "userId" => "userId" One, "blackUserId" => "blockedUserIds" List };
    "/user/blacklist/query.json" = blocklist::get::Get
        { "userId" => "userId" One, "pageToken" => "pageToken" One, "size" => "pageSize" One }
        Reply::Renamed(&[("blockedUserIds", "users"), ("next", "next")]);

    "/user/whitesetting/set.json" = whitelist::set_enabled::SetEnabled
        { "userId" => "userIds" List, "whiteSetting" => "enabled" One };
    "/user/whitesetting/query.json" = whitelist::enabled::Enabled
        { "userId" => "userIds" List }
        Reply::Made(white_settings);
    "/user/whitelist/add.json" = whitelist::add::Add
        { "userId" => "userId" One, "whiteUserId" => "targetUserIds" List };
    "/user/whitelist/remove.json" = whitelist::remove::Remove
        { "userId" => "userId" One, "whiteUserId" => "targetUserIds" List };
    "/user/whitelist/query.json" = whitelist::get::Get
        { "userId" => "userId" One, "pageToken" => "pageToken" One, "size" => "pageSize" One }
        Reply::Renamed(&[("whitelistedUserIds", "users"), ("next", "next")]);

    "/user/deactivate.json" = user::soft_delete::SoftDelete
        { "userId" => "userIds" List }
        Reply::Renamed(&[("operationId", "operateId")]);
    "/user/deactivate/query.json" = user::soft_deleted::SoftDeleted
        { "pageNo" => "page" One, "pageSize" => "pageSize" One }
        Reply::Renamed(&[("userIds", "users")]);
    "/user/reactivate.json" = user::restore::Restore
        { "userId" => "userIds" List }
        Reply::Renamed(&[("operationId", "operateId")]);
    "/user/activate.json" = user::restore::Restore
        { "userId" => "userIds" List }
        Reply::Renamed(&[("operationId", "operateId")]);

    "/user/group/query.json" = joined_groups::JoinedGroups
        { "userId" => "userId" One }
        Reply::Renamed(&[("groups", "groups")]);

    "/user/blockPushPeriod/set.json" = quiet_hours::Set
        {
            "userId" => "userId" One,
            "startTime" => "startTime" One,
            "period" => "period" One,
            "level" => "level" One,
        };
    "/user/blockPushPeriod/get.json" = quiet_hours::Get
        { "userId" => "userId" One }
        Reply::Made(|result| json!({ "data": result }));
    "/user/blockPushPeriod/delete.json" = quiet_hours::Delete
        { "userId" => "userId" One };

    "/user/query.json" = test_users::List
        { "page" => "page" One, "pageSize" => "pageSize" One, "order" => "order" One }
        Reply::Renamed(&[("users", "users")]);
    "/user/delusers.json" = test_users::Delete
        { "userId" => "userIds" List };

    "/user/tag/set.json" = tag::set::Set
        { "userId" => "userIds" List, "tags" => "tags" One }, as Json;
    "/user/tag/batch/set.json" = tag::set::Set
        { "userIds" => "userIds" List, "tags" => "tags" One }, as Json;
    "/user/tags/get.json" = tag::get::Get
        { "userIds" => "userIds" List }
        Reply::Made(tags_by_user);

    "/user/chat/fb/set.json" = mute::set::Set
        { "userId" => "userIds" List, "state" => "muteState" One, "type" => "channelTypes" List };
    "/user/chat/fb/querylist.json" = mute::list::List
        { "num" => "pageSize" One, "offset" => "offset" One, "type" => "channelType" One }
        Reply::Renamed(&[("totalCount", "total"), ("mutedUserIds", "users")]);

    "/user/profile/set.json" = profile::set::Set
        {
            "userId" => "userId" One,
            "userProfile" => "userProfile" JsonText,
            "userExtProfile" => "userExtProfile" JsonText,
        };
    "/user/profile/clean.json" = profile::delete::Delete
        { "userId" => "userIds" List };
    "/user/profile/batch/query.json" = profile::get::Get
        { "userId" => "userIds" List }
        Reply::Made(profiles), most 100;
    "/user/profile/query.json" = profile::list::List
        { "page" => "page" One, "size" => "pageSize" One, "order" => "order" One }
        Reply::Made(profiles);

    "/friend/add.json" = friend::add::Add
        {
            "userId" => "userId" One,
            "targetId" => "targetId" One,
            "optType" => "action" One,
            "extra" => "extra" One,
        };
    "/friend/delete.json" = friend::remove::Remove
        { "userId" => "userId" One, "targetIds" => "targetIds" List, "targetId" => "targetIds" List };
    "/friend/clean.json" = friend::remove_all::RemoveAll
        { "userId" => "userId" One };
    "/friend/get.json" = friend::list::List
        {
            "userId" => "userId" One,
            "pageToken" => "pageToken" One,
            "size" => "pageSize" One,
            "order" => "order" One,
        }
        Reply::Made(friends);
    "/friend/check.json" = friend::relationships::Relationships
        { "userId" => "userId" One, "targetIds" => "targetIds" List }
        Reply::Renamed(&[("friendships", "results")]), most 100;
    "/friend/profile/set.json" = friend::set_profile::SetProfile
        {
            "userId" => "userId" One,
            "targetId" => "targetId" One,
            "remarkName" => "alias" One,
            "friendExtProfile" => "friendExtProfile" JsonText,
        };
    "/friend/permission/set.json" = friend::set_permission::SetPermission
        { "userIds" => "userIds" List, "permissionType" => "permissionType" One };
    "/friend/permission/get.json" = friend::permission::Permission
        { "userIds" => "userIds" List }
        Reply::Made(|result| json!({
            "permissionSettings": each(
                &result["permissions"],
                &[("userId", "userId"), ("permissionType", "type")],
            ),
        }));
}

/// Older paths whose features this server does not have.
pub(crate) static MISSING: &[Missing] = &[
    Missing { path: "/user/remarks/set.json", feature: REMARKS },
    Missing { path: "/user/remarks/get.json", feature: REMARKS },
    Missing { path: "/user/remarks/del.json", feature: REMARKS },
];
const REMARKS: &str =
    "names that push alone uses: a friend's alias is set by /friend/profile/set.json";

/// Each object of a list, its members renamed.
fn each(list: &Value, names: &[(&str, &str)]) -> Value {
    list.as_array().into_iter().flatten().map(|entry| renamed(entry, names)).collect()
}

fn white_settings(result: &Value) -> Value {
    let users: Value = entries_of(&result["settings"])
        .map(|entry| {
            let setting = if entry["enabled"] == true { "1" } else { "0" };
            json!({ "userId": entry["userId"], "whiteSetting": setting })
        })
        .collect();
    json!({ "users": users })
}

fn tags_by_user(result: &Value) -> Value {
    let tags: Map<String, Value> = entries_of(&result["users"])
        .filter_map(|entry| Some((entry["userId"].as_str()?.to_owned(), entry["tags"].clone())))
        .collect();
    json!({ "result": tags })
}

/// Profiles, with both maps as JSON text.
fn profiles(result: &Value) -> Value {
    let users: Value = entries_of(&result["users"])
        .map(|entry| {
            let mut entry = entry.clone();
            for map in ["userProfile", "userExtProfile"] {
                entry[map] = Value::String(entry[map].to_string());
            }
            entry
        })
        .collect();
    json!({ "userList": users })
}

fn friends(result: &Value) -> Value {
    let names = [
        ("userId", "userId"),
        ("name", "name"),
        ("alias", "remarkName"),
        ("extraProfile", "friendExtProfile"),
        ("addedAt", "time"),
    ];
    let list = each(&result["friends"], &names);
    let mut answer = renamed(result, &[("pageToken", "pageToken"), ("totalCount", "totalCount")]);
    answer["friendList"] = list;
    answer
}

fn entries_of(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::openapi::request_schema;

    #[test]
    fn each_row_speaks_of_members_that_its_operation_has() {
        let mut paths = HashSet::new();
        for row in ROWS {
            assert!(
                row.path.strip_suffix(".json").is_some() && paths.insert(row.path),
                "{}",
                row.path
            );
            let schema = request_schema(row.operation);
            for Member(_, ours, _) in row.members {
                assert!(schema["properties"][*ours].is_object(), "{} {ours}", row.path);
            }
            for required in schema["required"].as_array().into_iter().flatten() {
                let given = row.members.iter().any(|Member(_, ours, _)| required == ours);
                assert!(given, "{} {required}", row.path);
            }
        }
        assert!(MISSING.iter().all(|missing| paths.insert(missing.path)));
    }
}
