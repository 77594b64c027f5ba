//! Clients that do not keep to the protocol, and what the protocol promises below the operations.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use nuncio_gateway::Options;
use nuncio_protocol::frames::{
    ClientFrame, Failure, Login, ProtobufMessage as _, ServerFrame, client_frame, server_frame,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::world::{PATIENCE, World, answer};

/// A connection that may say anything.
pub(crate) struct Raw {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    closed: Option<u16>,
}

impl Raw {
    pub(crate) async fn open(address: &str) -> Self {
        Self::try_open(address).await.unwrap()
    }

    /// Opens a WebSocket; the error is the status of the refusal.
    pub(crate) async fn try_open(address: &str) -> Result<Self, u16> {
        let url = format!("{}/connect", address.replacen("http", "ws", 1));
        match tokio_tungstenite::connect_async(url).await {
            Ok((socket, _)) => Ok(Self { socket, closed: None }),
            Err(tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// A connection that has logged in.
    pub(crate) async fn logged_in(world: &World, name: &str) -> Self {
        let token = world.token(name).await;
        let mut raw = Self::open(&world.address).await;
        raw.login(world.app.key.as_str(), &token, "raw").await;
        assert!(matches!(raw.body().await, server_frame::Body::Welcome(_)));
        raw
    }

    pub(crate) async fn login(&mut self, app_key: &str, token: &str, device: &str) {
        let login = Login {
            app_key: app_key.to_owned(),
            token: token.to_owned(),
            device_id: device.to_owned(),
            ..Login::default()
        };
        self.ask(1, client_frame::Body::Login(login)).await;
    }

    pub(crate) async fn ask(&mut self, id: u64, body: client_frame::Body) {
        self.bytes(ClientFrame { id, body: Some(body) }.encode_to_vec()).await;
    }

    pub(crate) async fn bytes(&mut self, bytes: Vec<u8>) {
        self.message(Message::Binary(bytes.into())).await;
    }

    /// The server may have closed already; then what it said is still to be read.
    pub(crate) async fn message(&mut self, message: Message) {
        let _ = self.socket.send(message).await;
    }

    /// The next frame, or `None` at the end.
    pub(crate) async fn frame(&mut self) -> Option<ServerFrame> {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.socket.next()).await.unwrap();
            match next {
                Some(Ok(Message::Binary(bytes))) => {
                    return Some(ServerFrame::decode(bytes).unwrap());
                }
                Some(Ok(Message::Close(close))) => self.closed = close.map(|c| c.code.into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }

    pub(crate) async fn body(&mut self) -> server_frame::Body {
        self.frame().await.unwrap().body.unwrap()
    }

    pub(crate) async fn failure(&mut self) -> Failure {
        match self.body().await {
            server_frame::Body::Failure(failure) => failure,
            other => panic!("no failure: {other:?}"),
        }
    }

    pub(crate) async fn closing(&mut self) -> Failure {
        match self.body().await {
            server_frame::Body::Closing(failure) => failure,
            other => panic!("no closing: {other:?}"),
        }
    }

    /// The code that the connection is closed with; nothing may come before.
    pub(crate) async fn close_code(&mut self) -> u16 {
        if let Some(frame) = self.frame().await {
            panic!("{frame:?} instead of the end");
        }
        self.closed.unwrap()
    }

    /// That the server announces a fault in the protocol, and closes.
    async fn faulted(&mut self) {
        assert_eq!(self.closing().await.code, 40001);
        assert_eq!(self.close_code().await, 4008);
    }
}

fn ping() -> client_frame::Body {
    client_frame::Body::Ping(<_>::default())
}

/// A frame with the field `number`, which no version of the protocol has.
fn unknown_operation(id: u64) -> Vec<u8> {
    let mut bytes = ClientFrame { id, body: None }.encode_to_vec();
    prost::encoding::string::encode(999, &"from the future".to_owned(), &mut bytes);
    bytes
}

#[tokio::test]
async fn the_first_frame_must_be_a_login_with_an_id() {
    let world = World::new().await;
    let first = [
        ClientFrame { id: 1, body: Some(ping()) }.encode_to_vec(),
        ClientFrame { id: 0, body: Some(client_frame::Body::Login(Login::default())) }
            .encode_to_vec(),
        ClientFrame::default().encode_to_vec(),
        vec![0xFF; 40],
        vec![0; 5000],
    ];
    for bytes in first {
        let mut raw = Raw::open(&world.address).await;
        raw.bytes(bytes).await;
        raw.faulted().await;
    }
}

#[tokio::test]
async fn text_is_not_spoken_here() {
    let world = World::new().await;
    let mut raw = Raw::open(&world.address).await;
    raw.message(Message::Text("{}".into())).await;
    raw.faulted().await;
    let mut raw = Raw::logged_in(&world, "ada").await;
    raw.message(Message::Text("{}".into())).await;
    raw.faulted().await;
}

#[tokio::test]
async fn who_does_not_log_in_is_sent_away() {
    let login_timeout = Duration::from_millis(100);
    let world = World::with(Options { login_timeout, ..Options::default() }).await;
    Raw::open(&world.address).await.faulted().await;
}

#[tokio::test]
async fn a_frame_that_cannot_be_read_ends_the_connection() {
    let world = World::new().await;
    for bytes in [
        vec![0xFF; 40],
        vec![0; 200_000],
        ClientFrame { id: 0, body: Some(ping()) }.encode_to_vec(),
    ] {
        let mut raw = Raw::logged_in(&world, "ada").await;
        raw.bytes(bytes).await;
        raw.faulted().await;
    }
}

#[tokio::test]
async fn an_unknown_operation_is_refused_under_its_id_and_ends_the_connection() {
    let world = World::new().await;
    let mut raw = Raw::logged_in(&world, "ada").await;
    raw.bytes(unknown_operation(7)).await;
    let frame = raw.frame().await.unwrap();
    let Some(server_frame::Body::Failure(failure)) = frame.body else { panic!("{:?}", frame.body) };
    assert_eq!((frame.id, failure.code), (7, 40001));
    raw.faulted().await;
}

#[tokio::test]
async fn a_second_login_ends_the_connection() {
    let world = World::new().await;
    let token = world.token("ada").await;
    let mut raw = Raw::logged_in(&world, "ada").await;
    raw.login(world.app.key.as_str(), &token, "raw").await;
    assert_eq!(raw.failure().await.code, 40001);
    raw.faulted().await;
}

#[tokio::test]
async fn the_id_of_an_open_request_may_not_be_used_again() {
    let world = World::new().await;
    let mut raw = Raw::logged_in(&world, "ada").await;
    // Both frames are there before the first can have been answered.
    let message = nuncio_testkit::Wire::text("ada", "m1", "to myself");
    let frame = ClientFrame { id: 5, body: Some(message) }.encode_to_vec();
    raw.socket.feed(Message::Binary(frame.into())).await.unwrap();
    raw.ask(5, ping()).await;
    raw.faulted().await;
}

#[tokio::test]
async fn silence_ends_a_connection_and_a_sign_of_life_keeps_it() {
    let heartbeat = Duration::from_millis(80);
    let world = World::with(Options { heartbeat, ..Options::default() }).await;
    let mut silent = Raw::logged_in(&world, "ada").await;
    let mut pinging = world.login("bob", "phone").await;
    let mut alive = Raw::logged_in(&world, "cyd").await;
    let started = std::time::Instant::now();
    while started.elapsed() < Duration::from_millis(600) {
        answer(&mut pinging, ping()).await;
        alive.message(Message::Ping("are you there".into())).await;
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    let failure = silent.closing().await;
    assert_eq!((failure.code, silent.close_code().await), (32054, 4001));
    assert!(!world.is_online("ada").await);
    assert!(world.is_online("bob").await && world.is_online("cyd").await);
}

#[tokio::test]
async fn a_heartbeat_tells_how_far_the_inbox_reaches() {
    let world = World::new().await;
    let (mut ada, mut bob) = (world.login("ada", "a").await, world.login("bob", "b").await);
    ada.send("bob", "m1", "hello").await.unwrap();
    let server_frame::Body::Pong(pong) = answer(&mut bob, ping()).await else { panic!() };
    assert_eq!(pong.inbox_head, 1);
    assert!((pong.server_time - world.core.now().0).abs() < 20_000);
}

#[tokio::test]
async fn whoever_does_not_speak_websocket_is_told_to() {
    let world = World::new().await;
    let mut stream = TcpStream::connect(world.address.trim_start_matches("http://")).await.unwrap();
    stream
        .write_all(b"GET /connect HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 426 "), "{answer}");
    assert!(answer.contains(r#"{"code":40001,"errorMessage":"only WebSocket"#), "{answer}");
}

#[tokio::test]
async fn a_client_that_vanishes_leaves_nothing_behind() {
    let world = World::new().await;
    let raw = Raw::logged_in(&world, "ada").await;
    assert_eq!(world.figure("client_connections"), 1);
    drop(raw);
    let gone = async {
        while world.figure("client_connections") > 0 || world.is_online("ada").await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.unwrap();
    assert_eq!(world.figure("client_sessions"), 0);
}

#[tokio::test]
async fn no_bytes_bring_the_server_down() {
    let world = World::new().await;
    let mut runner = TestRunner::deterministic();
    let any = prop::collection::vec(any::<u8>(), 0..400);
    let whole = ClientFrame { id: 3, body: Some(nuncio_testkit::Wire::text("ada", "m", "x")) };
    let whole = whole.encode_to_vec();
    for round in 0..150 {
        let mut bytes = any.new_tree(&mut runner).unwrap().current();
        if round % 3 == 0 {
            // Nearly a frame.
            bytes.truncate(4);
            let cut = bytes.first().map_or(0, |byte| usize::from(*byte) % whole.len());
            bytes = [&whole[..cut], &bytes, &whole[cut..]].concat();
        }
        let mut raw = Raw::logged_in(&world, "ada").await;
        raw.bytes(bytes).await;
        raw.ask(9_000_001, ping()).await;
        // It is answered or closed, and either way the server goes on.
        assert!(raw.frame().await.is_some());
    }
    world.login("bob", "phone").await;
}
