//! A comparison as a table and as JSON.

use std::io::Write as _;
use std::path::Path;

use serde_json::json;

use super::{Compared, ratio};
use crate::goals::rounded;
use crate::system;

/// Prints each figure of all sides beside each other, with how many times better the first side is.
pub(crate) fn print(compared: &[Compared]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let ratios = ratio::all(compared);
    let first = compared.first().map_or("", |it| it.side.name);
    let mut names = Vec::new();
    for figure in compared.iter().flat_map(|it| &it.figures.0) {
        if figure.at.is_none() && !names.contains(&(figure.name.as_str(), figure.unit)) {
            names.push((&figure.name, figure.unit));
        }
    }
    for (name, unit) in names {
        writeln!(out, "\n{name} ({unit})")?;
        let times = format!("{first} is better by");
        writeln!(out, "  {:<28} {:>10} {:>10} {:>10}  {times}", "", "min", "median", "max")?;
        for it in compared {
            let side = it.side.name;
            let Some(figure) = it.figures.get(name) else { continue };
            let [min, median, max] = [figure.min(), figure.median(), figure.max()].map(rounded);
            write!(out, "  {side:<28} {min:>10} {median:>10} {max:>10}")?;
            let ratio = ratios.iter().find(|ratio| ratio.figure == name && ratio.to == side);
            if let Some(ratio) = ratio {
                let [min, median, max] = [ratio.min, ratio.median, ratio.max].map(rounded);
                write!(out, "  {median} times ({min} to {max})")?;
            }
            writeln!(out)?;
        }
    }
    writeln!(out)?;
    for it in compared {
        writeln!(out, "{}: {}", it.side.name, it.side.keeps)?;
        for why in &it.failures {
            writeln!(out, "{}: failed, {why}", it.side.name)?;
        }
        if it.missing.is_some() {
            writeln!(out, "{}: MISSING, it failed twice at that", it.side.name)?;
        }
    }
    Ok(())
}

/// Writes everything to a file.
pub(crate) fn write_json(file: &Path, compared: &[Compared]) -> anyhow::Result<()> {
    let sides: Vec<_> = compared
        .iter()
        .map(|it| {
            json!({
                "side": it.side.name,
                "keeps": it.side.keeps,
                "missing": it.missing,
                "failures": it.failures,
                "figures": it.figures.0,
            })
        })
        .collect();
    let all = json!({
        "machine": system::machine(),
        "sides": sides,
        "ratios": ratio::all(compared),
    });
    std::fs::write(file, serde_json::to_vec_pretty(&all)?)?;
    Ok(())
}
