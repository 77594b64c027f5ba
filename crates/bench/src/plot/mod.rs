//! Pictures of what was measured, made from the JSON of `run`, `goals` and `compare`.

mod chart;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Deserialize;

use chart::{Line, Panel};

/// A figure, as it is read again.
#[derive(Debug, Deserialize)]
struct Figure {
    name: String,
    at: Option<f64>,
    median: f64,
}

/// What was measured of one side, or by one scenario.
#[derive(Debug, Deserialize)]
struct Measured {
    #[serde(alias = "side", alias = "scenario")]
    source: String,
    figures: Vec<Figure>,
}

/// What a file holds.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Report {
    Scenarios(Vec<Measured>),
    Comparison { sides: Vec<Measured> },
}

impl Measured {
    /// The line that a name's figures make.
    fn line(&self, name: &str, label: &str, color: usize) -> Line {
        let of = self.figures.iter().filter(|figure| figure.name == name);
        let points = of.filter_map(|figure| Some((figure.at?, figure.median))).collect();
        Line { label: label.to_owned(), points, color }
    }
}

/// Makes every picture that the files have figures for; returns the pictures' files.
pub(crate) fn draw(files: &[PathBuf], folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut measured = Vec::new();
    for file in files {
        let text =
            std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let report: Report = serde_json::from_slice(&text)
            .with_context(|| format!("{} is no report of this program", file.display()))?;
        measured.extend(match report {
            Report::Scenarios(measured) | Report::Comparison { sides: measured } => measured,
        });
    }
    std::fs::create_dir_all(folder)?;
    let mut drawn = Vec::new();
    for (name, panels) in pictures(&measured) {
        let panels: Vec<_> = panels.into_iter().filter_map(Panel::with_points).collect();
        if !panels.is_empty() {
            let file = folder.join(name);
            chart::draw(&file, &panels)?;
            drawn.push(file);
        }
    }
    Ok(drawn)
}

fn pictures(measured: &[Measured]) -> Vec<(&'static str, Vec<Panel>)> {
    // A line for each source that has such a figure, in the same color wherever it is.
    let lines = |name: &str| -> Vec<Line> {
        let each = measured.iter().enumerate();
        each.map(|(place, it)| it.line(name, &it.source, place)).collect()
    };
    let labelled = |names: &[(&str, &str)]| -> Vec<Line> {
        let each = names.iter().enumerate();
        each.flat_map(|(place, (name, label))| {
            measured.iter().map(move |it| it.line(name, label, place))
        })
        .collect()
    };
    let panel = |title, x, y, (log_x, log_y), lines| Panel { title, x, y, log_x, log_y, lines };
    vec![
        (
            "bench-latency.svg",
            vec![
                panel(
                    "Latency, median",
                    "messages per second",
                    "ms",
                    (true, true),
                    lines("latency-p50"),
                ),
                panel(
                    "Latency, 99th percentile",
                    "messages per second",
                    "ms",
                    (true, true),
                    lines("latency-p99"),
                ),
            ],
        ),
        (
            "bench-memory.svg",
            vec![panel(
                "Memory that idle connections take",
                "connections",
                "MiB",
                (true, true),
                lines("idle-taken"),
            )],
        ),
        (
            "bench-growth.svg",
            vec![panel(
                "Cost of a message as users become more",
                "registered users",
                "CPU s per 100,000",
                (true, false),
                labelled(&[("growth-cost", "nuncio-sqlite")]),
            )],
        ),
        (
            "bench-mix.svg",
            vec![
                panel(
                    "Memory under the mix",
                    "minutes",
                    "MiB",
                    (false, false),
                    labelled(&[("mix-memory", "resident")]),
                ),
                panel(
                    "Files",
                    "minutes",
                    "MB",
                    (false, false),
                    labelled(&[("mix-database", "database"), ("mix-log", "write-ahead log")]),
                ),
                panel(
                    "Latency",
                    "minutes",
                    "ms",
                    (false, false),
                    labelled(&[("mix-p50", "median"), ("mix-p99", "99th percentile")]),
                ),
            ],
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_along_a_line_become_a_picture_and_others_none() {
        let folder = tempfile::tempdir().unwrap();
        let report = folder.path().join("report.json");
        let text = r#"{ "machine": "m", "ratios": [], "sides": [ { "side": "nuncio-sqlite", "figures": [
            { "name": "message-rate", "at": null, "median": 5.0 },
            { "name": "latency-p50", "at": 1000.0, "median": 0.4 },
            { "name": "latency-p50", "at": 10000.0, "median": 0.6 } ] } ] }"#;
        std::fs::write(&report, text).unwrap();
        let drawn = draw(&[report], folder.path()).unwrap();
        assert_eq!(drawn, [folder.path().join("bench-latency.svg")]);
        let picture = std::fs::read_to_string(&drawn[0]).unwrap();
        assert!(picture.contains("<polyline") && picture.contains("nuncio-sqlite"), "{picture}");
    }

    #[test]
    fn a_file_that_is_no_report_is_told_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("other.json");
        std::fs::write(&file, "{}").unwrap();
        let error = draw(&[file], folder.path()).unwrap_err();
        assert!(format!("{error:#}").contains("other.json"), "{error:#}");
    }
}
