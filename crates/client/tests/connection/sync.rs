//! The inbox and the queue: once, in order, across cuts, crashes and slow consumers.

use std::time::Duration;

use nuncio_client::frames::{
    Channel, ChannelState, ChannelStates, ProtobufMessage as _, SyncPage, Welcome, client_frame,
    server_frame,
};
use nuncio_client::{ClientError, Code, Event, Events, State};

use crate::server::{Server, entry, message, welcome};
use crate::{disconnected, next, next_but_states, text};

async fn numbers(events: &mut Events, count: usize) -> Vec<i64> {
    let mut numbers = Vec::new();
    while numbers.len() < count {
        if let Event::Message(message) = next_but_states(events).await {
            numbers.push(message.sent_at);
        }
    }
    numbers
}

#[tokio::test]
async fn what_waited_comes_first_and_each_message_once() {
    let server = Server::start().await;
    let (client, mut events) = server.client().build().await.unwrap();
    client.start().unwrap();
    let all: Vec<_> = (1..=7).map(|n| entry(n, "bob", "")).collect();
    let mut peer = server.welcome(5).await;
    // A push that comes before the page, one that repeats it, and one that follows.
    peer.push(all[5].clone()).await;
    peer.push(all[3].clone()).await;
    assert_eq!(peer.answer_sync(&all[..6], 3).await, 0);
    assert_eq!(peer.answer_sync(&all[..6], 3).await, 4);
    peer.push(all[6].clone()).await;
    assert!(matches!(next(&mut events).await, Event::Connected { .. }));
    assert_eq!(numbers(&mut events, 7).await, [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(client.sync_state().cursor, 7);
    assert_eq!(client.local_unread_count().await.unwrap(), 7);
}

#[tokio::test]
async fn a_lost_push_is_found_by_the_heartbeat() {
    let server = Server::start().await;
    let (client, mut events) = server.client().build().await.unwrap();
    client.start().unwrap();
    let (mut peer, _) = server.accept().await;
    peer.welcome(Welcome { heartbeat_ms: 50, ..welcome(0) }).await;
    peer.ping(1).await;
    assert_eq!(peer.answer_sync(&[entry(1, "bob", "")], 9).await, 0);
    assert_eq!(numbers(&mut events, 1).await, [1]);
}

#[tokio::test]
async fn a_restarted_app_goes_on_where_it_stopped() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alice.db");
    let all: Vec<_> = (1..=4).map(|n| entry(n, "bob", "")).collect();

    let (client, mut events) = server.client().database(&path).build().await.unwrap();
    client.start().unwrap();
    let (mut peer, first) = server.accept().await;
    peer.welcome(welcome(2)).await;
    peer.answer_sync(&all[..2], 9).await;
    assert_eq!(numbers(&mut events, 2).await, [1, 2]);
    client.disconnect().await;
    drop(client);
    while events.next().await.is_some() {}

    let (client, mut events) = reopen(&server, &path).await;
    client.start().unwrap();
    let (mut peer, second) = server.accept().await;
    assert_eq!(first.device_id, second.device_id, "one installation, one device");
    peer.welcome(welcome(4)).await;
    assert_eq!(peer.answer_sync(&all, 9).await, 2);
    assert_eq!(numbers(&mut events, 2).await, [3, 4]);
    let messages = client.local_messages(&Channel::direct("bob"), None, 10).await.unwrap();
    assert_eq!(messages.iter().map(|m| m.sent_at).collect::<Vec<_>>(), [4, 3, 2, 1]);
}

/// Opens a database whose last client is just going away.
async fn reopen(server: &Server, path: &std::path::Path) -> (nuncio_client::Client, Events) {
    for _ in 0..100 {
        match server.client().database(path).build().await {
            Err(ClientError::Store(nuncio_client::StoreError::InUse)) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            built => return built.unwrap(),
        }
    }
    panic!("the database stays in use");
}

#[tokio::test]
async fn trimmed_entries_lead_to_reading_the_channels_anew() {
    let server = Server::start().await;
    let (client, mut events) = server.client().build().await.unwrap();
    client.start().unwrap();
    let (mut peer, _) = server.accept().await;
    peer.welcome(Welcome { inbox_floor: 10, ..welcome(11) }).await;
    assert_eq!(peer.answer_sync(&[entry(11, "bob", "")], 9).await, 10);
    let (id, body) = peer.request().await;
    assert!(matches!(body, client_frame::Body::GetChannels(_)));
    let state = ChannelState {
        channel: Some(Channel::direct("bob")),
        latest_message: Some(message(11, "bob", "")),
        unread_count: 4,
        updated_at: 11,
        ..ChannelState::default()
    };
    let states = ChannelStates { channels: vec![state], ..ChannelStates::default() };
    peer.answer(id, server_frame::Body::ChannelStates(states)).await;
    loop {
        match next(&mut events).await {
            Event::SyncCompleted { reset } => break assert!(reset),
            Event::Connected { .. } | Event::Message(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(client.local_unread_count().await.unwrap(), 4);
    assert_eq!(client.sync_state().cursor, 11);
}

#[tokio::test]
async fn a_slow_consumer_holds_back_the_inbox_and_loses_nothing() {
    let server = Server::start().await;
    let (client, mut events) = server.client().event_capacity(4).build().await.unwrap();
    client.start().unwrap();
    let all: Vec<_> = (1..=1500).map(|n| entry(n, "bob", "")).collect();
    let mut peer = server.welcome(0).await;
    for entry in &all {
        peer.push(entry.clone()).await;
    }
    let server_side = tokio::spawn(async move {
        loop {
            let (id, body) = peer.request().await;
            let client_frame::Body::Sync(sync) = body else { panic!("no sync but {body:?}") };
            let entries: Vec<_> =
                all.iter().filter(|e| e.seq > sync.after).take(100).cloned().collect();
            let page = SyncPage { entries, head: 1500, floor: 0 };
            assert!(page.encoded_len() < 1 << 20);
            peer.answer(id, server_frame::Body::SyncPage(page)).await;
            if sync.after + 100 >= 1500 {
                return peer;
            }
        }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let held = client.sync_state().cursor;
    assert!(held <= 4, "only what fits is applied: {held}");
    // Requests go on while the inbox waits for the consumer.
    assert_eq!(client.state(), State::Connected);
    let expected: Vec<i64> = (1..=1500).collect();
    assert_eq!(numbers(&mut events, 1500).await, expected);
    drop(server_side.await.unwrap());
}

#[tokio::test]
async fn messages_queue_while_disconnected_and_arrive_in_order() {
    let server = Server::start().await;
    let (client, mut events) = server.client().queued_sends(3).build().await.unwrap();
    let mut handles = Vec::new();
    for n in 1..=3 {
        handles.push(client.queue(text(n)).await.unwrap());
    }
    assert!(matches!(client.queue(text(4)).await, Err(ClientError::QueueFull { limit: 3 })));
    client.start().unwrap();
    let mut peer = server.welcome(0).await;
    let (_, first) = peer.sent().await;
    assert_eq!(first.client_message_id, "c1");
    // Accepted, but the ack is lost with the connection.
    drop(peer);
    let mut peer = server.welcome(1).await;
    let mut seq = 1;
    let mut sent = Vec::new();
    while sent.len() < 3 {
        match peer.request().await {
            (id, client_frame::Body::Sync(_)) => {
                let page = SyncPage { entries: vec![entry(1, "alice", "c1")], head: 1, floor: 0 };
                peer.answer(id, server_frame::Body::SyncPage(page)).await;
            }
            (id, client_frame::Body::SendMessage(message)) => {
                // A repeated message gets the first one's ack, without a number.
                let repeated = message.client_message_id == "c1";
                seq += u64::from(!repeated);
                let n = if repeated { 1 } else { seq };
                sent.push(message.client_message_id);
                peer.accept_message(id, n, if repeated { 0 } else { seq }).await;
            }
            other => panic!("{other:?}"),
        }
        if sent.first().is_some_and(|id| id == "c2") {
            // The page told of c1 before it was sent again.
            sent.insert(0, "c1".into());
        }
    }
    assert_eq!(sent, ["c1", "c2", "c3"]);
    for (handle, n) in handles.into_iter().zip(1..) {
        assert_eq!(handle.await.unwrap().sent_at, n);
    }
    assert_eq!(client.queued_messages(), 0);
    client.disconnect().await;
    // One's own messages from this device are not told as received.
    while !matches!(next(&mut events).await, Event::Disconnected { will_reconnect: false, .. }) {}
    let messages = client.local_messages(&Channel::direct("bob"), None, 10).await.unwrap();
    assert_eq!(messages.len(), 3);
}

#[tokio::test]
async fn a_message_queued_by_an_earlier_run_is_sent() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alice.db");
    let (client, events) = server.client().database(&path).build().await.unwrap();
    drop(client.queue(text(1)).await.unwrap());
    drop(client.queue(text(2)).await.unwrap());
    drop((client, events));

    let (client, mut events) = reopen(&server, &path).await;
    assert_eq!(client.queued_messages(), 2);
    client.start().unwrap();
    let mut peer = server.welcome(0).await;
    let (id, message) = peer.sent().await;
    assert_eq!(message.client_message_id, "c1");
    peer.refuse(id, Code::InBlocklist).await;
    let (id, message) = peer.sent().await;
    assert_eq!(message.client_message_id, "c2");
    peer.accept_message(id, 2, 1).await;
    let failed = next_but_states(&mut events).await;
    assert!(matches!(failed, Event::QueuedMessageFailed { client_message_id, error }
        if client_message_id == "c1" && error.code() == 405));
    let sent = next_but_states(&mut events).await;
    assert!(matches!(sent, Event::QueuedMessageSent(sent) if sent.client_message_id == "c2"));
}

#[tokio::test]
async fn a_refused_message_is_told_and_the_next_goes() {
    let server = Server::start().await;
    let (client, _events) = server.client().build().await.unwrap();
    client.start().unwrap();
    let mut peer = server.welcome(0).await;
    let first = client.queue(text(1)).await.unwrap();
    let second = client.queue(text(2)).await.unwrap();
    let (id, _) = peer.sent().await;
    peer.refuse(id, Code::NotInWhitelist).await;
    let (id, _) = peer.sent().await;
    // What the store could not decide is tried again under the same id.
    peer.refuse(id, Code::OutcomeUnknown).await;
    let (id, again) = peer.sent().await;
    assert_eq!(again.client_message_id, "c2");
    peer.accept_message(id, 5, 1).await;
    assert_eq!(first.await.unwrap_err().code(), 407);
    assert_eq!(second.await.unwrap().sent_at, 5);
}

#[tokio::test]
async fn a_stopped_client_tells_whoever_waits_and_keeps_the_message() {
    let server = Server::start().await;
    let (client, mut events) = server.client().build().await.unwrap();
    client.start().unwrap();
    let mut peer = server.welcome(0).await;
    let waiting = client.queue(text(1)).await.unwrap();
    peer.sent().await;
    peer.close_with(Code::BannedWhileConnected, 4004).await;
    assert_eq!(disconnected(&mut events).await, (31011, false));
    assert!(matches!(waiting.await, Err(ClientError::Closed(cause)) if cause.code == 31011));
    assert_eq!(client.queued_messages(), 1);
    client.start().unwrap();
    let (_, message) = server.welcome(0).await.sent().await;
    assert_eq!(message.client_message_id, "c1");
    assert!(client.cancel("c1").await.unwrap());
    assert!(!client.cancel("c1").await.unwrap());
}

#[tokio::test]
async fn another_users_token_does_not_mix_with_the_database() {
    let server = Server::start().await;
    let (client, mut events) = server.client().build().await.unwrap();
    client.start().unwrap();
    drop(server.welcome(0).await);
    let (mut peer, _) = server.accept().await;
    peer.welcome(Welcome { user_id: "mallory".into(), ..welcome(0) }).await;
    loop {
        let (code, will_reconnect) = disconnected(&mut events).await;
        if !will_reconnect {
            break assert_eq!(code, 33002);
        }
    }
}
