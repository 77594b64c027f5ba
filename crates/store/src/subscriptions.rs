//! Subscriptions: who wants to hear at once of whose presence or profile, for a time.
//!
//! What is heard is not stored and may be missed; whoever needs certainty asks.

use nuncio_protocol::frames::{Subscription, SubscriptionType};
use nuncio_protocol::ids::AppId;
use nuncio_protocol::{Refusal, Timestamp, UserId, limits};

use crate::engine::{Store, Tx, params};
use crate::error::StoreError;
use crate::paging::{Page, Position};
use crate::users;

fn number(r#type: SubscriptionType) -> i64 {
    i64::from(i32::from(r#type))
}

impl Store {
    /// Subscribes to users until `expires_at`; an old subscription lasts until then from now on. Refused past
    /// the user's own limit and past any target's limit of subscribers.
    pub async fn subscribe(
        &self,
        app: AppId,
        user: UserId,
        targets: Vec<UserId>,
        r#type: SubscriptionType,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut locks: Vec<_> = targets.iter().map(|target| (app, target.clone())).collect();
        locks.push((app, user.clone()));
        self.write(locks, async move |tx| {
            users::active(tx, app, &user).await?;
            if targets.contains(&user) {
                let sentence = format!("`{user}` cannot subscribe to itself");
                return Err(Refusal::BadParameter(sentence).into());
            }
            tx.execute(
                "delete from subscriptions where app = ?1 and user_id = ?2 and expires_at <= ?3",
                params![app, &user, now],
            )
            .await?;
            for target in &targets {
                tx.execute(
                    "insert into subscriptions
                         (app, user_id, target_id, type, subscribed_at, expires_at)
                     values (?1, ?2, ?3, ?4, ?5, ?6)
                     on conflict (app, user_id, type, target_id)
                     do update set expires_at = excluded.expires_at",
                    params![app, &user, target, number(r#type), now, expires_at],
                )
                .await?;
                check_subscribers(tx, app, target, r#type, now).await?;
            }
            let own = tx
                .count(
                    "select count(*) from subscriptions where app = ?1 and user_id = ?2",
                    params![app, &user],
                )
                .await?;
            if own > limits::SUBSCRIPTIONS {
                return Err(Refusal::TooManySubscriptions { limit: limits::SUBSCRIPTIONS }.into());
            }
            Ok(())
        })
        .await
    }

    /// Ends subscriptions, those that there are.
    pub async fn unsubscribe(
        &self,
        app: AppId,
        user: UserId,
        targets: Vec<UserId>,
        r#type: SubscriptionType,
    ) -> Result<(), StoreError> {
        self.write(vec![(app, user.clone())], async move |tx| {
            users::active(tx, app, &user).await?;
            for target in &targets {
                tx.execute(
                    "delete from subscriptions
                     where app = ?1 and user_id = ?2 and type = ?3 and target_id = ?4",
                    params![app, &user, number(r#type), target],
                )
                .await?;
            }
            Ok(())
        })
        .await
    }

    /// A page of a user's subscriptions, oldest first.
    pub async fn subscriptions(
        &self,
        app: AppId,
        user: UserId,
        r#type: SubscriptionType,
        after: Option<Position>,
        limit: i64,
        now: Timestamp,
    ) -> Result<Page<Subscription>, StoreError> {
        self.read(async move |tx| {
            users::active(tx, app, &user).await?;
            let (at, id) = Position::or_start(after.as_ref(), false);
            let rows = tx
                .all(
                    "select target_id, subscribed_at, expires_at from subscriptions
                     where app = ?1 and user_id = ?2 and type = ?3 and expires_at > ?4
                        and (subscribed_at > ?5 or (subscribed_at = ?5 and target_id > ?6))
                     order by subscribed_at, target_id limit ?7",
                    params![app, &user, number(r#type), now, at, id, limit + 1],
                    |row| {
                        let subscription = Subscription {
                            user_id: row.get(0)?,
                            r#type: r#type.into(),
                            subscribed_at: row.get(1)?,
                            expires_at: row.get(2)?,
                        };
                        Ok((Position { at: row.get(1)?, id: row.get(0)? }, subscription))
                    },
                )
                .await?;
            Ok(Page::cut(rows, limit))
        })
        .await
    }

    /// Who hears of a user's presence or profile now: subscribers that the user has not in its blocklist.
    pub async fn subscribers(
        &self,
        app: AppId,
        target: UserId,
        r#type: SubscriptionType,
        now: Timestamp,
    ) -> Result<Vec<UserId>, StoreError> {
        self.read(async move |tx| {
            tx.all(
                "select s.user_id from subscriptions s
                 where s.app = ?1 and s.target_id = ?2 and s.type = ?3 and s.expires_at > ?4
                    and not exists (select 1 from blocklist b
                        where b.app = ?1 and b.user_id = ?2 and b.target_id = s.user_id)",
                params![app, &target, number(r#type), now],
                |row| row.get(0),
            )
            .await
        })
        .await
    }

    /// Deletes some subscriptions of all apps that are past their time; returns how many.
    pub async fn prune_subscriptions(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.write(Vec::new(), async move |tx| {
            tx.execute(
                "delete from subscriptions where (app, user_id, type, target_id) in (
                     select app, user_id, type, target_id from subscriptions
                     where expires_at <= ?1 order by expires_at limit 1000)",
                params![now],
            )
            .await
        })
        .await
    }
}

/// Refuses when the target has more subscribers than allowed. Rows that are past their time count only
/// until someone looks closely: the first look needs nothing but the index.
async fn check_subscribers(
    tx: &Tx<'_>,
    app: AppId,
    target: &UserId,
    r#type: SubscriptionType,
    now: Timestamp,
) -> Result<(), StoreError> {
    let rows = tx
        .count(
            "select count(*) from subscriptions where app = ?1 and target_id = ?2 and type = ?3",
            params![app, target, number(r#type)],
        )
        .await?;
    if rows <= limits::SUBSCRIBERS {
        return Ok(());
    }
    let live = tx
        .count(
            "select count(*) from subscriptions
             where app = ?1 and target_id = ?2 and type = ?3 and expires_at > ?4",
            params![app, target, number(r#type), now],
        )
        .await?;
    if live > limits::SUBSCRIBERS {
        return Err(Refusal::TooManySubscribers(target.clone()).into());
    }
    Ok(())
}
