//! The client against a server whose every word the test says, over real sockets.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod json;
mod people;
mod server;
mod sync;
mod tls;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use nuncio_client::frames::{client_frame, server_frame};
use nuncio_client::{
    Backoff, Client, ClientError, Code, Event, Events, NewMessage, State, TokenCallback,
    TokenError, TokenReason, UserId,
};

use server::{PATIENCE, Server, welcome};

async fn next(events: &mut Events) -> Event {
    tokio::time::timeout(PATIENCE, events.next()).await.expect("an event comes").unwrap()
}

/// The next event that the test is about; states of the connection are passed over.
async fn next_but_states(events: &mut Events) -> Event {
    loop {
        match next(events).await {
            Event::Connected { .. } | Event::Disconnected { .. } | Event::SyncCompleted { .. } => {}
            event => return event,
        }
    }
}

async fn disconnected(events: &mut Events) -> (u32, bool) {
    loop {
        if let Event::Disconnected { cause, will_reconnect, .. } = next(events).await {
            return (cause.code, will_reconnect);
        }
    }
}

fn user(id: &str) -> UserId {
    id.parse().unwrap()
}

fn text(n: u32) -> NewMessage {
    NewMessage::text(&user("bob"), &n.to_string())
        .client_message_id(format!("c{n}").parse().unwrap())
}

#[tokio::test]
async fn the_login_says_who_and_what_connects() {
    let server = Server::start().await;
    let builder = server.client().device_id("phone-1").platform("android");
    let (client, mut events) = builder.build().await.unwrap();
    let connecting = tokio::spawn({
        let client = client.clone();
        async move { client.connect().await }
    });
    let (mut peer, login) = server.accept().await;
    assert_eq!((login.app_key.as_str(), login.token.as_str()), ("app", "token"));
    assert_eq!((login.device_id.as_str(), login.platform.as_str()), ("phone-1", "android"));
    assert_eq!(client.state(), State::Connecting);
    peer.welcome(welcome(0)).await;
    connecting.await.unwrap().unwrap();
    assert!(
        matches!(next(&mut events).await, Event::Connected { user_id, .. } if user_id == "alice")
    );
    assert!(matches!(next(&mut events).await, Event::SyncCompleted { reset: false }));
    assert_eq!(client.user_id(), "alice");
    assert!(client.server_time().unwrap() >= 1000);
    assert!(matches!(client.start(), Err(ClientError::AlreadyConnected)));
    client.disconnect().await;
    assert_eq!(client.state(), State::Disconnected);
    peer.gone().await;
}

#[tokio::test]
async fn a_refused_login_stops_with_the_code() {
    for code in [Code::TokenInvalid, Code::Banned, Code::UserDeleted, Code::AppUnavailable] {
        let server = Server::start().await;
        let (client, mut events) = server.client().build().await.unwrap();
        let connecting = tokio::spawn({
            let client = client.clone();
            async move { client.connect().await }
        });
        let (mut peer, _) = server.accept().await;
        peer.refuse(1, code).await;
        let refused = connecting.await.unwrap().unwrap_err();
        assert_eq!(refused.code(), code.number());
        assert_eq!(disconnected(&mut events).await, (code.number(), false));
        assert!(matches!(client.state(), State::Stopped(_)));
    }
}

#[tokio::test]
async fn what_the_server_says_at_the_close_decides() {
    let ends = [
        (Code::BannedWhileConnected, 4004),
        (Code::KickedByNewerDevice, 4005),
        (Code::UserDeleted, 4006),
        (Code::AppUnavailable, 4007),
    ];
    for (code, close) in ends {
        for told in [true, false] {
            let server = Server::start().await;
            let (client, mut events) = server.client().build().await.unwrap();
            client.start().unwrap();
            let peer = server.welcome(0).await;
            if told {
                peer.close_with(code, close).await;
            } else {
                peer.close(close).await;
            }
            assert_eq!(disconnected(&mut events).await, (code.number(), false), "{close}");
        }
    }
}

#[tokio::test]
async fn a_client_that_is_asked_to_come_back_does() {
    let server = Server::start().await;
    let (client, mut events) = server.client().build().await.unwrap();
    client.start().unwrap();
    server.welcome(0).await.close_with(Code::ComeBack, 4001).await;
    assert_eq!(disconnected(&mut events).await, (32054, true));
    drop(server.welcome(0).await);
    assert_eq!(disconnected(&mut events).await, (30011, true), "a cut socket is no reason to stop");
    server.welcome(0).await;
}

#[tokio::test]
async fn another_server_is_tried_when_one_does_not_answer() {
    let server = Server::start().await;
    let dead = Server::start().await.url;
    let builder = Client::builder(dead, "app").token("token").another_server(&server.url);
    let (client, _events) = builder.build().await.unwrap();
    client.start().unwrap();
    server.welcome(0).await;
}

#[tokio::test]
async fn connect_gives_up_after_its_limit_and_goes_on_trying() {
    let server = Server::start().await;
    let builder = server.client().connect_timeout(Duration::from_millis(50));
    let (client, _events) = builder.build().await.unwrap();
    let error = client.connect().await.unwrap_err();
    assert_eq!(error.code(), 34006);
    let _peer = server.welcome(0).await;
    let mut states = client.states();
    states.wait_for(|state| *state == State::Connected).await.unwrap();
}

#[tokio::test]
async fn a_policy_may_give_up() {
    let dead = Server::start().await.url;
    let policy = Backoff { first: Duration::ZERO, attempts: Some(3), ..Backoff::default() };
    let builder = Client::builder(dead, "app").token("token").reconnect_policy(policy);
    let (client, _events) = builder.build().await.unwrap();
    assert_eq!(client.connect().await.unwrap_err().code(), 30010);
}

/// Counts how often it is asked; gives `token1`, `token2`, ...
struct Counting(Arc<AtomicU32>);

#[async_trait]
impl TokenCallback for Counting {
    async fn token(&self, reason: TokenReason) -> Result<String, TokenError> {
        let n = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        let expected = if n == 1 { TokenReason::Initial } else { TokenReason::Expired };
        assert_eq!(reason, expected);
        Ok(format!("token{n}"))
    }
}

#[tokio::test]
async fn an_expired_token_is_renewed_and_queued_messages_are_kept() {
    let server = Server::start().await;
    let asked = Arc::new(AtomicU32::new(0));
    let builder = server.client().token_callback(Counting(asked.clone()));
    let (client, mut events) = builder.build().await.unwrap();
    client.start().unwrap();
    let (mut peer, login) = server.accept().await;
    assert_eq!(login.token, "token1");
    peer.welcome(welcome(0)).await;
    let sending = tokio::spawn(client.queue(text(1)).await.unwrap());
    peer.sent().await;
    peer.close_with(Code::TokenExpired, 4002).await;
    assert_eq!(disconnected(&mut events).await, (31020, true));

    let (mut peer, login) = server.accept().await;
    assert_eq!(login.token, "token2");
    peer.refuse(1, Code::TokenExpired).await;
    let (mut peer, login) = server.accept().await;
    assert_eq!(login.token, "token3");
    peer.welcome(welcome(0)).await;
    let (id, message) = peer.sent().await;
    assert_eq!(message.client_message_id, "c1");
    peer.accept_message(id, 1, 1).await;
    assert_eq!(sending.await.unwrap().unwrap().message_id, format!("{:013}", 1));

    // The same token serves as long as it is not said to have expired.
    drop(peer);
    assert_eq!(server.accept().await.1.token, "token3");
    assert_eq!(asked.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn an_invalid_token_is_not_asked_for_again() {
    let server = Server::start().await;
    let asked = Arc::new(AtomicU32::new(0));
    let builder = server.client().token_callback(Counting(asked.clone()));
    let (client, mut events) = builder.build().await.unwrap();
    client.start().unwrap();
    server.accept().await.0.refuse(1, Code::TokenInvalid).await;
    assert_eq!(disconnected(&mut events).await, (31004, false));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_unanswered_heartbeat_ends_the_connection() {
    let server = Server::start().await;
    let builder = server.client().request_timeout(Duration::from_millis(100));
    let (client, mut events) = builder.build().await.unwrap();
    client.start().unwrap();
    let (mut peer, _) = server.accept().await;
    let quick = nuncio_client::frames::Welcome { heartbeat_ms: 20, ..welcome(0) };
    peer.welcome(quick).await;
    peer.ping(0).await;
    assert!(matches!(peer.request().await.1, client_frame::Body::Ping(_)));
    assert_eq!(disconnected(&mut events).await, (30013, true));
    server.accept().await;
}

#[tokio::test]
async fn operations_have_answers_refusals_and_limits() {
    let server = Server::start().await;
    let builder = server.client().request_timeout(Duration::from_millis(200));
    let (client, _events) = builder.build().await.unwrap();
    let early = client.get_blocklist().await;
    assert!(matches!(early, Err(ClientError::NotConnected)));
    client.start().unwrap();
    let mut peer = server.welcome(0).await;
    client.states().wait_for(|state| *state == State::Connected).await.unwrap();

    let call = tokio::spawn({
        let client = client.clone();
        async move {
            let bob = user("bob");
            let blocked = client.check_blocked(&bob).await;
            let refused = client.add_to_blocklist(&bob).await;
            let silent = client.remove_from_blocklist(&bob).await;
            let odd = client.get_account().await;
            let lost = client.get_blocklist().await;
            (blocked, refused, silent, odd, lost)
        }
    });
    let (id, body) = peer.request().await;
    assert!(matches!(body, client_frame::Body::CheckBlocked(c) if c.user_id == "bob"));
    let blocked = nuncio_client::frames::BlockedState { blocked: true };
    peer.answer(id, server_frame::Body::BlockedState(blocked)).await;
    let (id, _) = peer.request().await;
    peer.refuse(id, Code::ListFull).await;
    let (late, _) = peer.request().await;
    let (id, _) = peer.request().await;
    peer.done(late).await;
    peer.done(id).await;
    peer.request().await;
    drop(peer);
    let (blocked, refused, silent, odd, lost) = call.await.unwrap();
    assert!(blocked.unwrap());
    assert_eq!(refused.unwrap_err().code(), 40323);
    assert_eq!(silent.unwrap_err().code(), 30003);
    assert!(matches!(odd, Err(ClientError::UnexpectedAnswer("GetAccount"))));
    assert!(matches!(lost, Err(ClientError::ConnectionLost)));
}

#[tokio::test]
async fn requests_stay_within_what_a_server_takes() {
    let server = Server::start().await;
    let (client, _events) = server.client().build().await.unwrap();
    client.start().unwrap();
    let mut peer = server.welcome(0).await;
    client.states().wait_for(|state| *state == State::Connected).await.unwrap();
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.add_to_blocklist(&user("bob")).await })
        })
        .collect();
    let mut ids = Vec::new();
    for _ in 0..12 {
        ids.push(peer.request().await.0);
    }
    let more = tokio::time::timeout(Duration::from_millis(100), peer.request()).await;
    assert!(more.is_err(), "a 13th request before an answer");
    for _ in 0..50 {
        peer.done(ids.remove(0)).await;
        if ids.len() < 12 {
            match tokio::time::timeout(Duration::from_millis(300), peer.request()).await {
                Ok((id, _)) => ids.push(id),
                Err(_) => break,
            }
        }
    }
    for id in ids {
        peer.done(id).await;
    }
    for call in calls {
        call.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn dropping_the_client_ends_the_connection_and_the_events() {
    let server = Server::start().await;
    let (client, mut events) = server.client().build().await.unwrap();
    client.start().unwrap();
    let peer = server.welcome(0).await;
    drop(client);
    peer.gone().await;
    tokio::time::timeout(PATIENCE, async { while events.next().await.is_some() {} }).await.unwrap();
}
