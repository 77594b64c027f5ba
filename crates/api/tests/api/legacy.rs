//! The older, form-encoded paths.

use axum::body::Body;
use axum::http::Request;
use nuncio_store::apps::{Edition, Environment};
use serde_json::{Value, json};

use crate::harness::{NOW, Tenant, World, post};

/// The answer of an older call that must succeed, without its code.
async fn ok(tenant: &Tenant<'_>, path: &str, form: &str) -> Value {
    let answer = tenant.form(path, form).await;
    assert_eq!((answer.status, &answer.body["code"]), (200, &json!(200)), "{path} {}", answer.body);
    let mut body = answer.body;
    body.as_object_mut().unwrap().remove("code");
    body
}

async fn refused(tenant: &Tenant<'_>, path: &str, form: &str) -> (u16, i64, String) {
    let answer = tenant.form(path, form).await;
    assert_eq!(answer.body["url"], path);
    answer.refusal()
}

#[tokio::test]
async fn users_and_tokens() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    let form = "userId=a&name=Al%20B&portraitUri=https%3A%2F%2Fx.org%2Fa.png";
    let issued = ok(&tenant, "/user/getToken.json", form).await;
    assert_eq!(issued["userId"], "a");
    assert!(issued["token"].as_str().unwrap().starts_with("nct_"));
    ok(&tenant, "/user/refresh.json", "userId=a&name=New").await;
    assert_eq!(
        ok(&tenant, "/user/info.json", "userId=a").await,
        json!({
            "userName": "New",
            "userPortrait": "https://x.org/a.png",
            "createTime": "2026-01-31 08:15:00",
        })
    );
    assert_eq!(ok(&tenant, "/user/checkOnline.json", "userId=a").await, json!({ "status": "0" }));
    ok(&tenant, "/user/token/expire.json", &format!("userId=a&time={NOW}")).await;
}

#[tokio::test]
async fn bans() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["a", "b", "c"]).await;
    ok(&tenant, "/user/block.json", "userId=a&userId=b&minute=1").await;
    ok(&tenant, "/user/unblock.json", "userId=b,c").await;
    assert_eq!(
        ok(&tenant, "/user/block/query.json", "page=1&size=10").await,
        json!({ "users": [{ "userId": "a", "blockEndTime": "2026-01-31 08:16:00" }] })
    );
    let (status, code, sentence) = refused(&tenant, "/user/block.json", "userId=a").await;
    assert_eq!((status, code, sentence.as_str()), (400, 1002, "`minute` is missing"));
    let (_, _, sentence) = refused(&tenant, "/user/block.json", "userId=a,b!&minute=1").await;
    assert_eq!(sentence, "`userId[1]` contains '!', which is not allowed");
}

#[tokio::test]
async fn blocklist_and_whitelist() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["a"]).await;
    for (path, target) in [("/user/blacklist", "blackUserId"), ("/user/whitelist", "whiteUserId")] {
        ok(&tenant, &format!("{path}/add.json"), &format!("userId=a&{target}=x&{target}=y")).await;
        ok(&tenant, &format!("{path}/remove.json"), &format!("userId=a&{target}=y")).await;
        let list = ok(&tenant, &format!("{path}/query.json"), "userId=a").await;
        assert_eq!(list, json!({ "users": ["x"] }));
        ok(&tenant, &format!("{path}/add.json"), &format!("userId=a&{target}=z")).await;
        let first = ok(&tenant, &format!("{path}/query.json"), "userId=a&size=1").await;
        let next = first["next"].as_str().unwrap();
        let form = format!("userId=a&size=1&pageToken={next}");
        let second = ok(&tenant, &format!("{path}/query.json"), &form).await;
        assert_eq!(second["next"], Value::Null);
        assert_ne!(second["users"], first["users"]);
    }
    ok(&tenant, "/user/whitesetting/set.json", "userId=a&whiteSetting=1").await;
    assert_eq!(
        ok(&tenant, "/user/whitesetting/query.json", "userId=a").await,
        json!({ "users": [{ "userId": "a", "whiteSetting": "1" }] })
    );
}

#[tokio::test]
async fn soft_deletion() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["a", "b"]).await;
    let deleted = ok(&tenant, "/user/deactivate.json", "userId=a,b").await;
    assert!(deleted["operateId"].is_string());
    let list = ok(&tenant, "/user/deactivate/query.json", "pageNo=1&pageSize=50").await;
    assert_eq!(list["users"].as_array().unwrap().len(), 2);
    world.core.run_activations().await.unwrap();
    assert!(ok(&tenant, "/user/reactivate.json", "userId=a").await["operateId"].is_string());
    assert!(ok(&tenant, "/user/activate.json", "userId=b").await["operateId"].is_string());
}

#[tokio::test]
async fn tags_are_set_in_json_and_read_as_a_map() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["a", "b"]).await;
    let json = async |path: &str, body: Value| {
        let answer = tenant.call(path, body).await;
        assert_eq!((answer.status, answer.code()), (200, 200), "{}", answer.body);
    };
    json("/user/tag/set.json", json!({ "userId": "a", "tags": ["one"] })).await;
    json("/user/tag/batch/set.json", json!({ "userIds": ["b"], "tags": ["x", "y"] })).await;
    assert_eq!(
        ok(&tenant, "/user/tags/get.json", "userIds=a&userIds=b").await,
        json!({ "result": { "a": ["one"], "b": ["x", "y"] } })
    );
}

#[tokio::test]
async fn mutes() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["a"]).await;
    ok(&tenant, "/user/chat/fb/set.json", "userId=a&state=1&type=PERSON").await;
    assert_eq!(
        ok(&tenant, "/user/chat/fb/querylist.json", "num=10&offset=0&type=PERSON").await,
        json!({ "total": 1, "users": ["a"] })
    );
}

#[tokio::test]
async fn profiles_are_json_text() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["a"]).await;
    let form = "userId=a&userProfile=%7B%22name%22%3A%22Al%22%7D&userExtProfile=%7B%22ext_t%22%3A%22r%22%7D";
    ok(&tenant, "/user/profile/set.json", form).await;
    for (path, form) in
        [("/user/profile/batch/query.json", "userId=a"), ("/user/profile/query.json", "size=5")]
    {
        let found = ok(&tenant, path, form).await;
        let profile = &found["userList"][0];
        assert_eq!(profile["userProfile"], "{\"name\":\"Al\"}");
        assert_eq!(profile["userExtProfile"], "{\"ext_t\":\"r\"}");
        assert!(profile["version"].is_i64());
    }
    // A hundred at once, where the newer path takes twenty.
    let many = crate::harness::ids(100).join(",");
    ok(&tenant, "/user/profile/batch/query.json", &format!("userId={many}")).await;
    let answer =
        tenant.form("/user/profile/set.json", "userId=a&userProfile=%7B%22gender%22%3A9%7D").await;
    assert_eq!((answer.status, &answer.body["profileKey"]), (400, &json!("gender")));
    let (_, code, _) =
        refused(&tenant, "/user/profile/set.json", "userId=a&userProfile=text").await;
    assert_eq!(code, 1002);
    ok(&tenant, "/user/profile/clean.json", "userId=a").await;
}

#[tokio::test]
async fn friends() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["a", "b", "c"]).await;
    ok(&tenant, "/friend/add.json", "userId=a&targetId=b&optType=2").await;
    let form =
        "userId=a&targetId=b&remarkName=bro&friendExtProfile=%7B%22ext_met%22%3A%222020%22%7D";
    ok(&tenant, "/friend/profile/set.json", form).await;
    assert_eq!(
        ok(&tenant, "/friend/get.json", "userId=a").await,
        json!({
            "totalCount": 1,
            "friendList": [{
                "userId": "b",
                "name": "Name of b",
                "remarkName": "bro",
                "friendExtProfile": "{\"ext_met\":\"2020\"}",
                "time": NOW,
            }],
        })
    );
    assert_eq!(
        ok(&tenant, "/friend/check.json", "userId=a&targetIds=b,c").await,
        json!({ "results": [{ "userId": "b", "result": 4 }, { "userId": "c", "result": 1 }] })
    );
    ok(&tenant, "/friend/permission/set.json", "userIds=a,b&permissionType=3").await;
    assert_eq!(
        ok(&tenant, "/friend/permission/get.json", "userIds=a").await,
        json!({ "permissionSettings": [{ "userId": "a", "type": 3 }] })
    );
    ok(&tenant, "/friend/delete.json", "userId=a&targetId=b").await;
    ok(&tenant, "/friend/clean.json", "userId=a").await;
    let (status, code, _) = refused(&tenant, "/friend/get.json", "userId=ghost").await;
    assert_eq!((status, code), (404, 40401));
}

#[tokio::test]
async fn test_users_are_listed_and_deleted_in_development_alone() {
    let world = World::new().await;
    let tenant = world.tenant_in(Environment::Development, Edition::Free).await;
    tenant.register(&["a", "b"]).await;
    ok(&tenant, "/user/delusers.json", "userId=a").await;
    assert_eq!(
        ok(&tenant, "/user/query.json", "page=1").await,
        json!({ "users": [{
            "userId": "b",
            "userName": "Name of b",
            "userPortrait": "",
            "regTime": "2026-01-31 08:15:00",
        }] })
    );
    let production = world.tenant().await;
    production.register(&["a"]).await;
    for (path, form) in [("/user/delusers.json", "userId=a"), ("/user/query.json", "page=1")] {
        let (status, code, _) = refused(&production, path, form).await;
        assert_eq!((status, code), (401, 1007));
    }
}

#[tokio::test]
async fn quiet_hours_are_set_got_and_deleted() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["a"]).await;
    let of = |path: &str| format!("/user/blockPushPeriod/{path}.json");
    let got = async || ok(&tenant, &of("get"), "userId=a").await["data"].clone();
    let none = json!({ "startTime": "", "period": 0, "unPushLevel": 0 });
    assert_eq!(got().await, none);
    let set = "userId=a&startTime=22:30:00&period=480";
    ok(&tenant, &of("set"), set).await;
    assert_eq!(got().await, json!({ "startTime": "22:30:00", "period": 480, "unPushLevel": 1 }));
    ok(&tenant, &of("set"), &format!("{set}&level=5")).await;
    assert_eq!(got().await["unPushLevel"], 5);
    // They are the ones that the user's clients have.
    let settings = world.core.push_settings(tenant.app.id, "a".try_into().unwrap()).await.unwrap();
    assert_eq!(settings.quiet.unwrap().start, 22 * 3600 + 30 * 60);
    for wrong in [
        "userId=a&startTime=24:00:00&period=480",
        "userId=a&startTime=22:30:00&period=0",
        "userId=a&startTime=22:30:00&period=1440",
        "userId=a&startTime=22:30:00&period=480&level=2",
        "userId=a&period=480",
    ] {
        let (status, code, _) = refused(&tenant, &of("set"), wrong).await;
        assert_eq!((status, code), (400, 1002), "{wrong}");
    }
    assert_eq!(got().await["period"], 480);
    ok(&tenant, &of("delete"), "userId=a").await;
    assert_eq!(got().await, none);
    for path in ["set", "get", "delete"] {
        let ghost = "userId=ghost&startTime=22:30:00&period=480";
        let (status, code, _) = refused(&tenant, &of(path), ghost).await;
        assert_eq!((status, code), (404, 40401), "{path}");
    }
}

#[tokio::test]
async fn a_feature_that_is_not_there_is_refused_by_name() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    for path in ["/user/remarks/set.json", "/user/remarks/get.json"] {
        let (status, code, sentence) = refused(&tenant, path, "userId=a").await;
        assert_eq!((status, code), (430, 1009));
        assert!(sentence.starts_with("this server has no "), "{sentence}");
    }
}

#[tokio::test]
async fn the_same_gates_stand_before_older_paths() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    let (status, code, _) = refused(&tenant, "/user/block.json", "").await;
    assert_eq!((status, code), (400, 1003));
    assert_eq!(ok(&tenant, "/user/block/query.json", "").await, json!({ "users": [] }));
    let unsigned = post("/user/block.json", &[], "userId=a&minute=1");
    assert_eq!(world.send(unsigned).await.refusal().0, 401);
    let answer = tenant.call("/user/block.json", json!({ "userId": "a" })).await;
    assert_eq!((answer.status, answer.code()), (415, 41501));
    let request = Request::get("/user/block.json").body(Body::empty()).unwrap();
    assert_eq!(world.send(request).await.status, 405);
}
