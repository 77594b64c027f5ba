//! `nuncio dev`: what it prints can be copied and pasted.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Command;

use crate::run::{Running, nuncio, within};

pub(crate) async fn dev(data: &tempfile::TempDir) -> Running {
    let mut command = nuncio();
    command
        .args(["dev", "--listen", "127.0.0.1:0", "--admin-listen", "off", "--data"])
        .arg(data.path())
        // The commands that it prints name the program from here.
        .current_dir(data.path());
    Running::start(command).await
}

/// The indented blocks of what was printed: what is to be copied.
fn blocks(lines: &[String]) -> Vec<String> {
    let mut blocks = vec![String::new()];
    for line in lines {
        match line.strip_prefix("  ") {
            Some(text) => {
                if let Some(block) = blocks.last_mut() {
                    *block += text;
                    block.push('\n');
                }
            }
            None => blocks.push(String::new()),
        }
    }
    blocks.retain(|block| !block.is_empty());
    blocks
}

fn after<'a>(lines: &'a [String], label: &str) -> &'a str {
    lines.iter().find_map(|line| line.strip_prefix(label)).unwrap().trim()
}

fn shell(text: &str, folder: &tempfile::TempDir) -> Command {
    let mut command = Command::new("bash");
    command.args(["-c", text]).current_dir(folder.path()).kill_on_drop(true);
    command
}

#[tokio::test]
async fn the_printed_link_lets_the_consoles_first_owner_in() {
    let data = tempfile::tempdir().unwrap();
    let server = dev(&data).await;
    let link = after(&server.before, "Console:").strip_suffix(" (good once)").unwrap();
    let (url, token) = link.split_once("/console/#/link/").unwrap();
    let ask = format!(
        "curl -s {url}/console/api/session/link -H 'Nuncio-Console: 1' \
         -H 'Content-Type: application/json' -d '{{\"token\":\"{token}\"}}'"
    );
    let answer = within(shell(&ask, &data).output()).await.unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&answer.stdout).unwrap();
    assert_eq!(answer["firstOwner"], true, "{answer}");
}

#[tokio::test]
async fn the_printed_commands_let_two_terminals_talk() {
    let data = tempfile::tempdir().unwrap();
    let server = dev(&data).await;
    let blocks = blocks(&server.before);
    let [bob, alice, hello, curl] = blocks.as_slice() else { panic!("{:?}", server.before) };

    let mut bob = shell(&format!("exec {bob}"), &data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut heard = BufReader::new(bob.stdout.take().unwrap()).lines();
    let line = within(heard.next_line()).await.unwrap().unwrap();
    assert!(line.starts_with(r#"{"connected":{"userId":"bob""#), "{line}");

    let mut alice = shell(&format!("exec {alice}"), &data)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    alice.stdin.as_mut().unwrap().write_all(hello.as_bytes()).await.unwrap();
    let message = within(async {
        loop {
            let line = heard.next_line().await.unwrap().unwrap();
            let line: serde_json::Value = serde_json::from_str(&line).unwrap();
            if line["message"].is_object() {
                return line["message"].clone();
            }
        }
    })
    .await;
    assert_eq!((&message["from"], &message["to"]), (&"alice".into(), &"bob".into()), "{message}");
    assert!(message["content"].to_string().contains("Hello Bob"), "{message}");

    let output = within(shell(curl, &data).output()).await.unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&answer["code"], &answer["result"]["name"]), (&0.into(), &"Alice".into()));
    assert_eq!(server.stop().await.code, Some(0));
}

#[tokio::test]
async fn the_app_and_its_users_stay_the_same() {
    let data = tempfile::tempdir().unwrap();
    let keys = async || {
        let server = dev(&data).await;
        let keys = ["App Key:", "App Secret:"].map(|label| after(&server.before, label).to_owned());
        server.stop().await;
        keys
    };
    let first = keys().await;
    assert!(!first[0].is_empty() && !first[1].is_empty());
    assert_eq!(first, keys().await);
}

#[tokio::test]
async fn a_script_that_says_all_at_once_loses_nothing() {
    let data = tempfile::tempdir().unwrap();
    let server = dev(&data).await;
    let blocks = blocks(&server.before);
    let script = concat!(
        r#"{"send":{"ref":"1","to":"bob","text":"at once"}}"#,
        "\n",
        r#"{"call":{"ref":"2","method":"checkBlocked","params":{"userId":"bob"}}}"#,
        "\n",
        r#"{"disconnect":{}}"#,
        "\n"
    );
    let command = format!("printf '{script}' | {}", blocks[1]);
    let output = within(shell(&command, &data).output()).await.unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    for answer in [r#"{"sent":{"ref":"1","#, r#"{"result":{"ref":"2","#, r#"{"disconnected":"#] {
        assert!(printed.contains(answer), "{answer} is not in: {printed}");
    }
    assert_eq!(output.status.code(), Some(0));
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_is_refused_at_login_says_why_and_exits_3() {
    let data = tempfile::tempdir().unwrap();
    let server = dev(&data).await;
    let key = after(&server.before, "App Key:");
    #[rustfmt::skip]
    let output = within(nuncio().args([
        "client", "--server", &server.url, "--app-key", key, "--token", "nct_none",
    ])
    .output())
    .await
    .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.starts_with(r#"{"error":{"code":31004,"name":"TOKEN_INVALID""#), "{printed}");
    assert_eq!(output.status.code(), Some(3));
    server.stop().await;
}
