//! How many times better the first side is than each of the others, taken of figures of the same run.

use serde::Serialize;

use super::Compared;

/// Figures that are compared, and whether more of them is better.
const COMPARED: &[(&str, bool)] = &[
    ("message-rate", true),
    ("message-cpu", false),
    ("at-rate-p50", false),
    ("at-rate-p99", false),
    ("at-rate-cpu", false),
    ("offline-rate", true),
    ("offline-cpu", false),
    ("login-rate", true),
    ("login-cpu", false),
    ("memory-fresh", false),
    ("idle-memory", false),
];

/// How many times better one side is than another; below 1 it is worse.
#[derive(Debug, Serialize)]
pub(super) struct Ratio {
    pub(super) figure: &'static str,
    pub(super) of: &'static str,
    pub(super) to: &'static str,
    pub(super) min: f64,
    pub(super) median: f64,
    pub(super) max: f64,
}

/// The ratios of the first side to the others.
pub(super) fn all(compared: &[Compared]) -> Vec<Ratio> {
    let Some((first, others)) = compared.split_first() else { return Vec::new() };
    let mut ratios = Vec::new();
    for (figure, more_is_better) in COMPARED {
        let Some(ours) = first.figures.get(figure) else { continue };
        for other in others {
            let Some(theirs) = other.figures.get(figure) else { continue };
            let mut runs: Vec<f64> = ours
                .runs
                .iter()
                .zip(&theirs.runs)
                .map(|(ours, theirs)| if *more_is_better { ours / theirs } else { theirs / ours })
                .filter(|ratio| ratio.is_finite())
                .collect();
            runs.sort_by(f64::total_cmp);
            let (Some(min), Some(max)) = (runs.first(), runs.last()) else { continue };
            ratios.push(Ratio {
                figure,
                of: first.side.name,
                to: other.side.name,
                min: *min,
                median: runs[(runs.len() - 1) / 2],
                max: *max,
            });
        }
    }
    ratios
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::SIDES;
    use crate::stats::Figures;

    #[test]
    fn a_ratio_is_taken_of_figures_of_one_run() {
        let compared = |side, rates: [f64; 2], cpu: [f64; 2]| {
            let mut figures = Figures::default();
            for (rate, cpu) in rates.into_iter().zip(cpu) {
                figures.add("message-rate", "/s", rate);
                figures.add("message-cpu", "s/100k", cpu);
            }
            Compared { side: &SIDES[side], figures, failures: Vec::new(), missing: None }
        };
        let ours = compared(0, [400.0, 200.0], [2.0, 1.0]);
        let theirs = compared(1, [100.0, 100.0], [4.0, 10.0]);
        let ratios = all(&[ours, theirs]);
        let told: Vec<_> = ratios.iter().map(|it| (it.figure, it.min, it.median, it.max)).collect();
        assert_eq!(told, [("message-rate", 2.0, 2.0, 4.0), ("message-cpu", 2.0, 2.0, 10.0)]);
    }
}
