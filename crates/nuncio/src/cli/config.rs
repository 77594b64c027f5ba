//! `nuncio config`: the settings that are in force, and where each comes from.

use clap::ArgMatches;
use clap::parser::ValueSource;
use toml::Table;

use super::print;
use crate::config::{Config, Given, SETTINGS};

/// Prints a configuration file that would bring the same about, but for what is secret.
pub(super) fn print_in_force(given: Given, matches: &ArgMatches) -> anyhow::Result<()> {
    let flags = matches.subcommand().map(|(_, flags)| flags);
    let set = Table::try_from(&given)?;
    let in_force = Table::try_from(given.clone().or(Given::defaults()))?;
    // Prints nothing that `serve` would refuse.
    Config::load(given)?;
    for setting in SETTINGS {
        let name = setting.name();
        let Some(value) = in_force.get(&name) else {
            print(&format!("# {name} is not set"))?;
            continue;
        };
        let origin = match flags.and_then(|flags| flags.value_source(setting.id)) {
            Some(ValueSource::CommandLine) => "flag",
            Some(ValueSource::EnvVariable) => setting.env,
            _ if set.contains_key(&name) => "file",
            _ => "default",
        };
        print(&format!("{:<40} # {origin}", format!("{name} = {value}")))?;
    }
    Ok(())
}
