//! Messages from one connection to the others.

use nuncio_protocol::frames::{Typing, client_frame, entry, server_frame};
use nuncio_testkit::Wire;

use crate::world::{PATIENCE, World, answer, message, next_message, nothing_more};

#[tokio::test]
async fn a_message_reaches_all_devices_of_both_sides_but_its_sender_only_as_the_answer() {
    let world = World::new().await;
    let mut ada = world.login("ada", "phone").await;
    let mut ada_too = world.login("ada", "tablet").await;
    let mut bob = world.login("bob", "phone").await;

    let sent = ada.send("bob", "m1", "hello").await.unwrap();
    assert_eq!(sent.seq, 1);
    for (wire, channel) in [(&mut ada_too, "bob"), (&mut bob, "ada")] {
        let entry = wire.entry().await.unwrap();
        let Some(entry::Body::Message(message)) = entry.body else { panic!("{:?}", entry.body) };
        assert_eq!((entry.seq, entry.at), (1, sent.sent_at));
        assert_eq!(
            (message.id.as_str(), message.sent_at),
            (sent.message_id.as_str(), sent.sent_at)
        );
        assert_eq!((message.sender_id.as_str(), message.client_message_id.as_str()), ("ada", "m1"));
        assert_eq!(message.channel.unwrap().id, channel);
        assert_eq!(
            (message.r#type.as_str(), message.content.as_str()),
            ("RC:TxtMsg", r#"{"content":"hello"}"#)
        );
    }
    for wire in [&mut ada, &mut ada_too, &mut bob] {
        nothing_more(wire).await;
    }
    assert_eq!(world.figure("client_messages_total{code=\"OK\"}"), 1);
}

#[tokio::test]
async fn messages_sent_without_waiting_keep_their_order() {
    let world = World::new().await;
    let (mut ada, mut bob) = (world.login("ada", "a").await, world.login("bob", "b").await);
    for number in 0..300 {
        ada.ask(Wire::text("bob", &format!("m{number}"), "hello")).await.unwrap();
    }
    let mut seq = 0;
    while seq < 300 {
        let Some(server_frame::Body::MessageSent(sent)) = ada.frame().await.unwrap().body else {
            panic!("only answers")
        };
        seq += 1;
        assert_eq!(sent.seq, seq);
    }
    for number in 0..300 {
        assert_eq!(next_message(&mut bob).await, (format!("m{number}"), number + 1));
    }
    nothing_more(&mut ada).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_write_to_each_other_at_once_see_one_order_without_gaps() {
    let world = World::new().await;
    let (mut ada, mut bob) = (world.login("ada", "a").await, world.login("bob", "b").await);
    let talk = async |wire: &mut Wire, to: &str| {
        let (mut sent, mut seen, mut last) = (0, 0, 0);
        while seen < 400 {
            if sent < 200 && sent * 2 <= seen + 6 {
                wire.ask(Wire::text(to, &format!("m{sent}"), "hello")).await.unwrap();
                sent += 1;
                continue;
            }
            let seq = match wire.frame().await.unwrap().body.unwrap() {
                server_frame::Body::MessageSent(sent) => sent.seq,
                server_frame::Body::Entry(entry) => entry.seq,
                other => panic!("{other:?}"),
            };
            assert_eq!(seq, last + 1, "the next, be it an answer or an entry");
            (last, seen) = (seq, seen + 1);
        }
    };
    tokio::time::timeout(PATIENCE, async {
        tokio::join!(talk(&mut ada, "bob"), talk(&mut bob, "ada"));
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_repeated_message_gets_the_first_ones_answer() {
    let world = World::new().await;
    let (mut ada, mut bob) = (world.login("ada", "a").await, world.login("bob", "b").await);
    let first = ada.send("bob", "m1", "hello").await.unwrap();
    let again = ada.send("bob", "m1", "hello").await.unwrap();
    assert_eq!((again.message_id, again.seq), (first.message_id.clone(), 0));
    let mut ada_too = world.login("ada", "tablet").await;
    assert_eq!(ada_too.send("bob", "m1", "hello").await.unwrap().message_id, first.message_id);
    assert_eq!(next_message(&mut bob).await, ("m1".to_owned(), 1));
    nothing_more(&mut bob).await;
    nothing_more(&mut ada).await;
}

#[tokio::test]
async fn what_was_missed_is_read_after_the_cursor_and_what_follows_is_pushed() {
    let world = World::new().await;
    let mut ada = world.login("ada", "a").await;
    let token = world.token("bob").await;
    for number in 1..=3 {
        ada.send("bob", &format!("m{number}"), "hello").await.unwrap();
    }
    let mut bob = world.login_with(&token, "b").await.unwrap();
    assert_eq!(bob.welcome.inbox_head, 3);
    let page = bob.sync(1, 0).await.unwrap();
    let numbers: Vec<_> = page.entries.iter().map(|entry| entry.seq).collect();
    assert_eq!((numbers, page.head), (vec![2, 3], 3));
    ada.send("bob", "m4", "hello").await.unwrap();
    assert_eq!(next_message(&mut bob).await, ("m4".to_owned(), 4));
}

#[tokio::test]
async fn what_is_not_stored_reaches_only_who_is_connected() {
    let world = World::new().await;
    let (mut ada, mut bob) = (world.login("ada", "a").await, world.login("bob", "b").await);
    let transient = message("bob", "m1", |message| message.transient = true);
    let server_frame::Body::MessageSent(sent) = answer(&mut ada, transient).await else { panic!() };
    assert_eq!(sent.seq, 0);
    assert_eq!(next_message(&mut bob).await, ("m1".to_owned(), 0));

    let channel = Some(nuncio_protocol::frames::Channel::direct("bob"));
    let typing = nuncio_protocol::frames::SendTyping { channel, r#type: "RC:TxtMsg".to_owned() };
    answer(&mut ada, client_frame::Body::SendTyping(typing)).await;
    let server_frame::Body::Typing(Typing { channel, user_id, r#type }) =
        bob.pushed().await.unwrap()
    else {
        panic!()
    };
    assert_eq!(
        (channel.unwrap().id, user_id, r#type),
        ("ada".into(), "ada".into(), "RC:TxtMsg".into())
    );
    assert_eq!(bob.sync(0, 0).await.unwrap().head, 0);
}

#[tokio::test]
async fn a_message_to_oneself_comes_once() {
    let world = World::new().await;
    let (mut ada, mut too) = (world.login("ada", "a").await, world.login("ada", "b").await);
    assert_eq!(ada.send("ada", "m1", "note").await.unwrap().seq, 1);
    assert_eq!(next_message(&mut too).await, ("m1".to_owned(), 1));
    nothing_more(&mut ada).await;
    nothing_more(&mut too).await;
}
