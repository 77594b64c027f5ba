//! Nuncio, its limit and its peers beside each other: all of them are asked for the same, in turn and again, so that
//! what the machine does meanwhile falls on all.

mod ejabberd;
mod ratio;
mod report;
mod subject;

use std::io::Write as _;
use std::time::{Duration, Instant};

use crate::hold::Holder;
use crate::net::Net;
use crate::pairs::{Load, Pairs};
use crate::scenario::Plan;
use crate::stats::Figures;
use crate::users::{self, AT_ONCE};

pub(crate) use report::{print, write_json};
pub(crate) use subject::{SIDES, Side};

use subject::Subject;

/// Messages per second at which latencies are measured, as far as a server bears them.
const RATES: [u32; 6] = [1_000, 2_000, 5_000, 10_000, 20_000, 40_000];
/// A rate is borne that is at most this share of what the server does at saturation.
const BORNE: f64 = 0.9;
/// The rate whose figures are compared; of a server that does not bear it, the highest that it bears.
const COMPARED: u32 = 10_000;
/// Idle connections at which memory is looked at.
const IDLE: [usize; 4] = [1_000, 2_500, 5_000, 10_000];
/// After this time nothing is left of the logins but what stays.
const SETTLE: Duration = Duration::from_secs(2);

/// What became of one side.
pub(crate) struct Compared {
    pub(crate) side: &'static Side,
    pub(crate) figures: Figures,
    /// Why something had to be measured once more.
    pub(crate) failures: Vec<String>,
    /// Why there is nothing, or no more: it failed twice.
    pub(crate) missing: Option<String>,
}

/// Measures the sides that `names` name; all without names.
pub(crate) fn measure(plan: &Plan, names: &[String]) -> anyhow::Result<Vec<Compared>> {
    for name in names {
        let known = SIDES.iter().any(|side| side.name == name);
        anyhow::ensure!(known, "there is no side `{name}`: see `nuncio-bench compare --help`");
    }
    let is_meant = |side: &&Side| names.is_empty() || names.iter().any(|name| name == side.name);
    let mut all: Vec<_> = SIDES
        .iter()
        .filter(is_meant)
        .map(|side| Compared {
            side,
            figures: Figures::default(),
            failures: Vec::new(),
            missing: None,
        })
        .collect();
    for run in 0..plan.runs {
        for it in &mut all {
            let what = format!("run {} of {}", run + 1, plan.runs);
            it.go_on(&what, |side, figures| run_once(plan, side, figures))?;
        }
    }
    for it in &mut all {
        it.go_on("idle connections", |side, figures| idle(plan, side, figures))?;
    }
    Ok(all)
}

impl Compared {
    /// Measures more of a side that has not failed twice at something. What fails leaves no figures behind, so that
    /// those of one run stay beside each other.
    fn go_on(
        &mut self,
        what: &str,
        measure: impl Fn(&Side, &mut Figures) -> anyhow::Result<()>,
    ) -> std::io::Result<()> {
        for _ in 0..2 {
            if self.missing.is_some() {
                return Ok(());
            }
            writeln!(std::io::stderr(), "{}, {what}", self.side.name)?;
            let mut figures = Figures::default();
            let Err(error) = measure(self.side, &mut figures) else {
                self.figures.append(figures);
                return Ok(());
            };
            let why = format!("{what}: {error:#}");
            writeln!(std::io::stderr(), "  failed: {why}")?;
            self.failures.push(why);
        }
        self.missing = self.failures.last().cloned();
        Ok(())
    }
}

fn run_once(plan: &Plan, side: &Side, figures: &mut Figures) -> anyhow::Result<()> {
    let subject = (side.start)(plan)?;
    let all = subject.register(0, plan.count(5_000, 16))?;
    let users = &all[..plan.count(1_000, 8)];
    write(plan, &subject, users, figures)?;
    log_in(&subject, &all, figures)?;
    // Last: what is kept for who is away would come with their next login.
    if side.offline {
        let door = subject.door(true);
        let mut pairs = Pairs::at(&[door.address], door, users, true)?;
        let mut sent =
            pairs.run(Load::Saturation, plan.warm, plan.span, || subject.cpu_seconds())?;
        figures.add("offline-rate", "/s", sent.rate());
        figures.add("offline-cpu", "s/100k", sent.cpu_per_100k());
        figures.add("offline-ack-p99", "ms", sent.latencies.at(0.99));
    }
    Ok(())
}

/// Messages between connected users.
fn write(
    plan: &Plan,
    subject: &Subject,
    users: &[String],
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let door = subject.door(false);
    let mut pairs = Pairs::at(&[door.address], door, users, false)?;
    let cpu = || subject.cpu_seconds();
    let mut all = pairs.run(Load::Saturation, plan.warm, plan.span, cpu)?;
    let saturated = all.rate();
    figures.add("message-rate", "/s", saturated);
    figures.add("message-cpu", "s/100k", all.cpu_per_100k());
    figures.add("message-saturated-p99", "ms", all.latencies.at(0.99));
    let mut compared = None;
    let rates = if plan.smoke { &[50, 100][..] } else { &RATES[..] };
    for rate in rates {
        if f64::from(*rate) > saturated * BORNE && compared.is_some() {
            break;
        }
        let mut some = pairs.run(Load::Rate(*rate), plan.warm, plan.span / 2, cpu)?;
        let at = f64::from(*rate);
        let (p50, p99) = (some.latencies.at(0.5), some.latencies.at(0.99));
        figures.add_at("latency-p50", "ms", at, p50);
        figures.add_at("latency-p99", "ms", at, p99);
        if *rate <= COMPARED {
            compared = Some((at, p50, p99, some.cpu_per_100k(), some.refused));
        }
    }
    if let Some((rate, p50, p99, cpu, refused)) = compared {
        figures.add("at-rate", "/s", rate);
        figures.add("at-rate-p50", "ms", p50);
        figures.add("at-rate-p99", "ms", p99);
        figures.add("at-rate-cpu", "s/100k", cpu);
        figures.add("at-rate-sent-away", "messages", refused as f64);
    }
    Ok(())
}

fn log_in(subject: &Subject, users: &[String], figures: &mut Figures) -> anyhow::Result<()> {
    let mut net = Net::new()?;
    let (began, cpu) = (Instant::now(), subject.cpu_seconds()?);
    let (_, mut latencies) = users::log_in(&mut net, subject.door(false), users, AT_ONCE)?;
    let (seconds, cpu) = (began.elapsed().as_secs_f64(), subject.cpu_seconds()? - cpu);
    let count = users.len() as f64;
    figures.add("login-rate", "/s", count / seconds);
    figures.add("login-cpu", "ms", cpu * 1000.0 / count);
    figures.add("login-p99", "ms", latencies.at(0.99));
    Ok(())
}

/// Memory as connections become more.
fn idle(plan: &Plan, side: &Side, figures: &mut Figures) -> anyhow::Result<()> {
    let mut subject = (side.start)(plan)?;
    let steps = if plan.smoke { &[8, 16][..] } else { &IDLE[..] };
    let users = subject.register(0, steps.last().copied().unwrap_or_default())?;
    subject.restart()?;
    let settle = if plan.smoke { Duration::ZERO } else { SETTLE };
    std::thread::sleep(settle);
    let before = subject.resident_bytes()?;
    figures.add("memory-fresh", "MiB", before as f64 / 1_048_576.0);
    let mut holders = Vec::new();
    let (mut held, mut each) = (0, 0.0);
    for step in steps {
        holders.push(Holder::start(subject.door(false), &users[held..*step])?);
        held = *step;
        std::thread::sleep(settle);
        let taken = subject.resident_bytes()?.saturating_sub(before) as f64;
        figures.add_at("idle-taken", "MiB", held as f64, taken / 1_048_576.0);
        each = taken / 1024.0 / held as f64;
    }
    figures.add("idle-memory", "KiB", each);
    Ok(())
}

/// The sides' names and what they keep, for `--help`.
pub(crate) fn names() -> String {
    let lines = SIDES.iter().map(|it| format!("  {:<27} {}", it.name, it.keeps));
    lines.collect::<Vec<_>>().join("\n")
}
