//! Every operation, from outside: without a signature, with another app's key, and as it is meant.
//!
//! An operation without its row here fails the first test.

use std::collections::BTreeSet;

use nuncio_api::OPERATIONS;
use nuncio_store::apps::{Edition, Environment};
use serde_json::{Value, json};

use crate::harness::{NOW, Tenant, World, post};

/// What an app is answered that names users of another.
enum Foreign {
    /// The users are not its own: 404 / 40401.
    NotRegistered,
    /// Nothing is refused, since nothing of another app is meant; this is the result.
    Answers(fn() -> Value),
    /// The message is not there: 404 / 22201.
    NoMessage,
    /// The group is not there: 404 / 25410.
    NoGroup,
}
use Foreign::{Answers, NoGroup, NoMessage, NotRegistered};

struct Row {
    path: &'static str,
    body: fn(&Facts) -> Value,
    foreign: Foreign,
}

/// What bodies need to know.
struct Facts {
    message_id: String,
    group_message_id: String,
}

const fn row(path: &'static str, body: fn(&Facts) -> Value, foreign: Foreign) -> Row {
    Row { path, body, foreign }
}

/// In an order in which each can succeed. Alice, bob and carol are registered; alice has sent bob a message, and owns
/// the group `g1`, in which bob is too.
const ROWS: &[Row] = &[
    row("/v4/user/update", |_| json!({ "userId": "alice", "name": "A" }), NotRegistered),
    row("/v4/user/get", |_| json!({ "userId": "alice" }), NotRegistered),
    row(
        "/v4/user/connection-status/get",
        |_| json!({ "userId": "alice", "userIds": ["bob"] }),
        Answers(|| json!({ "status": "0", "users": [{ "userId": "bob", "status": "0" }] })),
    ),
    row("/v4/user/ban", |_| json!({ "userIds": ["carol"], "durationMinutes": 5 }), NotRegistered),
    row("/v4/user/ban/list", |_| json!({}), Answers(|| json!({ "bannedUsers": [] }))),
    row("/v4/user/unban", |_| json!({ "userIds": ["carol"] }), NotRegistered),
    row(
        "/v4/auth/access-token/expire",
        |_| json!({ "userIds": ["alice"], "expiresAt": NOW + 1 }),
        NotRegistered,
    ),
    row(
        "/v4/channel-type/mute/set",
        |_| json!({ "userIds": ["carol"], "muteState": 1, "channelTypes": ["PERSON"] }),
        NotRegistered,
    ),
    row(
        "/v4/channel-type/mute/list",
        |_| json!({ "channelType": "PERSON" }),
        Answers(|| json!({ "totalCount": 0, "mutedUserIds": [] })),
    ),
    row(
        "/v4/user/tag/batch/set",
        |_| json!({ "userIds": ["alice"], "tags": ["vip"] }),
        NotRegistered,
    ),
    row("/v4/user/tag/batch/get", |_| json!({ "userIds": ["alice"] }), NotRegistered),
    row(
        "/v4/user/blocklist/add",
        |_| json!({ "userId": "alice", "targetUserIds": ["mallory"] }),
        NotRegistered,
    ),
    row("/v4/user/blocklist/get", |_| json!({ "userId": "alice" }), NotRegistered),
    row(
        "/v4/user/blocklist/remove",
        |_| json!({ "userId": "alice", "blockedUserIds": ["mallory"] }),
        NotRegistered,
    ),
    row(
        "/v4/user/whitelist/setting/set",
        |_| json!({ "userIds": ["carol"], "enabled": true }),
        NotRegistered,
    ),
    row("/v4/user/whitelist/setting/get", |_| json!({ "userIds": ["carol"] }), NotRegistered),
    row(
        "/v4/user/whitelist/add",
        |_| json!({ "userId": "carol", "targetUserIds": ["bob"] }),
        NotRegistered,
    ),
    row("/v4/user/whitelist/get", |_| json!({ "userId": "carol" }), NotRegistered),
    row(
        "/v4/user/whitelist/remove",
        |_| json!({ "userId": "carol", "targetUserIds": ["bob"] }),
        NotRegistered,
    ),
    row(
        "/v4/user/profile/set",
        |_| json!({ "userId": "alice", "userProfile": { "name": "Al" } }),
        NotRegistered,
    ),
    row(
        "/v4/user/profile/batch/get",
        |_| json!({ "userIds": ["alice"] }),
        Answers(|| json!({ "users": [] })),
    ),
    row("/v4/user/profile/list", |_| json!({}), Answers(|| json!({ "users": [] }))),
    row("/v4/user/profile/delete", |_| json!({ "userIds": ["bob"] }), NotRegistered),
    row(
        "/v4/friend/add",
        |_| json!({ "userId": "alice", "targetId": "bob", "action": 2 }),
        NotRegistered,
    ),
    row("/v4/friend/list", |_| json!({ "userId": "alice" }), NotRegistered),
    row(
        "/v4/friend/relationship/get",
        |_| json!({ "userId": "alice", "targetIds": ["bob"] }),
        NotRegistered,
    ),
    row(
        "/v4/friend/profile/set",
        |_| json!({ "userId": "alice", "targetId": "bob", "alias": "bro" }),
        NotRegistered,
    ),
    row(
        "/v4/friend/permission/set",
        |_| json!({ "userIds": ["alice"], "permissionType": 1 }),
        NotRegistered,
    ),
    row("/v4/friend/permission/get", |_| json!({ "userIds": ["alice"] }), NotRegistered),
    row("/v4/friend/remove", |_| json!({ "userId": "carol", "targetIds": ["bob"] }), NotRegistered),
    row("/v4/friend/remove-all", |_| json!({ "userId": "carol" }), NotRegistered),
    row(
        "/v4/direct-channel/message/send",
        |_| {
            json!({
                "fromUserId": "alice",
                "toUserIds": ["bob"],
                "messageType": "RC:TxtMsg",
                "content": "{\"content\":\"hello\"}",
            })
        },
        NotRegistered,
    ),
    row(
        "/v4/direct-channel/history-message/list",
        |_| {
            json!({
                "userId": "alice",
                "channelId": "bob",
                "startAt": NOW + 1000,
                "endAt": NOW - 1000,
                "includeStart": true,
            })
        },
        NotRegistered,
    ),
    row(
        "/v4/direct-channel/message/update",
        |facts| {
            json!({
                "fromUserId": "alice",
                "targetId": "bob",
                "messageId": facts.message_id,
                "content": "{\"content\":\"edited\"}",
            })
        },
        NotRegistered,
    ),
    row(
        "/v4/message/delete",
        |facts| {
            json!({
                "fromUserId": "alice",
                "channelType": 1,
                "channelId": "bob",
                "messageId": facts.message_id,
            })
        },
        NoMessage,
    ),
    row(
        "/v4/group-channel/create",
        |_| json!({ "channelId": "g2", "name": "Second", "owner": "carol", "userIds": ["bob"] }),
        NotRegistered,
    ),
    row("/v4/group-channel/list", |_| json!({}), Answers(|| json!({ "groups": [] }))),
    row(
        "/v4/group-channel/profile/list",
        |_| json!({ "channelIds": ["g1"] }),
        Answers(|| json!({ "profiles": [] })),
    ),
    row(
        "/v4/group-channel/profile/update",
        |_| json!({ "channelId": "g1", "groupProfile": { "introduction": "Hi" } }),
        NoGroup,
    ),
    row("/v4/group-channel/join", |_| json!({ "channelId": "g1", "userIds": ["carol"] }), NoGroup),
    row("/v4/group-channel/joined/list", |_| json!({ "userId": "bob" }), NotRegistered),
    row("/v4/group-channel/member/list", |_| json!({ "channelId": "g1" }), NoGroup),
    row(
        "/v4/group-channel/member/batch/get",
        |_| json!({ "channelId": "g1", "userIds": ["bob"] }),
        NoGroup,
    ),
    row(
        "/v4/group-channel/member/set",
        |_| json!({ "channelId": "g1", "userId": "bob", "nickname": "B" }),
        NoGroup,
    ),
    row(
        "/v4/group-channel/admin/add",
        |_| json!({ "channelId": "g1", "userIds": ["bob"] }),
        NoGroup,
    ),
    row(
        "/v4/group-channel/admin/remove",
        |_| json!({ "channelId": "g1", "userIds": ["bob"] }),
        NoGroup,
    ),
    row(
        "/v4/group-channel/alias/set",
        |_| json!({ "channelId": "g1", "userId": "bob", "alias": "ours" }),
        NoGroup,
    ),
    row("/v4/group-channel/alias/get", |_| json!({ "channelId": "g1", "userId": "bob" }), NoGroup),
    row(
        "/v4/group-channel/alias/delete",
        |_| json!({ "channelId": "g1", "userId": "bob" }),
        NoGroup,
    ),
    row(
        "/v4/group-channel/member/favorites/add",
        |_| json!({ "channelId": "g1", "userId": "alice", "favoriteIds": ["bob"] }),
        NoGroup,
    ),
    row(
        "/v4/group-channel/member/favorites/list",
        |_| json!({ "channelId": "g1", "userId": "alice" }),
        NoGroup,
    ),
    row(
        "/v4/group-channel/member/favorites/remove",
        |_| json!({ "channelId": "g1", "userId": "alice", "favoriteIds": ["bob"] }),
        NoGroup,
    ),
    row(
        "/v4/group-channel/user/mute-list/add",
        |_| json!({ "channelId": "g1", "userIds": ["bob"], "durationMinutes": 5 }),
        NoGroup,
    ),
    row(
        "/v4/group-channel/user/mute-list/get",
        |_| json!({}),
        Answers(|| json!({ "mutedMembers": [] })),
    ),
    row(
        "/v4/group-channel/user/mute-list/remove",
        |_| json!({ "channelId": "g1", "userIds": ["bob"] }),
        NoGroup,
    ),
    row(
        "/v4/group-channel/message/send",
        |_| {
            json!({
                "fromUserId": "alice",
                "toChannelIds": ["g1"],
                "messageType": "RC:TxtMsg",
                "content": "{\"content\":\"hello\"}",
            })
        },
        NotRegistered,
    ),
    row(
        "/v4/group-channel/history-message/list",
        |_| {
            json!({
                "userId": "alice",
                "channelId": "g1",
                "startAt": NOW + 1000,
                "endAt": NOW - 1000,
                "includeStart": true,
            })
        },
        NoGroup,
    ),
    row(
        "/v4/group-channel/message/update",
        |facts| {
            json!({
                "fromUserId": "alice",
                "channelId": "g1",
                "messageId": facts.group_message_id,
                "content": "{\"content\":\"edited\"}",
            })
        },
        NotRegistered,
    ),
    row("/v4/group-channel/freeze-list/add", |_| json!({ "channelIds": ["g1"] }), NoGroup),
    row(
        "/v4/group-channel/freeze-list/get",
        |_| json!({}),
        Answers(|| json!({ "freezeStatuses": [] })),
    ),
    row("/v4/group-channel/freeze-list/remove", |_| json!({ "channelIds": ["g1"] }), NoGroup),
    row(
        "/v4/group-channel/allowed-sender-list/add",
        |_| json!({ "channelId": "g1", "userIds": ["bob"] }),
        NoGroup,
    ),
    row("/v4/group-channel/allowed-sender-list/get", |_| json!({ "channelId": "g1" }), NoGroup),
    row(
        "/v4/group-channel/allowed-sender-list/remove",
        |_| json!({ "channelId": "g1", "userIds": ["bob"] }),
        NoGroup,
    ),
    row("/v4/group-channel/leave", |_| json!({ "channelId": "g1", "userIds": ["carol"] }), NoGroup),
    row(
        "/v4/group-channel/transfer/owner",
        |_| json!({ "channelId": "g1", "newOwner": "bob" }),
        NoGroup,
    ),
    row("/v4/group-channel/member/kickout-all", |_| json!({ "userId": "alice" }), NotRegistered),
    row("/v4/group-channel/dismiss", |_| json!({ "channelId": "g1" }), NoGroup),
    row(
        "/v4/channel/pin/set",
        |_| json!({ "userId": "alice", "channelType": 1, "channelId": "bob", "isPin": true }),
        NotRegistered,
    ),
    row(
        "/v4/channel/push/set",
        |_| json!({ "requestId": "alice", "channelType": "1", "channelId": "bob", "noDisturbLevel": 5 }),
        NotRegistered,
    ),
    row(
        "/v4/channel/push/get",
        |_| json!({ "requestId": "alice", "channelType": "1", "channelId": "bob" }),
        NotRegistered,
    ),
    row(
        "/v4/channel-type/push/set",
        |_| json!({ "requestId": "alice", "channelType": "3", "noDisturbLevel": 1 }),
        NotRegistered,
    ),
    row(
        "/v4/channel-type/push/get",
        |_| json!({ "requestId": "alice", "channelType": "3" }),
        NotRegistered,
    ),
    row(
        "/v4/user/channel/tag/add",
        |_| json!({ "userId": "alice", "tags": [{ "tagId": "t", "tagName": "Tag" }] }),
        NotRegistered,
    ),
    row("/v4/user/channel/tag/list", |_| json!({ "userId": "alice" }), NotRegistered),
    row(
        "/v4/channel/tag/add",
        |_| json!({ "userId": "alice", "tagId": "t", "channels": [{ "channelType": 3, "channelId": "g1" }] }),
        NotRegistered,
    ),
    row("/v4/channel/tag/list", |_| json!({ "userId": "alice", "tagId": "t" }), NotRegistered),
    row(
        "/v4/channel/attribute/get",
        |_| json!({ "userId": "alice", "channelType": 1, "channelId": "bob" }),
        NotRegistered,
    ),
    row(
        "/v4/channel/tag/delete",
        |_| json!({ "userId": "alice", "tagId": "t", "channels": [{ "channelType": 1, "channelId": "bob" }] }),
        NotRegistered,
    ),
    row(
        "/v4/user/channel/tag/remove",
        |_| json!({ "userId": "alice", "tagIds": ["t"] }),
        NotRegistered,
    ),
    row("/v4/user/soft-delete", |_| json!({ "userIds": ["carol"] }), NotRegistered),
    row("/v4/user/soft-deleted/list", |_| json!({}), Answers(|| json!({ "userIds": [] }))),
    row("/v4/user/restore", |_| json!({ "userIds": ["carol"] }), NotRegistered),
    // The last, because it registers an alice of the other app's own.
    row(
        "/v4/auth/access-token/issue",
        |_| json!({ "userId": "alice", "name": "Stranger" }),
        Answers(|| json!({ "userId": "alice" })),
    ),
];

async fn populate(tenant: &Tenant<'_>) -> Facts {
    tenant.register(&["alice", "bob", "carol"]).await;
    let message = json!({
        "fromUserId": "alice",
        "toUserIds": ["bob"],
        "messageType": "RC:TxtMsg",
        "content": "{\"content\":\"first\"}",
    });
    let tag = json!({ "userId": "alice", "tags": [{ "tagId": "t", "tagName": "Tag" }] });
    tenant.ok("/v4/user/channel/tag/add", tag).await;
    let group = json!({ "channelId": "g1", "name": "First", "owner": "alice", "userIds": ["bob"] });
    tenant.ok("/v4/group-channel/create", group).await;
    let sent = tenant.ok("/v4/direct-channel/message/send", message).await;
    let mut message = json!({ "toChannelIds": ["g1"], "content": "{\"content\":\"first\"}" });
    message["fromUserId"] = json!("alice");
    message["messageType"] = json!("RC:TxtMsg");
    let to_group = tenant.ok("/v4/group-channel/message/send", message).await;
    let id = |sent: Value| sent["messageIds"][0]["messageId"].as_str().unwrap().to_owned();
    Facts { message_id: id(sent), group_message_id: id(to_group) }
}

/// Everything that the reading operations tell.
async fn snapshot(tenant: &Tenant<'_>, facts: &Facts) -> Vec<(&'static str, Value)> {
    let mut all = Vec::new();
    for row in ROWS {
        let operation = OPERATIONS.iter().find(|operation| operation.path == row.path).unwrap();
        if !operation.mutates {
            all.push((row.path, tenant.call(row.path, (row.body)(facts)).await.body));
        }
    }
    all
}

#[test]
fn every_operation_has_a_row_and_every_row_an_operation() {
    let operations: BTreeSet<_> = OPERATIONS.iter().map(|operation| operation.path).collect();
    let rows: BTreeSet<_> = ROWS.iter().map(|row| row.path).collect();
    assert_eq!(operations, rows);
    assert_eq!(rows.len(), ROWS.len());
}

#[tokio::test]
async fn no_operation_answers_without_a_signature_under_any_of_its_paths() {
    let world = World::new().await;
    let facts = populate(&world.tenant().await).await;
    for row in ROWS {
        let operation = OPERATIONS.iter().find(|operation| operation.path == row.path).unwrap();
        for path in std::iter::once(&row.path).chain(operation.aliases) {
            let body = (row.body)(&facts).to_string();
            let (status, code, _) = world.send(post(path, &[], body)).await.refusal();
            assert_eq!((status, code), (401, 1004), "{path}");
        }
    }
}

#[tokio::test]
async fn no_operation_reads_or_changes_what_is_another_apps() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    let facts = populate(&tenant).await;
    // Something of each kind, for the stranger not to find.
    for (path, body) in [
        ("/v4/user/ban", json!({ "userIds": ["carol"], "durationMinutes": -1 })),
        ("/v4/user/tag/batch/set", json!({ "userIds": ["alice"], "tags": ["vip"] })),
        ("/v4/user/blocklist/add", json!({ "userId": "alice", "targetUserIds": ["mallory"] })),
        ("/v4/user/whitelist/add", json!({ "userId": "carol", "targetUserIds": ["bob"] })),
        ("/v4/user/profile/set", json!({ "userId": "alice", "userProfile": { "name": "Al" } })),
        ("/v4/friend/add", json!({ "userId": "alice", "targetId": "bob", "action": 2 })),
        ("/v4/group-channel/freeze-list/add", json!({ "channelIds": ["g1"] })),
        (
            "/v4/group-channel/user/mute-list/add",
            json!({ "userIds": ["carol"], "durationMinutes": 0 }),
        ),
        (
            "/v4/channel-type/mute/set",
            json!({ "userIds": ["carol"], "muteState": 1, "channelTypes": ["PERSON"] }),
        ),
    ] {
        tenant.ok(path, body).await;
    }
    let before = snapshot(&tenant, &facts).await;

    let stranger = world.tenant().await;
    for row in ROWS {
        let body = (row.body)(&facts);
        match &row.foreign {
            NotRegistered | NoMessage | NoGroup => {
                let (status, code, sentence) = stranger.refused(row.path, body).await;
                let expected = match row.foreign {
                    NoMessage => 22201,
                    NoGroup => 25410,
                    _ => 40401,
                };
                assert_eq!((status, code), (404, expected), "{} {sentence}", row.path);
            }
            Answers(result) => {
                let mut found = stranger.ok(row.path, body).await;
                if let Some(members) = found.as_object_mut() {
                    members.remove("accessToken");
                }
                assert_eq!(found, result(), "{}", row.path);
            }
        }
    }
    assert_eq!(snapshot(&tenant, &facts).await, before);
}

#[tokio::test]
async fn every_operation_succeeds_as_it_is_meant() {
    let world = World::new().await;
    let tenant = world.tenant_in(Environment::Development, Edition::Free).await;
    let facts = populate(&tenant).await;
    for row in ROWS {
        if row.path == "/v4/user/restore" {
            world.core.run_activations().await.unwrap();
        }
        tenant.ok(row.path, (row.body)(&facts)).await;
    }
}

#[tokio::test]
async fn every_operation_that_changes_something_leaves_its_trace_except_sending() {
    let world = World::new().await;
    let tenant = world.tenant_in(Environment::Development, Edition::Free).await;
    let facts = populate(&tenant).await;
    // What the rows take away.
    for friend in ["alice", "bob"] {
        let friends = json!({ "userId": "carol", "targetId": friend, "action": 2 });
        tenant.ok("/v4/friend/add", friends).await;
    }
    tenant
        .ok("/v4/user/profile/set", json!({ "userId": "bob", "userProfile": { "name": "B" } }))
        .await;
    let chain = async || world.core.audit_after(tenant.app.id, 0).await.unwrap();
    for (number, row) in ROWS.iter().enumerate() {
        if row.path == "/v4/user/restore" {
            world.core.run_activations().await.unwrap();
        }
        let before = chain().await.len();
        let id = format!("request-{number}");
        let answer = tenant.call_with(row.path, &[("X-Request-ID", &id)], (row.body)(&facts)).await;
        assert_eq!(answer.status, 200, "{} {:?}", row.path, answer.body);
        let entries = chain().await.split_off(before);
        let operation = OPERATIONS.iter().find(|operation| operation.path == row.path).unwrap();
        let audited = operation.mutates && !row.path.ends_with("/message/send");
        assert_eq!(!entries.is_empty(), audited, "{} {entries:?}", row.path);
        for entry in entries {
            assert_eq!(
                (entry.actor.as_str(), entry.request_id),
                ("app", id.clone()),
                "{}",
                row.path
            );
        }
    }
    let verified = world.core.verify_audit(tenant.app.id, None).await.unwrap();
    assert_eq!(verified.breaks, []);
    let all = format!("{:?}", chain().await);
    assert!(
        !all.contains("hello") && !all.contains(&tenant.secret) && !all.contains("nct_"),
        "{all}"
    );
}
