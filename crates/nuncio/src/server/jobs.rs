//! The work that nobody asks for: it is found in the store, so that a restart loses none of it. In a cluster
//! one node at a time does each piece of it, and another one when that node dies.

use std::time::Duration;

use nuncio_core::Core;
use nuncio_protocol::Origin;

use super::tasks::Tasks;

/// How often unfinished soft deletions and restorations are looked for; new ones come with a nudge.
const ACTIVATIONS: Duration = Duration::from_secs(10);
/// How often what is past its retention is deleted.
const TRIM: Duration = Duration::from_mins(10);
/// How often what has run out is forgotten.
const PRUNE: Duration = Duration::from_mins(10);
/// How often imports, exports and removals from groups that somebody has left half done are looked for; new imports and exports
/// come with a nudge.
const LEFT_OVER: Duration = Duration::from_secs(10);
/// How often rows of deleted apps are looked for.
const ERASE: Duration = Duration::from_secs(10);
/// How often events to be posted are looked for; new ones come with a nudge.
const DELIVER: Duration = Duration::from_secs(1);
/// How often users are looked for who are to be pushed to; most come with a nudge.
const SCAN: Duration = Duration::from_secs(2);
/// How often the outbox is measured.
const MEASURE: Duration = Duration::from_secs(10);
/// How often it is looked whether a step of the figures is over.
const FIGURES: Duration = Duration::from_secs(1);

/// Does what a method of the core does, in turn with the other nodes.
macro_rules! every {
    ($tasks:expr, $core:expr, $name:literal, $period:expr, $method:ident($($argument:expr)?)) => {{
        let job = $core.clone();
        $tasks.every($name, $period, move || {
            let core = job.clone();
            async move {
                core.in_turn($name, $period, core.$method($($argument)?)).await.map(drop)
            }
        });
    }};
}

/// Starts them all. Audit entries are kept for `audit_retention`.
pub(super) fn start(core: &Core, tasks: &Tasks, audit_retention: Duration) {
    let job = core.by(Origin::job("activations"));
    tasks.repeat("activations", ACTIVATIONS, core.activations_nudge(), move || {
        let core = job.clone();
        async move {
            // Whoever has heard of a soft deletion looks at once, whoever looked last.
            core.in_turn("activations", Duration::ZERO, core.run_activations()).await.map(drop)
        }
    });
    let (job, running) = (core.clone(), tasks.clone());
    tasks.repeat("imports", LEFT_OVER, core.imports_nudge(), move || {
        let (core, running) = (job.clone(), running.clone());
        async move { core.run_imports(|| running.are_stopping()).await }
    });
    let (job, running) = (core.clone(), tasks.clone());
    tasks.repeat("exports", LEFT_OVER, core.exports_nudge(), move || {
        let (core, running) = (job.clone(), running.clone());
        async move { core.run_exports(|| running.are_stopping()).await }
    });
    // Users' lanes have leases of their own, and each node shows how much waits.
    let job = core.clone();
    tasks.repeat("webhooks", DELIVER, core.posted(), move || {
        let core = job.clone();
        async move { core.deliver().await }
    });
    // Devices have leases of their own; each node looks after those for whom it has taken something in.
    let job = core.clone();
    tokio::spawn(async move { job.run_push().await });
    let job = core.clone();
    tasks.every("scan-push", SCAN, move || {
        let core = job.clone();
        async move { core.scan_push().await }
    });
    let job = core.clone();
    tasks.every("measure-webhooks", MEASURE, move || {
        let core = job.clone();
        async move { core.measure_outbox().await }
    });
    // Each node has figures of its own.
    let job = core.clone();
    tasks.every("figures", FIGURES, move || {
        let core = job.clone();
        async move { core.turn_figures(false).await }
    });
    let kept_ms = i64::try_from(audit_retention.as_millis()).unwrap_or(i64::MAX);
    let trimmer = core.by(Origin::job("trim-audit"));
    every!(tasks, trimmer, "trim-audit", TRIM, trim_audit(kept_ms));
    let eraser = core.by(Origin::job("erase-apps"));
    every!(tasks, eraser, "erase-apps", ERASE, erase_apps());
    let remover = core.by(Origin::job("group-removals"));
    every!(tasks, remover, "group-removals", LEFT_OVER, run_group_removals());
    every!(tasks, core, "trim", TRIM, trim());
    every!(tasks, core, "prune-webhooks", MEASURE, prune_deliveries());
    every!(tasks, core, "prune-push", PRUNE, prune_push());
    every!(tasks, core, "prune-idempotency", PRUNE, prune_idempotency());
    every!(tasks, core, "prune-operator-sessions", PRUNE, prune_operator_sessions());
    every!(tasks, core, "prune-friend-requests", PRUNE, prune_friend_requests());
    every!(tasks, core, "prune-group-applications", PRUNE, prune_group_applications());
    every!(tasks, core, "prune-subscriptions", PRUNE, prune_subscriptions());
}
