//! A private PostgreSQL server, from the system's binaries.
//!
//! Each test process starts one when a test first asks for a database, on a free port and in a temporary
//! folder. A small shell holds it and waits on a pipe from the test process: however that process ends, the
//! pipe closes, and the server is stopped and its folder removed.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
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
    server: Server,
}

impl Database {
    /// Makes a database. Panics, with a sentence, where PostgreSQL is not installed.
    pub async fn create() -> Self {
        Self::on(tokio::task::spawn_blocking(server).await.unwrap()).await
    }

    /// Makes one on a server of its own, which can be restarted.
    pub async fn create_alone() -> Self {
        Self::on(tokio::task::spawn_blocking(start_for_good).await.unwrap()).await
    }

    async fn on(instance: Server) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let port = instance.port;
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let server = format!("postgres://postgres@127.0.0.1:{port}/postgres");
        let mut tries = 0;
        loop {
            match tokio_postgres::connect(&server, NoTls).await {
                Ok((client, connection)) => {
                    let link = tokio::spawn(connection);
                    client.batch_execute(&format!("create schema {name}")).await.unwrap();
                    link.abort();
                    let url = format!("{server}?options=-csearch_path%3D{name}");
                    return Self { url, server: instance };
                }
                Err(error) if tries == 300 => panic!("PostgreSQL does not answer: {error}"),
                Err(_) => tries += 1,
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Restarts its server as after a crash: all connections end, and what is on disk is recovered.
    pub async fn restart(&self) {
        let Server { folder, options, .. } = &self.server;
        let as_user = if is_root() { "runuser -u postgres --" } else { "" };
        let script = format!(
            "{as_user} '{programs}/pg_ctl' restart -w -m immediate -D '{folder}/data' -l /dev/null \
                 -o '{options}' >/dev/null 2>&1",
            programs = programs().display(),
            folder = folder.display(),
        );
        let done = tokio::process::Command::new("sh").args(["-c", &script]).status().await;
        assert!(done.unwrap().success(), "PostgreSQL did not start again");
    }

    /// Runs SQL on it, past whatever works on it.
    pub async fn run(&self, sql: &str) {
        let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await.unwrap();
        let link = tokio::spawn(connection);
        client.batch_execute(sql).await.unwrap();
        link.abort();
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
    server: Server,
}

impl Durable {
    /// Starts it, with an empty database. Panics, with a sentence, where PostgreSQL is not installed.
    #[must_use]
    pub fn start() -> Self {
        Self::with("-c shared_buffers=512MB", &[])
    }

    /// The same with a certificate and its key, in PEM; it takes connections by TLS alone.
    #[must_use]
    pub fn start_encrypted(certificate: &str, key: &str) -> Self {
        let files = [
            ("server.crt", certificate),
            ("server.key", key),
            ("hba.conf", "hostssl all all 127.0.0.1/32 trust\n"),
        ];
        Self::with(
            "-c ssl=on -c ssl_cert_file=$folder/server.crt -c ssl_key_file=$folder/server.key \
             -c hba_file=$folder/hba.conf",
            &files,
        )
    }

    fn with(settings: &str, files: &[(&str, &str)]) -> Self {
        let (shell, server) = start(settings, files);
        let mut ready = Command::new(programs().join("pg_isready"));
        ready.args(["--quiet", "--host=127.0.0.1", &format!("--port={}", server.port)]);
        while !ready.status().unwrap().success() {
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { shell, server }
    }

    /// Connection URL of its database.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.server.port)
    }

    /// Bytes of its tables and indexes on the disk, without its log.
    #[must_use]
    pub fn stored_bytes(&self) -> u64 {
        let mut folders = vec![self.server.folder.join("data/base")];
        let mut bytes = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                // A file may go while this looks.
                match entry.metadata() {
                    Ok(metadata) if metadata.is_dir() => folders.push(entry.path()),
                    Ok(metadata) => bytes += metadata.len(),
                    Err(_) => {}
                }
            }
        }
        bytes
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

/// A running server.
#[derive(Clone, Debug)]
struct Server {
    port: u16,
    folder: PathBuf,
    options: String,
}

/// This process's server, which is started on the first call.
fn server() -> Server {
    static SERVER: Mutex<Option<Server>> = Mutex::new(None);
    let mut server = SERVER.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    server.get_or_insert_with(start_for_good).clone()
}

/// Starts a server that forgets what it has committed when the machine fails, and lives as long as this process.
fn start_for_good() -> Server {
    let (mut shell, server) =
        start("-c fsync=off -c full_page_writes=off -c log_min_messages=fatal", &[]);
    std::mem::forget(shell.stdin.take());
    server
}

/// Starts a server with settings of its own, as options of its command line, and files in its `$folder`; returns the
/// shell that holds it too.
fn start(settings: &str, files: &[(&str, &str)]) -> (Child, Server) {
    let programs = programs();
    let folder = tempfile::Builder::new().prefix("nuncio-postgres-").tempdir().unwrap().keep();
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        // PostgreSQL takes no key that others can read.
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let options = format!(
        "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=300 {settings}"
    );
    // PostgreSQL refuses to run as root.
    let as_user = if is_root() { "runuser -u postgres --" } else { "" };
    let owner = if is_root() { "chown -R postgres \"$folder\"" } else { "true" };
    // The trap is for whoever presses Ctrl-C, and for a test that dies before it has read `started`: the
    // shell hears of it too, and must not die of it before it has cleaned up.
    let script = format!(
        "folder='{folder}'; programs='{programs}'
         trap : HUP INT PIPE TERM
         {owner}
         if {as_user} \"$programs/initdb\" -D \"$folder/data\" -U postgres -A trust -E UTF8 --locale=C --no-sync >&2
         then
             {as_user} \"$programs/postgres\" -D \"$folder/data\" {options} >&2 &
             server=$!
             echo started
             read -r _
             while kill -0 $server || {as_user} \"$programs/pg_ctl\" status -D \"$folder/data\"
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
    (shell, Server { port, folder, options })
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
