//! Three nodes as processes, on one PostgreSQL database and one NATS server, each behind cables of its own that
//! a test can cut.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::server::json_command;
use crate::{Api, Clock, Nats, Proxy, Server, Storage, Wire, postgres};

/// How long anything may take to come about, on a machine that does other things too.
const PATIENCE: Duration = Duration::from_mins(1);

/// A node and what leads to it and away from it.
pub struct Node {
    /// The process; `None` while it is down.
    pub server: Option<Server>,
    /// Its address; stays the same when it is started again.
    pub address: String,
    /// Its name.
    pub name: String,
    /// Its way to the database.
    pub database: Proxy,
    /// Its way to the bus.
    pub bus: Proxy,
    /// The clock that it goes by; `None` for the machine's.
    pub clock: Option<Clock>,
    storage: Storage,
}

/// Three nodes with one app.
pub struct Cluster {
    /// The nodes.
    pub nodes: Vec<Node>,
    /// The bus.
    pub nats: Nats,
    /// The app's server, as it calls the first node; see [`Cluster::api`].
    pub app: Api,
    binary: PathBuf,
    storage: Storage,
    options: Vec<String>,
    _folder: Arc<TempDir>,
    database: postgres::Database,
}

impl Cluster {
    /// Starts three nodes, and makes a production app of the flagship edition. `options` are given to each node.
    pub async fn start(binary: &str, options: &[&str]) -> Self {
        Self::on(postgres::Database::create().await, false, binary, options).await
    }

    /// The same with everything that can be made to fail: a database server of its own, which
    /// [`Cluster::restart_database`] can restart, and nodes with a [`Clock`] of their own.
    pub async fn start_fragile(binary: &str, options: &[&str]) -> Self {
        Self::on(postgres::Database::create_alone().await, true, binary, options).await
    }

    async fn on(
        database: postgres::Database,
        clocks: bool,
        binary: &str,
        options: &[&str],
    ) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let storage = |url: String| Storage::Postgres { url, folder: folder.path().to_owned() };
        let (url, nats) = (database.url().to_owned(), Nats::start().await);
        let (before, after) = url.split_once('@').unwrap();
        let (to, after) = after.split_once('/').unwrap();
        let mut nodes = Vec::new();
        for number in 1..=3 {
            let way = Proxy::to(to).await;
            nodes.push(Node {
                server: None,
                address: "http://127.0.0.1:0".to_owned(),
                name: format!("n{number}"),
                storage: storage(format!("{before}@{}/{after}", way.address())),
                database: way,
                bus: Proxy::to(&nats.address()).await,
                clock: clocks.then(|| Clock::new(folder.path().join(format!("clock{number}")))),
            });
        }
        let mut cluster = Self {
            nodes,
            nats,
            app: Api::new("", "", ""),
            binary: binary.into(),
            storage: storage(url),
            options: options.iter().map(|option| (*option).to_owned()).collect(),
            _folder: folder,
            database,
        };
        for node in 0..cluster.nodes.len() {
            cluster.launch(node).await;
        }
        cluster.app = cluster.another_app().await;
        cluster
    }

    /// Makes an app; returns its app server, which calls the first node.
    pub async fn another_app(&self) -> Api {
        let options = ["app", "create", "--name", "Test", "--environment", "production"];
        let made = self.command(&[options.as_slice(), &["--edition", "flagship"]].concat()).await;
        let text = |member: &str| made[member].as_str().unwrap().to_owned();
        // Tests send as fast as they can; the default rate is for people.
        self.command(&["app", "set", &text("appKey"), "--client-rate", "100000"]).await;
        Api::new(&self.nodes[0].address, &text("appKey"), &text("appSecret"))
    }

    /// Restarts the database server, as after a crash.
    pub async fn restart_database(&self) {
        self.database.restart().await;
    }

    /// Runs SQL on the database, past all nodes.
    pub async fn sql(&self, sql: &str) {
        self.database.run(sql).await;
    }

    /// Starts a node, for the first time or again on the same port.
    pub async fn launch(&mut self, node: usize) {
        self.try_launch(node).await.unwrap();
    }

    /// The same where it may fail.
    pub async fn try_launch(&mut self, node: usize) -> anyhow::Result<()> {
        let Node { address, name, storage, bus, clock, .. } = &self.nodes[node];
        let listen = address.trim_start_matches("http://").to_owned();
        let nats = format!("nats://{}", bus.address());
        let mut more = vec!["--nats-url", &nats, "--node-name", name];
        more.extend(self.options.iter().map(String::as_str));
        let clock = clock.as_ref();
        let server = Server::start_by(clock, &self.binary, storage, &listen, &more).await?;
        let node = &mut self.nodes[node];
        node.address.clone_from(&server.address);
        node.server = Some(server);
        Ok(())
    }

    /// SIGKILL.
    pub async fn kill(&mut self, node: usize) {
        if let Some(server) = self.nodes[node].server.take() {
            server.kill().await;
        }
    }

    /// SIGTERM: the node drains; returns its exit code.
    pub async fn stop(&mut self, node: usize) -> Option<i32> {
        self.nodes[node].server.take()?.stop().await
    }

    /// SIGSTOP: the node freezes.
    pub async fn freeze(&self, node: usize) {
        self.nodes[node].server.as_ref().unwrap().signal("STOP").await;
    }

    /// SIGCONT: it goes on.
    pub async fn thaw(&self, node: usize) {
        self.nodes[node].server.as_ref().unwrap().signal("CONT").await;
    }

    /// The app's server, as it calls a node.
    #[must_use]
    pub fn api(&self, node: usize) -> Api {
        Api::new(&self.nodes[node].address, &self.app.key, &self.app.secret)
    }

    /// Runs a command of the binary on the cluster's database; returns the JSON that it prints.
    pub async fn command(&self, arguments: &[&str]) -> Value {
        json_command(&self.binary, &self.storage, arguments).await.unwrap()
    }

    /// Logs a registered user in on a node.
    pub async fn login(&self, node: usize, token: &str, device: &str) -> anyhow::Result<Wire> {
        Wire::login(&self.nodes[node].address, &self.app.key, token, device).await
    }

    /// Whether a node says that it is ready.
    pub async fn is_ready(&self, node: usize) -> bool {
        let url = format!("{}/readyz", self.nodes[node].address);
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(3)).build();
        http.unwrap().get(url).send().await.is_ok_and(|answer| answer.status() == 200)
    }

    /// Waits until a node is ready, or is not.
    pub async fn wait_ready(&self, node: usize, ready: bool) {
        wait_for("the node's readiness", async || self.is_ready(node).await == ready).await;
    }

    /// Whether a node takes a user for online.
    pub async fn is_online(&self, node: usize, user: &str) -> bool {
        let asked = serde_json::json!({ "userId": user });
        let answer = self.api(node).call("/v4/user/connection-status/get", asked).await;
        answer.body["result"]["status"] == "1"
    }
}

/// Waits until something holds.
pub async fn wait_for(what: &str, holds: impl AsyncFn() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "waited in vain for {what}");
}
