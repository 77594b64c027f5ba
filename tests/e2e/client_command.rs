//! `nuncio client`: two of them talk over lines of JSON, as scripts do.

use std::process::Stdio;
use std::time::Duration;

use nuncio_testkit::World;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::{BINARY, everywhere};

struct Script {
    child: Child,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Script {
    fn start(world: &World, token: &str) -> Self {
        let mut child = Command::new(BINARY)
            .args(["client", "--server", &world.address, "--app-key", &world.api.key])
            .args(["--token", token])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, input, lines: BufReader::new(output).lines() }
    }

    async fn say(&mut self, line: Value) {
        self.input.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }

    /// The next line with this member; other lines are passed over.
    async fn hear(&mut self, member: &str) -> Value {
        let found = async {
            loop {
                let line = self.lines.next_line().await.unwrap().expect("the client has ended");
                let line: Value = serde_json::from_str(&line).unwrap();
                if let Some(found) = line.get(member) {
                    return found.clone();
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), found).await.expect("no such line")
    }

    async fn exit_code(mut self) -> Option<i32> {
        self.child.wait().await.unwrap().code()
    }
}

everywhere! {
    async fn two_scripts_talk(world: World) {
        let mut alice = Script::start(&world, &world.api.token("alice").await);
        let mut bob = Script::start(&world, &world.api.token("bob").await);
        assert_eq!(alice.hear("connected").await["userId"], "alice");
        assert_eq!(bob.hear("connected").await["userId"], "bob");

        alice.say(json!({ "send": { "ref": "r1", "to": "bob", "text": "hello" } })).await;
        let sent = alice.hear("sent").await;
        assert_eq!(sent["ref"], "r1");
        let message = bob.hear("message").await;
        assert_eq!(message["messageId"], sent["messageId"]);
        assert_eq!((&message["from"], &message["to"]), (&json!("alice"), &json!("bob")));
        assert_eq!(message["channelType"], "direct");
        assert_eq!(message["type"], "RC:TxtMsg");
        assert_eq!(message["content"]["content"], "hello");
        assert_eq!(message["sentAt"], sent["sentAt"]);

        bob.say(json!({ "call": { "ref": "c1", "method": "addToBlocklist",
                                  "params": { "userId": "alice" } } })).await;
        assert_eq!(bob.hear("result").await["ref"], "c1");
        let check = json!({ "call": { "ref": "c2", "method": "checkBlocked",
                                      "params": { "userId": "alice" } } });
        bob.say(check).await;
        assert_eq!(bob.hear("result").await["value"], json!(true));
        bob.say(json!({ "call": { "ref": "c3", "method": "getBlocklist" } })).await;
        assert_eq!(bob.hear("result").await["value"], json!(["alice"]));
        alice.say(json!({ "send": { "ref": "r2", "to": "bob", "text": "again" } })).await;
        let error = alice.hear("error").await;
        assert_eq!((&error["ref"], &error["code"]), (&json!("r2"), &json!(405)));

        alice.say(json!({ "send": { "ref": "r3", "to": "bob", "type": "app:poll",
                                    "content": { "options": [1, 2] } } })).await;
        assert_eq!(alice.hear("error").await["code"], 405);
        alice.say(json!({ "call": { "ref": "c4", "method": "noSuchMethod" } })).await;
        assert_eq!(alice.hear("error").await["ref"], "c4");
        alice.say(json!({ "disconnect": {} })).await;
        assert_eq!(alice.exit_code().await, Some(0));
        world.kill().await;
    }

    async fn a_ban_is_told_and_a_banned_login_exits_with_3(world: World) {
        let token = world.api.token("alice").await;
        let mut alice = Script::start(&world, &token);
        alice.hear("connected").await;
        let ban = json!({ "userIds": ["alice"], "durationMinutes": 5 });
        world.api.ok("/v4/user/ban", ban).await;
        let told = alice.hear("disconnected").await;
        assert_eq!((&told["code"], &told["willReconnect"]), (&json!(31011), &json!(false)));

        let mut again = Script::start(&world, &token);
        assert_eq!(again.hear("error").await["code"], 31009);
        assert_eq!(again.exit_code().await, Some(3));
        let mut forged = Script::start(&world, "nct_nonsense");
        assert_eq!(forged.hear("error").await["code"], 31004);
        assert_eq!(forged.exit_code().await, Some(3));
        world.kill().await;
    }

    async fn messages_that_waited_come_once_and_in_order(world: World) {
        let token = world.api.token("bob").await;
        let mut alice = world.login("alice", "phone").await;
        for number in 0..30 {
            alice.send("bob", &format!("m{number}"), &number.to_string()).await.unwrap();
        }
        let mut bob = Script::start(&world, &token);
        bob.hear("connected").await;
        for number in 0..30 {
            assert_eq!(bob.hear("message").await["content"]["content"], number.to_string());
        }
        world.kill().await;
    }
}
