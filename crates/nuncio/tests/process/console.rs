//! The way into the console.

use serde_json::{Value, json};

use crate::run::{Running, printed, refused};

async fn redeem(server: &Running, link: &str, name: Option<&str>) -> (u16, Value) {
    let token = link.rsplit('/').next().unwrap();
    let body = json!({ "token": token, "name": name, "password": "a long enough password" });
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client
        .post(format!("{}/console/api/session/redeem", server.url))
        .header("Nuncio-Console", "1")
        .header("Origin", &server.url)
        .json(&body);
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

fn link(log: &str) -> Option<&str> {
    log.lines().map(str::trim).find(|line| line.contains("/console/#/link/"))
}

#[tokio::test]
async fn a_link_is_printed_at_each_start_until_it_was_used_and_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let old = Running::serve(folder.path(), &[]).await.stop().await.log;
    let old = link(&old).unwrap().to_owned();

    let server = Running::serve(folder.path(), &[]).await;
    let new = printed(&["console", "reset-link", "--data", data, "--url", &server.url]).await;
    assert!(new.starts_with(&format!("{}/console/#/link/", server.url)), "{new}");
    let (status, answer) = redeem(&server, &old, Some("ada")).await;
    assert_eq!((status, &answer["name"]), (410, &json!("LINK_VOID")));
    let (status, answer) = redeem(&server, new.trim(), Some("ada")).await;
    assert_eq!((status, &answer["operator"]), (200, &json!("ada")), "{answer}");

    let told = refused(&["console", "reset-link", "--data", data], 1).await;
    assert!(told.contains("name the operator"), "{told}");
    let again = printed(&["console", "reset-link", "ada", "--data", data]).await;
    assert_eq!(redeem(&server, again.trim(), None).await.0, 200);
    server.stop().await;

    let log = Running::serve(folder.path(), &[]).await.stop().await.log;
    assert_eq!(link(&log), None, "{log}");
}
