//! Runs a command with an empty PostgreSQL database of its own, whose URL is in `NUNCIO_TEST_DATABASE_URL`.
//!
//!     cargo run -p nuncio-testkit --example with_postgres -- tests/sdk/run

use std::process::{Command, ExitCode};

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let mut command = std::env::args_os().skip(1);
    let program = command.next().ok_or_else(|| anyhow::anyhow!("name a command"))?;
    let database = nuncio_testkit::postgres::Database::create().await;
    let status = Command::new(program)
        .args(command)
        .env("NUNCIO_TEST_DATABASE_URL", database.url())
        .status()?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
