//! Friendships.

use serde_json::{Value, json};

use crate::harness::{NOW, World, ids};

#[tokio::test]
async fn friends_are_made_at_once_or_as_the_target_permits() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["a", "b", "c", "d"]).await;
    let (add, permission) = ("/v4/friend/add", "/v4/friend/permission/set");
    tenant.ok(permission, json!({ "userIds": ["c"], "permissionType": 1 })).await;
    tenant.ok(permission, json!({ "userIds": ["d"], "permissionType": 3 })).await;
    assert_eq!(
        tenant.ok("/v4/friend/permission/get", json!({ "userIds": ["b", "c", "d"] })).await,
        json!({ "permissions": [
            { "userId": "b", "permissionType": 2 },
            { "userId": "c", "permissionType": 1 },
            { "userId": "d", "permissionType": 3 },
        ] })
    );
    let ask = |target: &str, action: Value| json!({ "userId": "a", "targetId": target, "action": action });
    tenant.ok(add, ask("b", json!(1))).await;
    tenant.ok(add, ask("c", Value::Null)).await;
    let (status, code, _) = tenant.refused(add, ask("d", json!(1))).await;
    assert_eq!((status, code), (403, 25471));
    tenant.ok(add, ask("d", json!(2))).await;
    let relation = |user, result| json!({ "userId": user, "result": result });
    assert_eq!(
        tenant
            .ok(
                "/v4/friend/relationship/get",
                json!({ "userId": "a", "targetIds": ["d", "b", "c"] })
            )
            .await,
        json!({ "friendships": [relation("d", 4), relation("b", 1), relation("c", 4)] })
    );
    let (status, code, _) = tenant.refused(add, ask("c", json!(1))).await;
    assert_eq!((status, code), (409, 40901));
    let (status, code, _) = tenant.refused(add, ask("a", json!(2))).await;
    assert_eq!((status, code), (400, 1002));
    for (body, expected) in [
        (ask("b", json!(3)), 1002),
        (json!({ "userId": "a", "targetId": "b", "extra": "x".repeat(129) }), 1005),
        (json!({ "userId": "a" }), 1002),
    ] {
        let (_, code, _) = tenant.refused(add, body).await;
        assert_eq!(code, expected);
    }
}

#[tokio::test]
async fn friends_are_listed_with_what_the_user_calls_them() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["a", "b", "c"]).await;
    for friend in ["b", "c"] {
        tenant
            .ok("/v4/friend/add", json!({ "userId": "a", "targetId": friend, "action": 2 }))
            .await;
        world.clock.advance_ms(1000);
    }
    let set = "/v4/friend/profile/set";
    let body = json!({
        "userId": "a",
        "targetId": "b",
        "alias": "bro",
        "friendExtProfile": { "ext_met": "2020" },
    });
    tenant.ok(set, body).await;
    let list = "/v4/friend/list";
    let first = tenant.ok(list, json!({ "userId": "a", "pageSize": 1 })).await;
    let token = first["pageToken"].clone();
    assert_eq!(
        first,
        json!({
            "pageToken": token,
            "next": token,
            "totalCount": 2,
            "friends": [{
                "userId": "b",
                "name": "Name of b",
                "alias": "bro",
                "friendExtProfile": { "ext_met": "2020" },
                "extraProfile": "{\"ext_met\":\"2020\"}",
                "addedAt": NOW,
            }],
        })
    );
    let second = tenant.ok(list, json!({ "userId": "a", "pageSize": 1, "pageToken": token })).await;
    assert_eq!(
        (&second["pageToken"], &second["friends"][0]["userId"]),
        (&Value::Null, &json!("c"))
    );
    let newest = tenant.ok(list, json!({ "userId": "a", "order": "1" })).await;
    assert_eq!(newest["friends"][0]["userId"], "c");

    // No alias clears it; no extension leaves that as it is.
    tenant.ok(set, json!({ "userId": "a", "targetId": "b" })).await;
    let cleared = tenant.ok(list, json!({ "userId": "a" })).await;
    assert_eq!(cleared["friends"][0]["alias"], "");
    assert_eq!(cleared["friends"][0]["friendExtProfile"], json!({ "ext_met": "2020" }));

    let (status, code, _) = tenant.refused(set, json!({ "userId": "b", "targetId": "c" })).await;
    assert_eq!((status, code), (404, 40402));
    let many: serde_json::Map<_, _> = (0..11).map(|i| (format!("ext_{i}"), json!("v"))).collect();
    for (body, expected) in [
        (json!({ "userId": "a", "targetId": "b", "alias": "x".repeat(65) }), 1005),
        (json!({ "userId": "a", "targetId": "b", "friendExtProfile": many }), 1002),
        (json!({ "userId": "a", "targetId": "b", "friendExtProfile": { "met": "2020" } }), 1002),
    ] {
        let (_, code, _) = tenant.refused(set, body).await;
        assert_eq!(code, expected);
    }
    for body in [json!({ "pageSize": 101 }), json!({ "order": 2 }), json!({ "pageToken": "x" })] {
        let mut body = body;
        body["userId"] = json!("a");
        let (_, code, _) = tenant.refused(list, body).await;
        assert_eq!(code, 1002);
    }
}

#[tokio::test]
async fn friendships_end_on_both_sides() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["a", "b", "c", "d"]).await;
    for friend in ["b", "c", "d"] {
        tenant
            .ok("/v4/friend/add", json!({ "userId": "a", "targetId": friend, "action": 2 }))
            .await;
    }
    let total = async |user: &str| {
        tenant.ok("/v4/friend/list", json!({ "userId": user })).await["totalCount"].clone()
    };
    tenant.ok("/v4/friend/remove", json!({ "userId": "a", "targetIds": ["b", "stranger"] })).await;
    tenant.ok("/v4/friend/delete", json!({ "userId": "c", "targetIds": ["a"] })).await;
    assert_eq!(
        (total("a").await, total("b").await, total("c").await),
        (json!(1), json!(0), json!(0))
    );
    tenant.ok("/v4/friend/remove-all", json!({ "userId": "a" })).await;
    assert_eq!((total("a").await, total("d").await), (json!(0), json!(0)));
    for (path, member, count) in [
        ("/v4/friend/remove", "targetIds", 101),
        ("/v4/friend/relationship/get", "targetIds", 21),
        ("/v4/friend/permission/get", "userIds", 101),
    ] {
        let body = json!({ "userId": "a", member: ids(count) });
        let (_, code, sentence) = tenant.refused(path, body).await;
        assert_eq!(code, 1002, "{path}");
        assert!(sentence.contains(&format!("has {count} entries")), "{sentence}");
    }
}
