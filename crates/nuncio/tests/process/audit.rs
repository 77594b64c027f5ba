//! `nuncio audit`.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::run::{Running, nuncio, printed, within};
use nuncio_testkit::Api;

fn parse(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn made(text: &str, member: &str) -> String {
    let made: Value = serde_json::from_str(text).unwrap();
    made[member].as_str().unwrap().to_owned()
}

/// Runs the program that docs/operation.md shows on an export.
async fn check_without_nuncio(exported: &str) {
    let page = include_str!("../../../../docs/operation.md");
    let from = page.find("    import hashlib").unwrap();
    let program: Vec<_> = page[from..]
        .lines()
        .take_while(|line| line.is_empty() || line.starts_with("    "))
        .map(|line| line.strip_prefix("    ").unwrap_or(line))
        .collect();
    let run = async |input: &str| {
        let mut child = Command::new("python3")
            .args(["-c", &program.join("\n")])
            .stdin(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
        within(child.wait()).await.unwrap().success()
    };
    assert!(run(exported).await);
    assert!(!run(&exported.replace("\"ada\"", "\"bob\"")).await);
}

#[tokio::test]
async fn a_chain_is_exported_and_verified_while_the_server_runs_and_says_where_it_breaks() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().to_str().unwrap();
    let server = Running::serve(data.path(), &[]).await;
    let create = ["app", "create", "--name", "Shop", "--json", "--data", folder];
    let app = printed(&create).await;
    let key = made(&app, "appKey");
    let api = Api::new(&server.url, &key, &made(&app, "appSecret"));
    api.token("ada").await;
    api.ok("/v4/user/ban", json!({ "userIds": ["ada"], "durationMinutes": 5 })).await;

    let exported = printed(&["audit", "export", "--app", &key, "--data", folder]).await;
    let entries = parse(&exported);
    let said: Vec<_> = entries
        .iter()
        .map(|e| (e["actor"].as_str().unwrap(), e["operation"].as_str().unwrap()))
        .collect();
    assert_eq!(said, [("cli", "app.create"), ("app", "user.register"), ("app", "user.ban")]);
    assert_eq!(entries[2]["userId"], "ada");
    assert_eq!(entries[2]["address"], "127.0.0.1");
    assert_ne!(entries[2]["requestId"], "");
    assert_eq!(entries[2]["before"], json!({ "bannedUntil": 0 }));
    let since =
        printed(&["audit", "export", "--app", &key, "--after", "2", "--data", folder]).await;
    assert_eq!(parse(&since), entries[2..]);

    check_without_nuncio(&exported).await;

    let told = printed(&["audit", "verify", "--data", folder]).await;
    let last = entries[2]["hash"].as_str().unwrap();
    assert_eq!(
        told,
        format!(
            "-: no entries\n\
             {key}: entries 1 to 3 are as they were written; the last is 3:{last}\n"
        )
    );
    let kept = format!("3:{last}");
    let verify = ["audit", "verify", "--app", &key, "--kept", &kept, "--data", folder];
    printed(&verify).await;

    let database = rusqlite::Connection::open(data.path().join("nuncio.db")).unwrap();
    database.execute("update audit set user_id = 'bob' where seq = 3", []).unwrap();
    let output =
        within(nuncio().args(["audit", "verify", "--data", folder]).output()).await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains(&format!("{key}: entry 3 is not what was written")), "{told}");

    // Cut off together with the head: seen by who has kept the hash.
    database
        .execute_batch(
            "delete from audit where seq = 3;
             update audit_heads set seq = 2, hash = (select hash from audit where seq = 2)",
        )
        .unwrap();
    printed(&["audit", "verify", "--data", folder]).await;
    let output = within(nuncio().args(verify).output()).await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(told, format!("{key}: entry 3 is not the one whose hash was kept\n"));
    server.stop().await;
}
