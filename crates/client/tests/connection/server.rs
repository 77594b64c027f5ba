//! A server whose every word the test says: real sockets on 127.0.0.1, no rules of its own.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use nuncio_client::frames::{
    Account, Channel, ClientFrame, Done, Entry, Failure, Login, Message, MessageSent, Pong,
    ProtobufMessage as _, SendMessage, ServerFrame, SyncPage, Welcome, client_frame, entry,
    server_frame,
};
use nuncio_client::{Backoff, Client, ClientBuilder, Code};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as WsMessage;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Where the test's clients connect to.
pub(crate) struct Server {
    pub(crate) listener: TcpListener,
    pub(crate) url: String,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        Self { listener, url }
    }

    /// A client of this server that comes back quickly.
    pub(crate) fn client(&self) -> ClientBuilder {
        Client::builder(&self.url, "app").token("token").reconnect_policy(Backoff {
            first: Duration::from_millis(5),
            most: Duration::from_millis(50),
            attempts: None,
        })
    }

    /// The next connection, whose login has been read.
    pub(crate) async fn accept(&self) -> (Peer, Login) {
        let accepted = tokio::time::timeout(PATIENCE, self.listener.accept()).await;
        let (tcp, _) = accepted.expect("a client connects").unwrap();
        let socket = tokio_tungstenite::accept_async(tcp).await.unwrap();
        let mut peer = Peer { socket };
        match peer.request().await {
            (1, client_frame::Body::Login(login)) => (peer, login),
            other => panic!("no login but {other:?}"),
        }
    }

    /// The next connection, welcomed as alice with the inbox's head.
    pub(crate) async fn welcome(&self, inbox_head: u64) -> Peer {
        let (mut peer, _) = self.accept().await;
        peer.welcome(welcome(inbox_head)).await;
        peer
    }
}

pub(crate) fn welcome(inbox_head: u64) -> Welcome {
    Welcome {
        user_id: "alice".into(),
        session_id: "s1".into(),
        server_time: 1000,
        inbox_head,
        heartbeat_ms: 60_000,
        account: Some(Account { user_id: "alice".into(), ..Account::default() }),
        ..Welcome::default()
    }
}

pub(crate) fn message(n: u64, from: &str, client_message_id: &str) -> Message {
    Message {
        id: format!("{n:013}"),
        channel: Some(Channel::direct("bob")),
        sender_id: from.into(),
        r#type: "RC:TxtMsg".into(),
        content: format!("{{\"content\":\"message {n}\"}}"),
        sent_at: n.cast_signed(),
        client_message_id: client_message_id.into(),
        counted: true,
        ..Message::default()
    }
}

pub(crate) fn entry(seq: u64, from: &str, client_message_id: &str) -> Entry {
    let body = entry::Body::Message(message(seq, from, client_message_id));
    Entry { seq, body: Some(body), at: 0 }
}

pub(crate) fn failure(code: Code) -> Failure {
    Failure::new(code, "the test says so")
}

/// One connection, seen from the server.
pub(crate) struct Peer {
    socket: WebSocketStream<TcpStream>,
}

impl Peer {
    /// The next request.
    pub(crate) async fn request(&mut self) -> (u64, client_frame::Body) {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.socket.next()).await;
            let message = message.expect("a request comes").expect("the client stays");
            if let WsMessage::Binary(bytes) = message.unwrap() {
                let frame = ClientFrame::decode(bytes).unwrap();
                return (frame.id, frame.body.unwrap());
            }
        }
    }

    /// The next request, which must be for entries; answers with those of `all` that are asked for.
    pub(crate) async fn answer_sync(&mut self, all: &[Entry], limit: usize) -> u64 {
        let (id, body) = self.request().await;
        let client_frame::Body::Sync(sync) = body else { panic!("no sync but {body:?}") };
        let entries = all.iter().filter(|e| e.seq > sync.after).take(limit).cloned().collect();
        let head = all.last().map_or(0, |e| e.seq);
        let page = SyncPage { entries, head, floor: 0 };
        self.answer(id, server_frame::Body::SyncPage(page)).await;
        sync.after
    }

    /// The next request, which must be a message.
    pub(crate) async fn sent(&mut self) -> (u64, SendMessage) {
        match self.request().await {
            (id, client_frame::Body::SendMessage(message)) => (id, message),
            other => panic!("no message but {other:?}"),
        }
    }

    /// The next request, which must be a heartbeat.
    pub(crate) async fn ping(&mut self, inbox_head: u64) {
        match self.request().await {
            (id, client_frame::Body::Ping(_)) => {
                let pong = Pong { server_time: 2000, inbox_head };
                self.answer(id, server_frame::Body::Pong(pong)).await;
            }
            other => panic!("no ping but {other:?}"),
        }
    }

    pub(crate) async fn welcome(&mut self, welcome: Welcome) {
        self.answer(1, server_frame::Body::Welcome(welcome)).await;
    }

    pub(crate) async fn accept_message(&mut self, id: u64, n: u64, seq: u64) {
        let sent = MessageSent { message_id: format!("{n:013}"), sent_at: n.cast_signed(), seq };
        self.answer(id, server_frame::Body::MessageSent(sent)).await;
    }

    pub(crate) async fn done(&mut self, id: u64) {
        self.answer(id, server_frame::Body::Done(Done {})).await;
    }

    pub(crate) async fn refuse(&mut self, id: u64, code: Code) {
        self.answer(id, server_frame::Body::Failure(failure(code))).await;
    }

    pub(crate) async fn push(&mut self, entry: Entry) {
        self.answer(0, server_frame::Body::Entry(entry)).await;
    }

    pub(crate) async fn answer(&mut self, id: u64, body: server_frame::Body) {
        let frame = ServerFrame::new(id, body).encode_to_vec();
        self.socket.send(WsMessage::binary(frame)).await.unwrap();
    }

    /// Says why, and closes.
    pub(crate) async fn close_with(mut self, code: Code, close: u16) {
        self.answer(0, server_frame::Body::Closing(failure(code))).await;
        self.close(close).await;
    }

    /// Closes with a code alone.
    pub(crate) async fn close(mut self, close: u16) {
        let frame = CloseFrame { code: close.into(), reason: "".into() };
        let _ = self.socket.close(Some(frame)).await;
    }

    /// Until the client has gone.
    pub(crate) async fn gone(mut self) {
        let end = async { while let Some(Ok(_)) = self.socket.next().await {} };
        tokio::time::timeout(PATIENCE, end).await.expect("the client goes");
    }
}
