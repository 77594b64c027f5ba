//! The built binary as a process.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::clock::{self, Clock};

/// How long a server may take to say that it is ready.
const READY: Duration = Duration::from_secs(30);

/// Where a server keeps its data.
#[derive(Clone, Debug)]
pub enum Storage {
    /// SQLite in a folder.
    Folder(PathBuf),
    /// A PostgreSQL database; the folder holds the master key.
    Postgres {
        /// Connection URL.
        url: String,
        /// Where the master key is.
        folder: PathBuf,
    },
}

impl Storage {
    /// The options that name this storage on the command line.
    #[must_use]
    pub fn options(&self) -> Vec<String> {
        match self {
            Self::Folder(folder) => vec!["--data".into(), folder.display().to_string()],
            Self::Postgres { url, folder } => vec![
                "--database-url".into(),
                url.clone(),
                "--master-key-file".into(),
                folder.join("master.key").display().to_string(),
            ],
        }
    }
}

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    /// Its address, such as `http://127.0.0.1:40001`.
    pub address: String,
}

impl Server {
    /// Starts `binary serve` on a free port, or on `listen`; returns once it says that it is ready.
    pub async fn start(
        binary: &Path,
        storage: &Storage,
        listen: &str,
        more: &[&str],
    ) -> anyhow::Result<Self> {
        Self::start_by(None, binary, storage, listen, more).await
    }

    /// The same for a server that goes by a clock of its own.
    pub(crate) async fn start_by(
        clock: Option<&Clock>,
        binary: &Path,
        storage: &Storage,
        listen: &str,
        more: &[&str],
    ) -> anyhow::Result<Self> {
        let mut child = Command::new(binary)
            .arg("serve")
            .args(storage.options())
            .args(["--listen", listen, "--admin-listen", "off", "--log-level", "error"])
            .args(more)
            .envs(clock.map(Clock::environment).unwrap_or_default())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        let out = child.stdout.take().context("no standard output")?;
        let mut lines = BufReader::new(out).lines();
        let ready = async {
            while let Some(line) = lines.next_line().await? {
                if let Some(address) = line.strip_prefix("nuncio is ready at ") {
                    return Ok(address.to_owned());
                }
            }
            anyhow::bail!("the server ended before it was ready")
        };
        let address = tokio::time::timeout(READY, ready).await.context("not ready in time")??;
        Ok(Self { child, address })
    }

    /// The process's number.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// SIGKILL: the process ends between two instructions.
    pub async fn kill(mut self) {
        self.clean_up();
        self.child.kill().await.unwrap();
    }

    /// What its clock leaves behind when it is killed.
    fn clean_up(&self) {
        if let Some(id) = self.child.id() {
            clock::clean_up(id);
        }
    }

    /// SIGTERM: the server drains; returns its exit code.
    pub async fn stop(mut self) -> Option<i32> {
        self.signal("TERM").await;
        self.child.wait().await.unwrap().code()
    }

    /// Sends the process a signal, such as `STOP`.
    pub async fn signal(&self, name: &str) {
        let id = self.child.id().unwrap().to_string();
        let done = Command::new("kill").args([&format!("-{name}"), &id]).status().await;
        assert!(done.unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.clean_up();
    }
}

/// Runs a command of the binary that prints JSON.
pub(crate) async fn json_command(
    binary: &Path,
    storage: &Storage,
    arguments: &[&str],
) -> anyhow::Result<Value> {
    let output =
        Command::new(binary).args(arguments).args(storage.options()).arg("--json").output().await?;
    anyhow::ensure!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).context("not JSON")
}
