//! The description and the page that shows it.

use std::collections::HashSet;

use axum::body::Body;
use axum::http::Request;
use nuncio_api::OPERATIONS;

use crate::harness::World;

async fn get(world: &World, path: &str) -> (String, String) {
    let answer = world.send(Request::get(path).body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, 200, "{path}");
    let policy = answer.headers["content-security-policy"].to_str().unwrap().to_owned();
    let text = answer.body["text"].as_str().map_or_else(|| answer.body.to_string(), str::to_owned);
    (text, policy)
}

#[tokio::test]
async fn the_description_needs_no_signature_and_names_every_operation_once() {
    let world = World::new().await;
    let (text, _) = get(&world, "/openapi.json").await;
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = HashSet::new();
    for operation in OPERATIONS {
        let described = &document["paths"][operation.path]["post"];
        assert!(ids.insert(described["operationId"].as_str().unwrap().to_owned()));
        assert!(described["summary"].as_str().is_some_and(|summary| !summary.is_empty()));
        assert!(
            described["requestBody"]["content"]["application/json"]["schema"]["type"] == "object"
        );
    }
    assert_eq!(document["paths"].as_object().unwrap().len(), OPERATIONS.len());
}

#[tokio::test]
async fn the_page_asks_no_other_host_for_anything() {
    let world = World::new().await;
    let (page, policy) = get(&world, "/docs").await;
    assert!(policy.starts_with("default-src 'self';"), "{policy}");
    assert!(!policy.contains("http") && !policy.contains("unsafe-eval"), "{policy}");
    let mut links = 0;
    for attribute in ["src=\"", "href=\""] {
        for link in page.split(attribute).skip(1) {
            let link = link.split('"').next().unwrap();
            assert!(link.starts_with('/') || link == "data:,", "{link}");
            if link != "data:," {
                get(&world, link).await;
                links += 1;
            }
        }
    }
    assert!(links >= 5);
}
