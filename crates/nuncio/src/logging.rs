//! The log: lines on standard error, for people or for machines.

use std::io::IsTerminal as _;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{fmt, registry};

use crate::config::{LogFilter, LogFormat};

/// Starts the log. Once per process.
pub(crate) fn start(format: LogFormat, filter: &LogFilter) -> anyhow::Result<()> {
    // Knows levels of modules, which are all that is promised; the filter that knows more needs regular expressions.
    let filter: Targets = filter.to_string().parse()?;
    let lines =
        fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Text => registry().with(lines).with(filter).try_init(),
        LogFormat::Json => {
            registry().with(lines.json().flatten_event(true)).with(filter).try_init()
        }
    }
    .map_err(|error| anyhow::anyhow!("cannot start the log: {error}"))
}
