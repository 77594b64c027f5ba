//! Backup and restore as docs/operation.md says, by the very commands, while people write.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use nuncio_protocol::frames::entry;
use nuncio_testkit::cluster::wait_for;
use nuncio_testkit::postgres::Durable;
use nuncio_testkit::{Api, Server, Storage, Wire};
use tokio::process::Command;

use crate::BINARY;

/// Messages that are written before a backup begins, at least, and while it is made.
const SOME: usize = 100;

/// Runs a command of the shell, with settings in its environment as the documentation has them.
async fn shell(command: &str, environment: &[(&str, &str)]) {
    let output = Command::new("sh")
        .args(["-euc", command])
        .envs(environment.iter().copied())
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
}

async fn nuncio(storage: &Storage, arguments: &[&str]) -> String {
    let output =
        Command::new(BINARY).args(arguments).args(storage.options()).output().await.unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {told}");
    String::from_utf8(output.stdout).unwrap()
}

async fn start(storage: &Storage) -> Server {
    Server::start(Path::new(BINARY), storage, "127.0.0.1:0", &[]).await.unwrap()
}

/// Lets alice write to bob while `backup` makes of what lies at `from` what lies at `to`, and then sees what is there.
async fn try_out(from: Storage, to: Storage, backup: impl AsyncFn()) {
    let made = nuncio(&from, &["app", "create", "--name", "Test", "--json"]).await;
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    let text = |member: &str| made[member].as_str().unwrap().to_owned();
    let (key, secret) = (text("appKey"), text("appSecret"));
    nuncio(&from, &["app", "set", &key, "--client-rate", "100000"]).await;
    let server = start(&from).await;
    let api = Api::new(&server.address, &key, &secret);
    let (alice, bob) = (api.token("alice").await, api.token("bob").await);

    let (acked, over) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
    let mut wire = Wire::login(&server.address, &key, &alice, "phone").await.unwrap();
    let writer = tokio::spawn({
        let (acked, over) = (acked.clone(), over.clone());
        async move {
            while !over.load(Ordering::SeqCst) {
                let id = acked.load(Ordering::SeqCst).to_string();
                wire.send("bob", &id, &id).await.unwrap();
                acked.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    let count = || acked.load(Ordering::SeqCst);
    wait_for("messages before the backup", async || count() > SOME).await;
    let before = count();
    backup().await;
    assert!(count() > before, "the server went on meanwhile");
    over.store(true, Ordering::SeqCst);
    writer.await.unwrap();
    server.kill().await;

    let server = start(&to).await;
    let api = Api::new(&server.address, &key, &secret);
    let mut wire = Wire::login(&server.address, &key, &bob, "phone").await.unwrap();
    let mut received = Vec::new();
    let mut cursor = 0;
    loop {
        let page = wire.sync(cursor, 500).await.unwrap();
        let Some(last) = page.entries.last() else { break };
        cursor = last.seq;
        for entry in page.entries {
            if let Some(entry::Body::Message(message)) = entry.body {
                received.push(message.client_message_id);
            }
        }
    }
    assert!(received.len() >= before, "{} of {before} messages are there", received.len());
    let expected: Vec<_> = (0..received.len()).map(|number| number.to_string()).collect();
    assert_eq!(received, expected, "in order, and none is missing before the last");
    nuncio(&to, &["audit", "verify"]).await;

    // It goes on from there: people write, the app's server calls, and somebody new comes.
    let mut writer = Wire::login(&server.address, &key, &alice, "phone").await.unwrap();
    writer.send("bob", "after", "after").await.unwrap();
    let entry = wire.entry().await.unwrap();
    assert!(
        matches!(entry.body, Some(entry::Body::Message(it)) if it.client_message_id == "after")
    );
    api.token("carol").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_sqlite_is_made_while_the_server_runs_and_restored() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let text = |name: &str| path(name).display().to_string();
    std::fs::create_dir(path("backup")).unwrap();
    try_out(Storage::Folder(path("data")), Storage::Folder(path("restored")), async || {
        let (data, backup, restored) = (text("data"), text("backup"), text("restored"));
        let environment = [("DATA", &*data), ("BACKUP", &*backup), ("RESTORED", &*restored)];
        shell(
            r#"sqlite3 "$DATA/nuncio.db" ".timeout 10000" ".backup '$BACKUP/nuncio.db'"
               cp -p "$DATA/master.key" "$BACKUP/master.key"
               sqlite3 "$BACKUP/nuncio.db" "pragma integrity_check" | grep -qx ok"#,
            &environment,
        )
        .await;
        shell(
            r#"install -d -m 700 "$RESTORED"
               install -m 600 "$BACKUP/nuncio.db" "$BACKUP/master.key" "$RESTORED""#,
            &environment,
        )
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_postgres_is_made_while_the_server_runs_and_restored() {
    let folder = tempfile::tempdir().unwrap();
    let database = tokio::task::spawn_blocking(Durable::start).await.unwrap();
    let (url, backup) = (database.url(), folder.path().join("nuncio.dump").display().to_string());
    let restored = format!("{}/restored", url.strip_suffix("/postgres").unwrap());
    let at =
        |url: &str| Storage::Postgres { url: url.to_owned(), folder: folder.path().to_owned() };
    try_out(at(&url), at(&restored), async || {
        let environment = [("URL", &*url), ("BACKUP", &*backup), ("RESTORED", &*restored)];
        shell(r#"pg_dump --format=custom --file="$BACKUP" "$URL""#, &environment).await;
        shell(
            r#"psql --quiet "$URL" --command "create database restored"
               pg_restore --exit-on-error --no-owner --dbname="$RESTORED" "$BACKUP""#,
            &environment,
        )
        .await;
    })
    .await;
}
