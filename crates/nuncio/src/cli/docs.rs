//! `nuncio docs`: pages of the documentation that are made from the program; a test fails when the committed
//! ones are stale, and `make docs` writes them anew.

use std::fmt::Write as _;

use clap::Subcommand;
use nuncio_protocol::Code;

use crate::config::SETTINGS;

#[derive(Clone, Copy, Debug, Subcommand)]
pub(super) enum Page {
    /// docs/codes.md
    Codes,
    /// docs/nuncio.example.toml
    Config,
}

impl Page {
    pub(super) fn text(self) -> String {
        match self {
            Self::Codes => codes(),
            Self::Config => config(),
        }
    }
}

fn codes() -> String {
    let mut text = "# Codes\n\n\
        Every way in which the service says no. A Server API answer carries the number as `code` and has the\n\
        HTTP status; a client is told number, name and a sentence in a `Failure` frame. Numbers never change their\n\
        meaning. Success is 0, and 200 on the older form-encoded paths.\n\n\
        | code | name | HTTP | meaning |\n|---|---|---|---|\n"
        .to_owned();
    let mut codes = Code::ALL.to_vec();
    codes.sort_by_key(|code| code.number());
    for code in codes {
        // Lines of one comment follow each other without a break.
        let meaning = code.meaning().trim();
        let _ = writeln!(
            text,
            "| {} | {} | {} | {meaning} |",
            code.number(),
            code.name(),
            code.status()
        );
    }
    text
}

fn config() -> String {
    let mut text = "# Every setting of `nuncio serve`, with its default. Each is also a flag, `--drain-timeout`, and a\n\
        # variable in the environment, `NUNCIO_DRAIN_TIMEOUT`; a flag wins over the environment, and that over\n\
        # this file.\n"
        .to_owned();
    for setting in SETTINGS {
        text.push('\n');
        for line in setting.doc {
            let _ = writeln!(text, "#{line}");
        }
        let value = match setting.default {
            // Numbers and yes or no stand as they are.
            Some(default @ ("true" | "false")) => default.to_owned(),
            Some(default) if default.bytes().all(|b| b.is_ascii_digit()) => default.to_owned(),
            Some(default) => format!("\"{default}\""),
            None => "\"\"".to_owned(),
        };
        let _ = writeln!(text, "# {} = {value}", setting.name());
    }
    text
}
