//! Push against a gateway of the app's own that answers, fails, and says that devices are gone: who is told, of what, and
//! that nothing is lost or told twice over logouts, kills and several nodes.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use nuncio_client::{Client, Event, PushRegistration, PushSettingsChange};
use nuncio_protocol::frames::{
    Channel, GetPushInfo, Logout, MarkRead, Ping, PushConfig, PushProvider, QuietHours,
    RecallMessage, RegisterPush, SetChannelSettings, SetPushSettings, client_frame::Body,
    server_frame,
};
use nuncio_protocol::signing;
use nuncio_testkit::receiver::{Received, Receiver, Reply};
use nuncio_testkit::{Wire, World};
use serde_json::{Value, json};

use crate::everywhere;

/// Has the world's app push through a gateway; the secret that it signs with.
pub(crate) async fn set_up(world: &World, provider: &str, credentials: &Value) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("credentials.json");
    std::fs::write(&file, credentials.to_string()).unwrap();
    let file = file.display().to_string();
    let key = world.api.key.as_str();
    world.command(&["push", "set", key, provider, "--credentials", &file]).await;
    if provider != "webhook" {
        return String::new();
    }
    let told = world.command(&["push", "secret", key]).await;
    told["secret"].as_str().unwrap().to_owned()
}

async fn gateway(world: &World) -> (Receiver, String) {
    let receiver = Receiver::start().await;
    let secret = set_up(world, "webhook", &json!({ "url": receiver.url("/push") })).await;
    (receiver, secret)
}

/// A user with a device that is registered, and connected nowhere.
async fn away(world: &World, user: &str) {
    let mut wire = world.login(user, "phone").await;
    register(&mut wire, &format!("token of {user}").replace(' ', "-")).await;
    leave(wire).await;
}

async fn register(wire: &mut Wire, token: &str) {
    let provider = PushProvider::Webhook.into();
    let ask = RegisterPush { provider, token: token.to_owned(), ..RegisterPush::default() };
    wire.call(Body::RegisterPush(ask)).await.unwrap();
}

/// Says what the device holds, and ends the connection without logging out.
async fn leave(mut wire: Wire) {
    let server_frame::Body::Pong(pong) = wire.call(Body::Ping(Ping { cursor: 0 })).await.unwrap()
    else {
        panic!()
    };
    wire.call(Body::Ping(Ping { cursor: pong.inbox_head })).await.unwrap();
    wire.cut();
}

fn told<'a>(received: &'a [Received], user: &str) -> Vec<&'a Received> {
    received.iter().filter(|r| r.status == 200 && r.data()["userId"] == user).collect()
}

fn texts(received: &[Received], user: &str) -> Vec<String> {
    let text = |r: &&Received| r.data()["body"].as_str().unwrap().to_owned();
    told(received, user).iter().map(text).collect()
}

/// Waits until a text was told to a user.
async fn wait_for(receiver: &Receiver, user: &str, text: &str) -> Vec<Received> {
    receiver.wait(text, |r| texts(r, user).iter().any(|told| told == text)).await
}

everywhere! {
    async fn who_is_away_is_told_and_who_is_connected_is_not(world: World) {
        let (receiver, secret) = gateway(&world).await;
        let mut bob = world.login("bob", "phone").await;
        let mut ada = world.login("ada", "phone").await;
        register(&mut ada, "t1").await;
        bob.send("ada", "m1", "while connected").await.unwrap();
        ada.entry().await.unwrap();
        leave(ada).await;
        let sent = bob.send("ada", "m2", "while away").await.unwrap();
        let all = wait_for(&receiver, "ada", "while away").await;
        assert_eq!(texts(&all, "ada"), ["while away"]);

        let first = told(&all, "ada")[0];
        let data = first.data();
        assert_eq!(data["token"], "t1");
        assert_eq!(data["title"], "Name of bob");
        assert_eq!(data["badge"], 2, "both are unread");
        assert_eq!(data["data"]["messageId"], sent.message_id);
        assert_eq!((&data["data"]["channelType"], &data["data"]["channelId"]), (&json!("1"), &json!("bob")));
        let header = |name: &str| first.headers[name].as_str();
        let v2 = signing::v2(
            &secret, "POST", "/push", first.raw.as_bytes(),
            header("nuncio-timestamp"), header("nuncio-nonce"),
        );
        assert_eq!(header("nuncio-signature"), v2);

        // The same user's own message, and one that somebody else is sent, are told to nobody.
        let mut ada = world.login("ada", "phone").await;
        ada.send("bob", "m3", "to bob").await.unwrap();
        leave(ada).await;
        bob.send("ada", "m4", "again").await.unwrap();
        let all = wait_for(&receiver, "ada", "again").await;
        assert_eq!(texts(&all, "ada"), ["while away", "again"]);
        world.kill().await;
    }

    async fn a_connection_that_is_silent_does_not_swallow_what_it_was_given(world: World) {
        let (receiver, _) = gateway(&world).await;
        let mut bob = world.login("bob", "phone").await;
        let mut ada = world.login("ada", "phone").await;
        register(&mut ada, "t1").await;
        // Written to ada's socket, and never said to be held.
        bob.send("ada", "m1", "given").await.unwrap();
        ada.entry().await.unwrap();
        ada.cut();
        let all = wait_for(&receiver, "ada", "given").await;
        assert_eq!(texts(&all, "ada"), ["given"]);
        world.kill().await;
    }

    async fn who_never_says_what_it_holds_is_not_told_of_what_it_asked_beyond(world: World) {
        let (receiver, _) = gateway(&world).await;
        let mut bob = world.login("bob", "phone").await;
        let mut eve = world.login("eve", "phone").await;
        let mut ada = world.login("ada", "phone").await;
        register(&mut ada, "t1").await;
        eve.send("ada", "m1", "held").await.unwrap();
        let seq = ada.entry().await.unwrap().seq;
        ada.sync(seq, 10).await.unwrap();
        ada.cut();
        bob.send("ada", "m2", "after").await.unwrap();
        let all = wait_for(&receiver, "ada", "after").await;
        assert_eq!(texts(&all, "ada"), ["after"]);
        world.kill().await;
    }

    async fn what_was_read_recalled_or_muted_is_not_told(world: World) {
        let (receiver, _) = gateway(&world).await;
        let mut ada = world.login("ada", "phone").await;
        register(&mut ada, "t1").await;
        let mut writers = HashMap::new();
        for name in ["read", "recalled", "muted", "off", "told"] {
            let mut wire = world.login(name, "phone").await;
            let sent = match name {
                "off" => {
                    let push = Some(PushConfig { disabled: true, ..PushConfig::default() });
                    let Body::SendMessage(message) = Wire::text("ada", "m1", name) else { panic!() };
                    let message = nuncio_protocol::frames::SendMessage { push, ..message };
                    match wire.call(Body::SendMessage(message)).await.unwrap() {
                        server_frame::Body::MessageSent(sent) => sent,
                        other => panic!("{other:?}"),
                    }
                }
                _ => wire.send("ada", "m1", name).await.unwrap(),
            };
            writers.insert(name, (wire, sent.message_id));
        }
        // Another device of the user's reads one of them; nothing was told while it was connected.
        let read = MarkRead { channel: Some(Channel::direct("read")), message_id: String::new() };
        ada.call(Body::MarkRead(read)).await.unwrap();
        let muted = SetChannelSettings {
            channel: Some(Channel::direct("muted")),
            level: Some(5),
            ..SetChannelSettings::default()
        };
        ada.call(Body::SetChannelSettings(muted)).await.unwrap();
        let (wire, id) = writers.get_mut("recalled").unwrap();
        let recall = RecallMessage {
            channel: Some(Channel::direct("ada")),
            message_id: id.clone(),
            extra: String::new(),
        };
        wire.call(Body::RecallMessage(recall)).await.unwrap();
        assert!(receiver.received().is_empty());
        ada.cut();
        let all = wait_for(&receiver, "ada", "told").await;
        assert_eq!(texts(&all, "ada"), ["told"]);
        world.kill().await;
    }

    async fn senders_and_users_decide_what_is_shown(world: World) {
        let (receiver, _) = gateway(&world).await;
        away(&world, "ada").await;
        world.api.token("bob").await;
        let send = async |text: &str, more: Value| {
            let mut message = json!({
                "fromUserId": "bob", "toUserIds": ["ada"], "messageType": "RC:TxtMsg",
                "content": json!({ "content": text }).to_string(),
            });
            message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            world.api.ok("/v4/direct-channel/message/send", message).await;
        };
        send("one", json!({ "disablePush": true })).await;
        send("two", json!({
            "pushContent": "shown", "pushData": "d=1", "pushExt": json!({ "title": "Shop" }).to_string(),
        })).await;
        let all = wait_for(&receiver, "ada", "shown").await;
        assert_eq!(texts(&all, "ada"), ["shown"]);
        let data = told(&all, "ada")[0].data().clone();
        assert_eq!((&data["title"], &data["data"]["pushData"]), (&json!("Shop"), &json!("d=1")));

        let mut ada = world.login("ada", "phone").await;
        let set = SetPushSettings {
            hide_content: Some(true),
            language: Some("de".into()),
            ..SetPushSettings::default()
        };
        ada.call(Body::SetPushSettings(set)).await.unwrap();
        leave(ada).await;
        send("hidden", json!({})).await;
        wait_for(&receiver, "ada", "Du hast eine neue Nachricht").await;
        let forced = json!({ "forceShowPushContent": 1 }).to_string();
        send("three", json!({ "pushContent": "forced", "pushExt": forced })).await;
        wait_for(&receiver, "ada", "forced").await;

        // Quiet hours all day but for a minute that is twelve hours away.
        let mut ada = world.login("ada", "phone").await;
        let start = u32::try_from((crate::now_ms() / 1000 + 43_200) % 86_400).unwrap();
        let quiet = QuietHours { start, minutes: 1439, level: 5, timezone: String::new() };
        let set = |quiet_hours| {
            Body::SetPushSettings(SetPushSettings { quiet_hours, ..SetPushSettings::default() })
        };
        ada.call(set(Some(quiet))).await.unwrap();
        // Who notifies of everything does so at any time.
        let carol = SetChannelSettings {
            channel: Some(Channel::direct("carol")),
            level: Some(-1),
            ..SetChannelSettings::default()
        };
        ada.call(Body::SetChannelSettings(carol)).await.unwrap();
        leave(ada).await;
        let forced = json!({ "forceShowPushContent": 1 }).to_string();
        send("four", json!({ "pushContent": "quiet", "pushExt": forced })).await;
        world.api.token("carol").await;
        send("five", json!({ "fromUserId": "carol", "pushContent": "loud", "pushExt": forced })).await;
        let all = wait_for(&receiver, "ada", "loud").await;
        assert!(!texts(&all, "ada").iter().any(|text| text == "quiet"), "{:?}", texts(&all, "ada"));
        world.kill().await;
    }

    async fn logout_ban_and_the_providers_word_end_a_registration(world: World) {
        let (receiver, _) = gateway(&world).await;
        let mut bob = world.login("bob", "phone").await;
        for user in ["out", "banned", "gone", "witness"] {
            away(&world, user).await;
        }
        let mut out = world.login("out", "phone").await;
        out.call(Body::Logout(Logout {})).await.unwrap();
        world.api.ok("/v4/user/ban", json!({ "userIds": ["banned"], "durationMinutes": 5 })).await;
        receiver.answer(|r| Reply::status(if r.data()["userId"] == "gone" { 410 } else { 200 }));
        for (number, user) in ["out", "banned", "gone", "gone", "witness"].into_iter().enumerate() {
            bob.send(user, &format!("m{number}"), "hello").await.unwrap();
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        let all = wait_for(&receiver, "witness", "hello").await;
        assert!(told(&all, "out").is_empty() && told(&all, "banned").is_empty());
        assert_eq!(all.iter().filter(|r| r.data()["userId"] == "gone").count(), 1, "asked once");
        let mut gone = world.login("gone", "phone").await;
        let info = gone.call(Body::GetPushInfo(GetPushInfo {})).await.unwrap();
        let server_frame::Body::PushInfo(info) = info else { panic!() };
        assert_eq!(info.registered, i32::from(PushProvider::Unspecified));
        world.kill().await;
    }

    async fn a_gateway_that_fails_is_tried_again_and_many_messages_become_one(world: World) {
        let (receiver, _) = gateway(&world).await;
        away(&world, "ada").await;
        let mut bob = world.login("bob", "phone").await;
        let mut eve = world.login("eve", "phone").await;
        receiver.answer(|_| Reply::status(500));
        for number in 0..5 {
            bob.send("ada", &format!("m{number}"), &format!("bob {number}")).await.unwrap();
        }
        eve.send("ada", "m1", "eve").await.unwrap();
        receiver.wait("two tries", |r| r.len() >= 2).await;
        receiver.answer(|_| Reply::status(200));
        let all = wait_for(&receiver, "ada", "eve").await;
        let counts: Vec<_> = told(&all, "ada")
            .iter()
            .map(|r| (r.data()["body"].as_str().unwrap(), r.data()["data"]["unreadCount"].as_str().unwrap()))
            .collect();
        assert_eq!(counts, [("bob 4", "5"), ("eve", "1")]);
        // The operator sees what went wrong, a moment later.
        let mut tries = 0..100;
        loop {
            let listed = world.command(&["push", "list", &world.api.key]).await;
            if listed[0]["lastError"].as_str().unwrap().starts_with("HTTP status 500") {
                break;
            }
            assert!(tries.next().is_some(), "{listed}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        world.kill().await;
    }

    async fn a_group_is_told_by_its_name_and_levels_hold_for_mentions(world: World) {
        let (receiver, _) = gateway(&world).await;
        world.api.token("bob").await;
        let mut ada = world.login("ada", "phone").await;
        register(&mut ada, "t1").await;
        let group = json!({ "channelId": "club", "name": "Club", "owner": "bob", "userIds": ["ada"] });
        world.api.ok("/v4/group-channel/create", group).await;
        let only_mentions = SetChannelSettings {
            channel: Some(Channel::group("club")),
            level: Some(2),
            ..SetChannelSettings::default()
        };
        ada.call(Body::SetChannelSettings(only_mentions)).await.unwrap();
        leave(ada).await;
        let contents = [
            json!({ "content": "to nobody" }),
            json!({ "content": "to all", "mentionedInfo": { "type": 1 } }),
            json!({ "content": "to ada", "mentionedInfo": { "type": 2, "userIdList": ["ada"] } }),
        ];
        for content in contents {
            let message = json!({
                "fromUserId": "bob", "toChannelIds": ["club"], "messageType": "RC:TxtMsg",
                "content": content.to_string(),
            });
            world.api.ok("/v4/group-channel/message/send", message).await;
        }
        let all = wait_for(&receiver, "ada", "[Mentioned you] Name of bob: to ada").await;
        let told = told(&all, "ada");
        assert_eq!(told.len(), 1);
        let data = told[0].data();
        assert_eq!((&data["title"], &data["data"]["channelType"]), (&json!("Club"), &json!("3")));
        world.kill().await;
    }

    async fn one_worker_tells_a_device_and_tells_it_once(world: World) {
        const WRITERS: usize = 12;
        let (receiver, _) = gateway(&world).await;
        // Slow enough that whoever else looks finds the device behind.
        receiver.answer(|_| Reply { after: Duration::from_millis(100), ..Reply::status(200) });
        away(&world, "ada").await;
        away(&world, "eve").await;
        let mut writers = Vec::new();
        for writer in 0..WRITERS {
            writers.push(world.login(&format!("w{writer}"), "phone").await);
        }
        // Each comes in at another node, where there are some.
        let mut tasks = tokio::task::JoinSet::new();
        for mut wire in writers {
            tasks.spawn(async move {
                wire.send("ada", "m1", "one").await.unwrap();
                wire.send("eve", "m2", "one").await.unwrap();
            });
        }
        tasks.join_all().await;
        let channels = |all: &[Received], user: &str| {
            let channel = |r: &&Received| r.data()["data"]["channelId"].as_str().unwrap().to_owned();
            let mut channels: Vec<_> = told(all, user).iter().map(channel).collect();
            channels.sort();
            channels
        };
        let complete = |all: &[Received]| {
            ["ada", "eve"].iter().all(|user| channels(all, user).len() >= WRITERS)
        };
        receiver.wait("all of them", complete).await;
        // Longer than a scan takes to come round.
        tokio::time::sleep(Duration::from_secs(3)).await;
        let mut once: Vec<_> = (0..WRITERS).map(|writer| format!("w{writer}")).collect();
        once.sort();
        for user in ["ada", "eve"] {
            assert_eq!(channels(&receiver.received(), user), once);
        }
        world.kill().await;
    }

    async fn the_rust_sdk_registers_and_says_what_it_holds_when_it_goes(world: World) {
        let (receiver, _) = gateway(&world).await;
        let token = world.api.token("ada").await;
        let (ada, mut events) =
            Client::builder(&world.address, &world.api.key).token(token).build().await.unwrap();
        ada.connect().await.unwrap();
        let info = ada.get_push_info().await.unwrap();
        assert_eq!(info.providers, [i32::from(PushProvider::Webhook)]);
        let registration = PushRegistration {
            provider: PushProvider::Webhook,
            token: "t1".into(),
            language: "fr".into(),
            ..PushRegistration::default()
        };
        ada.register_push(registration).await.unwrap();
        let hidden = PushSettingsChange { hide_content: Some(true), ..<_>::default() };
        ada.set_push_settings(hidden).await.unwrap();
        assert!(ada.get_push_settings().await.unwrap().hide_content);
        let mut bob = world.login("bob", "phone").await;
        bob.send("ada", "m1", "seen").await.unwrap();
        while !matches!(events.next().await.unwrap(), Event::Message(_)) {}
        ada.disconnect().await;
        // What was seen is told no more; a message that comes after is.
        bob.send("ada", "m2", "missed").await.unwrap();
        let all = wait_for(&receiver, "ada", "Vous avez un nouveau message").await;
        let ids: Vec<_> = told(&all, "ada").iter().map(|r| &r.data()["data"]["unreadCount"]).collect();
        assert_eq!(ids, ["2"], "one notification, after two messages");
        world.kill().await;
    }

    async fn a_kill_loses_no_notification_and_doubles_only_what_was_on_its_way(world: World) {
        const USERS: usize = 8;
        const ROUNDS: usize = 4;
        let (receiver, _) = gateway(&world).await;
        receiver.answer(|_| Reply { after: Duration::from_millis(30), ..Reply::status(200) });
        for user in 0..USERS {
            away(&world, &format!("u{user}")).await;
        }
        let mut last = BTreeMap::new();
        for round in 0..ROUNDS {
            // Each writer has a channel of its own with each user.
            let mut tasks = tokio::task::JoinSet::new();
            let (tell, mut told_acks) = tokio::sync::mpsc::unbounded_channel();
            for writer in 0..3 {
                let mut wire = world.login(&format!("w{round}-{writer}"), "phone").await;
                let tell = tell.clone();
                tasks.spawn(async move {
                    let mut acked = Vec::new();
                    for user in (0..USERS).cycle().take(USERS * 3) {
                        let id = format!("{round}-{writer}-{}", acked.len());
                        let text = format!("{round} {writer} {}", acked.len());
                        match wire.send(&format!("u{user}"), &id, &text).await {
                            Ok(sent) => {
                                acked.push((user, sent.message_id, text));
                                let _ = tell.send(());
                            }
                            Err(_) => break,
                        }
                    }
                    (writer, acked)
                });
            }
            // In the middle of it, however fast the machine is.
            for _ in 0..USERS {
                told_acks.recv().await.expect("an ack");
            }
            world.kill().await;
            for (writer, acked) in tasks.join_all().await {
                for (user, id, _) in acked {
                    last.insert((user, format!("w{round}-{writer}")), id);
                }
            }
            world.restart().await;
        }
        assert!(last.len() >= USERS, "something was acked: {}", last.len());
        // The last acked message of each channel is told, or a later one that was stored without an ack.
        let newest = |all: &[Received], user: usize, channel: &str| {
            told(all, &format!("u{user}"))
                .into_iter()
                .filter(|r| r.data()["data"]["channelId"] == *channel)
                .map(|r| r.data()["data"]["messageId"].as_str().unwrap().to_owned())
                .max()
        };
        let all = receiver.wait("everything that was acked", |all| {
            last.iter().all(|((user, channel), id)| {
                newest(all, *user, channel).is_some_and(|newest| newest >= *id)
            })
        }).await;
        for user in 0..USERS {
            let of_user = told(&all, &format!("u{user}"));
            let ids: Vec<_> =
                of_user.iter().map(|r| r.data()["data"]["messageId"].as_str().unwrap()).collect();
            let mut once = ids.clone();
            once.sort_unstable();
            once.dedup();
            let doubled = ids.len() - once.len();
            assert!(doubled <= ROUNDS, "user {user}: {doubled} doubled in {ROUNDS} kills");
            // In order, but for what a kill has repeated.
            let back = ids.windows(2).filter(|pair| pair[1] < pair[0]).count();
            assert!(back <= ROUNDS, "user {user}: {back} times back");
        }
    }
}
