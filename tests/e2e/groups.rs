//! Groups from end to end: what is written to one reaches every member once, in one order for all, whatever happens
//! to the server; and members do with it what they do with any message.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nuncio_protocol::frames::{
    Channel, ChannelType, EditMessage, GetChannels, GetHistory, MarkRead, Message, Ping,
    RecallMessage, client_frame::Body, entry, server_frame,
};
use nuncio_testkit::receiver::Receiver;
use nuncio_testkit::{Refused, Wire, World};
use rand::RngExt as _;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::everywhere;
use crate::promise_2::{Acked, KILLS, count, read, write};

const WRITERS: usize = 3;
const READERS: usize = 2;

/// Makes the group `g` of these users, the first of whom owns it.
async fn group(world: &World, users: &[&str]) {
    for user in users {
        world.api.token(user).await;
    }
    let (owner, others) = users.split_first().unwrap();
    let body = json!({ "channelId": "g", "name": "G", "owner": owner, "userIds": others });
    world.api.ok("/v4/group-channel/create", body).await;
}

fn code(error: &anyhow::Error) -> u32 {
    error.downcast_ref::<Refused>().map_or(0, |refused| refused.0.code)
}

async fn history(wire: &mut Wire) -> anyhow::Result<Vec<Message>> {
    let request = GetHistory { channel: Some(Channel::group("g")), ..GetHistory::default() };
    match wire.call(Body::GetHistory(request)).await? {
        server_frame::Body::History(mut history) => {
            history.messages.retain(|message| message.r#type != NOTICE);
            Ok(history.messages)
        }
        other => panic!("{other:?}"),
    }
}

async fn call(wire: &mut Wire, body: Body) -> u32 {
    wire.call(body).await.map_or_else(|error| code(&error), |_| 0)
}

/// The type of the server's notices, which come between what people write.
const NOTICE: &str = "RC:GrpNtf";

/// The next message that is pushed.
async fn message(wire: &mut Wire) -> Message {
    loop {
        if let Some(entry::Body::Message(message)) = wire.entry().await.unwrap().body
            && message.r#type != NOTICE
        {
            return message;
        }
    }
}

/// Who is away for longer than a moment is absent, and gets nothing.
const ABSENT_SOON: &[&str] = &["--big-group-members", "1", "--heartbeat", "300ms"];
/// Ten heartbeats, and a little more.
const ABSENCE: Duration = Duration::from_millis(3500);

async fn ping(wire: &mut Wire) -> u64 {
    match wire.call(Body::Ping(Ping::default())).await.unwrap() {
        server_frame::Body::Pong(pong) => pong.inbox_head,
        other => panic!("{other:?}"),
    }
}

/// What a user's messages in the group are, read from the inbox's beginning, which must have no gap.
async fn all_messages(wire: &mut Wire) -> Vec<String> {
    let (mut after, mut found) = (0, Vec::new());
    loop {
        let page = wire.sync(after, 40).await.unwrap();
        if page.entries.is_empty() {
            assert_eq!(after, page.head);
            return found;
        }
        for entry in page.entries {
            assert_eq!(entry.seq, after + 1, "a gap");
            after = entry.seq;
            if let Some(entry::Body::Message(message)) = entry.body
                && message.r#type != NOTICE
            {
                found.push(message.id);
            }
        }
    }
}

async fn who_was_away_finds_everything(mut world: World) {
    group(&world, &["ann", "bob", "cem"]).await;
    world.login("bob", "phone").await.cut();
    tokio::time::sleep(ABSENCE).await;
    let mut sent = Vec::new();
    for number in 0..120 {
        if number % 50 == 49 {
            world.kill().await;
            world.restart().await;
        }
        let say = json!({
            "fromUserId": "ann", "toChannelIds": ["g"], "messageType": "RC:TxtMsg",
            "content": json!({ "content": number }).to_string(),
        });
        let answer = world.api.ok("/v4/group-channel/message/send", say).await;
        sent.push(answer["messageIds"][0]["messageId"].as_str().unwrap().to_owned());
    }
    // At the login it is all there, and the device is told of what comes then.
    let mut bob = world.login("bob", "phone").await;
    assert!(bob.welcome.inbox_head >= 120);
    assert_eq!(all_messages(&mut bob).await, sent);
    let mut ann = world.login("ann", "a").await;
    ann.send_in(Channel::group("g"), "m1", "hello").await.unwrap();
    let told = message(&mut bob).await;
    assert_eq!(told.client_message_id, "m1");
    sent.push(told.id);
    // Heartbeats keep it so, for longer than absence begins after.
    for _ in 0..20 {
        let head = ping(&mut bob).await;
        assert_eq!(head, bob.welcome.inbox_head + 1);
        ping(&mut ann).await;
        tokio::time::sleep(ABSENCE / 20).await;
    }
    ann.send_in(Channel::group("g"), "m2", "still there?").await.unwrap();
    sent.push(message(&mut bob).await.id);
    for user in ["bob", "cem"] {
        let mut desk = world.login(user, "desk").await;
        assert_eq!(all_messages(&mut desk).await, sent, "{user}");
    }
    world.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_away_from_a_big_group_finds_everything_on_sqlite() {
    who_was_away_finds_everything(World::on_sqlite(crate::BINARY, ABSENT_SOON).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_away_from_a_big_group_finds_everything_on_any_node() {
    who_was_away_finds_everything(World::on_cluster(crate::BINARY, ABSENT_SOON).await).await;
}

everywhere! { any size:
    async fn nothing_written_to_a_group_is_lost_when_the_server_is_killed(world: World) {
        let users: Vec<_> = (0..WRITERS)
            .map(|number| format!("writer{number}"))
            .chain((0..READERS).map(|number| format!("reader{number}")))
            .collect();
        group(&world, &users.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let (written, read_on) =
            (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let acked: Arc<Mutex<Acked>> = Arc::default();
        let (mut writers, mut readers) = (JoinSet::new(), JoinSet::new());
        let (address, key) = (world.address.clone(), world.api.key.clone());
        for number in 0..READERS {
            let token = world.api.token(&format!("reader{number}")).await;
            for device in ["phone", "desk"] {
                let (address, key, token) = (address.clone(), key.clone(), token.clone());
                readers.spawn(read(address, key, token, device.into(), read_on.clone(), false));
            }
        }
        for number in 0..WRITERS {
            let token = world.api.token(&format!("writer{number}")).await;
            let to = Channel::group("g");
            let (address, key, acked) = (address.clone(), key.clone(), Arc::clone(&acked));
            writers.spawn(write(address, key, token, to, number, written.clone(), acked));
        }
        for _ in 0..KILLS {
            let before = count(&acked);
            while count(&acked) < before + WRITERS * 2 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            tokio::time::sleep(Duration::from_millis(rand::rng().random_range(0..200))).await;
            world.kill().await;
            world.restart().await;
        }
        written.store(true, Ordering::Relaxed);
        while let Some(ended) = writers.join_next().await {
            ended.unwrap();
        }
        read_on.store(true, Ordering::Relaxed);
        let mut orders: Vec<Vec<(String, String)>> = Vec::new();
        while let Some(ended) = readers.join_next().await {
            let held = ended.unwrap();
            let messages = held.into_iter().filter_map(|entry| match entry.body {
                Some(entry::Body::Message(message)) if message.r#type != NOTICE => Some(message),
                _ => None,
            });
            orders.push(messages.map(|message| (message.client_message_id, message.id)).collect());
        }
        let order = &orders[0];
        assert!(orders.iter().all(|other| other == order), "one order for all");
        assert!(order.is_sorted_by_key(|(_, id)| id), "the ids are in that order too");
        let mut received: BTreeMap<usize, Vec<(u64, String)>> = BTreeMap::new();
        for (client_id, id) in order {
            let (writer, number) = client_id.split_once('-').unwrap();
            let of = received.entry(writer.parse().unwrap()).or_default();
            of.push((number.parse().unwrap(), id.clone()));
        }
        let acked: Acked = acked.lock().unwrap().clone();
        for (writer, received) in &received {
            let mut acked = acked[writer].clone();
            // A last message may have been committed without its ack having arrived.
            if received.len() == acked.len() + 1 {
                acked.push(received[received.len() - 1].clone());
            }
            assert_eq!(received, &acked, "writer {writer}");
            assert!(received.iter().map(|(number, _)| *number).eq(1..=received.len() as u64));
        }
        world.kill().await;
    }

    async fn a_message_is_read_edited_recalled_and_kept_from_who_came_later(world: World) {
        group(&world, &["ann", "bob", "cem"]).await;
        let (mut ann, mut bob) = (world.login("ann", "a").await, world.login("bob", "b").await);
        let first = bob.send_in(Channel::group("g"), "m1", "hello").await.unwrap();
        let pushed = message(&mut ann).await;
        assert_eq!((pushed.id.as_str(), pushed.sender_id.as_str()), (first.message_id.as_str(), "bob"));
        let seen = pushed.channel.unwrap();
        assert_eq!((seen.r#type, seen.id.as_str()), (ChannelType::Group.into(), "g"));

        // Only its sender edits it, and everybody is told.
        let edit = |id: &str| Body::EditMessage(EditMessage {
            channel: Some(Channel::group("g")),
            message_id: id.to_owned(),
            content: json!({ "content": "hello all" }).to_string(),
        });
        assert_eq!(call(&mut ann, edit(&first.message_id)).await, 25107);
        assert_eq!(call(&mut bob, edit(&first.message_id)).await, 0);
        assert!(history(&mut ann).await.unwrap()[0].content.contains("hello all"));

        // The list has the group, with what is unread.
        let get = |types: Vec<ChannelType>| Body::GetChannels(GetChannels {
            types: types.into_iter().map(i32::from).collect(),
            ..GetChannels::default()
        });
        for (types, found) in [(vec![], 1), (vec![ChannelType::Group], 1), (vec![ChannelType::Direct], 0)] {
            let server_frame::Body::ChannelStates(states) = ann.call(get(types)).await.unwrap() else {
                panic!("no list")
            };
            assert_eq!((states.channels.len(), states.total_unread_count), (found, 1));
        }
        let read = MarkRead { channel: Some(Channel::group("g")), message_id: String::new() };
        assert_eq!(call(&mut ann, Body::MarkRead(read)).await, 0);
        let server_frame::Body::ChannelStates(states) = ann.call(get(vec![])).await.unwrap() else {
            panic!("no list")
        };
        assert_eq!(states.total_unread_count, 0);

        // Who comes later reads from then on; who leaves reads no more, and writes no more.
        world.api.token("dan").await;
        let dan_joins = json!({ "channelId": "g", "userIds": ["dan"] });
        world.api.ok("/v4/group-channel/join", dan_joins).await;
        let mut dan = world.login("dan", "d").await;
        assert_eq!(history(&mut dan).await.unwrap(), []);
        ann.send_in(Channel::group("g"), "m2", "welcome").await.unwrap();
        assert_eq!(message(&mut dan).await.client_message_id, "m2");
        assert_eq!(history(&mut dan).await.unwrap().len(), 1);
        assert_eq!(history(&mut bob).await.unwrap().len(), 2);
        let bob_leaves = json!({ "channelId": "g", "userIds": ["bob"] });
        world.api.ok("/v4/group-channel/leave", bob_leaves).await;
        assert_eq!(code(&history(&mut bob).await.unwrap_err()), 22406);
        let sent = bob.send_in(Channel::group("g"), "m3", "still here?").await;
        assert_eq!(code(&sent.unwrap_err()), 22406);

        // The owner takes back what another has written; a member cannot.
        let recall = |id: &str| Body::RecallMessage(RecallMessage {
            channel: Some(Channel::group("g")),
            message_id: id.to_owned(),
            extra: String::new(),
        });
        assert_eq!(call(&mut dan, recall(&first.message_id)).await, 25107);
        assert_eq!(call(&mut ann, recall(&first.message_id)).await, 0);
        let oldest = history(&mut ann).await.unwrap().pop().unwrap();
        assert_eq!((oldest.recalled, oldest.content.as_str()), (true, ""));
        world.kill().await;
    }

    async fn an_app_server_writes_reads_edits_and_deletes_in_a_group(world: World) {
        group(&world, &["ann", "bob"]).await;
        world.api.token("robot").await;
        let mut bob = world.login("bob", "b").await;
        // In the name of who is no member.
        let text = |text: &str| json!({ "content": text }).to_string();
        let beep = json!({
            "fromUserId": "robot", "toChannelIds": ["g"], "messageType": "RC:TxtMsg", "content": text("beep"),
        });
        let sent = world.api.ok("/v4/group-channel/message/send", beep).await;
        assert_eq!(sent["messageIds"][0]["channelId"], "g");
        let id = sent["messageIds"][0]["messageId"].as_str().unwrap();
        assert_eq!(message(&mut bob).await.id, id);
        let now = crate::now_ms();
        let list = |user: &str| json!({
            "userId": user, "channelId": "g", "startAt": now + 60_000, "endAt": now - 60_000, "includeStart": true,
        });
        let found = async || {
            let path = "/v4/group-channel/history-message/list";
            world.api.ok(path, list("ann")).await["messages"][0].clone()
        };
        assert_eq!(found().await["content"], text("beep"));
        let path = "/v4/group-channel/history-message/list";
        let outside = world.api.call(path, list("robot")).await;
        assert_eq!((outside.status, outside.code()), (403, 22406));
        let edit = json!({
            "fromUserId": "robot", "channelId": "g", "messageId": id, "content": text("boop"),
        });
        world.api.ok("/v4/group-channel/message/update", edit).await;
        assert_eq!(found().await["content"], text("boop"));
        let delete = json!({
            "fromUserId": "robot", "channelType": 3, "channelId": "g", "messageId": id,
        });
        world.api.ok("/v4/message/delete", delete).await;
        assert_eq!(found().await["content"], "");
        world.kill().await;
    }

    async fn webhooks_are_told_of_messages_to_groups(world: World) {
        let receiver = Receiver::start().await;
        let url = receiver.url("/hook");
        let command = ["webhook", "add", &world.api.key, "--name", "t", "--url", &url, "--events", "message:send"];
        world.command(&command).await;
        group(&world, &["ann", "bob"]).await;
        let mut ann = world.login("ann", "a").await;
        let sent = ann.send_in(Channel::group("g"), "m1", "hello").await.unwrap();
        let told = receiver.wait("the message", |received| !received.is_empty()).await;
        let data: Value = told[0].data().clone();
        assert_eq!((&data["channelId"], &data["channelType"]), (&json!("g"), &json!(3)));
        assert_eq!((&data["userId"], &data["messageId"]), (&json!("ann"), &json!(sent.message_id)));
        world.kill().await;
    }
}
