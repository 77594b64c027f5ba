//! What the system tells of a process: memory and processor time.

use std::fs;

use anyhow::Context as _;

/// Resident memory of a process, in bytes.
pub(crate) fn resident_bytes(process: u32) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: u64 = line
        .and_then(|line| line.split_whitespace().next())
        .and_then(|text| text.parse().ok())
        .context("no VmRSS in /proc")?;
    Ok(kib * 1024)
}

/// Processor time in seconds, user and system together, of processes and of all that they have started.
pub(crate) fn cpu_seconds(roots: &[u32]) -> anyhow::Result<f64> {
    let mut processes = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(id) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // A process may end while this looks.
        if let Ok(stat) = Stat::read(id) {
            processes.push(stat);
        }
    }
    let mut total = 0.0;
    let mut family = roots.to_vec();
    while let Some(id) = family.pop() {
        total += processes.iter().find(|process| process.id == id).map_or(0.0, |p| p.seconds);
        family.extend(processes.iter().filter(|process| process.parent == id).map(|p| p.id));
    }
    Ok(total)
}

/// Processor time of this process, the load generator.
pub(crate) fn own_cpu_seconds() -> anyhow::Result<f64> {
    Ok(Stat::read(std::process::id())?.seconds)
}

/// The machine in a line: what its processor is, how many there are, memory, kernel.
pub(crate) fn machine() -> String {
    let text = |file: &str| fs::read_to_string(file).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        let value = line.and_then(|line| line.split_once(':'));
        value.map_or_else(String::new, |(_, value)| value.trim().to_owned())
    };
    let processors = text("/proc/cpuinfo");
    let count = processors.lines().filter(|line| line.starts_with("processor")).count();
    let kernel = text("/proc/sys/kernel/osrelease");
    format!(
        "{count} x {}, {} of memory, Linux {}",
        field(&processors, "model name"),
        field(&text("/proc/meminfo"), "MemTotal"),
        kernel.trim()
    )
}

/// A process, as `/proc/ID/stat` shows it.
struct Stat {
    id: u32,
    parent: u32,
    /// Its own, and that of its children that have ended.
    seconds: f64,
}

impl Stat {
    fn read(id: u32) -> anyhow::Result<Self> {
        /// Linux counts in hundredths on every machine that this runs on.
        const TICKS_PER_SECOND: f64 = 100.0;
        let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
        // The name in parentheses may hold spaces; the fields begin after it.
        let fields = stat.rsplit_once(')').context("no name in /proc stat")?.1;
        let mut fields = fields.split_whitespace();
        let parent = fields.nth(1).context("no parent in /proc stat")?.parse()?;
        let ticks: f64 = fields.skip(9).take(4).map(str::parse::<f64>).sum::<Result<f64, _>>()?;
        Ok(Self { id, parent, seconds: ticks / TICKS_PER_SECOND })
    }
}
