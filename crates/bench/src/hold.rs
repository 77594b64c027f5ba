//! Connections that do nothing, held by processes of their own: one process may open about as many files as the server.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;

use crate::dialect::{Dialect, Door};
use crate::net::Net;
use crate::users::{self, AT_ONCE};

/// What a holder says once all have logged in.
const HELD: &str = "held";

/// A process that holds connections; ended when dropped.
pub(crate) struct Holder(Child);

impl Holder {
    /// Returns once all have logged in.
    pub(crate) fn start(door: Door<'_>, credentials: &[String]) -> anyhow::Result<Self> {
        let child = Command::new(std::env::current_exe()?)
            .args(["hold", door.dialect.name(), &door.address.to_string(), door.key])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut this = Self(child);
        let mut input = this.0.stdin.take().context("no input")?;
        input.write_all(credentials.join("\n").as_bytes())?;
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

/// What the process does: reads credentials, a line for each, up to an empty one; logs in with all of them; and waits
/// until its input ends.
pub(crate) fn hold(dialect: &str, address: SocketAddr, key: &str) -> anyhow::Result<()> {
    let dialect = Dialect::named(dialect).context("no such dialect")?;
    let mut lines = std::io::stdin().lines();
    let mut credentials = Vec::new();
    for line in &mut lines {
        match line? {
            line if line.is_empty() => break,
            line => credentials.push(line),
        }
    }
    let mut net = Net::new()?;
    users::log_in(&mut net, Door { dialect, address, key }, &credentials, AT_ONCE)?;
    writeln!(std::io::stdout(), "{HELD}")?;
    for line in lines {
        line?;
    }
    Ok(())
}
