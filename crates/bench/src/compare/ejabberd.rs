//! ejabberd, from the system's packages, as a process of ours on settings of ours (`peers/ejabberd`).

use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use nuncio_testkit::postgres::Durable;
use tempfile::TempDir;

use crate::http::{self, Target};
use crate::server::App;
use crate::users::{self, AT_ONCE};
use crate::xmpp::{HOST, PASSWORD};
use crate::{progress::Progress, system};

/// Where its packages put what they share.
const SCHEMA: &str = "/usr/share/ejabberd/sql/pg.sql";
/// How long it may take to start.
const PATIENCE: Duration = Duration::from_mins(1);

/// What it does with messages.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Keeps {
    /// It passes them on.
    Nothing,
    /// All of them, in PostgreSQL, and looks at blocklists.
    Archive,
}

/// A running ejabberd; killed when dropped.
pub(super) struct Ejabberd {
    child: Child,
    libraries: PathBuf,
    /// Where clients connect by TCP, and by WebSocket.
    pub(super) tcp: SocketAddr,
    pub(super) http: SocketAddr,
    database: Option<Durable>,
    folder: TempDir,
}

impl Ejabberd {
    pub(super) fn start(keeps: Keeps) -> anyhow::Result<Self> {
        let libraries = libraries()?;
        let folder = tempfile::Builder::new().prefix("nuncio-bench-ejabberd-").tempdir()?;
        let (tcp, http) = (free_address()?, free_address()?);
        let mut settings = match keeps {
            Keeps::Nothing => include_str!("../../peers/ejabberd/relay.yml").to_owned(),
            Keeps::Archive => include_str!("../../peers/ejabberd/archive.yml").to_owned(),
        };
        for (name, address) in [("C2S_PORT", tcp), ("HTTP_PORT", http)] {
            let line = format!("port: {name}");
            settings = settings.replace(&line, &format!("port: {}", address.port()));
        }
        let database = match keeps {
            Keeps::Nothing => None,
            Keeps::Archive => {
                let database = Durable::start();
                let url = database.url();
                let port = url.rsplit_once(':').and_then(|(_, rest)| rest.split('/').next());
                settings = settings.replace("SQL_PORT", port.context("no port")?);
                let done = Command::new("psql")
                    .args(["--quiet", "--file", SCHEMA, &url])
                    .stdout(Stdio::null())
                    .status()
                    .context("cannot run psql")?;
                anyhow::ensure!(done.success(), "its tables could not be made");
                Some(database)
            }
        };
        fs::write(folder.path().join("ejabberd.yml"), settings)?;
        let child = launch(&libraries, folder.path())?;
        let mut this = Self { child, libraries, tcp, http, database, folder };
        this.wait()?;
        Ok(this)
    }

    /// Stops it in order and starts it again on the same data.
    pub(super) fn restart(&mut self) -> anyhow::Result<()> {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().context("cannot run `kill`")?;
        self.child.wait()?;
        self.child = launch(&self.libraries, self.folder.path())?;
        self.wait()
    }

    /// Waits until it accepts connections.
    fn wait(&mut self) -> anyhow::Result<()> {
        let began = Instant::now();
        for address in [self.tcp, self.http] {
            while TcpStream::connect(address).is_err() {
                let ended = self.child.try_wait()?.is_some();
                if ended || began.elapsed() > PATIENCE {
                    let log = fs::read_to_string(self.folder.path().join("ejabberd.log"));
                    anyhow::bail!("it did not start: {}", log.unwrap_or_default());
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        Ok(())
    }

    /// Makes accounts over its API; returns their names, which are what they log in with.
    pub(super) fn register(&self, from: usize, to: usize) -> anyhow::Result<Vec<String>> {
        const PATH: &str = "/api/register";
        // The headers of a signature mean nothing to it.
        let app = App { key: String::new(), secret: String::new() };
        let target = Target { address: self.http, app: &app };
        let mut progress = Progress::new("users registered");
        http::calls(
            target,
            PATH,
            AT_ONCE,
            |number, text| {
                let user = users::name(from + number);
                let _ =
                    write!(text, r#"{{"user":"{user}","host":"{HOST}","password":"{PASSWORD}"}}"#);
                from + number < to
            },
            |_, answer, _| {
                progress.step();
                http::must_be_ok(PATH, answer)
            },
        )?;
        Ok((from..to).map(users::name).collect())
    }

    /// Processor seconds used so far, its database's included.
    pub(super) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        let database = self.database.as_ref().map(Durable::process);
        system::cpu_seconds(&[&[self.child.id()], database.as_slice()].concat())
    }

    /// Its own memory, without its database's.
    pub(super) fn resident_bytes(&self) -> anyhow::Result<u64> {
        system::resident_bytes(self.child.id())
    }
}

impl Drop for Ejabberd {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where the packages' own program is among the system's libraries.
fn libraries() -> anyhow::Result<PathBuf> {
    let places = fs::read_dir("/usr/lib")?.flatten().map(|entry| entry.path());
    places
        .chain([PathBuf::from("/usr/lib")])
        .find(|place| {
            let inside = fs::read_dir(place).into_iter().flatten().flatten();
            inside.into_iter().any(|entry| {
                entry.file_name().to_string_lossy().starts_with("ejabberd-")
                    && entry.path().join("ebin").exists()
            })
        })
        .context("ejabberd is not installed: run `scripts/need ejabberd`")
}

fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// Starts it without the packages' script, which is for a service with a user of its own.
fn launch(libraries: &Path, folder: &Path) -> anyhow::Result<Child> {
    let database = folder.join("mnesia");
    Command::new("erl")
        .args(["-noinput", "+K", "true", "+P", "250000"])
        .args(["-mnesia", "dir", &format!("\"{}\"", database.display())])
        .args(["-s", "ejabberd"])
        .env("ERL_LIBS", libraries)
        // One more than a process may open here is refused by the system, not by it.
        .env("ERL_MAX_PORTS", "32000")
        .env("EJABBERD_CONFIG_PATH", folder.join("ejabberd.yml"))
        .env("EJABBERD_LOG_PATH", folder.join("ejabberd.log"))
        .env("HOME", folder)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("cannot run `erl`: run `scripts/need ejabberd`")
}
