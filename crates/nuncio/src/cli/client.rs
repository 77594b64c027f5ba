//! `nuncio client`: a scriptable client, thin over the SDK's own.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use nuncio_client::{Client, json};
use secrecy::{ExposeSecret as _, SecretString};

pub(super) const AFTER_HELP: &str = "\
One JSON object a line, both ways. In:
  {\"send\":{\"ref\":\"1\",\"to\":\"bob\",\"text\":\"Hello Bob\"}}
  {\"call\":{\"ref\":\"2\",\"method\":\"addToBlocklist\",\"params\":{\"userId\":\"bob\"}}}
  {\"disconnect\":{}}
Out, among others:
  {\"connected\":{\"userId\":\"alice\"}}
  {\"sent\":{\"ref\":\"1\",\"messageId\":\"...\",\"sentAt\":1769847300000}}
  {\"message\":{\"messageId\":\"...\",\"from\":\"bob\",\"to\":\"alice\",...}}
  {\"result\":{\"ref\":\"2\",\"value\":...}}
  {\"error\":{\"ref\":\"1\",\"code\":405,\"name\":\"IN_BLOCKLIST\",\"message\":\"...\"}}
  {\"disconnected\":{\"code\":32054,\"name\":\"COME_BACK\",\"willReconnect\":true}}

Exit 0 after `disconnect` or the end of the input, 3 when refused at login (the error line says why), else 1.";

#[derive(Debug, Args)]
pub(super) struct ClientArgs {
    /// The server, as http://HOST:PORT or https://HOST:PORT
    #[arg(long, env = "NUNCIO_SERVER", hide_env_values = true, value_name = "URL")]
    server: String,
    /// The App Key
    #[arg(long, env = "NUNCIO_APP_KEY", hide_env_values = true, value_name = "KEY")]
    app_key: String,
    /// The user's token, which the app server has issued
    #[arg(long, env = "NUNCIO_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: SecretString,
    /// Name of this installation; a login with the same name replaces the other connection. By default a
    /// random one, which the database remembers
    #[arg(long, value_name = "ID")]
    device_id: Option<String>,
    /// File for the local database, so that the next run goes on where this one ends. By default in memory
    #[arg(long, value_name = "FILE")]
    database: Option<PathBuf>,
    /// Certificates to trust besides the public ones, PEM
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

impl ClientArgs {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let mut builder = Client::builder(self.server, self.app_key)
            .token(self.token.expose_secret())
            .platform("cli");
        if let Some(id) = self.device_id {
            builder = builder.device_id(id);
        }
        if let Some(path) = self.database {
            builder = builder.database(path);
        }
        if let Some(path) = self.ca_file {
            let pem = std::fs::read(&path)
                .with_context(|| format!("cannot read `{}`", path.display()))?;
            builder = builder.root_certificates(pem);
        }
        let (client, events) = builder.build().await?;
        let input = tokio::io::BufReader::new(tokio::io::stdin());
        let exit = json::run(client, events, input, tokio::io::stdout()).await?;
        Ok(ExitCode::from(exit.status()))
    }
}
