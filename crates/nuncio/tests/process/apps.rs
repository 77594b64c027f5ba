//! `nuncio app`, also while a server runs on the same data.

use nuncio_testkit::{Api, Refused, Wire};
use serde_json::{Value, json};

use crate::run::{Running, printed, refused, wait_for, within};

/// Runs `nuncio app ARGUMENTS --json` on a folder.
async fn app(data: &tempfile::TempDir, arguments: &[&str]) -> Value {
    let data = data.path().to_str().unwrap();
    let arguments = [&["app"], arguments, &["--data", data, "--json"]].concat();
    serde_json::from_str(&printed(&arguments).await).unwrap()
}

fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap().to_owned()
}

/// A server, and an app that was made while it ran.
async fn server_with_app(data: &tempfile::TempDir) -> (Running, Api) {
    let server = Running::serve(data.path(), &["--log-level", "debug"]).await;
    let made = app(data, &["create", "--name", "Beside"]).await;
    let api = Api::new(&server.url, &text(&made, "appKey"), &text(&made, "appSecret"));
    (server, api)
}

#[tokio::test]
async fn an_app_that_is_made_beside_a_running_server_works_at_once() {
    let data = tempfile::tempdir().unwrap();
    let (server, api) = server_with_app(&data).await;
    api.token("alice").await;
    let listed = app(&data, &["list"]).await;
    assert_eq!(listed[0]["appKey"], json!(api.key));
    assert_eq!(listed[0]["environment"], "development");
    assert_eq!(listed[0]["edition"], "free");
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(server.stop().await.code, Some(0));
}

#[tokio::test]
async fn every_setting_can_be_set_and_is_shown() {
    let data = tempfile::tempdir().unwrap();
    let key = text(&app(&data, &["create", "--name", "First"]).await, "appKey");
    #[rustfmt::skip]
    let set = app(&data, &[
        "set", &key, "--name", "Second", "--environment", "production", "--edition", "premium",
        "--locked", "true", "--only-friends-can-message", "true", "--token-ttl", "30d",
        "--expire-closes-connections", "false", "--devices-per-user", "3", "--friend-permission", "nobody",
        "--profile-ext-keys", "ext_a,ext_b", "--profiles-visible-to-strangers", "false",
        "--notify-friends-of-profiles", "false", "--whitelist-service", "false",
        "--require-signature-v2", "true", "--message-edit-minutes", "5", "--inbox-days", "3", "--history-days", "30",
        "--api-rate", "50", "--client-rate", "5", "--group-notices", "false", "--group-history-from-joining", "false",
    ])
    .await;
    let expected = json!({
        "appKey": key, "name": "Second", "environment": "production", "edition": "premium",
        "locked": true, "onlyFriendsCanMessage": true, "createdAt": set["createdAt"],
        "settings": {
            "tokenTtlSeconds": 2_592_000, "expireClosesConnections": false, "devicesPerUser": 3,
            "friendPermission": 3, "profileExtKeys": ["ext_a", "ext_b"],
            "profilesVisibleToStrangers": false, "notifyFriendsOfProfiles": false,
            "whitelistService": false, "requireSignatureV2": true,
            "messageEditMinutes": 5, "inboxDays": 3, "historyDays": 30,
            "apiCallsPerSecond": 50, "clientCallsPerSecond": 5,
            "groupNotices": false, "groupHistoryFromJoining": false,
        },
    });
    assert_eq!(set, expected);
    assert_eq!(app(&data, &["list"]).await, json!([expected]));

    #[rustfmt::skip]
    let back = app(&data, &[
        "set", &key, "--token-ttl", "none", "--profile-ext-keys", "none", "--api-rate", "none",
        "--client-rate", "none", "--locked", "false",
    ])
    .await;
    assert_eq!(back["settings"]["tokenTtlSeconds"], Value::Null);
    assert_eq!(back["settings"]["profileExtKeys"], json!([]));
    assert_eq!(back["settings"]["apiCallsPerSecond"], Value::Null);
    assert_eq!(
        (&back["locked"], &back["name"]),
        (&json!(false), &json!("Second")),
        "the rest stays"
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_change_is_told() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().to_str().unwrap();
    let key = text(&app(&data, &["create", "--name", "x"]).await, "appKey");
    for (change, code, part) in [
        (vec!["nosuchkey", "--locked", "true"], 1, "nuncio app list"),
        (vec![&key], 2, "--edition"),
        (vec![&key, "--edition", "gold"], 2, "free, flagship, premium"),
        (vec![&key, "--token-ttl", "0s"], 2, "at least `1s`"),
        (vec![&key, "--profile-ext-keys", "ext_a,color"], 2, "`color`"),
        (vec![&key, "--devices-per-user", "0"], 2, "1..=100"),
        (vec![&key, "--name", ""], 2, "1 to 64 characters"),
        (vec!["k e y", "--locked", "true"], 2, "' '"),
    ] {
        let arguments = [&["app", "set", "--data", folder][..], &change].concat();
        let told = refused(&arguments, code).await;
        assert!(told.contains(part), "{change:?}: {told}");
    }
}

#[tokio::test]
async fn locking_an_app_closes_its_connections_and_stops_its_calls() {
    let data = tempfile::tempdir().unwrap();
    let (server, api) = server_with_app(&data).await;
    let (alice, bob) = (api.token("alice").await, api.token("bob").await);
    let mut connected = Wire::login(&server.url, &api.key, &alice, "phone").await.unwrap();

    app(&data, &["set", &api.key, "--locked", "true"]).await;
    let refused = Wire::login(&server.url, &api.key, &bob, "phone").await.err().unwrap();
    assert_eq!(refused.downcast::<Refused>().unwrap().0.code, 31008);
    let answer = api.call("/v4/user/get", json!({ "userId": "alice" })).await;
    assert_eq!((answer.status, answer.code()), (401, 1006));
    assert_eq!(within(connected.wait_for_close()).await.code, 31008);

    app(&data, &["set", &api.key, "--locked", "false"]).await;
    Wire::login(&server.url, &api.key, &bob, "phone").await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn a_new_secret_voids_the_tokens_and_closes_what_logged_in_with_them() {
    let data = tempfile::tempdir().unwrap();
    let (server, api) = server_with_app(&data).await;
    let alice = api.token("alice").await;
    let mut connected = Wire::login(&server.url, &api.key, &alice, "phone").await.unwrap();

    let rotated = app(&data, &["rotate-secret", &api.key]).await;
    assert_eq!(rotated["appKey"], json!(api.key));
    Wire::login(&server.url, &api.key, &alice, "phone").await.err().expect("the token is void");
    assert_eq!(api.call("/v4/user/get", json!({ "userId": "alice" })).await.code(), 1004);
    assert_ne!(within(connected.wait_for_close()).await.code, 0);

    let api = Api::new(&server.url, &api.key, &text(&rotated, "appSecret"));
    let alice = api.token("alice").await;
    Wire::login(&server.url, &api.key, &alice, "phone").await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn a_client_past_the_limit_is_told_to_come_back_and_calls_go_on() {
    let data = tempfile::tempdir().unwrap();
    let server = Running::serve(data.path(), &["--max-connections", "1"]).await;
    let made = app(&data, &["create", "--name", "Full"]).await;
    let api = Api::new(&server.url, &text(&made, "appKey"), &text(&made, "appSecret"));
    let (alice, bob) = (api.token("alice").await, api.token("bob").await);
    let first = Wire::login(&server.url, &api.key, &alice, "phone").await.unwrap();
    let refused = Wire::login(&server.url, &api.key, &bob, "phone").await.err().unwrap();
    assert_eq!(refused.downcast::<Refused>().unwrap().0.code, 31024);
    api.token("carol").await;

    first.cut();
    wait_for(async || Wire::login(&server.url, &api.key, &bob, "phone").await.ok()).await;
    server.stop().await;
}

#[tokio::test]
async fn draining_sends_clients_elsewhere() {
    let data = tempfile::tempdir().unwrap();
    let (server, api) = server_with_app(&data).await;
    let token = api.token("alice").await;
    let mut alice = Wire::login(&server.url, &api.key, &token, "phone").await.unwrap();
    server.terminate();
    assert_eq!(within(alice.wait_for_close()).await.code, 32054);
    assert_eq!(alice.closed, Some(4001));
    assert_eq!(server.end().await.code, Some(0));
}

#[tokio::test]
async fn the_log_holds_no_secret_no_token_and_no_message() {
    let data = tempfile::tempdir().unwrap();
    let server = Running::serve(data.path(), &["--log-level", "trace"]).await;
    let made = app(&data, &["create", "--name", "Quiet"]).await;
    let secret = text(&made, "appSecret");
    let api = Api::new(&server.url, &text(&made, "appKey"), &secret);
    let (token, _) = (api.token("alice").await, api.token("bob").await);
    let mut alice = Wire::login(&server.url, &api.key, &token, "phone").await.unwrap();
    alice.send("bob", "c-1", "a word between the two of us").await.unwrap();
    let wrong = Api::new(&server.url, &api.key, "not the App Secret");
    wrong.call("/v4/user/get", json!({ "userId": "alice" })).await;

    let key = std::fs::read_to_string(data.path().join("master.key")).unwrap();
    let log = server.stop().await.log;
    assert!(log.contains("draining"), "there is a log");
    for hidden in [secret.as_str(), &token, key.trim(), "a word between", "not the App Secret"] {
        assert!(!log.contains(hidden), "`{hidden}` is in the log");
    }
}
