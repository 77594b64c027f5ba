//! Connections that do nothing: the memory that each takes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;

use super::{Plan, Scenario};
use crate::net::Net;
use crate::server::{Server, Storage};
use crate::stats::Figures;
use crate::users::{self, AT_ONCE};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "idle",
    does: "19,000 connections that have logged in and do nothing, from two processes: memory of each",
    run,
};

/// Processes that hold the connections: one may open about as many files as the server.
const HOLDERS: usize = 2;
/// After this time nothing is left of the logins but what stays.
const SETTLE: Duration = Duration::from_secs(2);

fn run(plan: &Plan) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    let mut server = Server::start(&plan.binary, Storage::Sqlite)?;
    let (tokens, _) = users::register(server.target(), 0, plan.count(19_000, 100), AT_ONCE)?;
    // What registering left behind would be taken for connections' memory, or hide it.
    server.restart()?;
    let settle = if plan.smoke { Duration::ZERO } else { SETTLE };
    std::thread::sleep(settle);
    let before = server.resident_bytes()?;
    let mut holders = Vec::new();
    for tokens in tokens.chunks(tokens.len().div_ceil(HOLDERS)) {
        holders.push(Holder::start(&server, tokens)?);
    }
    std::thread::sleep(settle);
    let taken = server.resident_bytes()?.saturating_sub(before);
    figures.add("idle-memory", "KiB", taken as f64 / 1024.0 / tokens.len() as f64);
    figures.add("idle-connections", "connections", tokens.len() as f64);
    Ok(figures)
}

/// A process that holds connections; ended when dropped.
struct Holder(Child);

impl Holder {
    /// Returns once all have logged in.
    fn start(server: &Server, tokens: &[String]) -> anyhow::Result<Self> {
        let child = Command::new(std::env::current_exe()?)
            .args(["hold", &server.address.to_string(), &server.app.key])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut this = Self(child);
        let mut input = this.0.stdin.take().context("no input")?;
        input.write_all(tokens.join("\n").as_bytes())?;
        input.write_all(b"\n\n")?;
        this.0.stdin = Some(input);
        let mut line = String::new();
        BufReader::new(this.0.stdout.take().context("no output")?).read_line(&mut line)?;
        anyhow::ensure!(line.trim() == HELD, "connections could not be held");
        Ok(this)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a holder says once all have logged in.
const HELD: &str = "held";

/// What the holding process does: reads tokens, a line for each, up to an empty one; logs in with all of them; and waits
/// until its input ends.
pub(crate) fn hold(address: SocketAddr, app_key: &str) -> anyhow::Result<()> {
    let mut lines = std::io::stdin().lines();
    let mut tokens = Vec::new();
    for line in &mut lines {
        match line? {
            line if line.is_empty() => break,
            line => tokens.push(line),
        }
    }
    let mut net = Net::new()?;
    users::log_in(&mut net, address, app_key, &tokens, AT_ONCE)?;
    writeln!(std::io::stdout(), "{HELD}")?;
    for line in lines {
        line?;
    }
    Ok(())
}
