//! The web pages in the binary, and who is given the keys that the demo plays the app's server with.

use reqwest::header::{ACCEPT_ENCODING, HOST};
use reqwest::{Client, Response};

use crate::dev::dev;
use crate::run::{Running, within};

async fn get(url: &str, host: Option<&str>) -> Response {
    let mut request = Client::new().get(url).header(ACCEPT_ENCODING, "identity");
    if let Some(host) = host {
        request = request.header(HOST, host);
    }
    within(request.send()).await.unwrap()
}

#[tokio::test]
async fn the_demos_keys_open_the_server_api() {
    let data = tempfile::tempdir().unwrap();
    let server = dev(&data).await;
    let answer = get(&format!("{}/demo/keys.json", server.url), None).await;
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let keys: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    let (key, secret) = (keys["appKey"].as_str().unwrap(), keys["appSecret"].as_str().unwrap());
    let api = nuncio_testkit::Api::new(&server.url, key, secret);
    let answer = api.call("/v4/user/get", serde_json::json!({ "userId": "alice" })).await;
    assert_eq!(answer.result()["name"], "Alice");
    server.stop().await;
}

#[tokio::test]
async fn only_a_page_at_an_address_that_cannot_be_pointed_elsewhere_is_given_the_keys() {
    let data = tempfile::tempdir().unwrap();
    let server = dev(&data).await;
    let url = format!("{}/demo/keys.json", server.url);
    for host in ["localhost:9645", "LOCALHOST", "127.0.0.1:9645", "192.168.1.7", "[::1]:9645"] {
        let answer = get(&url, Some(host)).await;
        assert_eq!(answer.status(), 200, "{host}");
        // No other site's page can read it.
        assert!(!answer.headers().contains_key("access-control-allow-origin"));
        assert_eq!(answer.headers()["cross-origin-resource-policy"], "same-origin");
    }
    for host in [
        "rebound.example",
        "rebound.example:9645",
        "127.0.0.1.rebound.example",
        "localhost.rebound.example",
    ] {
        let answer = get(&url, Some(host)).await;
        assert_eq!(answer.status(), 403, "{host}");
        assert!(!answer.text().await.unwrap().contains("appSecret"), "{host}");
    }
    server.stop().await;
}

#[tokio::test]
async fn dev_leads_to_the_demo_and_serve_has_none() {
    let data = tempfile::tempdir().unwrap();
    let server = dev(&data).await;
    let page = get(&format!("{}/", server.url), None).await;
    assert_eq!(page.url().path(), "/demo/");
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("frame-ancestors 'self'"), "{policy}");
    // Which of the two depends on whether web/ was built before.
    let page = page.text().await.unwrap();
    assert!(page.contains("npm ci && npm run build") || page.contains("<script"), "{page}");
    server.stop().await;

    let server = Running::serve(data.path(), &[]).await;
    for path in ["/", "/demo/", "/demo/keys.json"] {
        assert_eq!(get(&format!("{}{path}", server.url), None).await.status(), 404, "{path}");
    }
    let console = get(&format!("{}/console", server.url), None).await;
    assert_eq!(console.url().path(), "/console/");
    let policy = console.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    server.stop().await;
}
