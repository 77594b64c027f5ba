//! The requests of a connection that are being worked on.

use std::task::{Context, Poll};

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use crate::handlers::Outcome;

/// Requests that are worked on at once; further ones are not read before one of these is answered.
pub(crate) const MOST: usize = 16;

/// A request's work, and its id.
type Work = BoxFuture<'static, (u64, Outcome)>;

/// Requests without an answer. Takes no memory while there are none.
#[derive(Default)]
pub(crate) struct Requests {
    work: Option<FuturesUnordered<Work>>,
    /// Ids, and when each was begun; the oldest first.
    open: Vec<(u64, Instant)>,
}

impl Requests {
    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Whether a request with this id is open.
    pub(crate) fn has(&self, id: u64) -> bool {
        self.open.iter().any(|(open, _)| *open == id)
    }

    /// When the oldest open request was begun.
    pub(crate) fn oldest(&self) -> Option<Instant> {
        self.open.first().map(|(_, started)| *started)
    }

    /// Begins a request. Those begun first are polled first, so sends reach the store in their order.
    pub(crate) fn begin(
        &mut self,
        id: u64,
        now: Instant,
        work: impl Future<Output = Outcome> + Send + 'static,
    ) {
        self.open.push((id, now));
        let work = Box::pin(async move { (id, work.await) });
        self.work.get_or_insert_default().push(work);
    }

    /// The next answer.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<(u64, Outcome)> {
        let Some(work) = &mut self.work else { return Poll::Pending };
        match work.poll_next_unpin(cx) {
            Poll::Ready(Some((id, outcome))) => {
                self.open.retain(|(open, _)| *open != id);
                if self.open.is_empty() {
                    *self = Self::default();
                }
                Poll::Ready((id, outcome))
            }
            _ => Poll::Pending,
        }
    }

    /// Works on what is open to the end, for nobody.
    pub(crate) async fn finish(self) {
        if let Some(work) = self.work {
            work.for_each(|_| std::future::ready(())).await;
        }
    }
}
