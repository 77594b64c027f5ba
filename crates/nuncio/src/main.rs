//! The Nuncio server: one binary with everything.
//!
//! [`cli`] says what can be asked of it, [`config`] what can be set, [`server`] puts the parts together and
//! runs them.

mod cli;
mod config;
mod courier;
mod logging;
mod pages;
mod product;
mod server;

use std::process::ExitCode;

/// Gives memory back after a storm of reconnections, and does not scatter long-lived connections' memory.
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    // Fails only when there is a provider already, which is then this one.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return cli::failed(&anyhow::Error::new(error)),
    };
    let code = runtime.block_on(cli::run());
    // Not waited for: a thread that reads standard input ends only with the process.
    runtime.shutdown_background();
    code
}
