//! Every call of the table against those who may not make it.

use nuncio_console::{CALLS, Who};
use nuncio_core::operators::Role;
use serde_json::json;

use crate::harness::{PASSWORD, World};

#[tokio::test]
async fn without_a_session_only_the_ways_in_are_open() {
    let world = World::new().await;
    let browser = world.browser();
    let mut open = Vec::new();
    for call in CALLS {
        let answer = browser.call(call.path, json!({ "appKey": "none" })).await;
        if call.who == Who::Anybody {
            open.push(call.path);
        } else {
            assert_eq!((answer.status, answer.refusal()), (401, "NOT_SIGNED_IN"), "{}", call.path);
        }
    }
    assert_eq!(open, ["session/sign-in", "session/link", "session/redeem"]);
}

#[tokio::test]
async fn no_call_is_taken_from_another_site() {
    let world = World::new().await;
    let owner = world.owner().await;
    let app = owner.app("development", "free").await;
    for call in CALLS {
        for forged in [
            ("origin", "http://evil.example"),
            ("origin", "null"),
            ("origin", "http://console.example.evil"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "none"),
            ("nuncio-console", ""),
        ] {
            let answer = owner.call_with(call.path, json!({ "appKey": app }), &[forged]).await;
            assert_eq!(answer.refusal(), "FOREIGN_ORIGIN", "{} {forged:?}", call.path);
            assert!(answer.headers.get("access-control-allow-origin").is_none());
        }
        let plain = [("content-type", "text/plain")];
        let answer = owner.call_with(call.path, json!({ "appKey": app }), &plain).await;
        assert_eq!(answer.refusal(), "WRONG_CONTENT_TYPE", "{}", call.path);
    }
}

#[tokio::test]
async fn each_role_may_do_what_the_table_says_and_no_more() {
    let world = World::new().await;
    let owner = world.owner().await;
    let app = owner.app("development", "free").await;
    for role in [Role::Viewer, Role::Support, Role::Developer, Role::Owner] {
        let operator = world.operator(&owner, role.word(), Some(&app), role).await;
        for call in CALLS {
            let needed = match call.who {
                Who::OnApp(needed) => needed,
                // A role on one app is none on all.
                Who::OnAll(needed) => {
                    let answer = operator.call(call.path, json!({})).await;
                    assert_eq!(answer.refusal(), "ROLE_TOO_LOW", "{} {needed:?}", call.path);
                    continue;
                }
                Who::Anybody | Who::Operator => continue,
            };
            if needed > role {
                let answer = operator.call(call.path, json!({ "appKey": app })).await;
                assert_eq!(
                    (answer.status, answer.refusal()),
                    (403, "ROLE_TOO_LOW"),
                    "{}",
                    call.path
                );
            }
        }
    }
}

#[tokio::test]
async fn nothing_of_another_app_can_be_reached() {
    let world = World::new().await;
    let owner = world.owner().await;
    let (own, other) =
        (owner.app("development", "free").await, owner.app("production", "free").await);
    let operator = world.operator(&owner, "bob", Some(&own), Role::Owner).await;
    for call in CALLS.iter().filter(|call| matches!(call.who, Who::OnApp(_))) {
        let theirs = operator.call(call.path, json!({ "appKey": other })).await;
        let nobodys = operator.call(call.path, json!({ "appKey": "none" })).await;
        assert_eq!((theirs.status, theirs.refusal()), (404, "APP_NOT_FOUND"), "{}", call.path);
        assert_eq!(theirs.body["errorMessage"], nobodys.body["errorMessage"], "{}", call.path);
    }
    let body = json!({ "appKey": own, "toAppKey": other });
    assert_eq!(operator.call("apps/promote", body).await.refusal(), "APP_NOT_FOUND");
    let body = json!({ "appKey": other });
    assert_eq!(operator.call("audit/list", body).await.refusal(), "APP_NOT_FOUND");
    assert_eq!(operator.call("audit/list", json!({})).await.refusal(), "ROLE_TOO_LOW");
    let listed = operator.call("apps/list", json!({})).await.ok();
    assert_eq!(listed["apps"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_needs_confirmation_is_not_done_without_it() {
    let world = World::new().await;
    let owner = world.owner().await;
    let app = owner.app("development", "free").await;
    world.clock.advance_ms(11 * 60 * 1000);
    let mut asked = 0;
    for call in CALLS.iter().filter(|call| call.confirmed) {
        let answer = owner.call(call.path, json!({ "appKey": app })).await;
        assert_eq!(answer.refusal(), "CONFIRMATION_NEEDED", "{}", call.path);
        asked += 1;
    }
    assert!(asked >= 9, "{asked}");
    let before = owner.cookie.lock().unwrap().clone();
    owner.call("session/confirm", json!({ "password": PASSWORD })).await.ok();
    assert_ne!(*owner.cookie.lock().unwrap(), before, "the session has another token");
    let secret = owner.call("apps/secret", json!({ "appKey": app })).await.ok();
    assert_eq!(secret["appSecret"].as_str().unwrap().len(), 32);
    *owner.cookie.lock().unwrap() = before;
    assert_eq!(owner.call("session/get", json!({})).await.refusal(), "NOT_SIGNED_IN");
}

#[tokio::test]
async fn guessing_passwords_is_slowed_down_and_does_not_lock_the_operator_out() {
    let world = World::new().await;
    let ada = world.owner().await;
    let mut guesser = world.browser();
    guesser.address = ([127, 0, 0, 2], 1).into();
    for name in ["ada", "nobody"] {
        let mut tries = 0;
        let answer = loop {
            let answer = guesser.sign_in(name, "a wrong password").await;
            if answer.status == 429 {
                break answer;
            }
            assert_eq!(answer.refusal(), "WRONG_CREDENTIALS");
            tries += 1;
        };
        assert_eq!(tries, 10, "{name}");
        assert!(answer.body["retryAfter"].as_u64().unwrap() >= 1);
        assert!(answer.headers.contains_key("retry-after"));
    }
    assert_eq!(guesser.sign_in("ada", PASSWORD).await.status, 429, "the right one neither");
    // From where the operator is signed in, there are tries of their own.
    ada.sign_in("ada", PASSWORD).await.ok();
    world.clock.advance_ms(30_000);
    guesser.sign_in("ada", PASSWORD).await.ok();
}

#[tokio::test]
async fn a_planted_session_is_not_taken_over_at_sign_in() {
    let world = World::new().await;
    world.owner().await;
    let victim = world.browser();
    *victim.cookie.lock().unwrap() = "nuncio-console=planted".to_owned();
    let answer = victim.sign_in("ada", PASSWORD).await;
    let cookie = answer.headers["set-cookie"].to_str().unwrap().to_owned();
    answer.ok();
    assert!(!cookie.contains("planted"));
    for part in ["HttpOnly", "SameSite=Strict", "Path=/console"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let planted = world.browser();
    *planted.cookie.lock().unwrap() = "nuncio-console=planted".to_owned();
    assert_eq!(planted.call("session/get", json!({})).await.refusal(), "NOT_SIGNED_IN");
    // Signing in again ends the session that was there.
    let first = victim.cookie.lock().unwrap().clone();
    victim.sign_in("ada", PASSWORD).await.ok();
    *planted.cookie.lock().unwrap() = first;
    assert_eq!(planted.call("session/get", json!({})).await.refusal(), "NOT_SIGNED_IN");
}

#[tokio::test]
async fn over_tls_the_cookie_is_for_secure_connections_of_this_host_alone() {
    let world = World::new().await;
    world.owner().await;
    let body = json!({ "name": "ada", "password": PASSWORD });
    let https = [("origin", "https://console.example")];
    let answer = world.browser().call_with("session/sign-in", body, &https).await;
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Host-nuncio-console="), "{cookie}");
    assert!(cookie.contains("; Secure") && cookie.contains("Path=/;"), "{cookie}");
}
