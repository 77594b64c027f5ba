//! What was measured, as a table and as JSON.

use std::io::Write as _;
use std::path::Path;

use serde_json::json;

use crate::goals::rounded;
use crate::scenario::Scenario;
use crate::stats::Figures;

/// Prints a table: each figure's minimum, median and maximum over the runs.
pub(crate) fn print(measured: &[(&Scenario, Figures)]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for (scenario, figures) in measured {
        writeln!(out, "\n{}: {}", scenario.name, scenario.does)?;
        writeln!(out, "  {:<30} {:>12} {:>12} {:>12}  unit", "", "min", "median", "max")?;
        for figure in figures.0.iter().filter(|figure| figure.at.is_none()) {
            let [min, median, max] = [figure.min(), figure.median(), figure.max()].map(rounded);
            let (name, unit) = (&figure.name, figure.unit);
            writeln!(out, "  {name:<30} {min:>12} {median:>12} {max:>12}  {unit}")?;
        }
    }
    Ok(())
}

/// Writes all runs to a file.
pub(crate) fn write_json(file: &Path, measured: &[(&Scenario, Figures)]) -> anyhow::Result<()> {
    let scenarios: Vec<_> = measured
        .iter()
        .map(|(scenario, figures)| {
            json!({ "scenario": scenario.name, "does": scenario.does, "figures": figures.0 })
        })
        .collect();
    std::fs::write(file, serde_json::to_vec_pretty(&scenarios)?)?;
    Ok(())
}
