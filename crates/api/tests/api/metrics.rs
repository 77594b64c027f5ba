//! What is counted about calls.

use nuncio_api::Options;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use serde_json::json;

use crate::harness::{World, post};

#[tokio::test]
async fn calls_are_counted_by_operation_and_code() {
    let options = Options::default();
    let mut registry = Registry::default();
    options.metrics.register(&mut registry);
    let world = World::with(options).await;
    let tenant = world.tenant().await;
    tenant.register(&["a"]).await;
    for user in ["a", "a", "ghost"] {
        tenant.call("/v4/user/get", json!({ "userId": user })).await;
    }
    tenant.form("/user/info.json", "userId=a").await;
    for path in ["/v4/no/such", "/v4/nor/this"] {
        world.send(post(path, &[], "")).await;
    }
    let mut text = String::new();
    encode(&mut text, &registry).unwrap();
    for line in [
        r#"api_calls_total{operation="get_user",code="0"} 2"#,
        r#"api_calls_total{operation="get_user",code="40401"} 1"#,
        r#"api_calls_total{operation="/user/info.json",code="0"} 1"#,
        r#"api_calls_total{operation="none",code="40404"} 2"#,
        r#"api_call_seconds_count{operation="get_user"} 3"#,
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}
