//! What the console is for: apps and their users.

use serde_json::{Value, json};

use crate::harness::{Browser, World};

async fn register(owner: &Browser, app: &str, user: &str, name: &str) -> u16 {
    let body = json!({ "appKey": app, "userId": user, "name": name });
    owner.call("users/register", body).await.status
}

fn ids(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|u| u["userId"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_development_app_takes_100_users_and_one_more_for_each_that_is_deleted() {
    let world = World::new().await;
    let owner = world.owner().await;
    let app = owner.app("development", "premium").await;
    for n in 0..100 {
        assert_eq!(register(&owner, &app, &format!("u{n}"), "N").await, 200);
    }
    let body = json!({ "appKey": app, "userId": "u100", "name": "N" });
    assert_eq!(owner.call("users/register", body).await.refusal(), "USER_QUOTA");
    let usage = owner.call("apps/usage", json!({ "appKey": app })).await.ok();
    assert_eq!((&usage["registered"], &usage["userLimit"]), (&json!(100), &json!(100)));
    owner.call("users/delete", json!({ "appKey": app, "userIds": ["u7"] })).await.ok();
    assert_eq!(register(&owner, &app, "u100", "N").await, 200);
}

#[tokio::test]
async fn users_of_a_production_app_are_never_deleted_for_good() {
    let world = World::new().await;
    let owner = world.owner().await;
    let app = owner.app("production", "flagship").await;
    register(&owner, &app, "alice", "Alice").await;
    let refused = owner.call("users/delete", json!({ "appKey": app, "userIds": ["alice"] })).await;
    assert_eq!((refused.status, refused.refusal()), (401, "NOT_ALLOWED_FOR_APP"));
    // Nor is there a way around by another environment.
    let body = json!({ "appKey": app, "environment": "development" });
    owner.call("apps/update", body).await.ok();
    let shown = owner.call("apps/get", json!({ "appKey": app })).await.ok();
    assert_eq!(shown["environment"], "production");
}

#[tokio::test]
async fn users_are_found_by_how_their_id_or_name_begins_page_by_page() {
    let world = World::new().await;
    let owner = world.owner().await;
    let app = owner.app("production", "flagship").await;
    for (id, name) in [
        ("anna1", "Zoe"),
        ("anna2", "anna b"),
        ("bob", "Anna A"),
        ("carl", "ANNA C"),
        ("dora", "Dora"),
    ] {
        register(&owner, &app, id, name).await;
        world.clock.advance_ms(1);
    }
    let found = owner.call("users/list", json!({ "appKey": app, "query": "anna" })).await.ok();
    assert_eq!(ids(&found), ["anna1", "anna2", "bob", "carl"]);
    let (mut all, mut token) = (Vec::new(), Value::Null);
    loop {
        let body = json!({ "appKey": app, "query": "anna", "pageSize": 1, "pageToken": token });
        let page = owner.call("users/list", body).await.ok();
        all.extend(ids(&page).into_iter().map(str::to_owned));
        token = page["pageToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(all, ["anna1", "anna2", "bob", "carl"]);
    let body = json!({ "appKey": app, "pageSize": 3 });
    let first = owner.call("users/list", body).await.ok();
    assert_eq!(ids(&first), ["dora", "carl", "bob"]);
    let body = json!({ "appKey": app, "pageSize": 3, "pageToken": first["pageToken"] });
    let second = owner.call("users/list", body).await.ok();
    assert_eq!(ids(&second), ["anna2", "anna1"]);
    assert!(second["pageToken"].is_null());
}

#[tokio::test]
async fn a_users_page_shows_what_was_done_by_whom() {
    let world = World::new().await;
    let owner = world.owner().await;
    let app = owner.app("production", "flagship").await;
    register(&owner, &app, "alice", "Alice").await;
    let body = json!({
        "appKey": app, "userIds": ["alice"], "durationMinutes": 60, "reason": "<b>spam</b>",
    });
    owner.call("users/ban", body).await.ok();
    let user = owner.call("users/get", json!({ "appKey": app, "userId": "alice" })).await.ok();
    assert_eq!(user["status"], json!(["banned"]));
    assert_eq!(user["ban"]["reason"], "<b>spam</b>");
    assert_eq!(user["ban"]["until"], world.core.now().0 + 3_600_000);
    let newest = &user["history"][0];
    assert_eq!(newest["action"], "user.ban");
    assert_eq!(newest["actor"], json!({ "kind": "operator", "name": "ada" }));
    assert_eq!(newest["address"], "127.0.0.1");
    let banned = owner.call("users/list", json!({ "appKey": app, "status": "banned" })).await.ok();
    assert_eq!(ids(&banned), ["alice"]);
    owner.call("users/unban", json!({ "appKey": app, "userIds": ["alice"] })).await.ok();
    let user = owner.call("users/get", json!({ "appKey": app, "userId": "alice" })).await.ok();
    assert_eq!((&user["status"], &user["ban"]), (&json!(["active"]), &Value::Null));
    let verified = owner.call("audit/verify", json!({})).await.ok();
    assert_eq!(verified["intact"], true);
}

#[tokio::test]
async fn settings_are_changed_one_by_one_and_promoted_to_production() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (from, to) =
        (owner.app("development", "free").await, owner.app("production", "flagship").await);
    let set = async |app: &str, settings: Value| {
        owner.call("settings/set", json!({ "appKey": app, "settings": settings })).await
    };
    let settings = json!({
        "onlyFriendsCanMessage": true, "tokenTtlSeconds": 3600, "devicesPerUser": 3,
    });
    set(&from, settings).await.ok();
    let after = set(&from, json!({ "tokenTtlSeconds": null })).await.ok();
    assert_eq!((&after["tokenTtlSeconds"], &after["devicesPerUser"]), (&Value::Null, &json!(3)));
    for wrong in [
        json!({ "devicesPerUser": 0 }),
        json!({ "friendPermission": 4 }),
        json!({ "profileExtKeys": ["x"] }),
        json!({ "noSuchSetting": true }),
    ] {
        assert_eq!(set(&from, wrong).await.refusal(), "BAD_PARAMETER");
    }
    let body = json!({ "appKey": from, "toAppKey": to, "dryRun": true });
    let told = owner.call("apps/promote", body).await.ok();
    let before = owner.call("settings/get", json!({ "appKey": to })).await.ok();
    assert_eq!(before["onlyFriendsCanMessage"], false, "a dry run changes nothing");
    let body = json!({ "appKey": from, "toAppKey": to });
    assert_eq!(owner.call("apps/promote", body).await.ok(), told);
    let after = owner.call("settings/get", json!({ "appKey": to })).await.ok();
    assert_eq!(after, owner.call("settings/get", json!({ "appKey": from })).await.ok());
}

#[tokio::test]
async fn the_explorer_signs_what_the_server_api_then_answers() {
    let world = World::new().await;
    let owner = world.owner().await;
    let app = owner.app("production", "flagship").await;
    let settings = json!({ "requireSignatureV2": true });
    owner.call("settings/set", json!({ "appKey": app, "settings": settings })).await.ok();
    let explore = async |path: &str, body: Value| {
        owner.call("explorer/send", json!({ "appKey": app, "path": path, "body": body })).await
    };
    let sent = explore("/v4/auth/access-token/issue", json!({ "userId": "alice", "name": "A" }))
        .await
        .ok();
    assert_eq!(sent["status"], 200, "{sent}");
    let sent = explore("/v4/user/get", json!({ "userId": "alice" })).await.ok();
    let body: Value = serde_json::from_str(sent["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["result"]["name"], "A");
    assert_eq!(explore("/v4/$(id)", json!({})).await.refusal(), "BAD_PARAMETER");
    let secret = owner.call("apps/secret", json!({ "appKey": app })).await.ok();
    assert!(!sent["curl"].as_str().unwrap().contains(secret["appSecret"].as_str().unwrap()));
    let body = json!({ "appKey": app, "path": "/v4/user/get", "body": {}, "withSecret": true });
    let curl = owner.call("explorer/curl", body.clone()).await.ok();
    assert!(curl["curl"].as_str().unwrap().contains(secret["appSecret"].as_str().unwrap()));
    world.clock.advance_ms(11 * 60 * 1000);
    assert_eq!(owner.call("explorer/curl", body).await.refusal(), "CONFIRMATION_NEEDED");
}
