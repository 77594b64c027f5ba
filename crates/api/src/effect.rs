//! What calls that close connections answer on a node of a cluster. On a single server they have closed them all
//! when they answer, and there is nothing to tell.

use schemars::JsonSchema;
use serde::Serialize;

use crate::operation::Context;

/// The answer of a call that has nothing else to say.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Effect {
    pub(crate) applied: Applied,
}

/// How far the closing of connections had got when the call was answered. What was decided is in force on all
/// nodes; a node that was not reached closes the connections once it is, or when its lease ends.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Applied {
    /// Nodes that have looked for connections of the users: this one, and those where they are connected.
    nodes_reached: usize,
    /// Connections that were closed.
    connections_closed: usize,
    /// Milliseconds that this took.
    took_ms: u64,
}

impl Applied {
    /// What to tell; nothing on a single server.
    pub(crate) fn of(ctx: &Context, applied: nuncio_core::Applied) -> Option<Self> {
        ctx.core.is_clustered().then(|| Self {
            nodes_reached: applied.nodes,
            connections_closed: applied.connections,
            took_ms: u64::try_from(applied.took.as_millis()).unwrap_or(u64::MAX),
        })
    }
}
