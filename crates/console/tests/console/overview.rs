//! Figures over time, and what the explorer sends.

use nuncio_core::operators::Role;
use serde_json::{Value, json};

use crate::harness::World;

fn last(series: &Value) -> &Value {
    series["points"].as_array().unwrap().last().unwrap()
}

#[tokio::test]
async fn what_happens_is_seen_at_once_and_kept_when_the_server_stops() {
    let world = World::new().await;
    let owner = world.owner().await;
    let app = owner.app("development", "free").await;
    let series = async |span: &str| {
        owner.call("overview/series", json!({ "appKey": app, "span": span })).await.ok()
    };
    let send = async |body: Value| {
        let call = json!({ "appKey": app, "path": "/v4/user/get", "body": body });
        owner.call("explorer/send", call).await.ok()
    };
    world.core.turn_figures(false).await.unwrap();
    send(json!({ "userId": "nobody" })).await;
    let id = world.core.app(&app.as_str().try_into().unwrap()).await.unwrap().unwrap().id;
    world.core.figures().came_online(id);
    world.core.figures().login(id, 0);
    let hour = series("hour").await;
    assert_eq!(hour["points"].as_array().unwrap().len(), 60);
    assert_eq!(last(&hour)["apiCalls"], json!({ "NOT_REGISTERED": 1 }));
    assert_eq!((&last(&hour)["online"], &last(&hour)["logins"]), (&json!(1), &json!({ "OK": 1 })));
    assert!(last(&hour)["apiLatency"]["p99"].as_f64().unwrap() > 0.0);
    assert_eq!(last(&hour)["messageLatency"], Value::Null);
    assert_eq!(last(&series("live").await)["logins"], json!({ "OK": 1 }));

    world.clock.advance_ms(60_000);
    world.core.turn_figures(false).await.unwrap();
    let hour = series("hour").await;
    let points = hour["points"].as_array().unwrap();
    assert_eq!(points[58]["logins"], json!({ "OK": 1 }), "the minute that is over");
    assert_eq!((&points[59]["online"], &points[59]["logins"]), (&json!(1), &json!({})));
    world.core.turn_figures(true).await.unwrap();
    for (span, steps) in [("day", 144), ("month", 180)] {
        let series = series(span).await;
        assert_eq!(series["points"].as_array().unwrap().len(), steps);
        let logins: u64 = series["points"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|point| point["logins"]["OK"].as_u64())
            .sum();
        assert_eq!(logins, 1, "{span}");
    }
}

#[tokio::test]
async fn what_the_explorer_changes_is_the_operators_doing() {
    let world = World::new().await;
    let owner = world.owner().await;
    let app = owner.app("development", "free").await;
    let developer = world.operator(&owner, "dora", Some(&app), Role::Developer).await;
    let support = world.operator(&owner, "sue", Some(&app), Role::Support).await;
    let call = json!({
        "appKey": app,
        "path": "/v4/auth/access-token/issue",
        "body": { "userId": "eve", "name": "Eve" },
        "server": "https://im.example:8443",
    });
    assert_eq!(support.call("explorer/send", call.clone()).await.refusal(), "ROLE_TOO_LOW");
    let sent = developer.call("explorer/send", call).await.ok();
    assert_eq!(sent["status"], 200, "{sent}");
    assert!(sent["curl"].as_str().unwrap().starts_with("SERVER='https://im.example:8443' "));
    let trail = owner.call("audit/list", json!({ "appKey": app, "userId": "eve" })).await.ok();
    let entry = &trail["items"][0];
    assert_eq!(entry["action"], "user.register");
    assert_eq!(entry["actor"], json!({ "kind": "operator", "name": "dora" }));
    assert_eq!(entry["address"], "127.0.0.1");
    assert_eq!(entry["requestId"], sent["headers"]["x-request-id"]);
    for server in ["https://x'; rm -rf /'", "ftp://x", "https://"] {
        let call = json!({ "appKey": app, "path": "/v4/user/get", "body": {}, "server": server });
        let answer = developer.call("explorer/curl", call).await;
        assert!(server.ends_with("//") || answer.refusal() == "BAD_PARAMETER", "{server}");
    }
}
