//! A server, an app on it, and its users: where most tests begin.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::server::json_command;
use crate::{Api, Server, Storage, Wire, postgres};

/// Receivers of webhooks are on this machine.
const MORE: &[&str] = &["--webhook-allow-private", "true"];

/// A running server with one app.
pub struct World {
    /// The process; `None` while it is down.
    pub server: Option<Server>,
    /// Its address; stays the same when it is started again.
    pub address: String,
    /// The app's server.
    pub api: Api,
    binary: PathBuf,
    storage: Storage,
    _folder: TempDir,
    _database: Option<postgres::Database>,
}

impl World {
    /// Starts `binary` on SQLite in a new folder, and makes a production app of the flagship edition.
    pub async fn on_sqlite(binary: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::Folder(folder.path().to_owned());
        Self::start(binary, storage, folder, None).await
    }

    /// The same on a new PostgreSQL database.
    pub async fn on_postgres(binary: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = postgres::Database::create().await;
        let url = database.url().to_owned();
        let storage = Storage::Postgres { url, folder: folder.path().to_owned() };
        Self::start(binary, storage, folder, Some(database)).await
    }

    async fn start(
        binary: &str,
        storage: Storage,
        folder: TempDir,
        database: Option<postgres::Database>,
    ) -> Self {
        let server = Server::start(Path::new(binary), &storage, "127.0.0.1:0", MORE).await.unwrap();
        let address = server.address.clone();
        let mut world = Self {
            server: Some(server),
            api: Api::new(&address, "", ""),
            address,
            binary: binary.into(),
            storage,
            _folder: folder,
            _database: database,
        };
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
        json_command(&self.binary, &self.storage, arguments).await.unwrap()
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

    /// Kills the server with SIGKILL.
    pub async fn kill(&mut self) {
        if let Some(server) = self.server.take() {
            server.kill().await;
        }
    }

    /// Starts the server again, on the same data and the same port.
    pub async fn restart(&mut self) {
        let listen = self.address.trim_start_matches("http://").to_owned();
        let server = Server::start(&self.binary, &self.storage, &listen, MORE).await.unwrap();
        self.server = Some(server);
    }
}
