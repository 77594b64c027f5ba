//! Groups.

use serde_json::{Value, json};

use crate::harness::{NOW, Tenant, World, ids};

async fn create(tenant: &Tenant<'_>, id: &str, owner: &str, others: &[&str]) {
    let body = json!({ "channelId": id, "name": "Name", "owner": owner, "userIds": others });
    tenant.ok("/v4/group-channel/create", body).await;
}

async fn members(tenant: &Tenant<'_>, id: &str) -> Value {
    tenant.ok("/v4/group-channel/member/list", json!({ "channelId": id })).await
}

#[tokio::test]
async fn a_group_is_told_as_it_was_made_and_changed() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["alice", "bob"]).await;
    let body = json!({
        "channelId": "g",
        "name": "Hikers",
        "owner": "alice",
        "userIds": ["bob", "alice"],
        "groupProfile": { "introduction": "We hike", "portraitUrl": "https://a.example/g.png" },
        "permissions": { "joinPerm": 1, "memInvitePerm": "2" },
        "groupExtProfile": { "ext_city": "Bern" },
    });
    tenant.ok("/v4/group-channel/create", body).await;
    let permissions = json!({
        "joinPerm": 1,
        "removePerm": 0,
        "memInvitePerm": 2,
        "invitePerm": 0,
        "profilePerm": 0,
        "memProfilePerm": 0,
    });
    let mut expected = json!({
        "channelId": "g",
        "name": "Hikers",
        "groupProfile": { "introduction": "We hike", "portraitUrl": "https://a.example/g.png" },
        "groupExtProfile": { "ext_city": "Bern" },
        "permissions": permissions,
        "owner": "alice",
        "createdAt": NOW,
        "memberCount": 2,
    });
    let profiles = async || {
        let asked = json!({ "channelIds": ["nope", "g"] });
        tenant.ok("/v4/group-channel/profile/list", asked).await["profiles"].clone()
    };
    assert_eq!(profiles().await, json!([expected]));
    let change = json!({
        "channelId": "g",
        "groupProfile": { "name": "Climbers", "introduction": null },
        "permissions": { "joinPerm": 3 },
        "groupExtProfile": { "ext_city": "" },
    });
    tenant.ok("/v4/group-channel/profile/update", change).await;
    expected["name"] = json!("Climbers");
    expected["groupProfile"] = json!({ "portraitUrl": "https://a.example/g.png" });
    expected["groupExtProfile"] = json!({});
    expected["permissions"]["joinPerm"] = json!(3);
    assert_eq!(profiles().await, json!([expected]));
    let list = tenant.ok("/v4/group-channel/list", json!({})).await;
    let summary = json!({
        "channelId": "g",
        "name": "Climbers",
        "groupProfile": { "portraitUrl": "https://a.example/g.png" },
        "creator": "alice",
        "owner": "alice",
        "createdAt": NOW,
    });
    assert_eq!(list, json!({ "groups": [summary] }));
    let joined = tenant.ok("/v4/group-channel/joined/list", json!({ "userId": "bob" })).await;
    let mut item = expected.clone();
    item["alias"] = json!("");
    item["joinedAt"] = json!(NOW);
    item["role"] = json!(1);
    assert_eq!(joined, json!({ "groups": [item] }));
}

#[tokio::test]
async fn what_makes_no_group_is_refused_by_name() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["alice"]).await;
    create(&tenant, "taken", "alice", &[]).await;
    for (change, expected, names) in [
        (json!({ "channelId": "taken" }), (409, 25409), "`taken`"),
        (json!({ "channelId": "a b" }), (400, 1002), "`channelId`"),
        (json!({ "channelId": "x".repeat(65) }), (400, 1005), "`channelId`"),
        (json!({ "name": "" }), (400, 1002), "`name`"),
        (json!({ "name": "x".repeat(65) }), (400, 1005), "`name`"),
        (json!({ "owner": "ghost" }), (404, 40401), "`ghost`"),
        (json!({ "userIds": ["ghost"] }), (404, 40401), "`ghost`"),
        (json!({ "userIds": ids(31) }), (400, 1002), "`userIds`"),
        (json!({ "groupProfile": { "mood": "x" } }), (400, 1002), "`mood`"),
        (json!({ "groupProfile": { "name": "x" } }), (400, 1002), "groupProfile.name"),
        (
            json!({ "groupProfile": { "introduction": "x".repeat(513) } }),
            (400, 1005),
            "introduction",
        ),
        (json!({ "groupProfile": { "portraitUrl": "ftp://a" } }), (400, 1002), "portraitUrl"),
        (json!({ "permissions": { "joinPerm": 4 } }), (400, 1002), "joinPerm"),
        (json!({ "groupExtProfile": { "city": "x" } }), (400, 1002), "city"),
    ] {
        let mut body = json!({ "channelId": "new", "name": "N", "owner": "alice" });
        for (key, value) in change.as_object().unwrap() {
            body[key] = value.clone();
        }
        let (status, code, sentence) = tenant.refused("/v4/group-channel/create", body).await;
        assert_eq!((status, code), expected, "{change} {sentence}");
        assert!(sentence.contains(names), "{sentence}");
    }
    let list = tenant.ok("/v4/group-channel/list", json!({})).await;
    assert_eq!(list["groups"].as_array().unwrap().len(), 1);
    let nothing = json!({ "channelId": "taken" });
    let (_, code, sentence) = tenant.refused("/v4/group-channel/profile/update", nothing).await;
    assert_eq!(code, 1002, "{sentence}");
}

#[tokio::test]
async fn joining_answers_the_group_and_a_page_token_belongs_to_its_list() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["alice", "bob", "carol"]).await;
    create(&tenant, "g", "alice", &[]).await;
    create(&tenant, "h", "alice", &["bob"]).await;
    world.clock.advance_ms(5);
    let joined = json!({ "channelId": "g", "userIds": ["bob", "carol", "bob"] });
    let group = tenant.ok("/v4/group-channel/join", joined).await;
    assert_eq!((&group["memberCount"], &group["owner"]), (&json!(3), &json!("alice")));
    let first = json!({ "channelId": "g", "pageSize": 2, "order": 1 });
    let first = tenant.ok("/v4/group-channel/member/list", first).await;
    assert_eq!(first["totalCount"], 3);
    let user = |index: usize| first["members"][index]["userId"].clone();
    assert_eq!((user(0), user(1)), (json!("bob"), json!("carol")));
    let token = &first["pageToken"];
    let next = json!({ "channelId": "g", "pageSize": 2, "order": 1, "pageToken": token });
    let last = tenant.ok("/v4/group-channel/member/list", next).await;
    assert_eq!(last["members"][0]["userId"], "alice");
    assert!(last.get("pageToken").is_none());
    for other in [
        json!({ "channelId": "h", "order": 1, "pageToken": token }),
        json!({ "channelId": "g", "order": 0, "pageToken": token }),
        json!({ "channelId": "g", "order": 1, "memberRole": 1, "pageToken": token }),
    ] {
        let (status, code, _) = tenant.refused("/v4/group-channel/member/list", other).await;
        assert_eq!((status, code), (400, 1002));
    }
}

#[tokio::test]
async fn an_owner_stays_until_the_group_passes_to_another() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["alice", "bob"]).await;
    create(&tenant, "g", "alice", &["bob"]).await;
    for (path, body) in [
        ("/v4/group-channel/leave", json!({ "channelId": "g", "userIds": ["bob", "alice"] })),
        ("/v4/group-channel/member/kickout-all", json!({ "userId": "alice" })),
    ] {
        let (status, code, sentence) = tenant.refused(path, body).await;
        assert_eq!((status, code), (409, 25417), "{sentence}");
    }
    assert_eq!(members(&tenant, "g").await["totalCount"], 2);
    let body = json!({ "channelId": "g", "newOwner": "carol" });
    let (status, code, _) = tenant.refused("/v4/group-channel/transfer/owner", body).await;
    assert_eq!((status, code), (404, 25418));
    let body = json!({ "channelId": "g", "newOwner": "bob", "shouldLeave": 1 });
    tenant.ok("/v4/group-channel/transfer/owner", body).await;
    let left = members(&tenant, "g").await;
    assert_eq!((&left["totalCount"], &left["members"][0]["role"]), (&json!(1), &json!(3)));
}

#[tokio::test]
async fn a_mute_is_told_with_its_ends_in_a_group_or_in_all() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["alice"]).await;
    create(&tenant, "g", "alice", &[]).await;
    let add = "/v4/group-channel/user/mute-list/add";
    tenant.ok(add, json!({ "channelId": "g", "userIds": ["bob"], "durationMinutes": 1 })).await;
    tenant.ok(add, json!({ "userIds": ["carol"], "durationMinutes": 0 })).await;
    for get in ["/v4/group-channel/user/mute-list/get", "/v4/group-channel/user/mute-list-get"] {
        let here = tenant.ok(get, json!({ "channelId": "g" })).await;
        let muted = json!({
            "userId": "bob",
            "mutedAt": "2026-01-31 08:15:00",
            "muteExpiresAt": "2026-01-31 08:16:00",
        });
        assert_eq!(here, json!({ "mutedMembers": [muted] }));
        let everywhere = tenant.ok(get, json!({ "channelId": "" })).await;
        assert_eq!(everywhere["mutedMembers"][0]["userId"], "carol");
        assert_eq!(everywhere["mutedMembers"][0]["muteExpiresAt"], "9999-12-31 23:59:59");
    }
    for (minutes, most) in [(-2, ids(1)), (43_201, ids(1)), (1, ids(21))] {
        let body = json!({ "channelId": "g", "userIds": most, "durationMinutes": minutes });
        let (status, code, _) = tenant.refused(add, body).await;
        assert_eq!((status, code), (400, 1002));
    }
}

#[tokio::test]
async fn frozen_groups_are_asked_for_by_name_or_listed() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["alice"]).await;
    for id in ["g1", "g2"] {
        create(&tenant, id, "alice", &[]).await;
    }
    tenant.ok("/v4/group-channel/freeze-list/add", json!({ "channelIds": ["g2"] })).await;
    let get = "/v4/group-channel/freeze-list/get";
    let asked = tenant.ok(get, json!({ "channelIds": ["g2", "g1"] })).await;
    let status = |id: &str, status: i64| json!({ "channelId": id, "status": status });
    assert_eq!(asked, json!({ "freezeStatuses": [status("g2", 1), status("g1", 0)] }));
    let all = tenant.ok(get, json!({ "channelIds": [], "page": 1 })).await;
    assert_eq!(all, json!({ "freezeStatuses": [status("g2", 1)] }));
    let (status, code, _) = tenant.refused(get, json!({ "channelIds": ["g1", "g9"] })).await;
    assert_eq!((status, code), (404, 25410));
}

#[tokio::test]
async fn the_older_path_lists_all_groups_of_a_user() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["alice", "bob"]).await;
    for id in ["g2", "g1"] {
        create(&tenant, id, "alice", &[]).await;
    }
    let found = tenant.form("/user/group/query.json", "userId=alice").await;
    assert_eq!((found.status, found.code()), (200, 200), "{}", found.body);
    let named = |id: &str| json!({ "id": id, "name": "Name" });
    assert_eq!(found.body["groups"], json!([named("g1"), named("g2")]));
    let none = tenant.form("/user/group/query.json", "userId=bob").await;
    assert_eq!(none.body["groups"], json!([]));
    let ghost = tenant.form("/user/group/query.json", "userId=ghost").await;
    assert_eq!((ghost.status, ghost.code()), (404, 40401));
}
