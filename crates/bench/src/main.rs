//! The load generator: drives a Nuncio server through its public surface, the signed Server API and the client
//! protocol, and reads the server's processor time and memory from the system.
//!
//! It and the server share the machine, so that rates say less than the server's CPU seconds and bytes. For the
//! same reason it is one thread without tasks, timers or locks (`net`), its messages are written in one piece, and
//! what comes is read no further than it must be (`frames`). A scenario is a file in `scenario`; `goals` says which of
//! what they measure has to be how good.

mod compare;
mod dialect;
mod echo;
mod frames;
mod gateway;
mod goals;
mod hold;
mod http;
mod net;
mod pairs;
mod plot;
mod progress;
mod report;
mod scenario;
mod server;
mod stats;
mod system;
mod users;
mod ws;
mod xmpp;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use scenario::{Plan, SCENARIOS};

#[derive(Debug, Parser)]
#[command(name = "nuncio-bench", about = "Load a Nuncio server, measure it, and compare it")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure the speed goals, and say of each whether it holds; exits with 1 when one falls short
    Goals {
        /// Only these goals, by their name or by their scenario's
        names: Vec<String>,
        #[command(flatten)]
        how: How,
    },
    /// Measure scenarios, and show minimum, median and maximum over the runs
    Run {
        /// Only these scenarios
        names: Vec<String>,
        #[command(flatten)]
        how: How,
    },
    /// Measure Nuncio, its limit and its peers in turn, and show how many times better or worse they are
    Compare {
        /// Only these sides
        names: Vec<String>,
        #[command(flatten)]
        how: How,
    },
    /// Make pictures of what `run`, `goals` and `compare` wrote as JSON
    Plot {
        /// The files
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// The folder for the pictures
        #[arg(long, value_name = "DIR", default_value = "docs/images")]
        out: PathBuf,
    },
    /// Hold connections for a scenario; reads credentials from standard input
    #[command(hide = true)]
    Hold { dialect: String, address: SocketAddr, key: String },
    /// Serve as the limit: a WebSocket that says back what it hears
    #[command(hide = true)]
    Echo,
}

/// How to measure.
#[derive(Args, Debug)]
struct How {
    /// The server's binary; without it, the one that belongs to this source (under cargo, which then builds it), or the
    /// one beside this program
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Runs of each measurement; the median counts
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=100))]
    runs: u16,
    /// Seconds of each run, after a warm-up of a third of that
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=3600))]
    seconds: u16,
    /// Minutes that the scenario `mix` lasts
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1440))]
    minutes: u16,
    /// Messages per second of the scenario `mix`, in the mean
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rate: u32,
    /// Write all figures to this file, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Do everything a little, to see that it works; the figures mean nothing
    #[arg(long)]
    smoke: bool,
    #[arg(long, env = "CARGO", hide = true)]
    cargo: Option<PathBuf>,
}

impl How {
    fn plan(&self) -> anyhow::Result<Plan> {
        let binary = server::binary(self.binary.as_deref(), self.cargo.as_deref())?;
        let (runs, span) = if self.smoke {
            (1, Duration::from_millis(200))
        } else {
            (self.runs.into(), Duration::from_secs(self.seconds.into()))
        };
        let mix = Duration::from_mins(self.minutes.into());
        let (warm, mix_rate, smoke) = (span / 3, self.rate, self.smoke);
        Ok(Plan { binary, runs, span, warm, mix, mix_rate, smoke })
    }
}

/// The server's, since the limit has to stand on what the server stands on.
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let command = Cli::command()
        .mut_subcommand("goals", |it| it.after_help(format!("Goals:\n{}", goals::names())))
        .mut_subcommand("run", |it| it.after_help(format!("Scenarios:\n{}", scenario::names())))
        .mut_subcommand("compare", |it| it.after_help(format!("Sides:\n{}", compare::names())));
    let cli = Cli::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit());
    match run(cli.command) {
        Ok(code) => code,
        Err(error) => {
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Goals { names, how } => {
            let (all_hold, measured) = goals::measure(&how.plan()?, &names)?;
            if let Some(file) = &how.json {
                report::write_json(file, &measured)?;
            }
            Ok(if all_hold { ExitCode::SUCCESS } else { ExitCode::from(1) })
        }
        Command::Run { names, how } => {
            let plan = how.plan()?;
            for name in &names {
                let known = SCENARIOS.iter().any(|scenario| scenario.name == name);
                anyhow::ensure!(
                    known,
                    "there is no scenario `{name}`: see `nuncio-bench run --help`"
                );
            }
            let mut measured = Vec::new();
            for scenario in SCENARIOS {
                if names.is_empty() || names.iter().any(|name| name == scenario.name) {
                    measured.push((scenario, (scenario.run)(&plan)?));
                    report::print(&measured[measured.len() - 1..])?;
                }
            }
            if let Some(file) = &how.json {
                report::write_json(file, &measured)?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Compare { names, how } => {
            let compared = compare::measure(&how.plan()?, &names)?;
            compare::print(&compared)?;
            if let Some(file) = &how.json {
                compare::write_json(file, &compared)?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Plot { files, out } => {
            use std::io::Write as _;
            for file in plot::draw(&files, &out)? {
                writeln!(std::io::stdout(), "{}", file.display())?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Hold { dialect, address, key } => {
            hold::hold(&dialect, address, &key)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Echo => {
            echo::serve()?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
