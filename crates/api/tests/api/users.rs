//! Registration, push identity, standing.

use nuncio_store::apps::{Edition, Environment};
use serde_json::json;

use crate::harness::{NOW, World, ids};

#[tokio::test]
async fn a_user_is_registered_by_the_first_token() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    let issue = "/v4/auth/access-token/issue";
    let body = json!({ "userId": "alice01", "name": "Alice", "avatarUrl": "https://x.org/a.png" });
    let first = tenant.ok(issue, body).await;
    assert_eq!(first["userId"], "alice01");
    let token = first["accessToken"].as_str().unwrap();
    assert!(token.starts_with("nct_") && token.len() <= 256, "{token}");

    // Another token, another name, and the avatar stays.
    world.clock.advance_ms(5000);
    let second = tenant.ok(issue, json!({ "userId": "alice01", "name": "Al" })).await;
    assert_ne!(second["accessToken"], first["accessToken"]);
    assert_eq!(
        tenant.ok("/v4/user/get", json!({ "userId": "alice01" })).await,
        json!({ "name": "Al", "avatarUrl": "https://x.org/a.png", "createdAt": "2026-01-31 08:15:00" })
    );
}

#[tokio::test]
async fn what_a_token_is_asked_with_has_limits() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    let refused = async |body| tenant.refused("/v4/auth/access-token/issue", body).await;
    let long = "x".repeat(65);
    let (status, code, sentence) = refused(json!({ "userId": &long, "name": "n" })).await;
    assert_eq!((status, code), (400, 1005));
    assert_eq!(sentence, "`userId` has 65 bytes, at most 64 are allowed");
    for (body, expected) in [
        (json!({ "userId": "", "name": "n" }), 1002),
        (json!({ "userId": "a@b", "name": "n" }), 1002),
        (json!({ "userId": "a", "name": "" }), 1002),
        (json!({ "userId": "a", "name": long }), 1005),
        (json!({ "userId": "a" }), 1002),
        (json!({ "userId": "a", "name": "n", "avatarUrl": "javascript:alert(1)" }), 1002),
        (
            json!({ "userId": "a", "name": "n", "avatarUrl": format!("https://{}", "x".repeat(1024)) }),
            1005,
        ),
        (json!({ "userId": "a", "name": "n", "ttlSeconds": 0 }), 1002),
        (json!({ "userId": "a", "name": "n", "ttlSeconds": 3_153_600_001_i64 }), 1002),
    ] {
        let (status, code, sentence) = refused(body.clone()).await;
        assert_eq!((status, code), (400, expected), "{body} {sentence}");
    }
}

#[tokio::test]
async fn the_hundred_and_first_user_of_a_development_app_is_refused() {
    let world = World::new().await;
    let tenant = world.tenant_in(Environment::Development, Edition::Premium).await;
    let users = ids(100);
    let users: Vec<_> = users.iter().map(String::as_str).collect();
    tenant.register(&users).await;
    let issue = "/v4/auth/access-token/issue";
    let (status, code, _) = tenant.refused(issue, json!({ "userId": "one", "name": "n" })).await;
    assert_eq!((status, code), (403, 2007));
    tenant.ok(issue, json!({ "userId": "u7", "name": "again" })).await;
}

#[tokio::test]
async fn a_push_identity_is_changed_member_by_member() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["a"]).await;
    let update = "/v4/user/update";
    tenant.ok(update, json!({ "userId": "a", "avatarUrl": "http://x.org/" })).await;
    tenant.ok(update, json!({ "userId": "a", "name": "New", "avatarUrl": null })).await;
    let user = tenant.ok("/v4/user/get", json!({ "userId": "a" })).await;
    assert_eq!((&user["name"], &user["avatarUrl"]), (&json!("New"), &json!("http://x.org/")));
    let (status, code, sentence) =
        tenant.refused(update, json!({ "userId": "b", "name": "B" })).await;
    assert_eq!((status, code), (404, 40401));
    assert!(sentence.contains("`b`"), "{sentence}");
}

#[tokio::test]
async fn tokens_are_expired_up_to_five_seconds_ahead_and_not_further() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["a"]).await;
    let expire = "/v4/auth/access-token/expire";
    for at in [0, NOW, NOW + 5000] {
        tenant.ok(expire, json!({ "userIds": ["a"], "expiresAt": at })).await;
    }
    for at in [-1, NOW + 5001] {
        let body = json!({ "userIds": ["a"], "expiresAt": at });
        let (status, code, _) = tenant.refused(expire, body).await;
        assert_eq!((status, code), (400, 1002), "{at}");
    }
    let body = json!({ "userIds": ids(21), "expiresAt": NOW });
    let (_, code, sentence) = tenant.refused(expire, body).await;
    assert_eq!(
        (code, sentence.as_str()),
        (1002, "`userIds` has 21 entries, at most 20 are allowed")
    );
}

#[tokio::test]
async fn nobody_is_online_without_a_connection() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    for path in ["/v4/user/connection-status/get", "/v4/user/online-status/get"] {
        let one = tenant.ok(path, json!({ "userId": "nobody" })).await;
        assert_eq!(one, json!({ "status": "0" }));
    }
    let path = "/v4/user/connection-status/get";
    let many = tenant.ok(path, json!({ "userIds": ["b", "a"] })).await;
    let offline = |user| json!({ "userId": user, "status": "0" });
    assert_eq!(many, json!({ "users": [offline("b"), offline("a")] }));
    let (_, code, sentence) = tenant.refused(path, json!({})).await;
    assert_eq!((code, sentence.as_str()), (1002, "`userId` is missing"));
    let (_, code, _) = tenant.refused(path, json!({ "userIds": ids(101) })).await;
    assert_eq!(code, 1002);
}

#[tokio::test]
async fn a_ban_lasts_its_minutes_or_until_unbanned() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["a", "b", "c"]).await;
    let (ban, list) = ("/v4/user/ban", "/v4/user/ban/list");
    tenant.ok(ban, json!({ "userIds": ["a"], "durationMinutes": 1, "reason": "spam" })).await;
    tenant.ok(ban, json!({ "userIds": ["b"], "durationMinutes": "43200" })).await;
    tenant.ok(ban, json!({ "userIds": ["c"], "durationMinutes": -1, "expireTokens": 1 })).await;
    assert_eq!(
        tenant.ok(list, json!({ "pageSize": 50 })).await,
        json!({ "bannedUsers": [
            { "userId": "c", "banExpiresAt": "9999-12-31 23:59:59" },
            { "userId": "b", "banExpiresAt": "2026-03-02 08:15:00" },
            { "userId": "a", "banExpiresAt": "2026-01-31 08:16:00", "reason": "spam" },
        ] })
    );
    world.clock.advance_ms(60_000);
    tenant.ok("/v4/user/unban", json!({ "userIds": ["c", "a"] })).await;
    let left = tenant.ok(list, json!({})).await;
    assert_eq!(left["bannedUsers"].as_array().unwrap().len(), 1);

    for minutes in [0, -2, 43_201] {
        let body = json!({ "userIds": ["a"], "durationMinutes": minutes });
        let (status, code, _) = tenant.refused(ban, body).await;
        assert_eq!((status, code), (400, 1002), "{minutes}");
    }
    let body = json!({ "userIds": ["a"], "durationMinutes": 1, "reason": "x".repeat(257) });
    let (_, code, _) = tenant.refused(ban, body).await;
    assert_eq!(code, 1005);
}

#[tokio::test]
async fn a_batch_with_one_unknown_user_changes_nothing() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["a"]).await;
    let body = json!({ "userIds": ["a", "ghost"], "durationMinutes": 5 });
    let (status, code, sentence) = tenant.refused("/v4/user/ban", body).await;
    assert_eq!((status, code), (404, 40401));
    assert!(sentence.contains("`ghost`"), "{sentence}");
    let list = tenant.ok("/v4/user/ban/list", json!({})).await;
    assert_eq!(list, json!({ "bannedUsers": [] }));
}

#[tokio::test]
async fn without_a_page_the_ban_list_is_whole_unless_a_page_size_is_asked_for() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    let users = ids(60);
    for some in users.chunks(20) {
        tenant.register(&some.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let body = json!({ "userIds": some, "durationMinutes": 5 });
        tenant.ok("/v4/user/ban", body).await;
    }
    let count = async |body| {
        let list = tenant.ok("/v4/user/ban/list", body).await;
        list["bannedUsers"].as_array().unwrap().len()
    };
    assert_eq!(count(json!({})).await, 60);
    assert_eq!(count(json!({ "pageSize": 50 })).await, 60);
    assert_eq!(count(json!({ "pageSize": 7 })).await, 7);
    assert_eq!(count(json!({ "page": 1 })).await, 50);
    assert_eq!(count(json!({ "page": 2, "pageSize": 50 })).await, 10);
    for body in [json!({ "pageSize": 0 }), json!({ "pageSize": 1001 }), json!({ "page": 0 })] {
        let (_, code, _) = tenant.refused("/v4/user/ban/list", body).await;
        assert_eq!(code, 1002);
    }
}

#[tokio::test]
async fn muted_users_are_listed_by_offset() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["a", "b", "c"]).await;
    let (set, list) = ("/v4/channel-type/mute/set", "/v4/channel-type/mute/list");
    let mute = |users: &[&str], state, types| json!({ "userIds": users, "muteState": state, "channelTypes": types });
    tenant.ok(set, mute(&["a", "b"], json!(1), json!(["PERSON"]))).await;
    tenant.ok(set, mute(&["c"], json!(true), json!([1]))).await;
    let singular = json!({ "userIds": ["a"], "muteState": "0", "channelType": ["PERSON"] });
    tenant.ok(set, singular).await;
    let all = tenant.ok(list, json!({ "channelType": "PERSON" })).await;
    assert_eq!(all, json!({ "totalCount": 2, "mutedUserIds": ["b", "c"] }));
    let second = json!({ "channelType": "1", "pageSize": 1, "offset": 1 });
    let second = tenant.ok(list, second).await;
    assert_eq!(second, json!({ "totalCount": 2, "mutedUserIds": ["c"] }));
    for (path, body) in [
        (set, mute(&["a"], json!(2), json!(["PERSON"]))),
        (set, mute(&["a"], json!(1), json!(["GROUP"]))),
        (set, mute(&[], json!(1), json!(["PERSON"]))),
        (list, json!({ "channelType": "GROUP" })),
        (list, json!({ "channelType": "PERSON", "pageSize": 201 })),
        (list, json!({ "channelType": "PERSON", "offset": -1 })),
    ] {
        let (status, code, _) = tenant.refused(path, body.clone()).await;
        assert_eq!((status, code), (400, 1002), "{body}");
    }
}

#[tokio::test]
async fn tags_are_replaced_for_all_users_named() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["a", "b"]).await;
    let (set, get) = ("/v4/user/tag/batch/set", "/v4/user/tag/batch/get");
    tenant.ok(set, json!({ "userIds": ["a", "b"], "tags": ["vip", "gold"] })).await;
    tenant.ok(set, json!({ "userIds": ["b"], "tags": [] })).await;
    assert_eq!(
        tenant.ok(get, json!({ "userIds": ["b", "a"] })).await,
        json!({ "users": [
            { "userId": "b", "tags": [] },
            { "userId": "a", "tags": ["vip", "gold"] },
        ] })
    );
    let many: Vec<_> = (0..21).map(|i| i.to_string()).collect();
    for (body, expected) in [
        (json!({ "userIds": ["a"], "tags": many }), 1002),
        (json!({ "userIds": ["a"], "tags": ["ok", "x".repeat(41)] }), 1005),
        (json!({ "userIds": ["a"], "tags": [""] }), 1002),
        (json!({ "userIds": ids(1001), "tags": [] }), 1002),
    ] {
        let (status, code, _) = tenant.refused(set, body).await;
        assert_eq!((status, code), (400, expected));
    }
    let (_, code, _) = tenant.refused(get, json!({ "userIds": ids(51) })).await;
    assert_eq!(code, 1002);
}

#[tokio::test]
async fn a_soft_deleted_user_is_listed_refused_and_can_be_restored() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["a", "b"]).await;
    let deleted = tenant.ok("/v4/user/soft-delete", json!({ "userIds": ["a"] })).await;
    assert!(deleted["operationId"].as_str().is_some_and(|id| !id.is_empty()));
    let list = "/v4/user/soft-deleted/list";
    assert_eq!(tenant.ok(list, json!({})).await, json!({ "userIds": ["a"] }));
    let issue = json!({ "userId": "a", "name": "A" });
    for (path, body) in [
        ("/v4/auth/access-token/issue", issue.clone()),
        ("/v4/user/get", json!({ "userId": "a" })),
        ("/v4/user/update", json!({ "userId": "a", "name": "A" })),
    ] {
        let (status, code, _) = tenant.refused(path, body).await;
        assert_eq!((status, code), (410, 41001), "{path}");
    }
    let restore = json!({ "userIds": ["a"] });
    let (status, code, _) = tenant.refused("/v4/user/restore", restore.clone()).await;
    assert_eq!((status, code), (409, 40905));
    world.core.run_activations().await.unwrap();
    let restored = tenant.ok("/v4/user/restore", restore).await;
    assert!(restored["operationId"].is_string());
    world.core.run_activations().await.unwrap();
    assert_eq!(tenant.ok(list, json!({})).await, json!({ "userIds": [] }));
    tenant.ok("/v4/auth/access-token/issue", issue).await;

    for body in [json!({ "pageSize": 51 }), json!({ "pageSize": 0 }), json!({ "page": 0 })] {
        let (_, code, _) = tenant.refused(list, body).await;
        assert_eq!(code, 1002);
    }
    let (_, code, _) = tenant.refused("/v4/user/soft-delete", json!({ "userIds": ids(101) })).await;
    assert_eq!(code, 1002);
}
