//! A group's conversation from end to end: notices, mentions, messages for some, who has read what, and the app's server that is
//! asked first.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use nuncio_client::frames::{Channel, LeavingMember, Message};
use nuncio_client::{
    Client, ClientError, Event, Events, FriendInfoChange, GroupId, HistoryFrom, Mentions,
    NewMessage, UserId, UserInfo, UserInfoProvider,
};
use nuncio_testkit::World;
use nuncio_testkit::receiver::{Receiver, Reply};
use serde_json::{Value, json};

use crate::everywhere;

const NOTICE: &str = "RC:GrpNtf";

/// An app's own directory, which knows what bob is called in a group.
struct Directory;

fn called(user_id: &str, how: &str) -> UserInfo {
    let (name, user_id) = (format!("{user_id} {how}"), user_id.to_owned());
    UserInfo { user_id, name, ..UserInfo::default() }
}

type Found = Result<Vec<UserInfo>, Box<dyn std::error::Error + Send + Sync>>;

#[async_trait]
impl UserInfoProvider for Directory {
    async fn user_infos(&self, user_ids: Vec<String>) -> Found {
        Ok(user_ids.iter().map(|id| called(id, "anywhere")).collect())
    }

    async fn member_infos(&self, group_id: String, user_ids: Vec<String>) -> Found {
        assert_eq!(group_id, "g");
        Ok(user_ids.iter().filter(|id| *id == "bob").map(|id| called(id, "here")).collect())
    }
}

fn g() -> GroupId {
    "g".parse().unwrap()
}

fn user(id: &str) -> UserId {
    id.parse().unwrap()
}

/// Makes the group `g` of these users, the first of whom owns it.
async fn group(world: &World, users: &[&str]) {
    for user in users {
        world.api.token(user).await;
    }
    let (owner, others) = users.split_first().unwrap();
    let body = json!({ "channelId": "g", "name": "G", "owner": owner, "userIds": others });
    world.api.ok("/v4/group-channel/create", body).await;
}

async fn connect(world: &World, user: &str, device: &str) -> (Client, Events) {
    let token = world.api.token(user).await;
    let client = Client::builder(&world.address, &world.api.key).token(token).device_id(device);
    let (client, events) = client.build().await.unwrap();
    client.connect().await.unwrap();
    (client, events)
}

/// The next event that `wanted` makes something of.
async fn next<T>(events: &mut Events, mut wanted: impl FnMut(Event) -> Option<T>) -> T {
    let found = async {
        loop {
            let event = events.next().await.expect("the client has ended");
            if let Some(found) = wanted(event) {
                return found;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), found).await.expect("nothing of the kind came")
}

/// The next message that a person wrote.
async fn message(events: &mut Events) -> Message {
    next(events, |event| match event {
        Event::Message(message) if message.r#type != NOTICE => Some(message),
        _ => None,
    })
    .await
}

/// The operation of the next notice, and who did it.
async fn notice(events: &mut Events) -> (String, String) {
    let notice = next(events, |event| match event {
        Event::Message(message) if message.r#type == NOTICE => Some(message),
        _ => None,
    });
    let notice = notice.await;
    let content: Value = serde_json::from_str(&notice.content).unwrap();
    (content["operation"].as_str().unwrap().to_owned(), notice.sender_id)
}

/// Unread messages of the group, mentions of anybody, and of the user: as the server counts, and as this device does.
async fn counts(client: &Client) -> [(u32, u32, u32); 2] {
    let channel = Channel::group("g");
    let states = client.get_channels_by_id(std::slice::from_ref(&channel)).await.unwrap();
    let local = client.local_channels(10).await.unwrap();
    let local = local.into_iter().find(|state| state.channel.as_ref() == Some(&channel)).unwrap();
    let of = |state: &nuncio_client::frames::ChannelState| {
        (state.unread_count, state.mentioned_count, state.mentioned_me_count)
    };
    [of(&states.channels[0]), of(&local)]
}

async fn history(client: &Client) -> Vec<String> {
    let found =
        client.get_history(&Channel::group("g"), HistoryFrom::End, true, 100).await.unwrap();
    let people = found.messages.into_iter().filter(|message| message.r#type != NOTICE);
    people.map(|message| message.client_message_id).collect()
}

fn text(id: &str, mentions: &Mentions) -> NewMessage {
    NewMessage::group_text(&g(), id, mentions).client_message_id(id.parse().unwrap())
}

everywhere! { any size:
    async fn members_talk_mention_each_other_and_learn_who_has_read(world: World) {
        let (ann, mut anns) = connect(&world, "ann", "phone").await;
        let (_desk, mut desk) = connect(&world, "ann", "desk").await;
        let (bob, mut bobs) = connect(&world, "bob", "phone").await;
        let (cem, mut cems) = connect(&world, "cem", "phone").await;
        group(&world, &["ann", "bob", "cem"]).await;
        for events in [&mut anns, &mut desk, &mut bobs, &mut cems] {
            assert_eq!(notice(events).await, ("Create".to_owned(), String::new()));
        }

        // What was mentioned is counted for whom it means, by the server and by the device alike.
        let mentions = Mentions::Users(vec![user("bob")]);
        let first = ann.send(text("m1", &mentions).needs_receipt()).await.unwrap();
        ann.send(text("m2", &Mentions::Everybody)).await.unwrap();
        for events in [&mut bobs, &mut cems] {
            assert_eq!(message(events).await.client_message_id, "m1");
            assert_eq!(message(events).await.client_message_id, "m2");
        }
        assert_eq!(counts(&bob).await, [(2, 2, 2); 2]);
        assert_eq!(counts(&cem).await, [(2, 2, 1); 2]);
        let found = cem.get_unread_mentions(&g(), None, 0).await.unwrap().messages;
        assert_eq!(found.iter().map(|m| m.client_message_id.as_str()).collect::<Vec<_>>(), ["m2"]);
        bob.mark_read(&Channel::group("g"), Some(&first.message_id)).await.unwrap();
        next(&mut bobs, |event| matches!(event, Event::ChannelRead(_)).then_some(())).await;
        assert_eq!(counts(&bob).await, [(1, 1, 1); 2]);

        // Both have read at nearly the same time: the sender's devices hear it at once, with the counts of then.
        let ids = [first.message_id.clone()];
        bob.send_read_receipts(&g(), &ids).await.unwrap();
        cem.send_read_receipts(&g(), &ids).await.unwrap();
        for events in [&mut anns, &mut desk] {
            let told = next(events, |event| match event {
                Event::ReadReceipts(told) if told.receipts[0].read_count == 2 => Some(told),
                _ => None,
            });
            let told = told.await;
            assert_eq!(told.channel, Some(Channel::group("g")));
            assert_eq!((told.receipts[0].message_id.clone(), told.receipts[0].unread_count), (ids[0].clone(), 0));
        }
        let asked = ann.get_read_receipts(&g(), &ids).await.unwrap();
        assert_eq!((asked[0].read_count, asked[0].unread_count), (2, 0));
        // Two nodes' clocks may be a moment apart: who was first is not for this test to say.
        let first_page = ann.get_receipt_users(&g(), &ids[0], true, &[], None, 1).await.unwrap();
        assert_eq!((first_page.items.len(), first_page.total_count), (1, 2));
        let token = first_page.next_page_token.as_deref();
        let last_page = ann.get_receipt_users(&g(), &ids[0], true, &[], token, 1).await.unwrap();
        assert_eq!(last_page.next_page_token, None);
        let both = first_page.items.iter().chain(&last_page.items);
        let mut both: Vec<&str> = both.map(|reader| reader.user_id.as_str()).collect();
        both.sort_unstable();
        assert_eq!(both, ["bob", "cem"]);
        let others = bob.get_receipt_users(&g(), &ids[0], true, &[], None, 0).await;
        assert_eq!(others.unwrap_err().cause().code, 25107);

        // A message for bob alone.
        let secret = text("secret", &Mentions::Nobody).to_members(&[user("bob")]);
        ann.send(secret).await.unwrap();
        ann.send(text("open", &Mentions::Nobody)).await.unwrap();
        let got = message(&mut bobs).await;
        assert_eq!((got.client_message_id.as_str(), got.to_user_ids), ("secret", vec!["bob".to_owned()]));
        assert_eq!(message(&mut cems).await.client_message_id, "open");
        assert_eq!(history(&bob).await, ["m1", "m2", "secret", "open"]);
        assert_eq!(history(&cem).await, ["m1", "m2", "open"]);
        assert_eq!(history(&ann).await, ["m1", "m2", "secret", "open"]);
        let local = bob.local_messages(&Channel::group("g"), None, 9).await.unwrap();
        let kept = local.iter().find(|kept| kept.client_message_id == "secret").unwrap();
        assert_eq!(kept.to_user_ids, ["bob"]);
        let stranger = text("no", &Mentions::Nobody).to_members(&[user("nobody")]);
        assert_eq!(ann.send(stranger).await.unwrap_err().cause().code, 25418);

        // What members do to the group they read there.
        ann.kick_group_members(&g(), &[user("cem")], LeavingMember::default()).await.unwrap();
        assert_eq!(notice(&mut bobs).await, ("Kicked".to_owned(), "ann".to_owned()));
        next(&mut cems, |event| matches!(event, Event::Group(_)).then_some(())).await;
        world.kill().await;
    }

    async fn members_are_called_what_they_are_called_in_the_group(world: World) {
        let (ann, mut anns) = connect(&world, "ann", "phone").await;
        group(&world, &["ann", "bob", "cem", "dan"]).await;
        notice(&mut anns).await;
        let name = |user: &str, nickname: &str| json!({ "channelId": "g", "userId": user, "nickname": nickname });
        world.api.ok("/v4/group-channel/member/set", name("bob", "Bobby")).await;
        world.api.ok("/v4/friend/add", json!({ "userId": "ann", "targetId": "cem", "action": 2 })).await;
        ann.set_friend_info(&user("cem"), FriendInfoChange {
            alias: Some("My Cem".to_owned().try_into().unwrap()),
            ..FriendInfoChange::default()
        }).await.unwrap();
        let profile = json!({ "userId": "dan", "userProfile": { "name": "Dan of the profile" } });
        world.api.ok("/v4/user/profile/set", profile).await;
        world.api.token("eve").await;
        let shown = async |users: &[&str]| -> Vec<String> {
            let users: Vec<_> = users.iter().map(|id| user(id)).collect();
            let infos = ann.member_infos(&g(), &users).await.unwrap();
            infos.into_iter().map(|info| info.name).collect()
        };
        let everybody = ["ann", "bob", "cem", "dan", "eve"];
        let expected = ["Name of ann", "Bobby", "My Cem", "Dan of the profile", "eve"];
        assert_eq!(shown(&everybody).await, expected);
        // What is kept follows the group.
        world.api.ok("/v4/group-channel/member/set", name("bob", "Bob the Great")).await;
        next(&mut anns, |event| match event {
            Event::Group(event) if event.members.iter().any(|m| m.nickname == "Bob the Great") => Some(()),
            _ => None,
        }).await;
        assert_eq!(shown(&["bob"]).await, ["Bob the Great"]);
        assert_eq!(ann.member_info(&g(), &user("bob")).await.unwrap().name, "Bob the Great");
        // With a source of the app's own, it alone is asked.
        ann.set_user_info_provider(Some(Arc::new(Directory))).await.unwrap();
        assert_eq!(shown(&["bob", "cem"]).await, ["bob here", "cem anywhere"]);
        world.kill().await;
    }

    async fn an_app_decides_about_notices_and_history(world: World) {
        let key = world.api.key.clone();
        world.command(&["app", "set", &key, "--group-notices", "false"]).await;
        group(&world, &["ann"]).await;
        let (ann, _events) = connect(&world, "ann", "phone").await;
        ann.send(text("m1", &Mentions::Nobody)).await.unwrap();
        world.api.token("bob").await;
        world.api.ok("/v4/group-channel/join", json!({ "channelId": "g", "userIds": ["bob"] })).await;
        let (bob, _events) = connect(&world, "bob", "phone").await;
        let all = async |client: &Client| {
            let found = client.get_history(&Channel::group("g"), HistoryFrom::End, true, 100).await;
            found.unwrap().messages.len()
        };
        assert_eq!((all(&ann).await, all(&bob).await), (1, 0));
        world.command(&["app", "set", &key, "--group-history-from-joining", "false"]).await;
        assert_eq!((all(&ann).await, all(&bob).await), (1, 1));
        world.kill().await;
    }

    async fn an_app_server_is_asked_about_messages_to_groups(world: World) {
        let receiver = Receiver::start().await;
        let url = receiver.url("/hook");
        let add = ["webhook", "add", &world.api.key, "--name", "t", "--url", &url, "--events", "group_channel:pre_messaging"];
        world.command(&add).await;
        group(&world, &["ann", "bob"]).await;
        let (ann, _events) = connect(&world, "ann", "phone").await;
        let (_bob, mut bobs) = connect(&world, "bob", "phone").await;
        receiver.answer(|_| Reply::json(&json!({ "pass": 1, "content": { "content": "nicer" } })));
        let sent = ann.send(text("m1", &Mentions::Nobody).to_members(&[user("bob")])).await.unwrap();
        let got = message(&mut bobs).await;
        assert_eq!((got.id, got.content), (sent.message_id, json!({ "content": "nicer" }).to_string()));
        let asked = receiver.wait("the question", |received| !received.is_empty()).await;
        let data = asked[0].data();
        assert_eq!((&data["channelType"], &data["channelId"]), (&json!(3), &json!("g")));
        assert_eq!((&data["userId"], &data["toUserIds"]), (&json!("ann"), &json!(["bob"])));
        receiver.answer(|_| Reply::json(&json!({ "pass": 0, "extra": "mind your words" })));
        let refused = ann.send(text("m2", &Mentions::Nobody)).await.unwrap_err();
        assert!(matches!(&refused, ClientError::Refused(_)), "{refused}");
        assert_eq!(refused.cause().code, 20113);
        assert_eq!(history(&ann).await, ["m1"]);
        world.kill().await;
    }
}
