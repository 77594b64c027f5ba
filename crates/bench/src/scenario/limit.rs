//! The limit beside the server's figures for messages: what a WebSocket costs that only says back what it hears.

use super::{Plan, Scenario};
use crate::dialect::{Dialect, Door};
use crate::echo::Echo;
use crate::pairs::{Load, Pairs};
use crate::stats::Figures;
use crate::system;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "limit",
    does: "A bare WebSocket echo on the server's WebSocket and runtime, nothing stored: messages of 100 bytes on 1,000 \
           connections, one under way for each at a time, and 10,000 per second",
    run,
};

/// Messages per second of the measurement at a rate.
const RATE: u32 = 10_000;

fn run(plan: &Plan) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    let echo = Echo::start()?;
    let door = Door { dialect: Dialect::Echo, address: echo.address, key: "" };
    let nobody = vec![String::new(); plan.count(1000, 8)];
    let mut pairs = Pairs::at(&[echo.address], door, &nobody, false)?;
    for _ in 0..plan.runs {
        let cpu = || system::cpu_seconds(&[echo.process()]);
        let mut all = pairs.run(Load::Saturation, plan.warm, plan.span, cpu)?;
        figures.add("limit-rate", "/s", all.rate());
        figures.add("limit-cpu", "s/100k", all.cpu_per_100k());
        figures.add("limit-saturated-p99", "ms", all.latencies.at(0.99));
        let rate = if plan.smoke { 100 } else { RATE };
        let mut some = pairs.run(Load::Rate(rate), plan.warm, plan.span, cpu)?;
        figures.add("limit-p50", "ms", some.latencies.at(0.5));
        figures.add("limit-p99", "ms", some.latencies.at(0.99));
        figures.add("limit-at-rate-cpu", "s/100k", some.cpu_per_100k());
    }
    Ok(figures)
}
