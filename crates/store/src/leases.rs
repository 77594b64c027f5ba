//! Leases on work that one node at a time does, by the database's clock.

use nuncio_protocol::Timestamp;

use crate::engine::{Store, params};
use crate::error::StoreError;

impl Store {
    /// Takes the lease on a piece of work for `holder`, or renews it, for `lease_ms`. `every_ms` is how long
    /// after it was last done the work is due again. Returns whether the holder may begin, or go on.
    pub async fn take_lease(
        &self,
        name: &'static str,
        holder: i64,
        lease_ms: i64,
        every_ms: i64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(Vec::new(), async move |tx| {
            let clock = tx.clock(now).await?;
            tx.execute(
                "insert into leases (name, holder, until, done_at) values (?1, 0, 0, 0)
                 on conflict (name) do nothing",
                params![name],
            )
            .await?;
            let taken = tx
                .execute(
                    "update leases set holder = ?2, until = ?3
                     where name = ?1 and (holder = ?2 and until > ?4
                                          or until <= ?4 and done_at <= ?5)",
                    params![name, holder, clock.plus_ms(lease_ms), clock, clock.plus_ms(-every_ms)],
                )
                .await?;
            Ok(taken > 0)
        })
        .await
    }

    /// The work is done, or was tried in vain: lets go of its lease.
    pub async fn give_lease(
        &self,
        name: &'static str,
        holder: i64,
        done: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(Vec::new(), async move |tx| {
            let clock = tx.clock(now).await?;
            tx.execute(
                "update leases set until = 0, done_at = case when cast(?3 as bigint) = 1 then ?4 else done_at end
                 where name = ?1 and holder = ?2",
                params![name, holder, done, clock],
            )
            .await?;
            Ok(())
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use nuncio_testkit::postgres::Database;

    use super::*;
    use crate::{Nudge, Nudges, Options, Place};

    struct Nobody;

    impl Nudges for Nobody {
        fn nudge(&self, _: Vec<Nudge>) {}
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_node_that_freezes_in_a_transaction_does_not_hold_the_others_up() {
        const NOW: Timestamp = Timestamp(0);
        let database = Database::create().await;
        let open = async || {
            let place = Place::Postgres(database.url().to_owned());
            Store::open(Options {
                place,
                node: 0,
                nudges: Arc::new(Nobody),
                groups: <_>::default(),
            })
            .await
            .unwrap()
        };
        let (frozen, other) = (open().await, open().await);
        assert!(frozen.take_lease("work", 1, 0, 0, NOW).await.unwrap());
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let begun = std::sync::Mutex::new(Some(begun));
        let freezing = tokio::spawn(async move {
            let stuck = frozen.write(Vec::new(), async move |tx| {
                tx.execute("update leases set holder = 7", &[]).await?;
                if let Some(begun) = begun.lock().unwrap().take() {
                    let _ = begun.send(());
                }
                // All of this store's connections are on this thread: none of them moves meanwhile.
                std::thread::sleep(Duration::from_secs(5));
                Ok(())
            });
            stuck.await
        });
        has_begun.await.unwrap();
        let asked = Instant::now();
        assert!(other.take_lease("work", 2, 60_000, 0, NOW).await.unwrap());
        assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
        assert!(freezing.await.unwrap().is_err(), "what it had changed is undone");
        assert!(!other.take_lease("work", 7, 0, 0, NOW).await.unwrap());
    }
}
