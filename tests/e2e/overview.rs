//! The rows of the user overview's table, each through the public surface only, and each named after its row.

use std::time::Duration;

use nuncio_protocol::frames::{
    AddToBlocklist, CheckBlocked, GetBlocklist, RemoveFromBlocklist, client_frame, entry,
    server_frame,
};
use nuncio_testkit::{Refused, Wire, World};
use serde_json::{Value, json};

use crate::everywhere;

/// The code with which a send, a login or a call was refused.
#[track_caller]
fn refused<T>(outcome: anyhow::Result<T>) -> u32 {
    match outcome {
        Ok(_) => panic!("it was not refused"),
        Err(error) => error.downcast::<Refused>().unwrap().0.code,
    }
}

fn ids(user: &str) -> Value {
    json!({ "userIds": [user] })
}

/// The text of the next message that is delivered.
async fn next_text(wire: &mut Wire) -> String {
    loop {
        if let Some(entry::Body::Message(message)) = wire.entry().await.unwrap().body {
            let content: Value = serde_json::from_str(&message.content).unwrap();
            return content["content"].as_str().unwrap().to_owned();
        }
    }
}

async fn status(world: &World, user: &str) -> Value {
    world.api.ok("/v4/user/connection-status/get", json!({ "userId": user })).await["status"]
        .clone()
}

everywhere! {
    async fn register_user(world: World) {
        let token = world.api.token("alice").await;
        let wire = world.login_with(&token, "phone").await.unwrap();
        assert_eq!(wire.welcome.user_id, "alice");
        let again = world.api.token("alice").await;
        assert_ne!(token, again);
        world.login_with(&again, "desk").await.unwrap();
        world.login_with(&token, "tablet").await.unwrap();
        assert_eq!(refused(world.login_with("nct_forged", "phone").await), 31004);
        world.kill().await;
    }

    async fn registered_user_limit(world: World) {
        let issue = async |api: &nuncio_testkit::Api, number: i32| {
            let user = json!({ "userId": format!("u{number}"), "name": "U" });
            api.call("/v4/auth/access-token/issue", user).await
        };
        for (environment, edition) in [("development", "premium"), ("production", "free")] {
            let api = world.app(environment, edition).await;
            for number in 1..=100 {
                assert_eq!(issue(&api, number).await.status, 200, "{environment} {number}");
            }
            let answer = issue(&api, 101).await;
            assert_eq!((answer.status, answer.code()), (403, 2007), "{environment}");
            assert_eq!(issue(&api, 100).await.status, 200, "a further token is never refused");
            if environment == "production" {
                world.command(&["app", "set", &api.key, "--edition", "flagship"]).await;
                assert_eq!(issue(&api, 101).await.status, 200);
            }
        }
        world.kill().await;
    }

    async fn delete_user(world: World) {
        let api = world.app("development", "free").await;
        let token = api.token("tester").await;
        let mut wire = Wire::login(&world.address, &api.key, &token, "phone").await.unwrap();
        let answer = api.form("/user/delusers.json", &[("userId", "tester")]).await;
        assert_eq!(answer.code(), 200, "{}", answer.body);
        assert_eq!(wire.wait_for_close().await.code, 31029);
        assert_eq!(api.call("/v4/user/get", json!({ "userId": "tester" })).await.code(), 40401);
        world.api.token("real").await;
        let answer = world.api.form("/user/delusers.json", &[("userId", "real")]).await;
        assert_eq!((answer.status, answer.code()), (401, 1007), "not in production");
        world.kill().await;
    }

    async fn expire_token(world: World) {
        let old = world.api.token("alice").await;
        let mut wire = world.login_with(&old, "phone").await.unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
        let now = crate::now_ms();
        let expire = json!({ "userIds": ["alice"], "expiresAt": now });
        world.api.ok("/v4/auth/access-token/expire", expire).await;
        assert_eq!(wire.wait_for_close().await.code, 31020);
        assert_eq!(refused(world.login_with(&old, "phone").await), 31020);
        let new = world.api.token("alice").await;
        world.login_with(&new, "phone").await.unwrap();
        let later = json!({ "userIds": ["alice"], "expiresAt": now + 60_000 });
        assert_eq!(world.api.call("/v4/auth/access-token/expire", later).await.code(), 1002);
        world.kill().await;
    }

    async fn deactivate_query_and_reactivate_user(world: World) {
        let token = world.api.token("alice").await;
        let mut bob = world.login("bob", "phone").await;
        let mut alice = world.login_with(&token, "phone").await.unwrap();
        alice.send("bob", "m1", "before").await.unwrap();
        assert_eq!(next_text(&mut bob).await, "before");
        let profile = json!({ "userId": "alice", "userProfile": { "name": "Al" } });
        world.api.ok("/v4/user/profile/set", profile).await;

        let result = world.api.ok("/v4/user/soft-delete", ids("alice")).await;
        assert!(!result["operationId"].as_str().unwrap().is_empty());
        assert_eq!(alice.wait_for_close().await.code, 31029);
        assert_eq!(refused(world.login_with(&token, "phone").await), 31029);
        assert_eq!(refused(bob.send("alice", "m2", "hello?").await), 41001);
        let issue = json!({ "userId": "alice", "name": "Alice" });
        let answer = world.api.call("/v4/auth/access-token/issue", issue.clone()).await;
        assert_eq!((answer.status, answer.code()), (410, 41001));
        let list = world.api.ok("/v4/user/soft-deleted/list", json!({})).await;
        assert_eq!(list["userIds"], json!(["alice"]));

        while world.api.call("/v4/user/restore", ids("alice")).await.status != 200 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let list = world.api.ok("/v4/user/soft-deleted/list", json!({})).await;
        assert_eq!(list["userIds"], json!([]));
        assert_ne!(refused(world.login_with(&token, "phone").await), 0, "old tokens stay dead");
        world.api.ok("/v4/auth/access-token/issue", issue).await;
        let mut alice = world.login("alice", "phone").await;
        let profiles = world.api.ok("/v4/user/profile/batch/get", ids("alice")).await;
        let profile = &profiles["users"][0]["userProfile"];
        assert!(profile.get("name").is_none(), "personal data came back: {profiles}");
        bob.send("alice", "m3", "welcome back").await.unwrap();
        assert_eq!(next_text(&mut alice).await, "welcome back");
        world.kill().await;
    }

    async fn set_get_and_modify_server_user_information(world: World) {
        let register =
            json!({ "userId": "alice", "name": "Alice", "avatarUrl": "https://example.org/a.png" });
        world.api.ok("/v4/auth/access-token/issue", register).await;
        let get = async || world.api.ok("/v4/user/get", json!({ "userId": "alice" })).await;
        let user = get().await;
        assert_eq!(user["name"], "Alice");
        assert_eq!(user["avatarUrl"], "https://example.org/a.png");
        assert_eq!(user["createdAt"].as_str().unwrap().len(), "2026-01-31 08:15:00".len());
        world.api.ok("/v4/user/update", json!({ "userId": "alice", "name": "Al" })).await;
        let user = get().await;
        assert_eq!((&user["name"], &user["avatarUrl"]), (&json!("Al"), &json!("https://example.org/a.png")));
        world.kill().await;
    }

    async fn block_user(world: World) {
        let token = world.api.token("alice").await;
        let mut alice = world.login_with(&token, "phone").await.unwrap();
        let mut bob = world.login("bob", "phone").await;
        let ban = json!({ "userIds": ["alice"], "durationMinutes": 30, "reason": "spam" });
        world.api.ok("/v4/user/ban", ban).await;
        let said = alice.wait_for_close().await;
        assert_eq!((said.code, said.reason.as_str()), (31011, "spam"));
        assert!(said.until > 0);
        assert_eq!(alice.closed, Some(4004));
        let error = world.login_with(&token, "phone").await.err().unwrap();
        let said = error.downcast::<Refused>().unwrap().0;
        assert_eq!((said.code, said.reason.as_str()), (31009, "spam"));

        let list = world.api.ok("/v4/user/ban/list", json!({})).await;
        assert_eq!(list["bannedUsers"][0]["userId"], "alice");
        assert_eq!(list["bannedUsers"][0]["banExpiresAt"].as_str().unwrap().len(), 19);
        bob.send("alice", "m1", "waits for you").await.unwrap();
        world.api.ok("/v4/user/unban", ids("alice")).await;
        let mut alice = world.login_with(&token, "phone").await.unwrap();
        let page = alice.sync(0, 10).await.unwrap();
        assert!(page.entries.iter().any(|entry| matches!(
            &entry.body,
            Some(entry::Body::Message(message)) if message.content.contains("waits for you")
        )));
        world.kill().await;
    }

    async fn query_user_online_status(world: World) {
        assert_eq!(status(&world, "alice").await, "0", "unknown users are offline");
        let alice = world.login("alice", "phone").await;
        assert_eq!(status(&world, "alice").await, "1");
        alice.cut();
        let gone = async {
            while status(&world, "alice").await != "0" {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), gone).await.unwrap();
        world.kill().await;
    }

    async fn blocklist_management(world: World) {
        let mut alice = world.login("alice", "phone").await;
        let mut desk = world.login("alice", "desk").await;
        let mut bob = world.login("bob", "phone").await;
        let add = AddToBlocklist { user_id: "bob".into() };
        alice.call(client_frame::Body::AddToBlocklist(add)).await.unwrap();
        let entry = desk.entry().await.unwrap();
        assert!(matches!(entry.body, Some(entry::Body::BlocklistChanged(_))), "{entry:?}");
        assert_eq!(refused(bob.send("alice", "m1", "hi").await), 405);
        alice.send("bob", "m2", "one way only").await.unwrap();
        assert_eq!(next_text(&mut bob).await, "one way only");
        let check = CheckBlocked { user_id: "bob".into() };
        let server_frame::Body::BlockedState(state) =
            alice.call(client_frame::Body::CheckBlocked(check)).await.unwrap() else { panic!() };
        assert!(state.blocked);
        let server_frame::Body::UserIds(list) =
            alice.call(client_frame::Body::GetBlocklist(GetBlocklist {})).await.unwrap() else { panic!() };
        assert_eq!(list.user_ids, ["bob"]);
        let over_api = world.api.ok("/v4/user/blocklist/get", json!({ "userId": "alice" })).await;
        assert_eq!(over_api["blockedUserIds"], json!(["bob"]));
        let remove = RemoveFromBlocklist { user_id: "bob".into() };
        alice.call(client_frame::Body::RemoveFromBlocklist(remove)).await.unwrap();
        bob.send("alice", "m3", "hi again").await.unwrap();

        let add = json!({ "userId": "alice", "targetUserIds": ["bob"] });
        world.api.ok("/v4/user/blocklist/add", add).await;
        assert_eq!(refused(bob.send("alice", "m4", "hi").await), 405);
        let send = json!({ "fromUserId": "bob", "toUserIds": ["alice"],
                           "messageType": "RC:TxtMsg", "content": "{\"content\":\"by server\"}" });
        world.api.ok("/v4/direct-channel/message/send", send.clone()).await;
        let mut verified = send;
        verified["verifyBlocklist"] = json!(1);
        let answer = world.api.call("/v4/direct-channel/message/send", verified).await;
        assert_eq!((answer.status, answer.code()), (403, 405));
        let remove = json!({ "userId": "alice", "blockedUserIds": ["bob"] });
        world.api.ok("/v4/user/blocklist/remove", remove).await;
        bob.send("alice", "m5", "hi").await.unwrap();
        world.kill().await;
    }

    async fn user_whitelist(world: World) {
        let mut alice = world.login("alice", "phone").await;
        let mut bob = world.login("bob", "phone").await;
        let setting = async |enabled: bool| {
            let set = json!({ "userIds": ["alice"], "enabled": enabled });
            world.api.ok("/v4/user/whitelist/setting/set", set).await;
            let got = world.api.ok("/v4/user/whitelist/setting/get", ids("alice")).await;
            assert_eq!(got["settings"], json!([{ "userId": "alice", "enabled": enabled }]));
        };
        setting(true).await;
        assert_eq!(refused(bob.send("alice", "m1", "hi").await), 407, "an empty whitelist admits nobody");
        let entry = json!({ "userId": "alice", "targetUserIds": ["bob"] });
        world.api.ok("/v4/user/whitelist/add", entry.clone()).await;
        bob.send("alice", "m2", "let in").await.unwrap();
        assert_eq!(next_text(&mut alice).await, "let in");
        let list = world.api.ok("/v4/user/whitelist/get", json!({ "userId": "alice" })).await;
        assert_eq!(list["whitelistedUserIds"], json!(["bob"]));
        let block = json!({ "userId": "alice", "targetUserIds": ["bob"] });
        world.api.ok("/v4/user/blocklist/add", block).await;
        assert_eq!(refused(bob.send("alice", "m3", "hi").await), 405, "both lists bind");
        let unblock = json!({ "userId": "alice", "blockedUserIds": ["bob"] });
        world.api.ok("/v4/user/blocklist/remove", unblock).await;
        world.api.ok("/v4/user/whitelist/remove", entry).await;
        assert_eq!(refused(bob.send("alice", "m4", "hi").await), 407);
        setting(false).await;
        bob.send("alice", "m5", "hi").await.unwrap();
        world.kill().await;
    }

    async fn only_friends_can_send_direct_messages_to_each_other(world: World) {
        let mut alice = world.login("alice", "phone").await;
        world.login("bob", "phone").await;
        alice.send("bob", "m1", "strangers may write by default").await.unwrap();
        world.command(&["app", "set", &world.api.key, "--only-friends-can-message", "true"]).await;
        assert_eq!(refused(alice.send("bob", "m2", "hi").await), 40321);
        let add = json!({ "userId": "alice", "targetId": "bob", "action": 2 });
        world.api.ok("/v4/friend/add", add).await;
        alice.send("bob", "m3", "hi").await.unwrap();
        world.kill().await;
    }
}
