//! The command line. Standard output carries data, standard error talk; exit 0 when all is well, 1 when not,
//! 2 when wrongly asked, and 3 when `client` was refused at login.

mod app;
mod audit;
mod client;
mod config;
mod console;
mod dev;
mod docs;
mod node;
mod output;
mod push;
mod user;
mod webhook;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use axum::Router;
use clap::{
    ArgMatches, Args, Command, CommandFactory as _, FromArgMatches as _, Parser, Subcommand,
};

use nuncio_protocol::Origin;

use crate::config::{Config, Given, LogFormat, SETTINGS, ServeFlags, StoreFlags};
use crate::logging;
use crate::server::Server;

/// A self-hosted instant-messaging service in one binary
#[derive(Debug, Parser)]
#[command(name = "nuncio", version, propagate_version = true, max_term_width = 100, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: What,
}

const AFTER_HELP: &str = "To try it out:
  nuncio dev

To run it:
  nuncio app create --name \"My app\" --environment production --edition flagship
  nuncio serve --listen 0.0.0.0:9645";

#[derive(Debug, Subcommand)]
enum What {
    /// Run a server to try things out, with an app and two users
    #[command(after_help = dev::AFTER_HELP)]
    Dev(ServerArgs),
    /// Run the server
    #[command(after_help = SERVE_AFTER_HELP)]
    Serve(ServerArgs),
    /// Make, list and change apps, also while a server runs
    #[command(subcommand)]
    App(app::AppCommand),
    /// Tell apps' servers of events, also while a server runs
    #[command(subcommand)]
    Webhook(webhook::WebhookCommand),
    /// Tell devices of messages while their users are away
    #[command(subcommand)]
    Push(push::PushCommand),
    /// Check the audit trail, and print it
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Let operators into the console, also while a server runs
    #[command(subcommand)]
    Console(console::ConsoleCommand),
    /// List the nodes of a cluster
    #[command(subcommand)]
    Node(node::NodeCommand),
    /// Find out where in a cluster a user is connected
    #[command(subcommand)]
    User(user::UserCommand),
    /// Connect as a user: JSON lines in, JSON lines out
    #[command(after_help = client::AFTER_HELP)]
    Client(client::ClientArgs),
    /// Print the settings that are in force, secrets hidden, and where each comes from
    Config(ServerArgs),
    /// Print the Server API's OpenAPI document
    Openapi,
    /// Print a page of the documentation that is made from the program
    #[command(subcommand, hide = true)]
    Docs(docs::Page),
}

// Each paragraph is one line, for clap to wrap to the terminal.
const SERVE_AFTER_HELP: &str = "\
Each setting can be given in three ways. A flag wins over the environment, the environment over the file \
(`--config`, the same names, such as `drain-timeout = \"30s\"`), and the file over the default. `nuncio \
config` prints what is in force.

Once connections are accepted, one line on standard output says where:
  nuncio is ready at http://127.0.0.1:9645

SIGTERM and SIGINT drain: nothing new is accepted, clients are told to reconnect, requests are answered, \
exit 0. A second signal stops at once.

On one machine, everything in ./data:
  nuncio serve --listen 0.0.0.0:9645
With TLS:
  nuncio serve --listen 0.0.0.0:443 --tls-cert chain.pem --tls-key key.pem
On PostgreSQL:
  export NUNCIO_DATABASE_URL=postgres://nuncio:password@db.example.org/nuncio
  nuncio serve --master-key-file /etc/nuncio/master.key
As a node of a cluster, with the same database, NATS and master key as the others:
  nuncio serve --nats-url nats://n1.example.org:4222 --master-key-file /etc/nuncio/master.key
From a file:
  nuncio serve --config /etc/nuncio.toml

Apps are made beside it; calls are signed with their keys and secrets:
  nuncio app create --name \"My app\"";

#[derive(Debug, Args)]
struct ConfigFile {
    /// Configuration file, TOML
    #[arg(long, env = "NUNCIO_CONFIG", hide_env_values = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ConfigFile {
    fn read(&self) -> anyhow::Result<Given> {
        self.config.as_deref().map_or_else(|| Ok(Given::default()), Given::read)
    }
}

/// What a command that serves can be told.
#[derive(Debug, Args)]
struct ServerArgs {
    #[command(flatten)]
    file: ConfigFile,
    #[command(flatten)]
    store: StoreFlags,
    #[command(flatten)]
    serve: ServeFlags,
}

impl ServerArgs {
    fn given(self) -> anyhow::Result<Given> {
        let flags = Given::from(self.store).or(self.serve.into());
        Ok(flags.or(self.file.read()?))
    }
}

/// What a command that only touches the store can be told.
#[derive(Debug, Args)]
struct StoreArgs {
    #[command(flatten)]
    file: ConfigFile,
    #[command(flatten)]
    store: StoreFlags,
}

impl StoreArgs {
    fn given(self) -> anyhow::Result<Given> {
        Ok(Given::from(self.store).or(self.file.read()?))
    }
}

/// Reads the command line and does what it says.
pub(crate) async fn run() -> ExitCode {
    let matches = command().get_matches();
    let done = match Cli::from_arg_matches(&matches) {
        Ok(cli) => Box::pin(dispatch(cli.command, &matches)).await,
        Err(error) => error.exit(),
    };
    done.unwrap_or_else(|error| failed(&error))
}

/// Says what went wrong, cause by cause on one line.
pub(crate) fn failed(error: &anyhow::Error) -> ExitCode {
    // Not `eprintln!`, which panics when nobody reads any more.
    let _ = writeln!(std::io::stderr(), "error: {error:#}");
    ExitCode::FAILURE
}

async fn dispatch(what: What, matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    match what {
        What::Dev(args) => dev::run(args.given()?).await?,
        What::Serve(args) => serve(Config::load(args.given()?)?).await?,
        What::App(command) => {
            quiet_log()?;
            command.run().await?;
        }
        What::Push(command) => {
            quiet_log()?;
            command.run().await?;
        }
        What::Webhook(command) => {
            quiet_log()?;
            command.run().await?;
        }
        What::Audit(command) => {
            quiet_log()?;
            return command.run().await;
        }
        What::Console(command) => {
            quiet_log()?;
            command.run().await?;
        }
        What::Node(command) => {
            quiet_log()?;
            command.run().await?;
        }
        What::User(command) => {
            quiet_log()?;
            command.run().await?;
        }
        What::Client(args) => {
            quiet_log()?;
            return args.run().await;
        }
        What::Config(args) => config::print_in_force(args.given()?, matches)?,
        What::Openapi => print(&format!("{:#}", nuncio_api::openapi()))?,
        What::Docs(page) => print(page.text().trim_end())?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Who has given this command, for the audit trail: the name that the machine knows the account by.
#[expect(clippy::disallowed_methods, reason = "who gives a command is no setting")]
fn origin() -> Origin {
    let name = ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    Origin::command_line(
        name.unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw())),
    )
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let format = config.log_format;
    logging::start(format, &config.log_level)?;
    let server = Server::start(config, async |_| Ok(Router::new())).await?;
    if let Some(link) = server.first_owner_link().await? {
        let told = "the console has no owner: this link lets the first one in, once, within 3 days";
        let line = match format {
            LogFormat::Json => {
                serde_json::json!({ "level": "INFO", "message": told, "link": link }).to_string()
            }
            LogFormat::Text => format!("{told}:\n  {link}"),
        };
        // Beside the log, which others may read.
        let _ = writeln!(std::io::stderr(), "{line}");
    }
    print(&server.ready())?;
    server.run().await
}

/// The log of a command that is over soon: only what went wrong.
fn quiet_log() -> anyhow::Result<()> {
    logging::start(LogFormat::Text, &"warn".parse().map_err(anyhow::Error::msg)?)
}

/// Writes a line to standard output. Not `println!`, which panics when the reader has gone.
fn print(line: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()?;
    Ok(())
}

/// The command line, its help completed with the settings' defaults.
fn command() -> Command {
    with_defaults(Cli::command())
}

fn with_defaults(command: Command) -> Command {
    let default = |id: &str| SETTINGS.iter().find(|s| s.id == id).and_then(|s| s.default);
    command
        .mut_args(|arg| match (default(arg.get_id().as_str()), arg.get_help()) {
            (Some(default), Some(help)) => {
                let help = format!("{help} [default: {default}]");
                arg.help(help)
            }
            _ => arg,
        })
        .mut_subcommands(with_defaults)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_well_formed() {
        super::command().debug_assert();
    }
}
