//! What meets a request before its operation does.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use nuncio_api::{OPERATIONS, Options};
use nuncio_protocol::{limits, signing};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::harness::{Answer, NOW, Tenant, World, post};

const GET: &str = "/v4/user/get";

/// The refusal of a call whose signed headers were changed.
async fn with_headers(
    world: &World,
    tenant: &Tenant<'_>,
    change: impl FnOnce(&mut Vec<(&'static str, String)>),
) -> Answer {
    let mut headers = tenant.sign();
    change(&mut headers);
    world.send(post(GET, &headers, r#"{"userId":"nobody"}"#)).await
}

fn set(headers: &mut Vec<(&'static str, String)>, name: &'static str, value: &str) {
    headers.retain(|(given, _)| *given != name);
    headers.push((name, value.to_owned()));
}

/// What a call is answered that passes every gate: the user is not there.
const PASSED: (u16, i64) = (404, 40401);

fn outcome(answer: Answer) -> (u16, i64) {
    let (status, code, _) = answer.refusal();
    (status, code)
}

#[tokio::test]
async fn a_signed_call_passes_under_either_names_of_the_headers() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    assert_eq!(outcome(with_headers(&world, &tenant, |_| ()).await), PASSED);
    let alternative = with_headers(&world, &tenant, |headers| {
        for (name, _) in headers.iter_mut() {
            *name = match *name {
                "App-Key" => "RC-App-Key",
                "Nonce" => "RC-Nonce",
                "Timestamp" => "RC-Timestamp",
                _ => "RC-Signature",
            };
        }
    });
    assert_eq!(outcome(alternative.await), PASSED);
}

#[tokio::test]
async fn each_of_the_four_headers_is_needed_and_named_when_missing() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    for name in ["App-Key", "Nonce", "Timestamp", "Signature"] {
        let remove =
            |headers: &mut Vec<(&str, String)>| headers.retain(|(given, _)| *given != name);
        let (status, code, sentence) = with_headers(&world, &tenant, remove).await.refusal();
        assert_eq!((status, code), (401, 1004));
        assert!(sentence.contains(name), "{sentence}");
        let empty = with_headers(&world, &tenant, |headers| set(headers, name, "")).await;
        assert_eq!(outcome(empty), (401, 1004));
    }
}

#[tokio::test]
async fn what_is_signed_cannot_be_changed() {
    let world = World::new().await;
    let (tenant, other) = (world.tenant().await, world.tenant().await);
    let changed = |name, value: String| {
        let tenant = &tenant;
        let world = &world;
        async move { outcome(with_headers(world, tenant, |headers| set(headers, name, &value)).await) }
    };
    assert_eq!(changed("Signature", "0".repeat(40)).await, (401, 1004));
    assert_eq!(changed("Nonce", "other".to_owned()).await, (401, 1004));
    assert_eq!(changed("Timestamp", (NOW + 1).to_string()).await, (401, 1004));
    assert_eq!(changed("App-Key", other.app.key.to_string()).await, (401, 1004));
    assert_eq!(changed("App-Key", "nosuchapp".to_owned()).await, (401, 1001));
    assert_eq!(changed("App-Key", "no such app".to_owned()).await, (401, 1001));
}

#[tokio::test]
async fn a_nonce_has_at_most_64_bytes_and_need_not_be_a_number() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    let with_nonce = async |nonce: &str| {
        let timestamp = NOW.to_string();
        let signature = signing::v1(&tenant.secret, nonce, &timestamp);
        let change = |headers: &mut Vec<(&'static str, String)>| {
            set(headers, "Nonce", nonce);
            set(headers, "Signature", &signature);
        };
        outcome(with_headers(&world, &tenant, change).await)
    };
    assert_eq!(with_nonce("0.8444218515250481").await, PASSED);
    assert_eq!(with_nonce(&"n".repeat(64)).await, PASSED);
    assert_eq!(with_nonce(&"n".repeat(65)).await, (401, 1004));
}

#[tokio::test]
async fn a_timestamp_may_be_in_seconds_and_five_minutes_off() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    let signed_at = async |timestamp: String| {
        let signature = signing::v1(&tenant.secret, "n", &timestamp);
        let change = |headers: &mut Vec<(&'static str, String)>| {
            set(headers, "Nonce", "n");
            set(headers, "Timestamp", &timestamp);
            set(headers, "Signature", &signature);
        };
        outcome(with_headers(&world, &tenant, change).await)
    };
    assert_eq!(signed_at((NOW / 1000).to_string()).await, PASSED);
    assert_eq!(signed_at((NOW - 300_000).to_string()).await, PASSED);
    assert_eq!(signed_at((NOW + 300_000).to_string()).await, PASSED);
    assert_eq!(signed_at((NOW - 300_001).to_string()).await, (401, 1004));
    assert_eq!(signed_at((NOW + 300_001).to_string()).await, (401, 1004));
    assert_eq!(signed_at("yesterday".to_owned()).await, (401, 1004));
}

#[tokio::test]
async fn the_same_signed_request_is_refused_for_as_long_as_its_time_would_do() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    let headers = tenant.sign();
    let body = r#"{"userId":"nobody"}"#;
    assert_eq!(outcome(world.send(post(GET, &headers, body)).await), PASSED);
    for _ in 0..3 {
        world.clock.advance_ms(99_000);
        let (status, code, sentence) = world.send(post(GET, &headers, body)).await.refusal();
        assert_eq!((status, code), (401, 1004));
        assert!(sentence.contains("nonce"), "{sentence}");
    }
}

#[tokio::test]
async fn the_stronger_signature_covers_path_and_body() {
    let world = World::new().await;
    let mut tenant = world.tenant().await;
    let body = r#"{"userId":"nobody"}"#;
    let signed = |path: &str, body: &str| {
        let mut headers = tenant.sign();
        let value = |name| headers.iter().find(|(n, _)| *n == name).unwrap().1.clone();
        let (timestamp, nonce) = (value("Timestamp"), value("Nonce"));
        let v2 = signing::v2(&tenant.secret, "POST", path, body.as_bytes(), &timestamp, &nonce);
        headers.push(("Nuncio-Signature", v2));
        headers
    };
    let (right, other_body, other_path) =
        (signed(GET, body), signed(GET, "{}"), signed("/v4/user/ban", body));
    assert_eq!(outcome(world.send(post(GET, &right, body)).await), PASSED);
    assert_eq!(outcome(world.send(post(GET, &other_body, body)).await), (401, 1004));
    assert_eq!(outcome(world.send(post(GET, &other_path, body)).await), (401, 1004));

    let right = signed(GET, body);
    tenant.set(|app| app.settings.require_signature_v2 = true).await;
    assert_eq!(outcome(world.send(post(GET, &right, body)).await), PASSED);
    let (status, code, sentence) = tenant.refused(GET, json!({ "userId": "nobody" })).await;
    assert_eq!((status, code), (401, 1004));
    assert!(sentence.contains("Nuncio-Signature"), "{sentence}");
}

#[tokio::test]
async fn a_locked_app_is_refused() {
    let world = World::new().await;
    let mut tenant = world.tenant().await;
    tenant.set(|app| app.locked = true).await;
    let (status, code, _) = tenant.refused(GET, json!({ "userId": "a" })).await;
    assert_eq!((status, code), (401, 1006));
}

#[tokio::test]
async fn path_and_method_are_judged_before_the_signature() {
    let world = World::new().await;
    for (method, path, expected) in [
        ("POST", "/v4/no/such/path", (404, 40404)),
        ("GET", "/v4/no/such/path", (404, 40404)),
        ("POST", "/v4/user/get/", (404, 40404)),
        ("GET", "/v4/user/get", (405, 40501)),
        ("DELETE", "/user/block.json", (405, 40501)),
        ("POST", "/v4/user/get", (401, 1004)),
    ] {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let answer = world.send(request).await;
        assert_eq!(answer.headers.contains_key("allow"), expected.0 == 405);
        assert_eq!(outcome(answer), expected, "{method} {path}");
    }
}

#[tokio::test]
async fn a_request_id_is_echoed_or_made() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    let id_of = async |given: &str| {
        let answer = tenant.call_with(GET, &[("X-Request-ID", given)], json!({})).await;
        assert_eq!(answer.body["requestId"], answer.headers["x-request-id"].to_str().unwrap());
        answer.headers["x-request-id"].to_str().unwrap().to_owned()
    };
    let uuid = "6f1c1d0e-5d2b-4f43-8f0a-0d1f5ad3a1b2";
    assert_eq!(id_of(uuid).await, uuid);
    for bad in ["", "two words", &"x".repeat(37)] {
        let made = id_of(bad).await;
        assert!(made.len() == 32 && made.bytes().all(|b| b.is_ascii_hexdigit()), "{made}");
        assert_ne!(id_of(bad).await, made);
    }
}

#[tokio::test]
async fn a_body_must_be_a_json_object_of_at_most_a_mebibyte() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    let body = async |content_type: &str, body: String| {
        let mut headers = tenant.sign();
        if !content_type.is_empty() {
            headers.push(("Content-Type", content_type.to_owned()));
        }
        world.send(post(GET, &headers, body)).await.refusal()
    };
    let right = r#"{"userId":"nobody"}"#.to_owned();
    for content_type in ["", "application/json", "Application/JSON; charset=UTF-8"] {
        let (status, code, _) = body(content_type, right.clone()).await;
        assert_eq!((status, code), PASSED, "{content_type}");
    }
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"] {
        let (status, code, sentence) = body(content_type, right.clone()).await;
        assert_eq!((status, code), (415, 41501));
        assert!(sentence.contains("application/json"), "{sentence}");
    }
    let (status, code, _) = body("application/json", String::new()).await;
    assert_eq!((status, code), (400, 1003));
    for bad in ["{", "[]", "null", "\"x\"", "{\"userId\":\"a\"} x", "userId=a"] {
        let (status, code, sentence) = body("application/json", bad.to_owned()).await;
        assert_eq!((status, code), (400, 1002), "{bad}");
        assert!(sentence.contains("JSON"), "{sentence}");
    }
    let filler = "x".repeat(limits::BODY_BYTES - 30);
    let (status, code, _) =
        body("application/json", format!(r#"{{"userId":"a","z":"{filler}"}}"#)).await;
    assert_eq!((status, code), PASSED);
    let (status, code, sentence) =
        body("application/json", format!(r#"{{"userId":"a","z":"{filler}{filler}"}}"#)).await;
    assert_eq!((status, code), (413, 1508));
    assert!(sentence.contains("1048576"), "{sentence}");
}

#[tokio::test]
async fn a_wrong_member_is_named_and_an_unknown_one_ignored() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    let sentence = async |path: &str, body: Value| {
        let (status, code, sentence) = tenant.refused(path, body).await;
        assert_eq!((status, code), (400, 1002), "{sentence}");
        sentence
    };
    assert_eq!(sentence(GET, json!({})).await, "`userId` is missing");
    assert_eq!(sentence(GET, json!({ "userId": null })).await, "`userId` is missing");
    assert_eq!(
        sentence(GET, json!({ "userId": 5 })).await,
        "`userId` is of the wrong type: integer `5`, expected a string"
    );
    assert_eq!(
        sentence("/v4/user/unban", json!({ "userIds": ["a", {}] })).await,
        "`userIds[1]` is of the wrong type: map, expected a string"
    );
    let ban = json!({ "userIds": ["a"], "durationMinutes": "soon" });
    assert_eq!(
        sentence("/v4/user/ban", ban).await,
        "`durationMinutes` is of the wrong type: string \"soon\", expected a whole number"
    );
    let unknown = json!({ "userId": "nobody", "colour": { "deep": [null] } });
    assert_eq!(outcome(tenant.call(GET, unknown).await), PASSED);
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_answered_so_and_finished_all_the_same() {
    let world = World::with(Options { timeout: Duration::ZERO, ..Options::default() }).await;
    let tenant = world.tenant().await;
    // A busy machine may finish a call before its time is looked at; not twenty in a row.
    let mut late = None;
    for number in 0..20 {
        let user = format!("late{number}");
        let body = json!({ "userId": user, "name": "Late" });
        let answer = tenant.call("/v4/auth/access-token/issue", body).await;
        if answer.status == 504 {
            assert_eq!(answer.refusal().1, 1050);
            late = Some(nuncio_protocol::UserId::try_from(user).unwrap());
            break;
        }
    }
    let late = late.expect("no call took too long");
    for _ in 0..500 {
        if world.core.user(tenant.app.id, late.clone()).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the registration was left undone");
}

/// Runs the same world through many cases; each may send what it likes.
fn cases<S: Strategy>(
    count: u32,
    strategy: &S,
    check: impl Fn(&tokio::runtime::Runtime, &World, &Tenant<'_>, S::Value),
) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let world = runtime.block_on(World::new());
    let tenant = runtime.block_on(world.tenant());
    runtime.block_on(tenant.register(&["a", "b"]));
    let mut runner =
        TestRunner::new(Config { cases: count, failure_persistence: None, ..Config::default() });
    runner
        .run(strategy, |value| {
            check(&runtime, &world, &tenant, value);
            Ok(())
        })
        .unwrap();
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        prop_oneof![Just("a"), Just("b"), Just("PERSON"), Just("RC:TxtMsg"), Just("{}")]
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("\\PC{0,8}", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// An operation, and values for its members as its own schema names them.
fn calls() -> impl Strategy<Value = (&'static str, Value)> {
    let document = nuncio_api::openapi();
    let operations: Vec<_> = OPERATIONS
        .iter()
        .map(|operation| {
            let schema = &document["paths"][operation.path]["post"]["requestBody"]["content"]
                ["application/json"]["schema"];
            let members: Vec<String> =
                schema["properties"].as_object().unwrap().keys().cloned().collect();
            (operation.path, members)
        })
        .collect();
    prop::sample::select(operations).prop_flat_map(|(path, members)| {
        let count = members.len();
        prop::collection::vec(prop::option::weighted(0.8, json_value()), count).prop_map(
            move |values| {
                let given = members.iter().cloned().zip(values);
                let given = given.filter_map(|(name, value)| Some((name, value?)));
                (path, Value::Object(given.collect()))
            },
        )
    })
}

#[test]
fn whatever_json_an_operation_is_called_with_the_server_does_not_fail() {
    cases(1500, &calls(), |runtime, _, tenant, (path, body)| {
        let answer = runtime.block_on(tenant.call(path, body.clone()));
        assert!(answer.status < 500, "{path} {body} {}", answer.body);
    });
}

#[test]
fn whatever_bytes_are_posted_the_server_does_not_fail() {
    let paths: Vec<&'static str> = OPERATIONS
        .iter()
        .map(|operation| operation.path)
        .chain(["/user/block.json", "/friend/get.json"])
        .collect();
    let strategy = (prop::sample::select(paths), prop::collection::vec(any::<u8>(), 0..200));
    cases(500, &strategy, |runtime, world, tenant, (path, bytes)| {
        let answer = runtime.block_on(world.send(post(path, &tenant.sign(), bytes)));
        assert!((400..500).contains(&answer.status), "{path} {}", answer.body);
    });
}

#[test]
fn whatever_headers_come_the_server_does_not_fail() {
    const NAMES: [&str; 8] = [
        "App-Key",
        "Nonce",
        "Timestamp",
        "Signature",
        "Nuncio-Signature",
        "Content-Type",
        "X-Request-ID",
        "Idempotency-Key",
    ];
    let value = prop::collection::vec(prop_oneof![0x20u8..0x7f, 0x80u8..], 0..70);
    let strategy = prop::collection::vec(prop::option::of(value), NAMES.len());
    cases(500, &strategy, |runtime, world, tenant, values| {
        let signed = tenant.sign();
        let mut request = Request::post("/v4/user/unban");
        for (name, value) in NAMES.into_iter().zip(values) {
            let right = signed.iter().find(|(given, _)| *given == name);
            request = match (value, right) {
                (Some(value), _) => request.header(name, value),
                (None, Some((_, value))) => request.header(name, value),
                (None, None) => request,
            };
        }
        let request = request.body(Body::from(r#"{"userIds":["a"]}"#)).unwrap();
        let answer = runtime.block_on(world.send(request));
        assert!(answer.status < 500, "{}", answer.body);
    });
}
