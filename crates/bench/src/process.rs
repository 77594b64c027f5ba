//! What the system tells of a process: memory and processor time.

use anyhow::Context as _;

/// Resident memory in bytes.
pub(crate) fn resident_bytes(process: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: u64 = line
        .and_then(|line| line.split_whitespace().next())
        .and_then(|text| text.parse().ok())
        .context("no VmRSS in /proc")?;
    Ok(kib * 1024)
}

/// Processor time in seconds, user and system together.
pub(crate) fn cpu_seconds(process: u32) -> anyhow::Result<f64> {
    /// Linux counts in hundredths on every machine that this runs on.
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name in parentheses may hold spaces; the fields begin after it.
    let fields = stat.rsplit_once(')').context("no name in /proc stat")?.1;
    let ticks: f64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(str::parse::<f64>)
        .sum::<Result<f64, _>>()?;
    Ok(ticks / TICKS_PER_SECOND)
}
