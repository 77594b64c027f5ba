//! A server, an app on it, and its users: where most tests begin.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::server::json_command;
use crate::{Api, Cluster, Proxy, Server, Storage, Wire, postgres};

/// Receivers of webhooks are on this machine.
const MORE: &[&str] = &["--webhook-allow-private", "true"];

/// A running server, or three of them as one, with one app.
pub struct World {
    /// Where it is reached; stays the same when it is started again.
    pub address: String,
    /// The app's server.
    pub api: Api,
    servers: Servers,
}

enum Servers {
    One(Box<Single>),
    /// With what stands in front of them.
    Three(Box<Cluster>, #[expect(dead_code, reason = "passes on until it is dropped")] Proxy),
}

struct Single {
    /// The process; `None` while it is down.
    server: Option<Server>,
    binary: PathBuf,
    options: Vec<String>,
    storage: Storage,
    _folder: TempDir,
    _database: Option<postgres::Database>,
}

impl World {
    /// Starts `binary` with some options on SQLite in a new folder, and makes a production app of the flagship edition.
    pub async fn on_sqlite(binary: &str, options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::Folder(folder.path().to_owned());
        Self::start(binary, options, storage, folder, None).await
    }

    /// The same on a new PostgreSQL database.
    pub async fn on_postgres(binary: &str, options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = postgres::Database::create().await;
        let url = database.url().to_owned();
        let storage = Storage::Postgres { url, folder: folder.path().to_owned() };
        Self::start(binary, options, storage, folder, Some(database)).await
    }

    /// The same as a cluster: each call and each login goes to any of three nodes, as behind a load balancer.
    pub async fn on_cluster(binary: &str, options: &[&str]) -> Self {
        let cluster = Cluster::start(binary, &[MORE, options].concat()).await;
        let host = |address: &String| address.trim_start_matches("http://").to_owned();
        let nodes = cluster.nodes.iter().map(|node| host(&node.address)).collect();
        let front = Proxy::to_any(nodes).await;
        let address = format!("http://{}", front.address());
        let api = Api::new(&address, &cluster.app.key, &cluster.app.secret);
        Self { address, api, servers: Servers::Three(Box::new(cluster), front) }
    }

    async fn start(
        binary: &str,
        options: &[&str],
        storage: Storage,
        folder: TempDir,
        database: Option<postgres::Database>,
    ) -> Self {
        let options = [MORE, options].concat();
        let server = Server::start(Path::new(binary), &storage, "127.0.0.1:0", &options);
        let server = server.await.unwrap();
        let address = server.address.clone();
        let server = Some(server);
        let binary = binary.into();
        let options = options.into_iter().map(str::to_owned).collect();
        let single =
            Single { server, binary, options, storage, _folder: folder, _database: database };
        let servers = Servers::One(Box::new(single));
        let mut world = Self { api: Api::new(&address, "", ""), address, servers };
        world.api = world.app("production", "flagship").await;
        world
    }

    /// Makes an app whose clients may call at any rate; returns its app server.
    pub async fn app(&self, environment: &str, edition: &str) -> Api {
        let options =
            ["app", "create", "--name", "Test", "--environment", environment, "--edition", edition];
        let made = self.command(&options).await;
        let text = |member: &str| made[member].as_str().unwrap().to_owned();
        // Tests send as fast as they can; the default rate is for people.
        self.command(&["app", "set", &text("appKey"), "--client-rate", "100000"]).await;
        Api::new(&self.address, &text("appKey"), &text("appSecret"))
    }

    /// Runs a command of the binary on this world's store; returns the JSON that it prints.
    pub async fn command(&self, arguments: &[&str]) -> Value {
        match &self.servers {
            Servers::One(single) => {
                json_command(&single.binary, &single.storage, arguments).await.unwrap()
            }
            Servers::Three(cluster, _) => cluster.command(arguments).await,
        }
    }

    /// Registers a user and logs it in on a device.
    pub async fn login(&self, user: &str, device: &str) -> Wire {
        let token = self.api.token(user).await;
        self.login_with(&token, device).await.unwrap()
    }

    /// Logs in with a token.
    pub async fn login_with(&self, token: &str, device: &str) -> anyhow::Result<Wire> {
        Wire::login(&self.address, &self.api.key, token, device).await
    }

    /// Kills the server, or all nodes, with SIGKILL.
    pub async fn kill(&mut self) {
        match &mut self.servers {
            Servers::One(single) => {
                if let Some(server) = single.server.take() {
                    server.kill().await;
                }
            }
            Servers::Three(cluster, _) => {
                for node in 0..cluster.nodes.len() {
                    cluster.kill(node).await;
                }
            }
        }
    }

    /// Starts the server again, on the same data and the same port.
    pub async fn restart(&mut self) {
        let listen = self.address.trim_start_matches("http://").to_owned();
        match &mut self.servers {
            Servers::One(single) => {
                let Single { binary, storage, options, .. } = &**single;
                let options: Vec<_> = options.iter().map(String::as_str).collect();
                let server = Server::start(binary, storage, &listen, &options).await.unwrap();
                single.server = Some(server);
            }
            Servers::Three(cluster, _) => {
                for node in 0..cluster.nodes.len() {
                    cluster.launch(node).await;
                }
            }
        }
    }
}
