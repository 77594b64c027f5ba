//! Exports of one user's data.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};

use nuncio_core::operators::Role;
use nuncio_store::exports::Section;
use serde_json::{Value, json};

use crate::harness::{Browser, PASSWORD, World};

/// The files of a ZIP, parsed.
fn open(bytes: &[u8]) -> BTreeMap<String, Value> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut files = BTreeMap::new();
    for at in 0..archive.len() {
        let mut file = archive.by_index(at).unwrap();
        let (name, mut text) = (file.name().unwrap().into_owned(), String::new());
        file.read_to_string(&mut text).unwrap();
        files.insert(name, serde_json::from_str(&text).unwrap());
    }
    files
}

async fn create(browser: &Browser, app: &str, user: &str) -> String {
    let made = browser.call("exports/create", json!({ "appKey": app, "userId": user })).await.ok();
    made["id"].as_str().unwrap().to_owned()
}

async fn send(browser: &Browser, app: &str, from: &str, to: &str, text: &str) {
    let body = json!({
        "fromUserId": from, "toUserIds": [to], "messageType": "RC:TxtMsg",
        "content": json!({ "content": text }).to_string(), "includeSender": true,
    });
    let call = json!({ "appKey": app, "path": "/v4/direct-channel/message/send", "body": body });
    let sent = browser.call("explorer/send", call).await.ok();
    assert_eq!(sent["status"], 200, "{sent}");
}

async fn register(browser: &Browser, app: &str, user: &str) {
    let body = json!({ "appKey": app, "userId": user, "name": format!("Name of {user}") });
    browser.call("users/register", body).await.ok();
}

#[tokio::test]
async fn all_of_a_users_data_comes_as_a_file_that_goes_after_a_day() {
    let world = World::new().await;
    let owner = world.owner().await;
    let app = owner.app("production", "flagship").await;
    for user in ["alice", "bob", "carol"] {
        register(&owner, &app, user).await;
    }
    for number in 0..250 {
        send(&owner, &app, "alice", "bob", &format!("text {number}")).await;
    }
    send(&owner, &app, "carol", "bob", "between others").await;
    let ban =
        json!({ "appKey": app, "userIds": ["alice"], "durationMinutes": 10, "reason": "spam" });
    owner.call("users/ban", ban).await.ok();

    let nobody = owner.call("exports/create", json!({ "appKey": app, "userId": "nobody" })).await;
    assert_eq!(nobody.refusal(), "NOT_REGISTERED");
    let id = create(&owner, &app, "alice").await;
    let one = json!({ "appKey": app, "id": id });
    assert_eq!(owner.call("exports/download", one.clone()).await.refusal(), "NOT_NOW");
    world.core.run_exports(|| false).await.unwrap();
    let done = owner.call("exports/get", one.clone()).await.ok();
    assert_eq!((&done["state"], &done["userId"]), (&json!("done"), &json!("alice")), "{done}");
    assert_eq!(
        done["expiresAt"].as_i64().unwrap() - done["createdAt"].as_i64().unwrap(),
        86_400_000
    );
    let listed = owner.call("exports/list", json!({ "appKey": app, "userId": "alice" })).await.ok();
    assert_eq!(listed["exports"].as_array().unwrap().len(), 1);
    let others = owner.call("exports/list", json!({ "appKey": app, "userId": "bob" })).await.ok();
    assert_eq!(others["exports"], json!([]));

    let (headers, bytes) = owner.download_bytes("exports/download", one.clone()).await;
    assert_eq!(headers["content-type"], "application/zip");
    let name = format!("attachment; filename=\"user-export-{id}.zip\"");
    assert_eq!(headers["content-disposition"], name);
    assert_eq!(headers["content-length"], bytes.len().to_string());
    assert_eq!(done["bytes"], bytes.len());
    let files = open(&bytes);
    let singles = ["user", "devices", "export"];
    for name in Section::ALL.iter().map(|section| section.name()).chain(singles) {
        assert!(files.contains_key(&format!("{name}.json")), "{name}");
    }
    assert_eq!(files.len(), Section::ALL.len() + singles.len(), "{:?}", files.keys());
    assert_eq!(files["user.json"]["banReason"], "spam");
    let messages = files["messages.json"].as_array().unwrap();
    assert_eq!(messages.len(), 250);
    assert_eq!(messages[249]["content"], json!({ "content": "text 249" }).to_string());
    assert_eq!(files["export.json"]["rows"]["messages"], 250);
    let audit = files["audit.json"].as_array().unwrap();
    assert_eq!(audit.last().unwrap()["operation"], "user.export");
    let all = serde_json::to_string(&files).unwrap();
    assert!(!all.contains("between others") && !all.contains("carol"));
    let secret = owner.call("apps/secret", json!({ "appKey": app })).await.ok();
    for secret in [secret["appSecret"].as_str().unwrap(), "nct_", "argon2"] {
        assert!(!all.contains(secret), "{secret}");
    }

    let trail = owner.call("audit/list", json!({ "appKey": app, "userId": "alice" })).await.ok();
    let actions: Vec<_> = trail["items"].as_array().unwrap().iter().map(|e| &e["action"]).collect();
    assert_eq!(actions[..2], ["user.export_download", "user.export"]);
    assert_eq!(trail["items"][0]["actor"], json!({ "kind": "operator", "name": "ada" }));

    world.clock.advance_ms(86_400_001);
    owner.sign_in("ada", PASSWORD).await.ok();
    world.core.run_exports(|| false).await.unwrap();
    assert_eq!(owner.call("exports/download", one).await.refusal(), "NOT_NOW");
}

#[tokio::test]
async fn an_export_that_is_cut_short_begins_anew_and_one_that_is_deleted_ends() {
    let world = World::new().await;
    let owner = world.owner().await;
    let app = owner.app("production", "flagship").await;
    for user in ["alice", "bob"] {
        register(&owner, &app, user).await;
    }
    for number in 0..120 {
        send(&owner, &app, "bob", "alice", &format!("text {number}")).await;
    }
    let id = create(&owner, &app, "alice").await;
    let asked = Cell::new(0);
    let stopping = || {
        asked.set(asked.get() + 1);
        asked.get() > 8
    };
    world.core.run_exports(stopping).await.unwrap();
    let one = json!({ "appKey": app, "id": id });
    assert_eq!(owner.call("exports/get", one.clone()).await.ok()["state"], "running");
    world.core.run_exports(|| false).await.unwrap();
    assert_eq!(owner.call("exports/get", one.clone()).await.ok()["state"], "running", "claimed");
    world.clock.advance_ms(61_000);
    world.core.run_exports(|| false).await.unwrap();
    let (_, bytes) = owner.download_bytes("exports/download", one.clone()).await;
    assert_eq!(open(&bytes)["messages.json"].as_array().unwrap().len(), 120);
    owner.call("exports/remove", one.clone()).await.ok();
    assert_eq!(owner.call("exports/get", one.clone()).await.refusal(), "NOT_NOW");
    assert_eq!(owner.call("exports/remove", one).await.refusal(), "NOT_NOW");
}

#[tokio::test]
async fn who_may_not_export_gets_nothing_of_it() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (app, other) =
        (owner.app("production", "flagship").await, owner.app("production", "free").await);
    register(&owner, &app, "alice").await;
    let id = create(&owner, &app, "alice").await;
    world.core.run_exports(|| false).await.unwrap();
    let calls = [
        ("exports/list", json!({})),
        ("exports/create", json!({ "userId": "alice" })),
        ("exports/get", json!({ "id": id })),
        ("exports/remove", json!({ "id": id })),
        ("exports/download", json!({ "id": id })),
    ];
    let with = |body: &Value, app: &str| {
        let mut body = body.clone();
        body["appKey"] = app.into();
        body
    };
    let support = world.operator(&owner, "sue", Some(&app), Role::Support).await;
    let foreign = world.operator(&owner, "fred", Some(&other), Role::Owner).await;
    for (call, body) in &calls {
        let nobody = world.browser().call(call, with(body, &app)).await;
        assert_eq!(nobody.refusal(), "NOT_SIGNED_IN", "{call}");
        assert_eq!(support.call(call, with(body, &app)).await.refusal(), "ROLE_TOO_LOW", "{call}");
        assert_eq!(foreign.call(call, with(body, &app)).await.refusal(), "APP_NOT_FOUND", "{call}");
    }
    // An id of another app is none of this one.
    for (call, body) in &calls[2..] {
        assert_eq!(foreign.call(call, with(body, &other)).await.refusal(), "NOT_NOW", "{call}");
    }
    // An export is no import.
    let import = owner.call("imports/get", json!({ "appKey": app, "id": id })).await;
    assert_eq!(import.refusal(), "NOT_NOW");
    world.clock.advance_ms(11 * 60 * 1000);
    let late = owner.call("exports/download", json!({ "appKey": app, "id": id })).await;
    assert_eq!(late.refusal(), "CONFIRMATION_NEEDED");
}
