//! Webhooks against a real receiver that answers, fails, hangs, and comes back.

use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nuncio_protocol::frames::{self as f, Channel, client_frame::Body, entry, server_frame};
use nuncio_testkit::receiver::{Received, Receiver, Reply};
use nuncio_testkit::{Refused, Wire, World};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use crate::everywhere;

/// Adds a webhook to the world's app; its id and secret.
async fn add(world: &World, receiver: &Receiver, events: &str, more: &[&str]) -> (String, String) {
    let url = receiver.url("/hook?from=nuncio");
    let mut command = vec!["webhook", "add", &world.api.key, "--name", "test", "--url", &url];
    command.extend(["--events", events]);
    command.extend(more);
    let made = world.command(&command).await;
    (made["id"].as_str().unwrap().to_owned(), made["secret"].as_str().unwrap().to_owned())
}

fn of<'a>(received: &'a [Received], user: &str) -> Vec<&'a Received> {
    received.iter().filter(|r| r.status == 200 && r.data()["userId"] == user).collect()
}

/// The texts of a user's messages that were accepted, in the order in which they arrived.
fn texts(received: &[Received], user: &str) -> Vec<String> {
    let text = |r: &&Received| {
        let content: Value = serde_json::from_str(r.data()["content"].as_str().unwrap()).unwrap();
        content["content"].as_str().unwrap().to_owned()
    };
    of(received, user).iter().map(text).collect()
}

/// The first code block of a language in docs/webhooks.md.
fn sample(language: &str) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/webhooks.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (_, rest) = page.split_once(&format!("```{language}\n")).expect("the page has a sample");
    rest.split_once("```").unwrap().0.to_owned()
}

/// Has a program judge a request by the sample of the documentation: true or false.
async fn judged(program: &str, option: &str, code: &str, secret: &str, r: &Received) -> bool {
    let request = json!({
        "secret": secret, "method": "POST", "path": r.path, "headers": r.headers, "body": r.raw,
    });
    let mut child = tokio::process::Command::new(program)
        .args([option, code])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(request.to_string().as_bytes()).await.unwrap();
    let output = child.wait_with_output().await.unwrap();
    assert!(output.status.success(), "{program}");
    match String::from_utf8(output.stdout).unwrap().trim() {
        "true" => true,
        "false" => false,
        other => panic!("{other}"),
    }
}

fn sent(outcome: anyhow::Result<f::MessageSent>) -> Result<f::MessageSent, f::Failure> {
    outcome.map_err(|error| error.downcast::<Refused>().unwrap().0)
}

/// The contents of the next message in an inbox.
async fn next_content(wire: &mut Wire) -> String {
    loop {
        if let Some(entry::Body::Message(message)) = wire.entry().await.unwrap().body {
            return message.content;
        }
    }
}

everywhere! {
    async fn every_event_arrives_signed_as_documented_and_in_order(world: World) {
        let receiver = Receiver::start().await;
        let events = "user:connection_status,user:activation_state,user:profile_update,\
                      user:friendship,message:send,message:send:server";
        let (id, secret) = add(&world, &receiver, events, &[]).await;
        let api = &world.api;
        api.token("bob").await;
        let mut ada = world.login("ada", "d1").await;
        ada.send("bob", "m1", "hello").await.unwrap();
        ada.call(Body::UpdateMyProfile(f::UpdateMyProfile {
            basic: json!({"name": "Ada"}).to_string(),
            ..Default::default()
        })).await.unwrap();
        ada.call(Body::AddFriend(f::AddFriend { user_id: "bob".into(), extra: "hi".into() }))
            .await
            .unwrap();
        let message = json!({
            "fromUserId": "ada", "toUserIds": ["bob"], "messageType": "RC:TxtMsg",
            "content": "{\"content\":\"by api\"}",
        });
        api.ok("/v4/direct-channel/message/send", message).await;
        ada.call(Body::Logout(f::Logout {})).await.unwrap();
        receiver.wait("the logout", |r| r.iter().any(|r| r.data()["status"] == "2")).await;
        let operation = api.ok("/v4/user/soft-delete", json!({"userIds": ["ada"]})).await;

        let all = receiver
            .wait("the deletion", |r| r.iter().any(|r| r.body["type"] == "user:activation_state"))
            .await;
        let of_ada: Vec<_> = all
            .iter()
            .filter(|r| r.data()["userId"] == "ada" || r.data()["operatorId"] == "ada")
            .collect();
        // Coming and going is written down off the login's path, a moment later.
        let (presence, rest): (Vec<&Received>, Vec<&Received>) =
            of_ada.into_iter().partition(|r| r.body["type"] == "user:connection_status");
        let kinds: Vec<_> = rest.iter().map(|r| r.body["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, [
            "message:send", "user:profile_update", "user:friendship", "message:send",
            "user:activation_state",
        ]);
        let statuses: Vec<_> = presence.iter().map(|r| r.data()["status"].clone()).collect();
        assert_eq!(statuses, ["0", "2"]);
        let first = presence[0].data();
        assert_eq!((&first["os"], &first["clientIp"]), (&json!("Websocket"), &json!("127.0.0.1")));
        assert_eq!(presence[1].data()["sessionId"], first["sessionId"]);
        assert_eq!(rest[0].data()["content"], "{\"content\":\"hello\"}");
        assert_eq!(rest[3].data()["os"], "Server");
        assert_eq!(rest[4].data()["operateId"], operation["operationId"]);
        let ids: std::collections::HashSet<_> =
            all.iter().map(|r| r.body["id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), all.len(), "nothing came twice");

        for (program, option, language) in [("python3", "-c", "python"), ("node", "-e", "js")] {
            let code = sample(language);
            for r in [presence[0], rest[0]] {
                assert_eq!(r.headers["app-key"], world.api.key);
                assert!(judged(program, option, &code, &secret, r).await, "{program}");
            }
            let mut forged = rest[0].clone();
            forged.raw = forged.raw.replace("hello", "hallo");
            assert!(!judged(program, option, &code, &secret, &forged).await, "{program}");
        }
        let listed = world
            .command(&["webhook", "deliveries", &world.api.key, &id, "--state", "delivered"])
            .await;
        assert!(listed.as_array().unwrap().len() >= 7, "{listed}");
        world.kill().await;
    }

    async fn nothing_is_lost_by_a_receiver_that_fails_or_hangs_nor_by_a_killed_server(world: World) {
        let receiver = Receiver::start().await;
        let (id, _) = add(&world, &receiver, "message:send", &[]).await;
        let (mut ada, mut eve) = (world.login("ada", "d").await, world.login("eve", "d").await);
        world.api.token("bob").await;
        // Ada's fail or hang, in turns; eve's are answered slowly, and do not wait for ada's.
        let turn = AtomicBool::new(false);
        receiver.answer(move |r| match r.data()["userId"].as_str() {
            Some("ada") if turn.fetch_xor(true, Ordering::Relaxed) => Reply::hang(),
            Some("ada") => Reply::status(503),
            _ => Reply { after: Duration::from_millis(100), ..Reply::status(200) },
        });
        for n in 0..5 {
            ada.send("bob", &format!("a{n}"), &format!("ada {n}")).await.unwrap();
            eve.send("bob", &format!("e{n}"), &format!("eve {n}")).await.unwrap();
        }
        let expected = |who: &str, n| (0..n).map(|n| format!("{who} {n}")).collect::<Vec<_>>();
        receiver.wait("eve's", |r| texts(r, "eve") == expected("eve", 5)).await;
        receiver.wait("two tries of ada's", |r| {
            r.iter().filter(|r| r.data()["userId"] == "ada").count() >= 2
        }).await;
        assert!(texts(&receiver.received(), "ada").is_empty());
        let tried = receiver.received().into_iter().filter(|r| r.data()["userId"] == "ada");
        assert!(tried.map(|r| texts_of(&r)).all(|text| text == "ada 0"), "in order, even when failing");

        ada.send("bob", "a5", "ada 5").await.unwrap();
        world.kill().await;
        receiver.answer(|_| Reply::status(204));
        world.restart().await;
        let all = receiver.wait("ada's", |r| accepted_texts(r, "ada").len() >= 6).await;
        let mut got = accepted_texts(&all, "ada");
        got.dedup();
        assert_eq!(got, expected("ada", 6));
        let health = world.command(&["webhook", "list", &world.api.key]).await;
        assert_eq!(health[0]["id"], id);
    }

    async fn an_app_server_passes_changes_and_refuses_messages_before_they_are_sent(world: World) {
        let receiver = Receiver::start().await;
        let (id, _) = add(&world, &receiver, "direct_channel:pre_messaging", &[]).await;
        receiver.answer(|r| {
            let content = r.data()["content"].as_str().unwrap();
            if content.contains("bad") {
                Reply::json(&json!({"pass": 0, "extra": "mind your words"}))
            } else if content.contains("loud") {
                Reply::json(&json!({"pass": 1, "content": "{\"content\":\"quiet\"}"}))
            } else if content.contains("slow") {
                Reply { after: Duration::from_secs(1), ..Reply::json(&json!({"pass": 1})) }
            } else {
                Reply::json(&json!({"pass": 1}))
            }
        });
        let (mut ada, mut bob) = (world.login("ada", "d").await, world.login("bob", "d").await);
        ada.send("bob", "m1", "good").await.unwrap();
        assert_eq!(next_content(&mut bob).await, "{\"content\":\"good\"}");
        let refused = sent(ada.send("bob", "m2", "bad").await).unwrap_err();
        assert_eq!((refused.code, refused.message.as_str()), (20113, "mind your words"));
        ada.send("bob", "m3", "loud").await.unwrap();
        assert_eq!(next_content(&mut bob).await, "{\"content\":\"quiet\"}");

        // What was accepted, or would be refused anyway, is not asked about again.
        let asked = receiver.received().len();
        ada.send("bob", "m1", "good").await.unwrap();
        world.api.ok("/v4/user/blocklist/add", json!({"userId": "bob", "targetUserIds": ["ada"]})).await;
        assert_eq!(sent(ada.send("bob", "m4", "good").await).unwrap_err().code, 405);
        world.api.ok("/v4/user/blocklist/remove", json!({"userId": "bob", "blockedUserIds": ["ada"]})).await;
        assert_eq!(receiver.received().len(), asked);

        // A sender's messages keep their order; nobody else waits.
        let began = Instant::now();
        let slow = ada.ask(Wire::text("bob", "m5", "slow")).await.unwrap();
        let quick = ada.ask(Wire::text("bob", "m6", "quick")).await.unwrap();
        bob.send("ada", "b1", "meanwhile").await.unwrap();
        let meanwhile = began.elapsed();
        let mut order = Vec::new();
        while order.len() < 2 {
            let frame = ada.frame().await.unwrap();
            if let Some(server_frame::Body::MessageSent(_)) = frame.body {
                order.push(frame.id);
            }
        }
        assert_eq!(order, [slow, quick]);
        assert!(began.elapsed() >= Duration::from_secs(1) && meanwhile < began.elapsed());

        // An edit is asked about too, and the Server API is not.
        let first = ada.send("bob", "m7", "to be edited").await.unwrap();
        let edit = |text: &str| Body::EditMessage(f::EditMessage {
            channel: Some(Channel::direct("bob")),
            message_id: first.message_id.clone(),
            content: json!({ "content": text }).to_string(),
        });
        let refused = ada.call(edit("bad")).await.unwrap_err().downcast::<Refused>().unwrap();
        assert_eq!(refused.0.code, 20113);
        ada.call(edit("better")).await.unwrap();
        let edits = receiver.received();
        let original = &edits.last().unwrap().data()["originalMessageId"];
        assert_eq!(*original, json!(first.message_id));
        let message = json!({
            "fromUserId": "ada", "toUserIds": ["bob"], "messageType": "RC:TxtMsg",
            "content": "{\"content\":\"bad\"}",
        });
        world.api.ok("/v4/direct-channel/message/send", message).await;

        // In force when the command returns.
        world.command(&["webhook", "set", &world.api.key, &id, "--active", "false"]).await;
        ada.send("bob", "m8", "bad").await.unwrap();
        world.kill().await;
    }

    async fn a_silent_app_server_means_no_or_yes_as_the_app_has_set(world: World) {
        let receiver = Receiver::start().await;
        let (id, _) =
            add(&world, &receiver, "direct_channel:pre_messaging", &["--timeout", "300ms"]).await;
        let mut ada = world.login("ada", "d").await;
        world.api.token("bob").await;
        let silent = |reply: fn() -> Reply| move |_: &Received| reply();
        for (n, reply) in [Reply::hang as fn() -> Reply, || Reply::status(500), || Reply::status(200)]
            .into_iter()
            .enumerate()
        {
            receiver.answer(silent(reply));
            let refused = sent(ada.send("bob", &format!("n{n}"), "x").await).unwrap_err();
            assert_eq!(refused.code, 20113, "{refused:?}");
            assert!(refused.message.contains("could not be asked"), "{}", refused.message);
        }
        let set = ["webhook", "set", &world.api.key, &id, "--pass-when-silent", "true"];
        world.command(&set).await;
        receiver.answer(silent(Reply::hang));
        // Sixteen at once wait for each other, and yet not for sixteen time-outs.
        let began = Instant::now();
        for n in 0..16 {
            ada.ask(Wire::text("bob", &format!("y{n}"), "x")).await.unwrap();
        }
        for _ in 0..16 {
            while !matches!(ada.frame().await.unwrap().body, Some(server_frame::Body::MessageSent(_))) {}
        }
        assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
        world.kill().await;
    }

    async fn a_device_that_a_crash_cut_off_is_told_of_after_the_start(world: World) {
        let receiver = Receiver::start().await;
        add(&world, &receiver, "user:connection_status", &[]).await;
        let ada = world.login("ada", "d").await;
        receiver.wait("online", |r| r.iter().any(|r| r.data()["status"] == "0")).await;
        world.kill().await;
        drop(ada);
        world.restart().await;
        let all = receiver.wait("offline", |r| r.iter().any(|r| r.data()["status"] == "1")).await;
        assert_eq!(all[0].data()["sessionId"], all.last().unwrap().data()["sessionId"]);
    }
}

fn texts_of(r: &Received) -> String {
    let content: Value = serde_json::from_str(r.data()["content"].as_str().unwrap()).unwrap();
    content["content"].as_str().unwrap().to_owned()
}

fn accepted_texts(received: &[Received], user: &str) -> Vec<String> {
    let accepted = received.iter().filter(|r| (200..300).contains(&r.status));
    accepted.filter(|r| r.data()["userId"] == user).map(texts_of).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_does_not_lead_to_private_addresses_unless_allowed() {
    let world = World::on_sqlite(crate::BINARY, &[]).await;
    let (receiver, behind) = (Receiver::start().await, Receiver::start().await);
    let (id, _) = add(&world, &receiver, "message:send", &[]).await;
    let key = world.api.key.clone();
    let port = receiver.port();
    let test = async |allow: &str| {
        let command = ["webhook", "test", &key, &id, "--webhook-allow-private", allow];
        world.command(&command).await
    };
    for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433"] {
        let url = format!("http://{host}:{port}/");
        world.command(&["webhook", "set", &key, &id, "--url", &url]).await;
        let told = test("false").await;
        assert_eq!(told["arrived"], false, "{host}");
        assert!(told["excerpt"].as_str().unwrap().contains("not a public one"), "{host}: {told}");
    }
    assert!(receiver.received().is_empty());
    world.command(&["webhook", "set", &key, &id, "--url", &receiver.url("/")]).await;
    assert_eq!(test("true").await["arrived"], true);
    // And a redirect leads nowhere.
    let location = behind.url("/");
    receiver.answer(move |_| Reply { location: location.clone(), ..Reply::status(302) });
    let told = test("true").await;
    assert_eq!((&told["arrived"], &told["status"]), (&json!(false), &json!(302)));
    assert!(behind.received().is_empty());
}
