//! Imports of users.

use std::cell::Cell;

use serde_json::{Value, json};

use crate::harness::{Browser, World};

/// Uploads a file in pieces of `size` characters; its id.
async fn upload(owner: &Browser, app: &str, format: &str, file: &str, size: usize) -> String {
    let new = json!({ "appKey": app, "fileName": "users", "format": format });
    let made = owner.call("imports/create", new).await.ok();
    let id = made["id"].as_str().unwrap().to_owned();
    let signs: Vec<_> = file.chars().collect();
    let (mut offset, pieces) = (0, signs.chunks(size).len());
    for (at, piece) in signs.chunks(size).enumerate() {
        let text: String = piece.iter().collect();
        let (bytes, last) = (text.len(), at + 1 == pieces);
        let body = json!({ "appKey": app, "id": id, "offset": offset, "text": text, "last": last });
        let answer = owner.call("imports/upload", body.clone()).await.ok();
        offset += bytes;
        assert_eq!(answer["received"], offset);
        let again = owner.call("imports/upload", body).await;
        assert_eq!(again.refusal(), "NOT_NOW", "a piece is taken once");
    }
    id
}

async fn get(owner: &Browser, app: &str, id: &str) -> Value {
    owner.call("imports/get", json!({ "appKey": app, "id": id })).await.ok()
}

#[tokio::test]
async fn a_file_is_looked_through_first_and_then_imported_row_by_row() {
    let world = World::new().await;
    let owner = world.owner().await;
    let app = owner.app("production", "flagship").await;
    let body = json!({ "appKey": app, "userId": "ada", "name": "Old name" });
    owner.call("users/register", body).await.ok();
    let file = "userId,name,avatarUrl\n\
                ada,Ada Lovelace,https://example.com/a.png\n\
                grace,\"Hopper, <b>Grace</b>\",\n\
                no such id,X,\n\
                wang,王芳,\n\
                grace,Grace again,\n\
                nameless,,\n\
                =cmd|calc,X,\n";
    let id = upload(&owner, &app, "csv", file, 20).await;
    let body = json!({ "appKey": app, "id": id });
    assert_eq!(owner.call("imports/run", body.clone()).await.refusal(), "NOT_NOW");
    world.core.run_imports(|| false).await.unwrap();
    let checked = get(&owner, &app, &id).await;
    assert_eq!((&checked["state"], &checked["rows"]), (&json!("checked"), &json!(7)), "{checked}");
    let counts = json!({ "new": 3, "existing": 2, "faulty": 2, "registered": 0, "updated": 0 });
    assert_eq!(checked["counts"], counts);
    let user = json!({ "appKey": app, "userId": "grace" });
    assert_eq!(owner.call("users/get", user.clone()).await.refusal(), "NOT_REGISTERED");

    let mut faulty = Vec::new();
    let mut token = json!("0.0");
    while !token.is_null() {
        let page = json!({
            "appKey": app, "id": id, "outcome": "faulty", "pageSize": 1, "pageToken": token,
        });
        let page = owner.call("imports/rows", page).await.ok();
        faulty.extend(page["items"].as_array().unwrap().iter().map(|row| row["row"].clone()));
        token = page["pageToken"].clone();
    }
    assert_eq!(faulty, [3, 6]);

    owner.call("imports/run", body.clone()).await.ok();
    world.core.run_imports(|| false).await.unwrap();
    let done = get(&owner, &app, &id).await;
    assert_eq!(done["state"], "done");
    let counts = json!({ "new": 0, "existing": 0, "faulty": 2, "registered": 3, "updated": 2 });
    assert_eq!(done["counts"], counts);
    let grace = owner.call("users/get", user).await.ok();
    assert_eq!(grace["name"], "Grace again");
    let newest = &grace["history"][0];
    assert_eq!(newest["actor"], json!({ "kind": "operator", "name": "ada" }));
    let results = owner.download("imports/results", body.clone()).await;
    let rows: Vec<Value> = results.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(rows.len(), 7);
    assert_eq!(rows[0], json!({ "row": 1, "userId": "ada", "outcome": "updated" }));
    assert!(rows[5]["fault"].as_str().unwrap().contains("`name` is missing"));
    assert_eq!(owner.call("imports/cancel", body).await.refusal(), "NOT_NOW");
}

#[tokio::test]
async fn an_import_that_is_cut_short_goes_on_with_the_next_row() {
    let world = World::new().await;
    let owner = world.owner().await;
    let app = owner.app("production", "flagship").await;
    let file: String = (0..2200)
        .map(|n| format!("{{\"userId\":\"u{n}\",\"name\":\"N\"}}"))
        .collect::<Vec<_>>()
        .join("\n");
    let id = upload(&owner, &app, "jsonl", &file, 30_000).await;
    world.core.run_imports(|| false).await.unwrap();
    owner.call("imports/run", json!({ "appKey": app, "id": id })).await.ok();
    // A worker that is stopped after two steps, and another that waits until the claim has run out.
    let asked = Cell::new(0);
    let stopping = || {
        asked.set(asked.get() + 1);
        asked.get() > 3
    };
    world.core.run_imports(stopping).await.unwrap();
    let half = get(&owner, &app, &id).await;
    assert_eq!((&half["state"], &half["done"]), (&json!("running"), &json!(1000)), "{half}");
    world.core.run_imports(|| false).await.unwrap();
    assert_eq!(get(&owner, &app, &id).await["done"], 1000, "the claim is held");
    world.clock.advance_ms(61_000);
    world.core.run_imports(|| false).await.unwrap();
    let done = get(&owner, &app, &id).await;
    assert_eq!((&done["state"], &done["counts"]["registered"]), (&json!("done"), &json!(2200)));
    let results = owner.download("imports/results", json!({ "appKey": app, "id": id })).await;
    let rows = results.lines().map(|l| serde_json::from_str::<Value>(l).unwrap()["row"].clone());
    assert!(rows.eq((1..=2200).map(|n| json!(n))));
}

#[tokio::test]
async fn the_limit_of_a_development_app_holds_and_bad_files_are_refused() {
    let world = World::new().await;
    let owner = world.owner().await;
    let app = owner.app("development", "free").await;
    let file: String = std::iter::once("userId,name\n".to_owned())
        .chain((0..150).map(|n| format!("u{n},N\n")))
        .collect();
    let id = upload(&owner, &app, "csv", &file, 100_000).await;
    world.core.run_imports(|| false).await.unwrap();
    let checked = get(&owner, &app, &id).await;
    assert_eq!(
        (&checked["counts"]["new"], &checked["counts"]["faulty"]),
        (&json!(100), &json!(50))
    );
    owner.call("imports/run", json!({ "appKey": app, "id": id })).await.ok();
    world.core.run_imports(|| false).await.unwrap();
    let done = get(&owner, &app, &id).await;
    assert_eq!(
        (&done["counts"]["registered"], &done["counts"]["faulty"]),
        (&json!(100), &json!(50))
    );
    let usage = owner.call("apps/usage", json!({ "appKey": app })).await.ok();
    assert_eq!(usage["registered"], 100);

    let id = upload(&owner, &app, "csv", "id,role\nx,owner\n", 100).await;
    world.core.run_imports(|| false).await.unwrap();
    let failed = get(&owner, &app, &id).await;
    assert_eq!(failed["state"], "failed");
    assert!(failed["problem"].as_str().unwrap().contains("`id`"), "{failed}");
}
