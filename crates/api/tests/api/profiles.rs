//! Hosted profiles.

use serde_json::json;

use crate::harness::{NOW, World, ids};

const SET: &str = "/v4/user/profile/set";

#[tokio::test]
async fn a_profile_is_changed_key_by_key() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["a", "b"]).await;
    let body = json!({
        "userId": "a",
        "userProfile": { "name": "Al", "level": 2, "email": "a@example.org" },
        "userExtProfile": { "ext_team": "red", "ext_city": "Rome" },
    });
    tenant.ok(SET, body).await;
    world.clock.advance_ms(1000);
    let body = json!({ "userId": "a", "userProfile": { "email": null, "gender": 1 } });
    tenant.ok(SET, body).await;
    tenant.ok(SET, json!({ "userId": "a", "userExtProfile": { "ext_city": "" } })).await;
    let found =
        tenant.ok("/v4/user/profile/batch/get", json!({ "userIds": ["b", "a", "ghost"] })).await;
    let users = found["users"].as_array().unwrap();
    assert_eq!(users.len(), 2);
    assert_eq!(users[0], json!({ "userId": "b", "userProfile": {}, "userExtProfile": {} }));
    assert_eq!(users[1]["userProfile"], json!({ "name": "Al", "level": 2, "gender": 1 }));
    assert_eq!(users[1]["userExtProfile"], json!({ "ext_team": "red" }));
    assert!(users[1]["version"].as_i64().unwrap() >= NOW + 1000);
}

#[tokio::test]
async fn a_refused_profile_names_the_key() {
    let world = World::new().await;
    let mut tenant = world.tenant().await;
    tenant.register(&["a"]).await;
    tenant.set(|app| app.settings.profile_ext_keys = vec!["ext_team".to_owned()]).await;
    for (part, value, key, code) in [
        ("userProfile", json!({ "email": "x".repeat(129) }), "email", 1005),
        ("userProfile", json!({ "shoe": 43 }), "shoe", 1002),
        ("userProfile", json!({ "gender": 3 }), "gender", 1002),
        ("userProfile", json!({ "name": 5 }), "name", 1002),
        ("userExtProfile", json!({ "ext_team": "x".repeat(257) }), "ext_team", 1005),
        ("userExtProfile", json!({ "team": "red" }), "team", 1002),
        ("userExtProfile", json!({ "ext_other": "red" }), "ext_other", 1002),
    ] {
        let answer = tenant.call(SET, json!({ "userId": "a", part: value })).await;
        assert_eq!(answer.body["profileKey"], key);
        let (status, found, sentence) = answer.refusal();
        assert_eq!((status, found), (400, code), "{key}");
        assert!(sentence.contains(key), "{sentence}");
    }
    let (_, code, _) = tenant.refused(SET, json!({ "userId": "a" })).await;
    assert_eq!(code, 1002);
}

#[tokio::test]
async fn profiles_are_listed_by_registration_and_deleted() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    for user in ["a", "b", "c"] {
        tenant.register(&[user]).await;
        tenant.ok(SET, json!({ "userId": user, "userProfile": { "name": user } })).await;
        world.clock.advance_ms(1000);
    }
    let list = "/v4/user/profile/list";
    let order = async |body| -> Vec<String> {
        let found = tenant.ok(list, body).await;
        let users = found["users"].as_array().unwrap().iter();
        users.map(|user| user["userId"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(order(json!({})).await, ["a", "b", "c"]);
    assert_eq!(order(json!({ "order": 1, "pageSize": 2 })).await, ["c", "b"]);
    assert_eq!(order(json!({ "page": 2, "pageSize": 2 })).await, ["c"]);
    for body in [json!({ "pageSize": 101 }), json!({ "order": 2 }), json!({ "page": 0 })] {
        let (_, code, _) = tenant.refused(list, body).await;
        assert_eq!(code, 1002);
    }

    tenant.ok("/v4/user/profile/delete", json!({ "userIds": ["a", "b"] })).await;
    let found = tenant.ok("/v4/user/profile/batch/get", json!({ "userIds": ["a"] })).await;
    assert_eq!(found["users"][0]["userProfile"], json!({}));
    for path in ["/v4/user/profile/delete", "/v4/user/profile/batch/get"] {
        let (_, code, _) = tenant.refused(path, json!({ "userIds": ids(21) })).await;
        assert_eq!(code, 1002);
    }
}
