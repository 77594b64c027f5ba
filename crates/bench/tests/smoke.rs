//! The load generator itself works: everything is measured, a little, against the built server.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const BENCH: &str = env!("CARGO_BIN_EXE_nuncio-bench");

/// Runs the generator on so little load that the figures mean nothing.
fn bench(arguments: &[&str]) -> (Output, String) {
    let mut command = Command::new(BENCH);
    command.args(arguments).arg("--smoke");
    // Where the server is built already, as in a test of the whole workspace, that one; else it gets built.
    let server = Path::new(BENCH).with_file_name("nuncio");
    if server.exists() {
        command.arg("--binary").arg(server);
    }
    let output = command.output().unwrap();
    let out = String::from_utf8(output.stdout.clone()).unwrap();
    (output, out)
}

/// The same with a report; fails unless the run succeeds.
fn reported(arguments: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.json");
    let json = ["--json", file.to_str().unwrap()];
    let (output, out) = bench(&[arguments, &json].concat());
    assert!(output.status.success(), "{out}{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

/// The median of a figure of the first thing that a report is about.
fn figure(report: &Value, name: &str) -> f64 {
    let figures = report[0]["figures"].as_array().unwrap();
    let figure = figures.iter().find(|figure| figure["name"] == name);
    figure.unwrap_or_else(|| panic!("{name} in {report}"))["median"].as_f64().unwrap()
}

#[test]
fn every_goal_is_measured_and_told_in_one_line() {
    let (output, out) = bench(&["goals"]);
    let err = String::from_utf8(output.stderr).unwrap();
    // So little load measures nothing: whether the goals hold is not the question here.
    assert!(matches!(output.status.code(), Some(0 | 1)), "{out}{err}");
    let named: Vec<_> =
        out.lines().map(|line| name(line).unwrap_or_else(|| panic!("{line}"))).collect();
    let help = Command::new(BENCH).args(["goals", "--help"]).output().unwrap();
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

#[test]
fn far_too_many_messages_are_sent_away_while_users_log_in_and_are_banned() {
    // The scenario counts: an ack and a delivery for each message that was not sent away with a time to come back, in
    // order, once; a welcome, an answered heartbeat and a closed socket for each user beside them; bounded memory.
    let report = reported(&["run", "overload"]);
    // All at once is too much for a server without optimizations; one with them may just manage.
    let sent_away = figure(&report, "overload-sent-away");
    assert!(sent_away > 0.0 || !cfg!(debug_assertions), "{report}");
    assert!(figure(&report, "overload-bans-beside") > 0.0, "{report}");
}

#[test]
fn the_mix_loses_no_message_and_looks_at_memory_and_files() {
    let report = reported(&["run", "mix"]);
    assert!(figure(&report, "mix-messages") > 0.0, "{report}");
    for along in ["mix-memory", "mix-database", "mix-log"] {
        assert!(figure(&report, along) > 0.0, "{report}");
    }
}

#[test]
fn a_groups_messages_reach_each_connected_member_once_and_in_order() {
    // The scenario fails where one does not.
    let report = reported(&["run", "groups"]);
    assert!(figure(&report, "groups-10-rate") > 0.0, "{report}");
}

#[test]
fn push_is_measured_with_and_without_devices() {
    // The scenario fails where somebody is told who has no device, or nobody who has one.
    let report = reported(&["run", "push"]);
    assert!(figure(&report, "push-none-full-rate") > 0.0, "{report}");
    assert!(figure(&report, "push-all-paced-told") > 0.0, "{report}");
}

#[test]
fn each_side_of_a_comparison_is_measured_or_reported_as_missing() {
    let report = reported(&["compare", "nuncio-sqlite", "limit", "ejabberd-relay-tcp"]);
    let sides = report["sides"].as_array().unwrap();
    assert_eq!(sides.len(), 3);
    for side in sides {
        let figures = side["figures"].as_array().unwrap();
        let measured = figures.iter().any(|figure| figure["name"] == "idle-memory");
        // The peer is there where somebody has installed it.
        let missing = side["side"] == "ejabberd-relay-tcp" && side["missing"].is_string();
        assert!(measured || missing, "{side}");
    }
    let ratios = report["ratios"].as_array().unwrap();
    let of = |ratio: &&Value| ratio["to"] == "limit" && ratio["figure"] == "message-rate";
    assert_eq!(ratios.iter().filter(of).count(), 1, "{ratios:?}");
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
