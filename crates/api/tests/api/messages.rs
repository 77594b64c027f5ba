//! Direct messages, in users' names.

use nuncio_protocol::limits;
use serde_json::{Value, json};

use crate::harness::{NOW, Tenant, World, ids};

const SEND: &str = "/v4/direct-channel/message/send";
const DAYS_14: i64 = 14 * 24 * 3600 * 1000;
const HISTORY: &str = "/v4/direct-channel/history-message/list";

fn text(from: &str, to: &[&str], content: &str) -> Value {
    json!({
        "fromUserId": from,
        "toUserIds": to,
        "messageType": "RC:TxtMsg",
        "content": json!({ "content": content }).to_string(),
    })
}

async fn contents(tenant: &Tenant<'_>, body: Value) -> Vec<String> {
    let found = tenant.ok(HISTORY, body).await;
    let messages = found["messages"].as_array().unwrap().iter();
    messages.map(|message| message["content"].as_str().unwrap().to_owned()).collect()
}

fn stretch(newest: i64, oldest: i64) -> Value {
    json!({ "userId": "a", "channelId": "b", "startAt": newest, "endAt": oldest, "includeStart": true })
}

#[tokio::test]
async fn a_message_to_many_is_one_to_each() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["a", "b", "c"]).await;
    let sent = tenant.ok(SEND, text("a", &["b", "c", "b"], "hello")).await;
    let ids = sent["messageIds"].as_array().unwrap();
    assert_eq!((&ids[0]["userId"], &ids[1]["userId"], ids.len()), (&json!("b"), &json!("c"), 2));
    assert_ne!(ids[0]["messageId"], ids[1]["messageId"]);
    assert_eq!(
        tenant.ok(HISTORY, stretch(NOW, NOW - 1000)).await,
        json!({ "messages": [{
            "channelId": "b",
            "fromUserId": "a",
            "messageId": ids[0]["messageId"],
            "sentAt": NOW,
            "messageType": "RC:TxtMsg",
            "content": "{\"content\":\"hello\"}",
            "hasMetadata": false,
            "aiGenerated": false,
        }] })
    );

    // One who is not there, and nobody gets it.
    let (status, code, _) = tenant.refused(SEND, text("a", &["b", "ghost"], "lost")).await;
    assert_eq!((status, code), (404, 40401));
    assert_eq!(contents(&tenant, stretch(NOW, NOW - 1000)).await.len(), 1);
}

#[tokio::test]
async fn blocklists_are_asked_only_on_request() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["a", "b"]).await;
    let block = json!({ "userId": "b", "targetUserIds": ["a"] });
    tenant.ok("/v4/user/blocklist/add", block).await;
    tenant.ok(SEND, text("a", &["b"], "an app server may")).await;
    for name in ["verifyBlocklist", "verifyBlacklist"] {
        let mut body = text("a", &["b"], "not so");
        body[name] = json!(1);
        let (status, code, _) = tenant.refused(SEND, body).await;
        assert_eq!((status, code), (403, 405), "{name}");
    }
}

#[tokio::test]
async fn a_message_that_is_not_to_persist_is_in_no_history() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["a", "b"]).await;
    let mut body = text("a", &["b"], "gone");
    body["shouldPersist"] = json!(0);
    let sent = tenant.ok(SEND, body).await;
    assert_eq!(sent["messageIds"].as_array().unwrap().len(), 1);
    assert!(contents(&tenant, stretch(NOW, NOW - 1000)).await.is_empty());
}

#[tokio::test]
async fn what_a_message_is_made_of_has_limits() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["a", "b"]).await;
    let with = |member: &str, value: Value| {
        let mut body = text("a", &["b"], "x");
        body[member] = value;
        body
    };
    for (body, status, expected) in [
        (with("toUserIds", json!([])), 400, 1002),
        (with("toUserIds", json!(ids(1001))), 400, 1002),
        (with("messageType", json!("RC:NoSuch")), 400, 1002),
        (with("messageType", json!("x".repeat(33))), 400, 1005),
        (with("content", json!("not json")), 400, 1002),
        (with("content", json!(format!("\"{}\"", "x".repeat(limits::CONTENT_BYTES)))), 400, 1005),
        (with("metadata", json!({ "k": "v" })), 430, 1009),
        (with("hasMetadata", json!(true)), 430, 1009),
        (with("isEchoToSender", json!(7)), 400, 1002),
        (with("pushContent", json!("x".repeat(1025))), 400, 1002),
        (with("pushData", json!("x".repeat(1025))), 400, 1002),
        (with("pushExt", json!("not json")), 400, 1002),
        (with("pushExt", json!("[]")), 400, 1002),
        (with("fromUserId", json!("ghost")), 404, 40401),
    ] {
        let (found, code, sentence) = tenant.refused(SEND, body).await;
        assert_eq!((found, code), (status, expected), "{sentence}");
    }
    tenant.ok(SEND, with("messageType", json!("app:order"))).await;
    let biggest = format!("\"{}\"", "x".repeat(limits::CONTENT_BYTES - 2));
    tenant.ok(SEND, with("content", json!(biggest))).await;
    tenant.ok(SEND, with("pushContent", json!("x".repeat(1024)))).await;
    tenant.ok(SEND, with("pushExt", json!("{\"title\":\"Shop\"}"))).await;
}

#[tokio::test]
async fn history_runs_from_the_newer_end_to_the_older() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["a", "b"]).await;
    for content in ["one", "two", "three"] {
        tenant.ok(SEND, json!({
            "fromUserId": "b", "toUserIds": ["a"], "messageType": "app:t", "content": format!("\"{content}\""),
        }))
        .await;
        world.clock.advance_ms(1000);
    }
    let newest = NOW + 2000;
    assert_eq!(contents(&tenant, stretch(newest, NOW)).await, ["\"three\"", "\"two\"", "\"one\""]);
    let mut without_start = stretch(newest, NOW);
    without_start["includeStart"] = json!(false);
    without_start["pageSize"] = json!(1);
    assert_eq!(contents(&tenant, without_start).await, ["\"two\""]);
    assert_eq!(contents(&tenant, stretch(NOW + 1000, NOW + 1000)).await, ["\"two\""]);

    contents(&tenant, stretch(newest, newest - DAYS_14)).await;
    for body in [
        stretch(newest, newest - DAYS_14 - 1),
        stretch(NOW, NOW + 1),
        json!({ "userId": "a", "channelId": "b", "startAt": 2, "endAt": 1 }),
        json!({
            "userId": "a", "channelId": "b", "startAt": 2, "endAt": 1, "includeStart": true, "pageSize": 101,
        }),
    ] {
        let (status, code, _) = tenant.refused(HISTORY, body).await;
        assert_eq!((status, code), (400, 1002));
    }
}

#[tokio::test]
async fn a_deleted_message_has_no_content_any_more() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["a", "b"]).await;
    let sent = tenant.ok(SEND, text("a", &["b"], "oops")).await;
    let id = &sent["messageIds"][0]["messageId"];
    let delete = "/v4/message/delete";
    let body = |from: &str, to: &str, id: &Value| json!({ "fromUserId": from, "channelType": 1, "channelId": to, "messageId": id, "sentAt": NOW });
    let (status, code, _) = tenant.refused(delete, body("b", "a", id)).await;
    assert_eq!((status, code), (403, 25107));
    let mut group = body("a", "b", id);
    group["channelType"] = json!(4);
    let (status, code, sentence) = tenant.refused(delete, group).await;
    assert_eq!((status, code), (400, 1002));
    assert!(sentence.contains("`channelType` is 4"), "{sentence}");
    for unknown in ["C3UH-8KMU-O038-22SK", "0000000000001"] {
        let (status, code, _) = tenant.refused(delete, body("a", "b", &json!(unknown))).await;
        assert_eq!((status, code), (404, 22201));
    }
    let mut long = body("a", "b", id);
    long["extra"] = json!("x".repeat(1025));
    let (_, code, _) = tenant.refused(delete, long).await;
    assert_eq!(code, 1005);

    let mut by_admin = body("b", "a", id);
    by_admin["isAdmin"] = json!(1);
    tenant.ok(delete, by_admin).await;
    tenant.ok(delete, body("a", "b", id)).await;
    assert_eq!(contents(&tenant, stretch(NOW, NOW)).await, [""]);
}
