//! Subscriptions: who wants to hear at once of whose presence or profile.

use nuncio_bus::Presence;
use nuncio_protocol::frames::{
    PresenceState, PresenceStates, Subscription, SubscriptionType, SubscriptionsChanged,
    server_frame,
};
use nuncio_protocol::ids::AppId;
use nuncio_protocol::{Refusal, Timestamp, UserId, limits};

use crate::friends::at_most;
use crate::page_token::{Page, Query};
use crate::{Core, Error};

impl Core {
    /// Subscribes to at most 200 users, for 60 to 2,592,000 seconds; 0 means the longest. An old subscription
    /// lasts that long from now. Refused past 1,000 subscriptions of one's own, and past 5,000 subscribers of
    /// any target.
    pub async fn subscribe(
        &self,
        app: AppId,
        user: UserId,
        targets: Vec<UserId>,
        r#type: SubscriptionType,
        expiry_seconds: u32,
    ) -> Result<(), Error> {
        at_most(limits::SUBSCRIBE_BATCH, &targets)?;
        known(r#type)?;
        let range = limits::SUBSCRIPTION_SECONDS;
        let seconds = if expiry_seconds == 0 { *range.end() } else { expiry_seconds };
        if !range.contains(&seconds) {
            let sentence =
                format!("`expirySeconds` must be {} to {}, or 0", range.start(), range.end());
            return Err(Refusal::BadParameter(sentence).into());
        }
        let now = self.now();
        let expires_at = now.plus_ms(i64::from(seconds) * 1000);
        self.store.subscribe(app, user.clone(), targets.clone(), r#type, expires_at, now).await?;
        self.tell_subscriptions(app, &user, &targets, r#type, (now, expires_at));
        Ok(())
    }

    /// Ends subscriptions; who was not subscribed to does not matter.
    pub async fn unsubscribe(
        &self,
        app: AppId,
        user: UserId,
        targets: Vec<UserId>,
        r#type: SubscriptionType,
    ) -> Result<(), Error> {
        at_most(limits::SUBSCRIBE_BATCH, &targets)?;
        known(r#type)?;
        self.store.unsubscribe(app, user.clone(), targets.clone(), r#type).await?;
        self.tell_subscriptions(app, &user, &targets, r#type, (self.now(), Timestamp(0)));
        Ok(())
    }

    /// Tells the user's devices in passing; who is not connected reads the subscriptions again.
    fn tell_subscriptions(
        &self,
        app: AppId,
        user: &UserId,
        targets: &[UserId],
        r#type: SubscriptionType,
        (from, to): (Timestamp, Timestamp),
    ) {
        let one = |target: &UserId| Subscription {
            user_id: target.as_str().to_owned(),
            r#type: r#type.into(),
            subscribed_at: from.0,
            expires_at: to.0,
        };
        let subscriptions = targets.iter().map(one).collect();
        let told = SubscriptionsChanged { subscriptions };
        self.parts.bus.tell(app, user, server_frame::Body::SubscriptionsChanged(told));
    }

    /// A page of a user's subscriptions that are in force, oldest first.
    pub async fn subscriptions(
        &self,
        app: AppId,
        user: UserId,
        r#type: SubscriptionType,
        page_token: Option<&str>,
        limit: i64,
    ) -> Result<Page<Subscription>, Error> {
        known(r#type)?;
        let query = Query::new(&format!("subscriptions, {type:?}"), app, &user);
        let after = query.position(page_token)?;
        let now = self.now();
        Ok(query.page(self.store.subscriptions(app, user, r#type, after, limit, now).await?))
    }

    /// Who hears of a user's presence or profile now: subscribers that the user has not in its blocklist.
    pub async fn subscribers(
        &self,
        app: AppId,
        target: &UserId,
        r#type: SubscriptionType,
    ) -> Result<Vec<UserId>, Error> {
        Ok(self.store.subscribers(app, target.clone(), r#type, self.now()).await?)
    }

    /// Tells subscribers that are connected now that a user came or went. When nobody subscribes, this is
    /// one read of an index.
    pub async fn presence_changed(
        &self,
        app: AppId,
        user: &UserId,
        presence: Presence,
    ) -> Result<(), Error> {
        let subscribers = self.subscribers(app, user, SubscriptionType::OnlineStatus).await?;
        let state = PresenceState {
            user_id: user.as_str().to_owned(),
            online: presence.online,
            changed_at: presence.changed_at.0,
            platforms: presence.platforms,
        };
        let what = server_frame::Body::PresenceChanged(PresenceStates { states: vec![state] });
        for subscriber in &subscribers {
            self.parts.bus.tell(app, subscriber, what.clone());
        }
        Ok(())
    }

    /// Forgets subscriptions that are past their time, in all apps; returns how many. A job's step, in short
    /// transactions.
    pub async fn prune_subscriptions(&self) -> Result<u64, Error> {
        let now = self.now();
        let mut deleted = 0;
        loop {
            let rows = self.store.prune_subscriptions(now).await?;
            deleted += rows;
            if rows == 0 {
                return Ok(deleted);
            }
        }
    }
}

/// Refuses what is no kind of subscription.
fn known(r#type: SubscriptionType) -> Result<(), Refusal> {
    match r#type {
        SubscriptionType::OnlineStatus | SubscriptionType::Profile => Ok(()),
        SubscriptionType::Unspecified => {
            Err(Refusal::BadParameter("the subscription's type is missing".to_owned()))
        }
    }
}
