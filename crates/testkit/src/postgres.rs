//! A private PostgreSQL server, from the system's binaries.
//!
//! Each test process starts one when a test first asks for a database, on a free port and in a temporary
//! folder. A small shell holds it and waits on a pipe from the test process: however that process ends, the
//! pipe closes, and the server is stopped and its folder removed.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio_postgres::NoTls;

/// A new, empty database on the private server: a schema of its own, which is found by every connection that
/// uses the URL, and made and removed much faster than what PostgreSQL calls a database.
#[derive(Debug)]
pub struct Database {
    url: String,
}

impl Database {
    /// Makes a database. Panics, with a sentence, where PostgreSQL is not installed.
    pub async fn create() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let port = tokio::task::spawn_blocking(server).await.unwrap();
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let server = format!("postgres://postgres@127.0.0.1:{port}/postgres");
        let mut tries = 0;
        loop {
            match tokio_postgres::connect(&server, NoTls).await {
                Ok((client, connection)) => {
                    let link = tokio::spawn(connection);
                    client.batch_execute(&format!("create schema {name}")).await.unwrap();
                    link.abort();
                    return Self { url: format!("{server}?options=-csearch_path%3D{name}") };
                }
                Err(error) if tries == 300 => panic!("PostgreSQL does not answer: {error}"),
                Err(_) => tries += 1,
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Its connection URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// A server of its own that keeps what it has committed, as one in production does; for measurements. Stopped
/// when dropped.
#[derive(Debug)]
pub struct Durable {
    shell: Child,
    port: u16,
}

impl Durable {
    /// Starts it, with an empty database. Panics, with a sentence, where PostgreSQL is not installed.
    #[must_use]
    pub fn start() -> Self {
        let (shell, port) = start("-c shared_buffers=512MB");
        let mut ready = Command::new(programs().join("pg_isready"));
        ready.args(["--quiet", "--host=127.0.0.1", &format!("--port={port}")]);
        while !ready.status().unwrap().success() {
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { shell, port }
    }

    /// Connection URL of its database.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// The process that all of its processes descend from.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.shell.id()
    }
}

impl Drop for Durable {
    fn drop(&mut self) {
        // The pipe closes, and the shell cleans up.
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

/// The port of this process's server, which is started on the first call.
fn server() -> u16 {
    static PORT: Mutex<Option<u16>> = Mutex::new(None);
    let mut port = PORT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    *port.get_or_insert_with(|| {
        let (mut shell, port) =
            start("-c fsync=off -c full_page_writes=off -c log_min_messages=fatal");
        // Held for as long as the process lives.
        std::mem::forget(shell.stdin.take());
        port
    })
}

/// Starts a server with settings of its own, as options of its command line; returns the shell that holds it, and
/// its port.
fn start(settings: &str) -> (Child, u16) {
    let programs = programs();
    let folder = tempfile::Builder::new().prefix("nuncio-postgres-").tempdir().unwrap().keep();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    // PostgreSQL refuses to run as root.
    let as_user = if is_root() { "runuser -u postgres --" } else { "" };
    let owner = if is_root() { "chown postgres \"$folder\"" } else { "true" };
    // The trap is for whoever presses Ctrl-C, and for a test that dies before it has read `started`: the
    // shell hears of it too, and must not die of it before it has cleaned up.
    let script = format!(
        "folder='{folder}'; programs='{programs}'
         trap : HUP INT PIPE TERM
         {owner}
         if {as_user} \"$programs/initdb\" -D \"$folder/data\" -U postgres -A trust -E UTF8 --locale=C --no-sync >&2
         then
             {as_user} \"$programs/postgres\" -D \"$folder/data\" -p {port} -c listen_addresses=127.0.0.1 \
                 -c unix_socket_directories= -c max_connections=300 {settings} >&2 &
             server=$!
             echo started
             read -r _
             while kill -0 $server
             do
                 {as_user} \"$programs/pg_ctl\" stop -m immediate -D \"$folder/data\" || sleep 0.1
             done >&2
         fi
         rm -rf \"$folder\"",
        folder = folder.display(),
        programs = programs.display(),
    );
    let mut shell = Command::new("sh")
        .args(["-c", &script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut answer = String::new();
    let out = shell.stdout.take().unwrap();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut answer).unwrap();
    assert_eq!(answer.trim(), "started", "initdb failed; run it by hand to see why");
    (shell, port)
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout.trim_ascii() == b"0"
}

/// Where the newest installed `postgres` and `initdb` are.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = versions.map(|version| version.path().join("bin")).max();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let others = std::env::split_paths(&path).collect::<Vec<_>>();
    debian.into_iter().chain(others).find(|folder| has_programs(folder)).expect(
        "these tests need PostgreSQL's server programs: install Debian's package `postgresql`",
    )
}

fn has_programs(folder: &Path) -> bool {
    folder.join("initdb").exists() && folder.join("postgres").exists()
}
