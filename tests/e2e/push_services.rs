//! Push against the three providers' protocols, spoken by a program that has nothing in common with the server: it checks
//! every signature and decrypts what browsers get.

use std::process::Stdio;
use std::time::Duration;

use nuncio_protocol::frames::{
    GetPushInfo, PushConfig, PushProvider, RegisterPush, SendMessage, client_frame::Body,
    server_frame,
};
use nuncio_testkit::receiver::Receiver;
use nuncio_testkit::{Refused, Wire, World};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::push::set_up;

const PATIENCE: Duration = Duration::from_secs(30);

/// The program, and what it has said first.
struct Services {
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    about: Value,
    _child: Child,
}

impl Services {
    async fn start() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/e2e/push_services.mjs");
        let mut child = Command::new("node")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut services = Self { input, lines, about: Value::Null, _child: child };
        services.about = services.line().await;
        services
    }

    async fn line(&mut self) -> Value {
        let line = tokio::time::timeout(PATIENCE, self.lines.next_line()).await;
        let line = line.expect("nothing came").unwrap().expect("the program has ended");
        serde_json::from_str(&line).unwrap()
    }

    /// The next request to a service; those to others are passed over.
    async fn next(&mut self, service: &str) -> Value {
        loop {
            let told = self.line().await;
            assert!(told["error"].is_null(), "{told}");
            if told["service"] == service {
                return told;
            }
        }
    }

    /// Says how a service answers its next requests.
    async fn answer(&mut self, service: &str, answers: Value) {
        let line = json!({ "service": service, "answers": answers }).to_string() + "\n";
        self.input.write_all(line.as_bytes()).await.unwrap();
        self.next("test").await;
    }

    fn text(&self, member: &str) -> String {
        self.about[member].as_str().unwrap().to_owned()
    }

    /// Gives a world's app credentials for all of them.
    async fn set_up(&self, world: &World) {
        let account = json!({
            "type": "service_account", "project_id": "project-1",
            "client_email": "push@project-1.example", "private_key": self.text("fcmKey"),
            "token_uri": format!("{}/token", self.text("web")),
        });
        let fcm = json!({ "serviceAccount": account, "endpoint": self.text("web") });
        set_up(world, "fcm", &fcm).await;
        let apns = json!({
            "key": self.text("apnsKey"), "keyId": "KEY1234567", "teamId": "TEAM123456",
            "topic": "com.example.chat", "endpoint": self.text("apns"),
        });
        set_up(world, "apns", &apns).await;
        set_up(world, "web", &json!({ "subject": "mailto:ops@example.com" })).await;
    }

    /// Registers a device of a user with a provider, and leaves.
    async fn away(&self, world: &World, user: &str, provider: PushProvider) {
        let mut wire = world.login(user, "phone").await;
        let ask = match provider {
            PushProvider::Web => RegisterPush {
                provider: provider.into(),
                token: format!("{}/push/{user}", self.text("web")),
                p256dh: self.text("p256dh"),
                auth: self.text("auth"),
                language: String::new(),
            },
            _ => RegisterPush {
                provider: provider.into(),
                token: format!("token{user}"),
                ..RegisterPush::default()
            },
        };
        wire.call(Body::RegisterPush(ask)).await.unwrap();
        wire.cut();
    }
}

async fn registered(world: &World, user: &str) -> i32 {
    let mut wire = world.login(user, "phone").await;
    let info = wire.call(Body::GetPushInfo(GetPushInfo {})).await.unwrap();
    let server_frame::Body::PushInfo(info) = info else { panic!() };
    info.registered
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fcm_is_shown_a_signed_token_and_told_of_each_message() {
    let world = World::on_sqlite(crate::BINARY, &[]).await;
    let mut services = Services::start().await;
    services.set_up(&world).await;
    services.away(&world, "ada", PushProvider::Fcm).await;
    let mut bob = world.login("bob", "phone").await;
    let sent = bob.send("ada", "m1", "hello").await.unwrap();
    let token = services.next("token").await;
    assert_eq!(token["grant"], "urn:ietf:params:oauth:grant-type:jwt-bearer");
    assert_eq!(token["claims"]["iss"], "push@project-1.example");
    let told = services.next("fcm").await;
    assert_eq!(told["url"], "/v1/projects/project-1/messages:send");
    assert_eq!(told["authorization"], "Bearer access-push@project-1.example");
    let message = &told["body"]["message"];
    assert_eq!(message["token"], "tokenada");
    assert_eq!(message["notification"], json!({ "title": "Name of bob", "body": "hello" }));
    assert_eq!(message["android"]["notification"]["notification_count"], 1);
    assert_eq!(message["data"]["messageId"], sent.message_id);

    // The access token is used again; one that is not accepted is asked for anew, and the message told after all.
    services.answer("fcm", json!([{ "status": 401, "body": "{}" }])).await;
    bob.send("ada", "m2", "again").await.unwrap();
    assert_eq!(services.next("fcm").await["status"], 401);
    services.next("token").await;
    let told = services.next("fcm").await;
    assert_eq!(told["body"]["message"]["notification"]["body"], "again");

    let gone = json!({ "error": { "code": 404, "details": [{ "errorCode": "UNREGISTERED" }] } });
    services.answer("fcm", json!([{ "status": 404, "body": gone.to_string() }])).await;
    bob.send("ada", "m3", "last").await.unwrap();
    assert_eq!(services.next("fcm").await["status"], 404);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(registered(&world, "ada").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn apns_is_reached_by_http2_and_waited_for_as_it_asks() {
    let world = World::on_sqlite(crate::BINARY, &[]).await;
    let mut services = Services::start().await;
    services.set_up(&world).await;
    services.away(&world, "ada", PushProvider::Apns).await;
    let mut bob = world.login("bob", "phone").await;
    bob.send("ada", "m1", &"long ".repeat(40)).await.unwrap();
    let told = services.next("apns").await;
    assert_eq!(told["path"], "/3/device/tokenada");
    assert_eq!(
        (&told["header"]["kid"], &told["claims"]["iss"]),
        (&json!("KEY1234567"), &json!("TEAM123456"))
    );
    assert_eq!(told["headers"]["apns-topic"], "com.example.chat");
    assert_eq!(told["headers"]["apns-push-type"], "alert");
    let aps = &told["body"]["aps"];
    assert_eq!((&aps["badge"], &aps["alert"]["title"]), (&json!(1), &json!("Name of bob")));
    let collapse = told["headers"]["apns-collapse-id"].clone();

    // A provider that is busy is left alone as long as it asks, whoever the message is for.
    let busy = json!([{ "status": 429, "headers": { "retry-after": "2" }, "body": "{\"reason\":\"TooManyRequests\"}" }]);
    services.answer("apns", busy).await;
    services.away(&world, "eve", PushProvider::Apns).await;
    bob.send("ada", "m2", "two").await.unwrap();
    let first = services.next("apns").await;
    let refused = std::time::Instant::now();
    assert_eq!(first["status"], 429);
    bob.send("eve", "m3", "three").await.unwrap();
    let mut paths = Vec::new();
    for _ in 0..2 {
        let told = services.next("apns").await;
        assert!(refused.elapsed() > Duration::from_millis(1700), "{:?}", refused.elapsed());
        assert_eq!(told["headers"]["apns-collapse-id"], collapse, "the same channel");
        paths.push(told["path"].as_str().unwrap().to_owned());
    }
    paths.sort();
    assert_eq!(paths, ["/3/device/tokenada", "/3/device/tokeneve"]);

    for (user, status, reason) in [("ada", 410, "Unregistered"), ("eve", 400, "BadDeviceToken")] {
        let body = json!({ "reason": reason }).to_string();
        services.answer("apns", json!([{ "status": status, "body": body }])).await;
        bob.send(user, &format!("g-{user}"), "gone").await.unwrap();
        assert_eq!(services.next("apns").await["status"], status);
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(registered(&world, user).await, 0, "{user}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_decrypts_what_its_push_service_cannot_read() {
    let world = World::on_sqlite(crate::BINARY, &[]).await;
    let mut services = Services::start().await;
    services.set_up(&world).await;
    let mut ada = world.login("ada", "phone").await;
    let info = ada.call(Body::GetPushInfo(GetPushInfo {})).await.unwrap();
    let server_frame::Body::PushInfo(info) = info else { panic!() };
    let wrong = RegisterPush {
        provider: PushProvider::Web.into(),
        token: format!("{}/push/ada", services.text("web")),
        p256dh: "AAAA".into(),
        auth: services.text("auth"),
        language: String::new(),
    };
    let refused = ada.call(Body::RegisterPush(wrong)).await.unwrap_err();
    assert_eq!(refused.downcast::<Refused>().unwrap().0.code, 1002);
    services.away(&world, "ada", PushProvider::Web).await;
    ada.cut();
    let mut bob = world.login("bob", "phone").await;
    services.answer("web", json!([{ "status": 500, "after": 300 }, { "status": 201 }])).await;
    let sent = bob.send("ada", "m1", "for ada's eyes").await.unwrap();
    assert_eq!(services.next("web").await["status"], 500);
    let told = services.next("web").await;
    assert_eq!((&told["status"], &told["url"]), (&json!(201), &json!("/push/ada")));
    assert_eq!(
        told["key"],
        info.vapid_public_key.as_str(),
        "the key that the browser subscribed with"
    );
    assert_eq!(told["claims"]["sub"], "mailto:ops@example.com");
    assert_eq!((&told["encoding"], &told["urgency"]), (&json!("aes128gcm"), &json!("high")));
    let shown = &told["notification"];
    assert_eq!(
        (&shown["title"], &shown["body"]),
        (&json!("Name of bob"), &json!("for ada's eyes"))
    );
    assert_eq!(shown["data"]["messageId"], sent.message_id);

    // What a sender passes on may be too much for a notification; the device is not to blame.
    let Body::SendMessage(too_much) = Wire::text("ada", "m2", "too much") else { panic!() };
    let data = "\u{1}".repeat(1024);
    let push = Some(PushConfig { data, ..PushConfig::default() });
    bob.call(Body::SendMessage(SendMessage { push, ..too_much })).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    bob.send("ada", "m3", "as ever").await.unwrap();
    assert_eq!(services.next("web").await["notification"]["body"], "as ever");

    services.answer("web", json!([{ "status": 410 }])).await;
    bob.send("ada", "m4", "gone").await.unwrap();
    assert_eq!(services.next("web").await["status"], 410);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(registered(&world, "ada").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_is_spread_as_the_app_says() {
    const USERS: usize = 5;
    let world = World::on_sqlite(crate::BINARY, &[]).await;
    let receiver = Receiver::start().await;
    let paced = json!({ "url": receiver.url("/push"), "perSecond": 2 });
    set_up(&world, "webhook", &paced).await;
    let listed = world.command(&["push", "list", &world.api.key]).await;
    assert_eq!(listed[0]["setup"]["perSecond"], 2);
    let mut bob = world.login("bob", "phone").await;
    for user in 0..USERS {
        let mut wire = world.login(&format!("u{user}"), "phone").await;
        let provider = PushProvider::Webhook.into();
        let token = format!("t{user}");
        let ask = RegisterPush { provider, token, ..RegisterPush::default() };
        wire.call(Body::RegisterPush(ask)).await.unwrap();
        wire.cut();
    }
    let begun = std::time::Instant::now();
    for user in 0..USERS {
        bob.send(&format!("u{user}"), &format!("m{user}"), "hello").await.unwrap();
    }
    let all = receiver.wait("all of them", |all| all.len() >= USERS).await;
    // The last has its turn two seconds after the first, and that is no earlier than the first message.
    assert!(begun.elapsed() >= Duration::from_secs(2), "{:?}", begun.elapsed());
    let mut told: Vec<_> = all.iter().map(|r| r.data()["token"].as_str().unwrap()).collect();
    told.sort_unstable();
    assert_eq!(told, ["t0", "t1", "t2", "t3", "t4"], "each once");
}

/// A browser's endpoint comes from a client, and may name an address inside of the operator's network.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn private_addresses_are_not_reached_unless_the_operator_says_so() {
    let world = World::on_sqlite(crate::BINARY, &[]).await;
    let services = Services::start().await;
    services.set_up(&world).await;
    services.away(&world, "ada", PushProvider::Web).await;
    let key = world.api.key.as_str();
    let refused = world.command(&["push", "test", key, "web", "--user", "ada"]).await;
    assert_eq!(refused["accepted"], false);
    assert!(refused["excerpt"].as_str().unwrap().contains("not a public one"), "{refused}");
    let allowed = ["push", "test", key, "web", "--user", "ada", "--webhook-allow-private", "true"];
    assert_eq!(world.command(&allowed).await["accepted"], true);
    for provider in ["fcm", "apns"] {
        let allowed = ["push", "test", key, provider, "--webhook-allow-private", "true"];
        assert_eq!(world.command(&allowed).await["accepted"], true, "{provider}");
    }
}
