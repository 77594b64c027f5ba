//! The load generator: drives a Nuncio server of its own through its public surface, and reads the server's
//! memory and processor time from the system.
//!
//! It and the server share the machine, so that rates say less than the server's CPU seconds and bytes.

mod load;
mod process;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "nuncio-bench", about = "Load a Nuncio server and measure it")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Log in many users at once, and send messages between some of them all the while
    Load(load::Load),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Load(load) => load.run().await,
    }
}
