//! Work that runs beside the requests, and how it all stops.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Starts tasks, and stops them together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tasks {
    tracker: TaskTracker,
    token: CancellationToken,
}

impl Tasks {
    /// Runs `step` every `period`, and at once when `nudge` is notified.
    ///
    /// A step looks at the state as it is and makes it right; so a nudge that gets lost costs time, never
    /// correctness, and a step that fails is tried again at the next tick.
    pub(crate) fn repeat<F, Fut, E>(
        &self,
        name: &'static str,
        period: Duration,
        nudge: Arc<Notify>,
        mut step: F,
    ) where
        F: FnMut() -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), E>> + Send,
        E: std::fmt::Display + Send,
    {
        let token = self.token.clone();
        self.tracker.spawn(async move {
            let mut ticks = tokio::time::interval(period);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    () = token.cancelled() => break,
                    _ = ticks.tick() => {}
                    () = nudge.notified() => {}
                }
                if let Err(error) = step().await {
                    tracing::warn!(task.name = name, "task `{name}` failed: {error:#}");
                }
            }
        });
    }

    /// The same without anybody who nudges.
    pub(crate) fn every<F, Fut, E>(&self, name: &'static str, period: Duration, step: F)
    where
        F: FnMut() -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), E>> + Send,
        E: std::fmt::Display + Send,
    {
        self.repeat(name, period, Arc::default(), step);
    }

    /// Whether tasks are asked to stop: for steps that take long, and can stop on the way.
    pub(crate) fn are_stopping(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Asks every task to stop after the step that it is at, and waits for that.
    pub(crate) async fn stop(&self) {
        self.token.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_task_runs_on_ticks_and_nudges_until_stopped() {
        let (tasks, nudge) = (Tasks::default(), Arc::new(Notify::new()));
        let runs = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&runs);
        tasks.repeat("count", Duration::from_mins(1), Arc::clone(&nudge), move || {
            let run = counter.fetch_add(1, Ordering::Relaxed);
            async move { if run == 1 { Err("once") } else { Ok(()) } }
        });

        tokio::time::sleep(Duration::from_secs(121)).await;
        assert_eq!(
            runs.load(Ordering::Relaxed),
            3,
            "at once, and after each minute, failure or not"
        );
        nudge.notify_one();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(runs.load(Ordering::Relaxed), 4);

        tasks.stop().await;
        nudge.notify_one();
        tokio::time::sleep(Duration::from_mins(5)).await;
        assert_eq!(runs.load(Ordering::Relaxed), 4);
    }
}
