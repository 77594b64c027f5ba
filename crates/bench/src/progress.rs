//! The line on standard error that says how far things are.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// How often the line changes.
const EVERY: Duration = Duration::from_millis(500);

/// Counts what has happened, and shows it now and then.
pub(crate) struct Progress {
    what: &'static str,
    count: u64,
    begun: Instant,
    shown: Instant,
    terminal: bool,
    any: bool,
}

impl Progress {
    pub(crate) fn new(what: &'static str) -> Self {
        let now = Instant::now();
        let terminal = std::io::stderr().is_terminal();
        Self { what, count: 0, begun: now, shown: now, terminal, any: false }
    }

    pub(crate) fn step(&mut self) {
        self.count += 1;
        // To look at the clock each time would cost more than what is counted.
        if self.count.is_multiple_of(256) && self.shown.elapsed() > EVERY {
            self.show();
        }
    }

    fn show(&mut self) {
        self.shown = Instant::now();
        self.any = true;
        let seconds = self.begun.elapsed().as_secs_f64();
        let rate = self.count as f64 / seconds;
        let (before, after) = if self.terminal { ("\r\x1b[K", "") } else { ("", "\n") };
        // Who does not listen misses nothing.
        let _ = write!(
            std::io::stderr().lock(),
            "{before}  {} {} in {seconds:.1} s, {rate:.0}/s{after}",
            self.count,
            self.what
        );
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.terminal && self.any {
            let _ = write!(std::io::stderr().lock(), "\r\x1b[K");
        }
    }
}
