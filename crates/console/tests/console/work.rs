//! What the console is for: apps and their users.

use nuncio_core::operators::Role;
use serde_json::{Value, json};

use crate::harness::{Browser, PASSWORD, World};

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

#[tokio::test]
async fn an_app_is_deleted_by_its_owner_who_types_its_name_and_gave_the_password() {
    let world = World::new().await;
    let owner = world.owner().await;
    let app = owner.app("production", "flagship").await;
    register(&owner, &app, "alice", "Alice").await;
    let developer = world.operator(&owner, "dora", Some(&app), Role::Developer).await;
    let body = json!({ "appKey": app, "confirm": "Test" });
    assert_eq!(developer.call("apps/delete", body.clone()).await.refusal(), "ROLE_TOO_LOW");
    let wrong = json!({ "appKey": app, "confirm": "test" });
    assert_eq!(owner.call("apps/delete", wrong).await.refusal(), "BAD_PARAMETER");
    world.clock.advance_ms(11 * 60 * 1000);
    assert_eq!(owner.call("apps/delete", body.clone()).await.refusal(), "CONFIRMATION_NEEDED");
    owner.call("session/confirm", json!({ "password": PASSWORD })).await.ok();
    owner.call("apps/delete", body).await.ok();
    for (path, member) in [("apps/get", "userId"), ("users/get", "userId")] {
        let body = json!({ "appKey": app, member: "alice" });
        assert_eq!(owner.call(path, body).await.refusal(), "APP_NOT_FOUND");
    }
    let session = developer.call("session/get", json!({})).await.ok();
    assert_eq!(session["grants"], json!([]));
    assert!(world.core.erase_apps().await.unwrap() > 0);
    let trail = owner.call("audit/list", json!({ "action": "app." })).await.ok();
    let entry = &trail["items"][0];
    assert_eq!((&entry["action"], &entry["actor"]["name"]), (&json!("app.delete"), &json!("ada")));
    assert_eq!(entry["after"]["appKey"], app);
}

#[tokio::test]
async fn the_trail_tells_who_came_in_and_is_narrowed_down_and_exported() {
    let world = World::new().await;
    let owner = world.owner().await;
    world.clock.advance_ms(1000);
    let begun = world.core.now().0;
    let stranger = world.browser();
    assert_eq!(stranger.sign_in("ada", "not the password").await.refusal(), "WRONG_CREDENTIALS");
    assert_eq!(stranger.sign_in("<script>", "x").await.refusal(), "WRONG_CREDENTIALS");
    stranger.sign_in("ada", PASSWORD).await.ok();
    let new = json!({ "current": PASSWORD, "password": "quite another sentence" });
    owner.call("account/set-password", new).await.ok();
    let list = async |filter: Value| {
        let found = owner.call("audit/list", filter).await.ok();
        let items = found["items"].as_array().unwrap().iter();
        items.map(|e| (e["action"].clone(), e["actor"]["name"].clone())).collect::<Vec<_>>()
    };
    let entry = |action: &str, name: &str| (json!(action), json!(name));
    let all = list(json!({ "from": begun })).await;
    assert_eq!(
        all,
        [
            entry("operator.set_password", "ada"),
            entry("operator.sign_in", "ada"),
            entry("operator.sign_in_failed", ""),
            entry("operator.sign_in_failed", "ada"),
        ]
    );
    let failed = json!({ "from": begun, "action": "operator.sign_in_failed", "operator": "ada" });
    assert_eq!(list(failed).await, [entry("operator.sign_in_failed", "ada")]);
    let before = list(json!({ "to": begun })).await;
    assert_eq!(before, [entry("operator.redeem_link", "ada")]);
    let export = owner.download("audit/export", json!({ "from": begun })).await;
    let lines: Vec<Value> =
        export.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[0]["operation"], "operator.set_password");
    assert_eq!(lines[3]["address"], "127.0.0.1");
    let support = world.operator(&owner, "sue", None, Role::Support).await;
    assert_eq!(support.call("audit/export", json!({})).await.refusal(), "ROLE_TOO_LOW");
}

#[tokio::test]
async fn a_webhook_is_reached_only_through_its_own_app() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (app, other) =
        (owner.app("development", "free").await, owner.app("development", "free").await);
    let body = json!({
        "appKey": app, "name": "Mine", "url": "https://app.example.org/hook", "events": ["message:send"],
    });
    let made = owner.call("webhooks/add", body).await.ok();
    assert_eq!(made["secret"].as_str().unwrap().len(), 32);
    let id = made["webhook"]["id"].as_str().unwrap();
    for call in ["set", "remove", "secret", "rotate-secret", "test", "deliveries", "redeliver"] {
        let body = |app: &str| json!({ "appKey": app, "id": id, "deliveryId": "0000000000001" });
        let theirs = owner.call(&format!("webhooks/{call}"), body(&other)).await;
        assert_eq!((theirs.status, theirs.refusal()), (404, "WEBHOOK_NOT_FOUND"), "{call}");
    }
    let set = json!({ "appKey": app, "id": id, "active": false, "timeoutMs": 700 });
    let set = owner.call("webhooks/set", set).await.ok();
    assert_eq!((&set["active"], &set["timeoutMs"]), (&json!(false), &json!(700)));
    for wrong in [
        json!({ "url": "ftp://app.example.org" }),
        json!({ "url": "https://user:password@app.example.org" }),
        json!({ "events": ["message:sent"] }),
        json!({ "timeoutMs": 99 }),
        json!({ "name": "" }),
    ] {
        let mut body = json!({ "appKey": app, "id": id });
        body.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
        assert_eq!(owner.call("webhooks/set", body).await.refusal(), "BAD_PARAMETER", "{wrong}");
    }
    let listed = owner.call("webhooks/list", json!({ "appKey": app })).await.ok();
    assert_eq!(listed["webhooks"].as_array().unwrap().len(), 1);
    assert!(listed["webhooks"][0].get("secret").is_none());
    let none = owner.call("webhooks/list", json!({ "appKey": other })).await.ok();
    assert_eq!(none["webhooks"], json!([]));
    owner.call("webhooks/remove", json!({ "appKey": app, "id": id })).await.ok();
    let trail = owner.call("audit/list", json!({ "appKey": app })).await.ok();
    let actions: Vec<_> =
        trail["items"].as_array().unwrap().iter().map(|e| e["action"].as_str().unwrap()).collect();
    assert_eq!(actions[..3], ["webhook.remove", "webhook.set", "webhook.add"]);
}

#[tokio::test]
async fn a_webhooks_test_and_redeliver_buttons_cannot_be_made_a_flood() {
    let world = World::new().await;
    let owner = world.owner().await;
    let app = owner.app("development", "free").await;
    let body = json!({
        "appKey": app, "name": "hook", "url": "https://app.example.org/", "events": ["message:send"],
    });
    let made = owner.call("webhooks/add", body).await.ok();
    let one = json!({ "appKey": app, "id": made["webhook"]["id"] });
    let (mut posted, test) = (0, "webhooks/test");
    while owner.call(test, one.clone()).await.status == 200 {
        posted += 1;
    }
    assert_eq!(posted, 10);
    let refused = owner.call(test, one.clone()).await;
    assert_eq!((refused.status, &refused.body["retryAfter"]), (429, &json!(6)), "{}", refused.body);
    world.clock.advance_ms(6_000);
    owner.call(test, one.clone()).await.ok();
    let again = json!({ "appKey": app, "id": one["id"], "deliveryId": "0GKZ5W3E00005" });
    let mut tries = 0;
    while owner.call("webhooks/redeliver", again.clone()).await.status != 429 {
        tries += 1;
        assert!(tries <= 100, "there is no end");
    }
    assert_eq!(tries, 100);
}
