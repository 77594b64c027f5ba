//! The goals: which figure of a scenario has to be how good.

use std::io::Write as _;

use crate::scenario::{Plan, SCENARIOS, Scenario};
use crate::stats::Figures;

/// What a figure must be at least, or at most.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bar {
    AtMost(f64),
    AtLeast(f64),
}

impl Bar {
    fn holds(self, value: f64) -> bool {
        match self {
            Self::AtMost(most) => value <= most,
            Self::AtLeast(least) => value >= least,
        }
    }
}

impl std::fmt::Display for Bar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AtMost(most) => write!(f, "at most {most}"),
            Self::AtLeast(least) => write!(f, "at least {least}"),
        }
    }
}

/// A goal: a scenario's figure, and its bar.
struct Goal {
    scenario: &'static str,
    figure: &'static str,
    bar: Bar,
}

const fn goal(scenario: &'static str, figure: &'static str, bar: Bar) -> Goal {
    Goal { scenario, figure, bar }
}

const GOALS: &[Goal] = &[
    goal("messages", "message-cpu", Bar::AtMost(2.5)),
    goal("messages", "message-rate", Bar::AtLeast(45_000.0)),
    goal("messages", "message-p50", Bar::AtMost(0.8)),
    goal("messages", "message-p99", Bar::AtMost(2.0)),
    goal("offline", "offline-cpu", Bar::AtMost(2.0)),
    goal("offline", "offline-rate", Bar::AtLeast(45_000.0)),
    goal("login", "login-cpu", Bar::AtMost(0.08)),
    goal("login", "login-rate", Bar::AtLeast(12_000.0)),
    goal("idle", "idle-memory", Bar::AtMost(5.0)),
    goal("register", "register-rate", Bar::AtLeast(40_000.0)),
    goal("register", "register-p99", Bar::AtMost(4.0)),
    goal("register", "register-single-rate", Bar::AtLeast(3_500.0)),
    goal("online", "online-rate", Bar::AtLeast(80_000.0)),
    goal("online", "online-cpu", Bar::AtMost(12.0)),
    goal("ban", "ban-p50", Bar::AtMost(0.6)),
    goal("ban", "ban-p99", Bar::AtMost(2.0)),
    goal("start", "start-empty", Bar::AtMost(30.0)),
    goal("footprint", "memory-fresh", Bar::AtMost(15.0)),
    goal("footprint", "binary-size", Bar::AtMost(25.0)),
    goal("growth", "growth", Bar::AtMost(1.3)),
    goal("growth", "start-million", Bar::AtMost(150.0)),
    goal("postgres", "postgres-rate", Bar::AtLeast(12_000.0)),
];

/// Measures the goals that `names` name, by themselves or by their scenario; all without names. Prints a line for
/// each, and returns whether all hold, and all that was measured.
pub(crate) fn measure(
    plan: &Plan,
    names: &[String],
) -> anyhow::Result<(bool, Vec<(&'static Scenario, Figures)>)> {
    let is_meant = |goal: &Goal| {
        names.is_empty() || names.iter().any(|name| name == goal.figure || name == goal.scenario)
    };
    for name in names {
        let known = GOALS.iter().any(|goal| name == goal.figure || name == goal.scenario);
        anyhow::ensure!(known, "there is no goal `{name}`: see `nuncio-bench goals --help`");
    }
    let (mut all_hold, mut measured) = (true, Vec::new());
    for scenario in SCENARIOS {
        let goals: Vec<_> =
            GOALS.iter().filter(|goal| goal.scenario == scenario.name && is_meant(goal)).collect();
        if goals.is_empty() {
            continue;
        }
        writeln!(std::io::stderr(), "{}: {}", scenario.name, scenario.does)?;
        let figures = (scenario.run)(plan)?;
        for goal in goals {
            let Goal { figure: name, bar, .. } = goal;
            let Some(figure) = figures.get(name) else {
                anyhow::bail!("`{}` did not measure {name}", scenario.name)
            };
            let value = figure.median();
            let holds = bar.holds(value);
            all_hold &= holds;
            let verdict = if holds { "holds" } else { "falls short" };
            let (value, unit) = (rounded(value), figure.unit);
            writeln!(std::io::stdout(), "goal {name}: {value} {unit}, bar {bar}: {verdict}")?;
        }
        measured.push((scenario, figures));
    }
    Ok((all_hold, measured))
}

/// A figure with as many digits as mean something.
pub(crate) fn rounded(value: f64) -> String {
    match value.abs() {
        1000.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        0.1.. => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

/// The goals' names, for `--help`.
pub(crate) fn names() -> String {
    let lines = GOALS
        .iter()
        .map(|goal| format!("  {} ({}), of `{}`", goal.figure, goal.bar, goal.scenario));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_has_a_scenario_that_measures_it() {
        for goal in GOALS {
            assert!(SCENARIOS.iter().any(|scenario| scenario.name == goal.scenario));
        }
    }

    #[test]
    fn a_bar_is_met_by_what_reaches_it() {
        assert!(Bar::AtMost(2.5).holds(2.5) && !Bar::AtMost(2.5).holds(2.51));
        assert!(Bar::AtLeast(10.0).holds(10.0) && !Bar::AtLeast(10.0).holds(9.9));
    }
}
