//! One effect for all tries of a call.

use serde_json::json;

use crate::harness::{Answer, NOW, Tenant, World};

async fn with_key(tenant: &Tenant<'_>, key: &str, path: &str, body: &serde_json::Value) -> Answer {
    tenant.call_with(path, &[("Idempotency-Key", key)], body.clone()).await
}

const SEND: &str = "/v4/direct-channel/message/send";

#[tokio::test]
async fn a_second_try_gets_the_first_ones_answer_for_a_day() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["a", "b"]).await;
    let body = json!({
        "fromUserId": "a", "toUserIds": ["b"], "messageType": "RC:TxtMsg", "content": "{\"content\":\"once\"}",
    });
    let first = with_key(&tenant, "k1", SEND, &body).await;
    assert!(!first.headers.contains_key("idempotency-replayed"));
    world.clock.advance_ms(23 * 3_600_000);
    let second = with_key(&tenant, "k1", SEND, &body).await;
    assert_eq!(second.headers["idempotency-replayed"], "true");
    assert_ne!(second.headers["x-request-id"], first.headers["x-request-id"]);
    assert_eq!(first.body["result"]["messageIds"].as_array().unwrap().len(), 1);
    assert_eq!((second.status, &second.body), (200, &first.body));

    let other = with_key(&tenant, "k2", SEND, &body).await;
    assert_ne!(other.body, first.body);
}

#[tokio::test]
async fn a_refusal_is_kept_with_its_status() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    let body = json!({ "userIds": ["late"], "durationMinutes": 5 });
    let first = with_key(&tenant, "k", "/v4/user/ban", &body).await;
    assert_eq!((first.status, first.code()), (404, 40401));
    tenant.register(&["late"]).await;
    let second = with_key(&tenant, "k", "/v4/user/ban", &body).await;
    assert_eq!((second.status, second.body), (404, first.body));
    let list = tenant.ok("/v4/user/ban/list", json!({})).await;
    assert_eq!(list, json!({ "bannedUsers": [] }));
}

#[tokio::test]
async fn a_key_stands_for_one_body_and_one_path() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["a", "b"]).await;
    let body = json!({ "userIds": ["a"] });
    assert_eq!(with_key(&tenant, "k", "/v4/user/unban", &body).await.status, 200);
    let other_body = with_key(&tenant, "k", "/v4/user/unban", &json!({ "userIds": ["b"] })).await;
    let other_path = with_key(&tenant, "k", "/v4/user/soft-delete", &body).await;
    for answer in [other_body, other_path] {
        let (status, code, _) = answer.refusal();
        assert_eq!((status, code), (409, 40903));
    }
    // Another app's key of the same name is another key; a reading call has no use for one.
    let neighbour = world.tenant().await;
    neighbour.register(&["b"]).await;
    let body = json!({ "userIds": ["b"] });
    assert_eq!(with_key(&neighbour, "k", "/v4/user/unban", &body).await.status, 200);
    let body = json!({ "userId": "a" });
    assert_eq!(with_key(&tenant, "k", "/v4/user/get", &body).await.status, 200);
}

#[tokio::test]
async fn a_key_in_use_is_refused_until_its_claim_has_aged() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["a"]).await;
    let body = json!({ "userIds": ["a"], "expiresAt": NOW });
    // A node that died after it had taken the key.
    let text = body.to_string();
    let path = "/v4/auth/access-token/expire";
    let digest = {
        use sha2::{Digest as _, Sha256};
        nuncio_protocol::signing::hex(&Sha256::digest(format!("{path}\n{text}")))
    };
    world.core.claim(tenant.app.id, "k", &digest).await.unwrap();
    let (status, code, _) = with_key(&tenant, "k", path, &body).await.refusal();
    assert_eq!((status, code), (409, 40904));
    world.clock.advance_ms(61_000);
    assert_eq!(with_key(&tenant, "k", path, &body).await.status, 200);
}

#[tokio::test]
async fn a_message_that_was_committed_before_a_crash_is_not_sent_again() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["a", "b"]).await;
    let body = json!({
        "fromUserId": "a", "toUserIds": ["b"], "messageType": "RC:TxtMsg", "content": "{\"content\":\"once\"}",
    });
    let first = with_key(&tenant, "k", SEND, &body).await;
    // As if the answer had never been kept.
    world.core.forget(tenant.app.id, "k").await.unwrap();
    let second = with_key(&tenant, "k", SEND, &body).await;
    assert_eq!((second.status, second.body), (200, first.body));
}

#[tokio::test]
async fn a_key_has_1_to_64_printable_characters() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    tenant.register(&["a"]).await;
    let body = json!({ "userIds": ["a"] });
    assert_eq!(with_key(&tenant, &"k".repeat(64), "/v4/user/unban", &body).await.status, 200);
    for bad in ["", "two words", &"k".repeat(65)] {
        let (status, code, _) = with_key(&tenant, bad, "/v4/user/unban", &body).await.refusal();
        assert_eq!((status, code), (400, 1002));
    }
}
