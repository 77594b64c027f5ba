//! The requests of a connection that are being worked on.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use crate::handlers::Outcome;

/// Requests that are worked on at once; further ones are not read before one of these is answered.
pub(crate) const MOST: usize = 16;

/// A request's work; comes to an end with its id.
struct Work {
    id: u64,
    work: BoxFuture<'static, Outcome>,
}

impl Future for Work {
    type Output = (u64, Outcome);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let id = self.id;
        self.work.as_mut().poll(cx).map(|outcome| (id, outcome))
    }
}

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
    pub(crate) fn begin(&mut self, id: u64, now: Instant, work: BoxFuture<'static, Outcome>) {
        self.open.push((id, now));
        self.work.get_or_insert_default().push(Work { id, work });
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
