//! Blocklist and whitelist.

use serde_json::{Value, json};

use crate::harness::{World, ids};

/// Both lists have the same operations under different names.
struct List {
    path: &'static str,
    remove: &'static str,
    items: &'static str,
}

const LISTS: [List; 2] = [
    List { path: "/v4/user/blocklist", remove: "blockedUserIds", items: "blockedUserIds" },
    List { path: "/v4/user/whitelist", remove: "targetUserIds", items: "whitelistedUserIds" },
];

#[tokio::test]
async fn a_list_is_read_newest_first_page_by_page() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["owner"]).await;
    for List { path, remove, items } in LISTS {
        for user in ["u1", "u2", "u3"] {
            let body = json!({ "userId": "owner", "targetUserIds": [user] });
            tenant.ok(&format!("{path}/add"), body).await;
            world.clock.advance_ms(1);
        }
        let get = format!("{path}/get");
        let first = tenant.ok(&get, json!({ "userId": "owner", "pageSize": 2 })).await;
        assert_eq!(first[items], json!(["u3", "u2"]));
        assert_eq!(first["pageToken"], first["next"]);
        let token = first["pageToken"].as_str().unwrap();
        for name in ["pageToken", "next"] {
            let mut body = json!({ "userId": "owner", "pageSize": "2", "order": 0 });
            body[name] = json!(token);
            let last = tenant.ok(&get, body).await;
            assert_eq!(last, json!({ items: ["u1"] }));
        }

        let mut body = json!({ "userId": "owner" });
        body[remove] = json!(["u2", "never-there"]);
        tenant.ok(&format!("{path}/remove"), body).await;
        let left = tenant.ok(&get, json!({ "userId": "owner", "pageToken": "" })).await;
        assert_eq!(left, json!({ items: ["u3", "u1"] }));
    }
}

#[tokio::test]
async fn what_does_not_fit_a_list_is_refused() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["owner"]).await;
    for List { path, .. } in LISTS {
        let add = format!("{path}/add");
        for (targets, expected) in [
            (json!([]), "`targetUserIds` is empty"),
            (json!(ids(21)), "`targetUserIds` has 21 entries, at most 20 are allowed"),
            (json!(["owner"]), "`targetUserIds` holds `owner`, who cannot be their own target"),
            (json!(["a", "b?"]), "`targetUserIds[1]` contains '?', which is not allowed"),
        ] {
            let body = json!({ "userId": "owner", "targetUserIds": targets });
            let (status, code, sentence) = tenant.refused(&add, body).await;
            assert_eq!((status, code, sentence.as_str()), (400, 1002, expected));
        }
        let body = json!({ "userId": "ghost", "targetUserIds": ["a"] });
        let (status, code, _) = tenant.refused(&add, body).await;
        assert_eq!((status, code), (404, 40401));
        for wrong in [json!({ "pageSize": 1001 }), json!({ "pageToken": "not-a-token" })] {
            let mut body = wrong;
            body["userId"] = json!("owner");
            let (status, code, _) = tenant.refused(&format!("{path}/get"), body).await;
            assert_eq!((status, code), (400, 1002));
        }
    }
}

#[tokio::test]
async fn a_page_token_is_good_for_its_own_list_only() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["owner", "other"]).await;
    for user in ["owner", "other"] {
        let body = json!({ "userId": user, "targetUserIds": ["a", "b"] });
        tenant.ok("/v4/user/blocklist/add", body).await;
    }
    let get = "/v4/user/blocklist/get";
    let first = tenant.ok(get, json!({ "userId": "owner", "pageSize": 1 })).await;
    let body = json!({ "userId": "other", "pageSize": 1, "pageToken": first["next"] });
    let (status, code, _) = tenant.refused(get, body).await;
    assert_eq!((status, code), (400, 1002));
}

#[tokio::test]
async fn a_whitelist_is_switched_by_true_or_by_one() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["a", "b"]).await;
    let set = "/v4/user/whitelist/setting/set";
    let settings = async || -> Value {
        let body = json!({ "userIds": ["a", "b"] });
        tenant.ok("/v4/user/whitelist/setting/get", body).await["settings"].clone()
    };
    let state = |user, enabled| json!({ "userId": user, "enabled": enabled });
    assert_eq!(settings().await, json!([state("a", false), state("b", false)]));
    tenant.ok(set, json!({ "userIds": ["a"], "enabled": true })).await;
    tenant.ok(set, json!({ "userIds": ["b"], "enabled": 1 })).await;
    assert_eq!(settings().await, json!([state("a", true), state("b", true)]));
    tenant.ok(set, json!({ "userIds": ["a"], "enabled": "0" })).await;
    assert_eq!(settings().await, json!([state("a", false), state("b", true)]));
    let (_, code, sentence) = tenant.refused(set, json!({ "userIds": ["a"] })).await;
    assert_eq!((code, sentence.as_str()), (1002, "`enabled` is missing"));
}
