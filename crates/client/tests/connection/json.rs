//! The scriptable client's lines.

use nuncio_client::frames::{UserIds, client_frame, server_frame};
use nuncio_client::{Code, json};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, ReadHalf};
use tokio::task::JoinHandle;

use crate::server::{PATIENCE, Server, entry, failure};

/// A running scriptable client.
struct Script {
    input: tokio::io::WriteHalf<DuplexStream>,
    output: tokio::io::Lines<BufReader<ReadHalf<DuplexStream>>>,
    run: JoinHandle<json::Exit>,
}

impl Script {
    async fn start(server: &Server) -> Self {
        let (client, events) = server.client().build().await.unwrap();
        let (here, there) = tokio::io::duplex(1 << 20);
        let (input, output) = tokio::io::split(there);
        let run = tokio::spawn(async move {
            json::run(client, events, BufReader::new(input), output).await.unwrap()
        });
        let (output, input) = tokio::io::split(here);
        Self { input, output: BufReader::new(output).lines(), run }
    }

    async fn write(&mut self, line: Value) {
        self.input.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }

    async fn read(&mut self) -> Value {
        let line = tokio::time::timeout(PATIENCE, self.output.next_line()).await;
        serde_json::from_str(&line.expect("a line comes").unwrap().unwrap()).unwrap()
    }

    /// The next line that is no `event`.
    async fn read_but_events(&mut self) -> Value {
        loop {
            let line = self.read().await;
            if line.get("event").is_none() {
                return line;
            }
        }
    }

    async fn exit(self) -> json::Exit {
        tokio::time::timeout(PATIENCE, self.run).await.expect("it ends").unwrap()
    }
}

#[tokio::test]
async fn a_session_by_lines() {
    let server = Server::start().await;
    let mut script = Script::start(&server).await;
    // Given before the login: waits for it.
    script.write(json!({"send": {"ref": "1", "to": "bob", "text": "hi"}})).await;
    let mut peer = server.welcome(2).await;
    assert_eq!(script.read().await, json!({"connected": {"userId": "alice"}}));
    let mut sends = 0;
    for _ in 0..2 {
        match peer.request().await {
            (id, client_frame::Body::Sync(_)) => {
                let entries = vec![entry(1, "bob", ""), entry(2, "alice", "elsewhere")];
                let page = nuncio_client::frames::SyncPage { entries, head: 2, floor: 0 };
                peer.answer(id, server_frame::Body::SyncPage(page)).await;
            }
            (id, client_frame::Body::SendMessage(message)) => {
                sends += 1;
                assert_eq!(message.r#type, "RC:TxtMsg");
                assert_eq!(message.content, r#"{"content":"hi"}"#);
                assert_eq!(message.channel.unwrap().id, "bob");
                peer.accept_message(id, 3, 3).await;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(sends, 1);
    let mut messages = Vec::new();
    let mut sent = None;
    while messages.len() < 2 || sent.is_none() {
        let line = script.read_but_events().await;
        match line.get("message") {
            Some(message) => messages.push(message.clone()),
            None => sent = Some(line),
        }
    }
    assert_eq!(
        messages[0],
        json!({"messageId": "0000000000001", "from": "bob", "to": "alice",
            "channelType": "direct", "type": "RC:TxtMsg",
            "content": {"content": "message 1"}, "sentAt": 1})
    );
    assert_eq!((&messages[1]["from"], &messages[1]["to"]), (&json!("alice"), &json!("bob")));
    assert_eq!(
        sent.unwrap(),
        json!({"sent": {"ref": "1", "messageId": "0000000000003", "sentAt": 3}})
    );

    script
        .write(json!({"call": {"ref": 2, "method": "checkBlocked", "params": {"userId": "bob"}}}))
        .await;
    let (id, _) = peer.request().await;
    let blocked = nuncio_client::frames::BlockedState { blocked: true };
    peer.answer(id, server_frame::Body::BlockedState(blocked)).await;
    assert_eq!(script.read_but_events().await, json!({"result": {"ref": 2, "value": true}}));
    script.write(json!({"call": {"ref": "3", "method": "getBlocklist"}})).await;
    let (id, _) = peer.request().await;
    let list = UserIds { user_ids: vec!["bob".into()] };
    peer.answer(id, server_frame::Body::UserIds(list)).await;
    assert_eq!(script.read().await, json!({"result": {"ref": "3", "value": ["bob"]}}));

    script.write(json!({"send": {"ref": "4", "to": "bob", "text": "again"}})).await;
    let (id, _) = peer.sent().await;
    peer.refuse(id, Code::InBlocklist).await;
    assert_eq!(
        script.read().await,
        json!({"error": {"ref": "4", "code": 405, "name": "IN_BLOCKLIST", "message": "the test says so"}})
    );
    script.write(json!({"send": {"ref": "5", "to": "b o b", "text": "x"}})).await;
    let error = script.read().await;
    assert_eq!((&error["error"]["ref"], &error["error"]["code"]), (&json!("5"), &json!(33003)));

    script.write(json!({"disconnect": {}})).await;
    let end = script.read().await;
    assert_eq!(end["disconnected"]["willReconnect"], json!(false));
    assert_eq!(script.exit().await.status(), 0);
}

#[tokio::test]
async fn sends_and_calls_begin_in_the_order_of_their_lines() {
    let server = Server::start().await;
    let mut script = Script::start(&server).await;
    let mut peer = server.welcome(0).await;
    script.read_but_events().await;
    for _ in 0..20 {
        script.write(json!({"send": {"to": "bob", "text": "x"}})).await;
        script
            .write(json!({"call": {"method": "addToBlocklist", "params": {"userId": "bob"}}}))
            .await;
        let (id, message) = peer.sent().await;
        assert!(!message.client_message_id.is_empty());
        let (call, body) = peer.request().await;
        assert!(matches!(body, client_frame::Body::AddToBlocklist(_)));
        peer.accept_message(id, id, 0).await;
        peer.done(call).await;
        let answers = [script.read_but_events().await, script.read_but_events().await];
        assert!(answers.iter().any(|a| a.get("sent").is_some()), "{answers:?}");
        assert!(answers.iter().any(|a| a.get("result").is_some()), "{answers:?}");
    }
}

#[tokio::test]
async fn a_refused_login_exits_with_3() {
    let server = Server::start().await;
    let mut script = Script::start(&server).await;
    let (mut peer, _) = server.accept().await;
    let ban = nuncio_client::frames::Failure {
        until: 5000,
        reason: "spam".into(),
        ..failure(Code::Banned)
    };
    peer.answer(1, server_frame::Body::Failure(ban)).await;
    assert_eq!(
        script.read().await,
        json!({"error": {"code": 31009, "name": "BANNED", "message": "the test says so",
            "until": 5000, "reason": "spam"}})
    );
    assert_eq!(script.exit().await.status(), 3);
}

#[tokio::test]
async fn an_end_for_good_exits_with_1_and_a_cut_does_not() {
    let server = Server::start().await;
    let mut script = Script::start(&server).await;
    drop(server.welcome(0).await);
    script.read_but_events().await;
    let cut = script.read_but_events().await;
    assert_eq!(
        (&cut["disconnected"]["code"], &cut["disconnected"]["willReconnect"]),
        (&json!(30011), &json!(true))
    );
    server.welcome(0).await.close_with(Code::KickedByNewerDevice, 4005).await;
    assert_eq!(script.read_but_events().await, json!({"connected": {"userId": "alice"}}));
    let end = script.read_but_events().await;
    assert_eq!(end["disconnected"]["code"], json!(31010));
    assert_eq!(end["disconnected"]["name"], json!("KICKED_BY_NEWER_DEVICE"));
    assert_eq!(end["disconnected"]["willReconnect"], json!(false));
    assert_eq!(script.exit().await.status(), 1);
}

#[tokio::test]
async fn disconnect_waits_for_answers_and_needs_no_connection() {
    let server = Server::start().await;
    let mut script = Script::start(&server).await;
    let mut peer = server.welcome(0).await;
    script.write(json!({"send": {"ref": "1", "to": "bob", "text": "last words"}})).await;
    script.write(json!({"disconnect": {}})).await;
    let (id, _) = peer.sent().await;
    peer.accept_message(id, 1, 1).await;
    script.read_but_events().await;
    assert_eq!(script.read_but_events().await["sent"]["ref"], json!("1"));
    assert_eq!(script.exit().await.status(), 0);

    // Nobody listens there any more, and the input ends.
    let dead = Server { listener: server.listener, url: Server::start().await.url };
    let mut script = Script::start(&dead).await;
    script.write(json!({"disconnect": {}})).await;
    assert_eq!(script.exit().await.status(), 0);
}
