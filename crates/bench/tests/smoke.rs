//! The load generator itself works: every goal is measured, a little, against the built server.

use std::path::Path;
use std::process::Command;

#[test]
fn every_goal_is_measured_and_told_in_one_line() {
    let bench = Path::new(env!("CARGO_BIN_EXE_nuncio-bench"));
    let mut command = Command::new(bench);
    command.args(["goals", "--smoke"]);
    // Where the server is built already, as in a test of the whole workspace, that one; else it gets built.
    let server = bench.with_file_name("nuncio");
    if server.exists() {
        command.arg("--binary").arg(server);
    }
    let output = command.output().unwrap();
    let (out, err) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    // So little load measures nothing: whether the goals hold is not the question here.
    assert!(matches!(output.status.code(), Some(0 | 1)), "{out}{err}");
    let named: Vec<_> =
        out.lines().map(|line| name(line).unwrap_or_else(|| panic!("{line}"))).collect();
    let help = Command::new(bench).args(["goals", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let goals: Vec<_> = help
        .lines()
        .skip_while(|line| *line != "Goals:")
        .skip(1)
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(named, goals);
    assert!(goals.len() > 20);
}

/// The name in `goal NAME: VALUE UNIT, bar BAR: holds`, or `falls short`.
fn name(line: &str) -> Option<&str> {
    let (name, rest) = line.strip_prefix("goal ")?.split_once(": ")?;
    let (value, rest) = rest.split_once(' ')?;
    let (_unit, rest) = rest.split_once(", bar ")?;
    let (_bar, verdict) = rest.rsplit_once(": ")?;
    let value: f64 = value.parse().ok()?;
    (value >= 0.0 && ["holds", "falls short"].contains(&verdict)).then_some(name)
}
