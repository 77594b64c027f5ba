//! The work that nobody asks for: it is found in the store, so that a restart loses none of it.

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
/// How often rows of deleted apps are looked for.
const ERASE: Duration = Duration::from_secs(10);
/// How often it is looked whether a step of the figures is over.
const FIGURES: Duration = Duration::from_secs(1);

/// Starts them all. Audit entries are kept for `audit_retention`.
pub(super) fn start(core: &Core, tasks: &Tasks, audit_retention: Duration) {
    let job = core.by(Origin::job("trim-audit"));
    let kept_ms = i64::try_from(audit_retention.as_millis()).unwrap_or(i64::MAX);
    tasks.every("trim-audit", TRIM, move || {
        let core = job.clone();
        async move { core.trim_audit(kept_ms).await.map(drop) }
    });
    let job = core.by(Origin::job("activations"));
    tasks.repeat("activations", ACTIVATIONS, core.activations_nudge(), move || {
        let core = job.clone();
        async move { core.run_activations().await.map(drop) }
    });
    let job = core.by(Origin::job("erase-apps"));
    tasks.every("erase-apps", ERASE, move || {
        let core = job.clone();
        async move { core.erase_apps().await.map(drop) }
    });
    let job = core.clone();
    tasks.every("figures", FIGURES, move || {
        let core = job.clone();
        async move { core.turn_figures(false).await }
    });
    let job = core.clone();
    tasks.every("trim", TRIM, move || {
        let core = job.clone();
        async move { core.trim().await.map(drop) }
    });
    let job = core.clone();
    tasks.every("prune-idempotency", PRUNE, move || {
        let core = job.clone();
        async move { core.prune_idempotency().await.map(drop) }
    });
    let job = core.clone();
    tasks.every("prune-operator-sessions", PRUNE, move || {
        let core = job.clone();
        async move { core.prune_operator_sessions().await.map(drop) }
    });
    let job = core.clone();
    tasks.every("prune-friend-requests", PRUNE, move || {
        let core = job.clone();
        async move { core.prune_friend_requests().await.map(drop) }
    });
    let job = core.clone();
    tasks.every("prune-subscriptions", PRUNE, move || {
        let core = job.clone();
        async move { core.prune_subscriptions().await.map(drop) }
    });
}
