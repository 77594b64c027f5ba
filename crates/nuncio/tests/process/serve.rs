//! `nuncio serve`: ready, asked for its health, stopped.

use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::run::{Running, nuncio, printed, refused, wait_for, within};

async fn get(url: String) -> (u16, String) {
    let answer = within(reqwest::get(url)).await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// Begins a signed call, and keeps the rest of its body back.
async fn begin_call(server: &Running, data: &tempfile::TempDir) -> TcpStream {
    let data = data.path().to_str().unwrap();
    let made = printed(&["app", "create", "--name", "Slow", "--data", data, "--json"]).await;
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    let (key, secret) = (made["appKey"].as_str().unwrap(), made["appSecret"].as_str().unwrap());
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis().to_string();
    let signature = nuncio_protocol::signing::v1(secret, "nonce", &now);
    let head = format!(
        "POST /v4/user/get HTTP/1.1\r\nHost: x\r\nApp-Key: {key}\r\nNonce: nonce\r\nTimestamp: {now}\r\n\
         Signature: {signature}\r\nContent-Length: 20\r\nExpect: 100-continue\r\n\r\n"
    );
    let address = server.url.trim_start_matches("http://");
    let mut call = TcpStream::connect(address).await.unwrap();
    call.write_all(head.as_bytes()).await.unwrap();
    // The server asks for the body: the call is being worked on.
    let mut answer = [0; 12];
    within(call.read_exact(&mut answer)).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100");
    call
}

/// A free port of this machine; nobody else asks for one in the moment until it is taken.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn it_says_once_where_it_is_ready_and_drains_on_sigterm() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::serve(folder.path(), &[]).await;
    assert!(server.url.starts_with("http://127.0.0.1:") && !server.url.ends_with(":0"));
    assert_eq!(get(format!("{}/healthz", server.url)).await.0, 200);
    assert_eq!(get(format!("{}/readyz", server.url)).await, (200, "ready\n".to_owned()));

    let url = server.url.clone();
    let ended = server.stop().await;
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert!(ended.out.is_empty(), "nothing else on standard output: {:?}", ended.out);
    assert!(ended.log.contains("draining") && ended.log.contains("drained"), "{}", ended.log);
    assert!(reqwest::get(format!("{url}/healthz")).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn the_admin_listener_has_health_and_metrics() {
    let folder = tempfile::tempdir().unwrap();
    let admin = format!("127.0.0.1:{}", free_port());
    let server = Running::serve(folder.path(), &["--admin-listen", &admin]).await;
    for path in ["healthz", "readyz"] {
        assert_eq!(get(format!("http://{admin}/{path}")).await.0, 200);
    }
    assert_eq!(get(format!("{}/metrics", server.url)).await.0, 404, "not on the main listener");
    let login = nuncio_testkit::Wire::login(&server.url, "nosuchapp", "nct_none", "phone").await;
    assert!(login.is_err());
    let (status, figures) = get(format!("http://{admin}/metrics")).await;
    assert_eq!(status, 200);
    for name in [
        "nuncio_build_info{version=\"0.1.0\"} 1",
        "# TYPE nuncio_http_connections gauge",
        "# TYPE nuncio_store_commit_seconds histogram",
        "# TYPE nuncio_store_queue_depth gauge",
        "# TYPE nuncio_client_connections gauge",
        "nuncio_client_logins_total{code=\"APP_UNAVAILABLE\"} 1",
        "# TYPE nuncio_client_messages counter",
        "# TYPE nuncio_api_calls counter",
        "# TYPE nuncio_api_call_seconds histogram",
    ] {
        assert!(figures.contains(name), "{name} is not in:\n{figures}");
    }
    assert_eq!(server.stop().await.code, Some(0));
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_up_the_drain() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::serve(folder.path(), &[]).await;
    let address = server.url.trim_start_matches("http://").to_owned();
    let mut idle = TcpStream::connect(&address).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut answer = [0; 15];
    idle.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");

    let began = Instant::now();
    assert_eq!(server.stop().await.code, Some(0));
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_call_in_progress_is_answered_before_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::serve(folder.path(), &[]).await;
    let mut call = begin_call(&server, &folder).await;
    let address = server.url.trim_start_matches("http://").to_owned();
    server.terminate();
    wait_for(async || TcpStream::connect(&address).await.is_err().then_some(())).await;
    call.write_all(b"{\"userId\":  \"alice\"}").await.unwrap();
    let mut answer = String::new();
    within(call.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.contains("40401"), "alice is not registered: {answer}");
    let ended = server.end().await;
    assert_eq!(ended.code, Some(0));
    assert!(ended.log.contains("drained"), "{}", ended.log);
}

#[tokio::test]
async fn a_call_that_never_ends_is_cut_off_at_the_drain_timeout() {
    let folder = tempfile::tempdir().unwrap();
    let options = ["--drain-timeout", "1s", "--request-timeout", "1h"];
    let server = Running::serve(folder.path(), &options).await;
    let _call = begin_call(&server, &folder).await;
    let began = Instant::now();
    let ended = server.stop().await;
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert!((1..8).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    assert!(ended.log.contains("cut off"), "{}", ended.log);
}

#[tokio::test]
async fn a_second_signal_stops_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let options = ["--drain-timeout", "1h", "--request-timeout", "1h"];
    let server = Running::serve(folder.path(), &options).await;
    let _call = begin_call(&server, &folder).await;
    let address = server.url.trim_start_matches("http://").to_owned();
    server.terminate();
    wait_for(async || TcpStream::connect(&address).await.is_err().then_some(())).await;
    let ended = server.stop().await;
    assert_eq!(ended.code, Some(1), "{}", ended.log);
    assert!(ended.log.contains("SIGTERM while draining"), "{}", ended.log);
}

#[tokio::test]
async fn only_the_owner_can_look_into_the_data() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Running::serve(&data, &[]).await;
    let mode = |path: &str| {
        let metadata = std::fs::metadata(data.join(path)).unwrap();
        metadata.permissions().mode() & 0o777
    };
    assert_eq!(mode(""), 0o700);
    for file in ["master.key", "nuncio.db", "nuncio.db-wal", "nuncio.db-shm"] {
        assert_eq!(mode(file), 0o600, "{file}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    Running::serve(folder.path(), &[]).await.stop().await;
    let database = rusqlite::Connection::open(folder.path().join("nuncio.db")).unwrap();
    database.pragma_update(None, "user_version", 1_000_000).unwrap();
    drop(database);
    let data = folder.path().to_str().unwrap();
    let told =
        refused(&["serve", "--data", data, "--listen", "127.0.0.1:0", "--admin-listen", "off"], 1)
            .await;
    for part in ["nuncio.db", "1000000", "use a newer program"] {
        assert!(told.contains(part), "{part} is not in: {told}");
    }
}

#[tokio::test]
async fn an_address_that_is_taken_is_named_with_its_setting() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let told = refused(&["serve", "--data", data, "--listen", &address], 1).await;
    assert!(told.contains(&address) && told.contains("--listen"), "{told}");
}

#[tokio::test]
async fn without_an_admin_address_of_its_own_a_second_server_starts_all_the_same() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let serve = async |data: &tempfile::TempDir| {
        let mut command = nuncio();
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data.path());
        Running::start(command).await
    };
    let (one, other) = (serve(&one).await, serve(&other).await);
    assert_eq!(get(format!("{}/readyz", other.url)).await.0, 200);
    assert_eq!(one.stop().await.code, Some(0));
    let ended = other.stop().await;
    assert!(ended.log.contains("no admin listener"), "{}", ended.log);
}

#[tokio::test]
async fn the_log_can_be_json() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::serve(folder.path(), &["--log-format", "json"]).await;
    let log = server.stop().await.log;
    for line in log.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect(line);
        assert!(line["level"].is_string() && line["message"].is_string(), "{line}");
    }
    assert!(log.contains("SIGTERM: draining"), "{log}");
}
