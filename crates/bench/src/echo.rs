//! The limit: a bare WebSocket echo server, a process of this program, with the gateway's WebSocket, HTTP and runtime.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpSocket;

/// Connections that may wait to be accepted, as many as at the server.
const BACKLOG: u32 = 4096;
/// What the process prints before its address.
const READY: &str = "echo is ready at ";

/// A running echo server; killed when dropped.
pub(crate) struct Echo {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Echo {
    pub(crate) fn start() -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("echo")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the echo server")?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        let address = line.trim().strip_prefix(READY).context("the echo server did not start")?;
        Ok(Self { child, address: address.parse()? })
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the process does: accepts connections as the server does, until it is killed.
pub(crate) fn serve() -> anyhow::Result<()> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let listener = socket.listen(BACKLOG)?;
        writeln!(std::io::stdout(), "{READY}{}", listener.local_addr()?)?;
        let mut http = hyper::server::conn::http1::Builder::new();
        http.timer(TokioTimer::new());
        let router = nuncio_gateway::echo::router();
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let service = TowerToHyperService::new(router.clone());
            let connection = http.serve_connection(TokioIo::new(stream), service).with_upgrades();
            tokio::spawn(async move {
                // A client that goes away ends nothing but its connection.
                let _ = connection.await;
            });
        }
    })
}
