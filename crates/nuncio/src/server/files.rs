//! Open files: each connection is one, and systems often allow a process only 1,024 until it asks.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that the process needs besides its connections: the database, its readers, the log.
const OTHERS: u64 = 256;

/// Raises the limit as far as the system lets us; warns when `connections` do not fit.
pub(super) fn raise_limit(connections: u32) {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: maximum, maximum };
    let limit = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => maximum,
        Err(error) => {
            tracing::warn!("cannot raise the limit of open files: {error}");
            current
        }
    };
    let room = limit.map_or(u64::MAX, |limit| limit.saturating_sub(OTHERS));
    if room < u64::from(connections) {
        tracing::warn!(
            "open files are limited so that about {room} connections fit, `max-connections` is \
             {connections}: raise the limit (`ulimit -n`, or LimitNOFILE= in systemd)"
        );
    }
}
