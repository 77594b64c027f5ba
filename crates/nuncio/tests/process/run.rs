//! Starts the binary and reads what it says.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinHandle;

/// How long anything may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// The binary, in an environment without settings.
pub(crate) fn nuncio() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nuncio"));
    command.env_clear().kill_on_drop(true).stdin(Stdio::null());
    command
}

/// Runs it to its end.
pub(crate) async fn run(arguments: &[&str]) -> Output {
    within(nuncio().args(arguments).output()).await.unwrap()
}

/// What it printed, when it succeeded.
pub(crate) async fn printed(arguments: &[&str]) -> String {
    let output = run(arguments).await;
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {told}");
    String::from_utf8(output.stdout).unwrap()
}

/// What it complained about, when it failed with `code`.
pub(crate) async fn refused(arguments: &[&str], code: i32) -> String {
    let output = run(arguments).await;
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

pub(crate) async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.expect("it took too long")
}

/// Waits until `look` finds something.
pub(crate) async fn wait_for<T>(mut look: impl AsyncFnMut() -> Option<T>) -> T {
    within(async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
}

/// A server at work.
pub(crate) struct Running {
    child: Child,
    /// Lines of standard output that were not read yet.
    pub(crate) lines: Lines<BufReader<ChildStdout>>,
    log: JoinHandle<String>,
    /// Lines before the one that says that it is ready.
    pub(crate) before: Vec<String>,
    /// Its address.
    pub(crate) url: String,
}

/// What is left of a server that has ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: Vec<String>,
    pub(crate) log: String,
}

impl Running {
    /// Starts `nuncio serve` on a free port of this machine.
    pub(crate) async fn serve(data: &Path, more: &[&str]) -> Self {
        let mut command = nuncio();
        command.arg("serve").arg("--data").arg(data).args(["--listen", "127.0.0.1:0"]);
        if !more.contains(&"--admin-listen") {
            command.args(["--admin-listen", "off"]);
        }
        command.args(more);
        Self::start(command).await
    }

    /// Starts a command that ends up serving.
    pub(crate) async fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut stderr = child.stderr.take().unwrap();
        let log = tokio::spawn(async move {
            let mut log = String::new();
            stderr.read_to_string(&mut log).await.unwrap();
            log
        });
        let mut before = Vec::new();
        loop {
            let Some(line) = within(lines.next_line()).await.unwrap() else {
                panic!("it ended before it was ready: {}", log.await.unwrap());
            };
            if let Some(url) = line.strip_prefix("nuncio is ready at ") {
                let url = url.to_owned();
                return Self { child, lines, log, before, url };
            }
            before.push(line);
        }
    }

    /// SIGTERM, without waiting for what comes of it.
    pub(crate) fn terminate(&self) {
        let id = i32::try_from(self.child.id().unwrap()).unwrap();
        let id = rustix::process::Pid::from_raw(id).unwrap();
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    }

    /// Waits for the end.
    pub(crate) async fn end(mut self) -> Ended {
        let mut out = Vec::new();
        while let Some(line) = within(self.lines.next_line()).await.unwrap() {
            out.push(line);
        }
        let code = within(self.child.wait()).await.unwrap().code();
        Ended { code, out, log: self.log.await.unwrap() }
    }

    /// SIGTERM, and the end.
    pub(crate) async fn stop(self) -> Ended {
        self.terminate();
        self.end().await
    }
}
