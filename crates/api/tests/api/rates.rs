//! How often an app may call.

use serde_json::json;

use crate::harness::{World, ids};

#[tokio::test]
async fn past_its_rate_an_app_is_told_when_to_come_back() {
    let world = World::new().await;
    let mut tenant = world.tenant().await;
    tenant.set(|app| app.settings.api_calls_per_second = Some(1)).await;
    let (class, other_class) = ("/v4/user/ban/list", "/v4/user/profile/list");
    tenant.ok(class, json!({})).await;
    let answer = tenant.call(class, json!({})).await;
    let wait: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert_eq!((answer.status, answer.code(), wait), (429, 1008, 1));
    tenant.ok(other_class, json!({})).await;

    let neighbour = world.tenant().await;
    for _ in 0..50 {
        neighbour.ok(class, json!({})).await;
    }
}

#[tokio::test]
async fn friends_and_recipients_are_counted_one_by_one() {
    let world = World::new().await;
    let mut tenant = world.tenant().await;
    tenant.register(&["a"]).await;
    tenant.set(|app| app.settings.api_calls_per_second = Some(30)).await;
    let path = "/v4/friend/relationship/get";
    let body = json!({ "userId": "a", "targetIds": ids(20) });
    tenant.ok(path, body.clone()).await;
    let (status, code, sentence) = tenant.refused(path, body).await;
    assert_eq!((status, code), (429, 1008));
    assert!(sentence.contains("`friends`"), "{sentence}");
}

#[tokio::test]
async fn a_call_that_counts_more_than_the_budget_holds_takes_all_of_it() {
    let world = World::new().await;
    let mut tenant = world.tenant().await;
    tenant.register(&["a"]).await;
    tenant.set(|app| app.settings.api_calls_per_second = Some(1)).await;
    let body = json!({ "userId": "a", "targetIds": ids(20) });
    let (status, _, _) = tenant.refused("/v4/friend/relationship/get", body).await;
    assert_eq!(status, 429, "one was taken for the call itself, so the rest must wait");
}
