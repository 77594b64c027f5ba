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
