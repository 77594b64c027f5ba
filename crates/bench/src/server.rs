//! The server that is measured: the built binary as a process of its own, on data of its own, with one app.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::Deserialize;
use tempfile::TempDir;

use crate::dialect::{Dialect, Door};
use crate::http::Target;
use crate::system;

/// Where a server keeps its data.
#[derive(Clone, Debug)]
pub(crate) enum Storage {
    Sqlite,
    /// A PostgreSQL database: its URL, and the process that started its server.
    Postgres {
        url: String,
        process: u32,
    },
    /// The same for nodes of a cluster, with the bus's URL, and the key that they share.
    Cluster {
        url: String,
        process: u32,
        nats: String,
        key: PathBuf,
    },
}

/// An app and its secret.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct App {
    #[serde(rename = "appKey")]
    pub(crate) key: String,
    #[serde(rename = "appSecret")]
    pub(crate) secret: String,
}

/// A running server; killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) app: App,
    binary: PathBuf,
    storage: Storage,
    options: &'static [&'static str],
    folder: TempDir,
}

impl Server {
    /// Starts a server on empty data, and makes an app that may call at any rate.
    pub(crate) fn start(binary: &Path, storage: Storage) -> anyhow::Result<Self> {
        Self::start_with(binary, storage, &[])
    }

    /// The same with some more options.
    pub(crate) fn start_with(
        binary: &Path,
        storage: Storage,
        options: &'static [&'static str],
    ) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("nuncio-bench-").tempdir()?;
        let app = create_app(binary, &storage, folder.path())?;
        let (child, address) = serve(binary, &storage, folder.path(), options)?;
        Ok(Self { child, address, app, binary: binary.to_owned(), storage, options, folder })
    }

    /// Starts another node of the same cluster.
    pub(crate) fn another(&self) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("nuncio-bench-").tempdir()?;
        let options = self.options;
        let (child, address) = serve(&self.binary, &self.storage, folder.path(), options)?;
        let (binary, storage) = (self.binary.clone(), self.storage.clone());
        Ok(Self { child, address, app: self.app.clone(), binary, storage, options, folder })
    }

    /// Stops the server in order and starts it again on the same data. The address is another one then. Returns when
    /// the new process began.
    pub(crate) fn restart(&mut self) -> anyhow::Result<Instant> {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().context("cannot run `kill`")?;
        self.child.wait()?;
        let began = Instant::now();
        let folder = self.folder.path();
        (self.child, self.address) = serve(&self.binary, &self.storage, folder, self.options)?;
        Ok(began)
    }

    /// Gives a command of the binary for the app, with a text as its standard input: `before` comes before the App Key.
    pub(crate) fn command(
        &self,
        before: &[&str],
        after: &[&str],
        input: &str,
    ) -> anyhow::Result<()> {
        let mut child = Command::new(&self.binary)
            .args(before)
            .arg(&self.app.key)
            .args(after)
            .args(options(&self.storage, self.folder.path()))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        child.stdin.take().context("no input")?.write_all(input.as_bytes())?;
        anyhow::ensure!(child.wait()?.success(), "`{}` failed", before.join(" "));
        Ok(())
    }

    /// Where and as whom to call its Server API.
    pub(crate) fn target(&self) -> Target<'_> {
        Target { address: self.address, app: &self.app }
    }

    /// What its clients know of it.
    pub(crate) fn door(&self) -> Door<'_> {
        Door { dialect: Dialect::Nuncio, address: self.address, key: &self.app.key }
    }

    /// Its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Processor seconds that it has used, its database included.
    pub(crate) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        match self.storage {
            Storage::Sqlite => system::cpu_seconds(&[self.process()]),
            Storage::Postgres { process, .. } | Storage::Cluster { process, .. } => {
                system::cpu_seconds(&[self.process(), process])
            }
        }
    }

    /// Resident memory in bytes.
    pub(crate) fn resident_bytes(&self) -> anyhow::Result<u64> {
        system::resident_bytes(self.process())
    }

    /// Bytes of the files that it keeps.
    pub(crate) fn stored_bytes(&self) -> anyhow::Result<u64> {
        let mut bytes = 0;
        for entry in self.folder.path().read_dir()? {
            bytes += entry?.metadata()?.len();
        }
        Ok(bytes)
    }

    /// Bytes of one of its files; 0 where there is none.
    pub(crate) fn file_bytes(&self, name: &str) -> u64 {
        std::fs::metadata(self.folder.path().join(name)).map_or(0, |file| file.len())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn options(storage: &Storage, folder: &Path) -> Vec<String> {
    let path = |path: &Path| path.display().to_string();
    match storage {
        Storage::Sqlite => vec!["--data".to_owned(), path(folder)],
        Storage::Postgres { url, .. } => vec![
            "--database-url".to_owned(),
            url.clone(),
            "--master-key-file".to_owned(),
            path(&folder.join("master.key")),
        ],
        Storage::Cluster { url, key, .. } => vec![
            "--database-url".to_owned(),
            url.clone(),
            "--master-key-file".to_owned(),
            path(key),
        ],
    }
}

/// What only a server is told, not a command.
fn more_options(storage: &Storage) -> Vec<&str> {
    match storage {
        Storage::Cluster { nats, .. } => vec!["--nats-url", nats],
        _ => Vec::new(),
    }
}

fn create_app(binary: &Path, storage: &Storage, folder: &Path) -> anyhow::Result<App> {
    let output = Command::new(binary)
        .args(["app", "create", "--name", "Bench", "--json"])
        .args(["--environment", "production", "--edition", "flagship"])
        .args(options(storage, folder))
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot run {}", binary.display()))?;
    anyhow::ensure!(output.status.success(), "no app was made");
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Starts the server; returns once it says that it is ready.
fn serve(
    binary: &Path,
    storage: &Storage,
    folder: &Path,
    more: &[&str],
) -> anyhow::Result<(Child, SocketAddr)> {
    let log = folder.join("log");
    let mut child = Command::new(binary)
        .arg("serve")
        .args(options(storage, folder))
        .args(more_options(storage))
        .args(["--listen", "127.0.0.1:0", "--admin-listen", "off", "--log-level", "error"])
        // How fast one app and one client may be is policy; here it is to be found out how fast all can be.
        .args(["--api-rate", "1000000", "--client-rate", "1000000"])
        // The gateway that is pushed to is on this machine.
        .args(["--webhook-allow-private", "true"])
        .args(more)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(File::create(&log)?)
        .spawn()
        .with_context(|| format!("cannot start {}", binary.display()))?;
    let out = child.stdout.take().context("no standard output")?;
    for line in BufReader::new(out).lines() {
        if let Some(address) = line?.strip_prefix("nuncio is ready at http://") {
            let address = address.parse().context("an address that cannot be read")?;
            return Ok((child, address));
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    anyhow::bail!("the server ended before it was ready: {}", std::fs::read_to_string(log)?)
}

/// Where the server's binary is: the one named; else, under cargo, one built from this source; else the one beside
/// this program.
pub(crate) fn binary(named: Option<&Path>, cargo: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(named) = named {
        return Ok(named.to_owned());
    }
    let beside = std::env::current_exe()?.with_file_name("nuncio");
    if let Some(cargo) = cargo {
        let release = beside.parent().is_some_and(|folder| folder.ends_with("release"));
        let status = Command::new(cargo)
            .args(["build", "--locked", "--package", "nuncio"])
            .args(release.then_some("--release"))
            .stdout(Stdio::null())
            .status()
            .context("cannot run cargo")?;
        anyhow::ensure!(status.success(), "`cargo build --package nuncio` failed");
    }
    anyhow::ensure!(
        beside.exists(),
        "there is no {}: build it with `cargo build --release --package nuncio`, or name one with \
         `--binary`",
        beside.display()
    );
    Ok(beside)
}

/// Waits until a condition holds.
pub(crate) fn wait_until(
    what: &str,
    mut holds: impl FnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let began = Instant::now();
    while !holds()? {
        anyhow::ensure!(began.elapsed() < Duration::from_mins(1), "{what} did not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
