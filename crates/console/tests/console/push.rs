//! Push providers: credentials go in, and their secrets do not come out.

use serde_json::{Value, json};

use crate::harness::World;

fn with(app: &str, provider: &str, credentials: &Value) -> Value {
    json!({ "appKey": app, "provider": provider, "credentials": credentials })
}

#[tokio::test]
async fn credentials_are_checked_kept_and_not_shown() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (app, other) =
        (owner.app("development", "free").await, owner.app("development", "free").await);
    for (provider, credentials, about) in [
        ("pigeon", json!({}), "provider"),
        ("fcm", json!({}), "serviceAccount"),
        ("fcm", json!({ "serviceAccount": { "project_id": "p" } }), "service account"),
        ("apns", json!({ "keyId": "k", "teamId": "t", "topic": "a" }), "key"),
        ("apns", json!({ "key": "x", "keyId": "k", "teamId": "t", "topic": "a" }), "PEM"),
        ("apns", json!({ "key": "x", "keyId": "k/..", "teamId": "t", "topic": "a" }), "keyId"),
        ("web", json!({ "subject": "me" }), "subject"),
        ("web", json!({ "subject": "mailto:a@b.example", "more": 1 }), "more"),
        ("webhook", json!({ "url": "ftp://a.example" }), "url"),
        ("webhook", json!({ "url": "x".repeat(20_000) }), "too long"),
    ] {
        let answer = owner.call("push/set", with(&app, provider, &credentials)).await;
        assert_eq!((answer.status, answer.refusal()), (400, "BAD_PARAMETER"), "{credentials}");
        assert!(answer.body.to_string().contains(about), "{}", answer.body);
    }
    let web = json!({ "subject": "mailto:a@b.example" });
    let key = async |credentials: &Value| {
        let set = owner.call("push/set", with(&app, "web", credentials)).await.ok();
        assert_eq!(set["setup"]["subject"], "mailto:a@b.example");
        set["setup"]["publicKey"].as_str().unwrap().to_owned()
    };
    let first = key(&web).await;
    assert_eq!(first.len(), 87, "65 bytes");
    assert_eq!(key(&web).await, first, "browsers that have subscribed go on being reached");
    assert_ne!(key(&json!({ "subject": "mailto:a@b.example", "newKey": true })).await, first);

    let hook = json!({ "url": "https://app.example.org/push" });
    owner.call("push/set", with(&app, "webhook", &hook)).await.ok();
    let secret = owner.call("push/secret", json!({ "appKey": app })).await.ok();
    let secret = secret["secret"].as_str().unwrap();
    assert_eq!(secret.len(), 32);
    let listed = owner.call("push/list", json!({ "appKey": app })).await.ok();
    assert_eq!(listed["providers"].as_array().unwrap().len(), 2);
    assert!(!listed.to_string().contains(secret), "{listed}");
    let none = owner.call("push/list", json!({ "appKey": other })).await.ok();
    assert_eq!(none["providers"], json!([]));
    assert_eq!(
        owner.call("push/secret", json!({ "appKey": other })).await.refusal(),
        "SERVICE_OFF"
    );

    let one = json!({ "appKey": app, "provider": "webhook" });
    owner.call("push/remove", one.clone()).await.ok();
    assert_eq!(owner.call("push/test", one).await.refusal(), "SERVICE_OFF");
    let trail = owner.call("audit/list", json!({ "appKey": app })).await.ok();
    let actions: Vec<_> =
        trail["items"].as_array().unwrap().iter().map(|e| e["action"].as_str().unwrap()).collect();
    assert_eq!(actions[..2], ["push.remove", "push.set"]);
    assert!(!trail.to_string().contains(secret));
}

#[tokio::test]
async fn a_test_cannot_be_made_a_flood() {
    let world = World::new().await;
    let owner = world.owner().await;
    let app = owner.app("development", "free").await;
    let hook = json!({ "url": "https://app.example.org/push" });
    owner.call("push/set", with(&app, "webhook", &hook)).await.ok();
    let one = json!({ "appKey": app, "provider": "webhook" });
    let mut sent = 0;
    while owner.call("push/test", one.clone()).await.status != 429 {
        sent += 1;
        assert!(sent < 100, "there is an end to it");
    }
    assert!(sent >= 10, "{sent}");
    let nobody = json!({ "appKey": app, "provider": "web", "userId": "ada" });
    assert_eq!(owner.call("push/test", nobody).await.refusal(), "SERVICE_OFF");
}
