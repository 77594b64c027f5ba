//! Clients that do not read as fast as others write to them.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use nuncio_gateway::Options;
use nuncio_protocol::frames::{
    ClientFrame, Login, ProtobufMessage as _, ServerFrame, client_frame, server_frame,
};
use nuncio_testkit::Wire;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;

use crate::world::{PATIENCE, World};

/// Bytes of a large message's content.
const LARGE: usize = 100_000;

/// A client whose kernel takes little for it while it does not read.
async fn slow_client(world: &World, name: &str) -> WebSocketStream<TcpStream> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(8192).unwrap();
    let host = world.address.trim_start_matches("http://");
    let stream = socket.connect(host.parse().unwrap()).await.unwrap();
    let url = format!("ws://{host}/connect");
    let (mut socket, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
    let login = Login {
        app_key: world.app.key.as_str().to_owned(),
        token: world.token(name).await,
        device_id: "slow".to_owned(),
        ..Login::default()
    };
    let frame = ClientFrame { id: 1, body: Some(client_frame::Body::Login(login)) };
    socket.send(frame.encode_to_vec().into()).await.unwrap();
    socket.next().await.unwrap().unwrap();
    socket
}

/// The numbers of the entries that a slow client reads until it has `last`, or the connection ends.
async fn read_entries(socket: &mut WebSocketStream<TcpStream>, last: u64) -> Vec<u64> {
    let mut numbers = Vec::new();
    while numbers.last() != Some(&last) {
        let next = tokio::time::timeout(PATIENCE, socket.next()).await.unwrap();
        let Some(Ok(message)) = next else { break };
        let Ok(frame) = ServerFrame::decode(message.into_data()) else { break };
        if let Some(server_frame::Body::Entry(entry)) = frame.body {
            numbers.push(entry.seq);
        }
    }
    numbers
}

async fn send_large(wire: &mut Wire, to: &str, count: u64) {
    for number in 1..=count {
        wire.send(to, &format!("m{number}"), &"x".repeat(LARGE)).await.unwrap();
    }
}

#[tokio::test]
async fn a_reader_that_pauses_gets_everything_once_and_in_order() {
    let world = World::new().await;
    let mut ada = world.login("ada", "a").await;
    let mut bob = slow_client(&world, "bob").await;
    send_large(&mut ada, "bob", 150).await;
    assert!(world.figure("client_mailbox_overflows_total") > 0, "it was left behind");
    let numbers = read_entries(&mut bob, 150).await;
    assert!(numbers.iter().copied().eq(1..=150), "{numbers:?}");
    assert_eq!(world.figure("client_slow_readers_total"), 0);
}

#[tokio::test]
async fn a_reader_that_is_too_slow_is_cut_off_and_catches_up() {
    let write_timeout = Duration::from_millis(300);
    let world = World::with(Options { write_timeout, ..Options::default() }).await;
    let mut ada = world.login("ada", "a").await;
    let mut bob = slow_client(&world, "bob").await;
    send_large(&mut ada, "bob", 100).await;
    let cut_off = async {
        while world.is_online("bob").await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, cut_off).await.unwrap();
    assert_eq!(world.figure("client_slow_readers_total"), 1);

    let mut numbers = read_entries(&mut bob, 100).await;
    assert!(numbers.iter().copied().eq(1..=numbers.len() as u64), "{numbers:?}");
    assert!(numbers.len() < 100);
    let mut again = world.login("bob", "b").await;
    while numbers.len() < 100 {
        let page = again.sync(numbers.len() as u64, 0).await.unwrap();
        numbers.extend(page.entries.iter().map(|entry| entry.seq));
    }
    assert!(numbers.iter().copied().eq(1..=100), "{numbers:?}");
}
