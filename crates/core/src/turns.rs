//! Work that is done once in a cluster, by whichever node's turn it is.

use std::time::Duration;

use nuncio_bus::Standing;
use nuncio_store::StoreError;

use crate::{Core, Error};

/// How long a node that falls silent keeps the others from a piece of work that it had begun.
const LEASE: Duration = Duration::from_secs(15);

impl Core {
    /// Does a piece of work, on one node of the cluster at a time, and at most once in every `every`. The lease on
    /// it is renewed while the work goes on; should that fail, the work is dropped between two of its
    /// transactions. Returns `None` when it is another node's turn. On a single server it is always this one's.
    pub async fn in_turn<T>(
        &self,
        name: &'static str,
        every: Duration,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<Option<T>, Error> {
        let node = match self.parts.bus.standing() {
            Standing::Alone => return work.await.map(Some),
            Standing::CutOff => return Ok(None),
            Standing::Member(node) => node.0,
        };
        // The nodes' ticks do not fall together: a little early is early enough.
        let every = every * 9 / 10;
        if !self.store.take_lease(name, node, ms(LEASE), ms(every), self.now()).await? {
            return Ok(None);
        }
        let done = tokio::select! {
            done = work => done,
            lost = self.keep_lease(name, node) => Err(lost),
        };
        self.store.give_lease(name, node, done.is_ok(), self.now()).await?;
        done.map(Some)
    }

    /// Renews a lease until that fails.
    async fn keep_lease(&self, name: &'static str, node: i64) -> Error {
        loop {
            tokio::time::sleep(LEASE / 3).await;
            let kept = self.store.take_lease(name, node, ms(LEASE), i64::MAX / 2, self.now());
            match tokio::time::timeout(LEASE / 3, kept).await {
                Ok(Ok(true)) => {}
                Ok(Err(error)) => return error.into(),
                Ok(Ok(false)) | Err(_) => {
                    let sentence = format!("the lease on `{name}` was lost");
                    return StoreError::Unavailable(sentence).into();
                }
            }
        }
    }
}

fn ms(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
