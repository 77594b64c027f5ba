//! `nuncio dev`: a server to try things out on, with an app and two users that stay the same.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use nuncio_core::Core;
use nuncio_protocol::UserId;
use nuncio_protocol::values::Name;
use nuncio_store::apps::{App, Edition, Environment};

use super::{origin, print};
use crate::config::{Config, Given};
use crate::logging;
use crate::pages::{self, Keys};
use crate::server::Server;

pub(super) const AFTER_HELP: &str = "\
Unless told otherwise, everything is kept in ./data/dev, so that key, secret and messages are still there \
next time, and only warnings are logged. Delete the folder to begin anew.

The demo that it prints first shows alice and bob on two phones, and plays the app's server; so whoever reaches \
the server's address is given the app's secret. What it prints last can be copied and pasted: two commands that \
let alice and bob talk in two terminals, and a signed call of the Server API.";

/// The name by which the app is found again.
const APP: &str = "nuncio dev";

pub(super) async fn run(given: Given) -> anyhow::Result<()> {
    let usual = Given {
        data: Some(PathBuf::from("./data/dev")),
        log_level: "warn".parse().ok(),
        webhook_allow_private: Some(true),
        ..Given::default()
    };
    let config = Config::load(given.or(usual))?;
    logging::start(config.log_format, &config.log_level)?;
    let mut trial = None;
    let server = Server::start(config, async |core| {
        let prepared = Trial::prepare(&core.by(origin())).await;
        let prepared = prepared.context("cannot prepare the app to try")?;
        Ok(pages::demo(trial.insert(prepared).keys()))
    })
    .await?;
    let trial = trial.context("nothing was prepared to try")?;
    let link = server.first_owner_link().await?;
    print(&trial.session(server.url(), link.as_deref()))?;
    print(&server.ready())?;
    server.run().await
}

/// What there is to try with.
struct Trial {
    app: App,
    secret: String,
    alice: String,
    bob: String,
}

impl Trial {
    /// Makes it, or finds what an earlier run has made.
    async fn prepare(core: &Core) -> anyhow::Result<Self> {
        let found = core.apps().await?.into_iter().find(|app| app.name == APP);
        let app = match found {
            Some(app) => app,
            None => core.create_app(APP, Environment::Development, Edition::Free).await?.app,
        };
        let secret = core.app_secret(&app)?.to_string();
        let alice = token(core, &app, "alice", "Alice").await?;
        let bob = token(core, &app, "bob", "Bob").await?;
        Ok(Self { app, secret, alice, bob })
    }

    /// What the demo needs to be the app's server.
    fn keys(&self) -> Keys {
        Keys { app_key: self.app.key.to_string(), app_secret: self.secret.clone() }
    }

    /// What is printed: the addresses, the keys, and commands to copy and paste.
    fn session(&self, url: &str, first_owner_link: Option<&str>) -> String {
        let console = match first_owner_link {
            Some(link) => format!("{link} (good once)"),
            None => format!("{url}/console/"),
        };
        let (program, key, secret) = (program(), &self.app.key, &self.secret);
        let mut text = String::new();
        let _ = write!(
            text,
            "\
Demo, two phones:       {url}/demo/
Console:                {console}
API reference:          {url}/docs
Server API and clients: {url}

App Key:    {key}
App Secret: {secret}

Let alice and bob talk. In a second terminal, as bob:

  {program} client --server {url} --app-key {key} --token {bob}

In a third, as alice:

  {program} client --server {url} --app-key {key} --token {alice}

and type there, as one line:

  {{\"send\":{{\"to\":\"bob\",\"text\":\"Hello Bob\"}}}}

Call the Server API as the app's server would:

  NONCE=$RANDOM TIMESTAMP=$(date +%s%3N)
  SIGNATURE=$(printf %s \"{secret}$NONCE$TIMESTAMP\" | sha1sum | cut -d' ' -f1)
  curl {url}/v4/user/get -H 'App-Key: {key}' -H \"Nonce: $NONCE\" -H \"Timestamp: $TIMESTAMP\" \\
    -H \"Signature: $SIGNATURE\" -H 'Content-Type: application/json' -d '{{\"userId\":\"alice\"}}'
",
            alice = self.alice,
            bob = self.bob
        );
        text
    }
}

/// Registers the user, or finds it registered, and issues a token.
async fn token(core: &Core, app: &App, user: &str, name: &str) -> anyhow::Result<String> {
    let (user, name) = (UserId::try_from(user)?, Name::try_from(name)?);
    Ok(core.issue_token(app, user, name, None, None).await?)
}

/// How the reader calls this program from here.
fn program() -> String {
    let program = std::env::current_exe().unwrap_or_else(|_| "nuncio".into());
    let here = std::env::current_dir().unwrap_or_default();
    program.strip_prefix(&here).unwrap_or(&program).display().to_string()
}
