//! Webhooks: set up, tried out, looked through, and the delivery of what waits in the outbox.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::try_join_all;
use nuncio_protocol::ids::{AppId, WebhookId};
use nuncio_protocol::{MessageId, Os, Refusal, Timestamp, UserId};
use nuncio_store::outbox::{Attempt, Lane, Parcel, Verdict};
use nuncio_store::webhooks::{Health, Target};
use rand::RngExt as _;
use rand::distr::{Alphanumeric, SampleString as _};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use nuncio_store::Status;
pub use nuncio_store::outbox::{Delivery, State};
pub use nuncio_store::webhooks::{Event, Events, Setup, Webhook};

use crate::courier::{self, Reply, SEALED_FOR, WebhookMetrics};
use crate::throttle::{Pace, Throttle};
use crate::{Core, Error};

/// How long a delivery may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How long a lane is held for one delivery: when its holder dies, it is taken up again after that.
const HOLD_MS: i64 = 20_000;
/// Lanes of one webhook that one node delivers at once.
const AT_ONCE: usize = 16;
/// Lanes that one node delivers at once.
const IN_ALL: usize = 256;
/// Bytes of an answer that are read.
const ANSWER_BYTES: usize = 4096;
/// How long an event is tried.
const TRIED_MS: i64 = 24 * 60 * 60 * 1000;
/// The pause after the first failed attempt; it doubles with each, up to the longest.
const PAUSE_MS: (i64, i64) = (1000, 10 * 60 * 1000);
/// Tests of one webhook: so nobody makes this server flood another.
const TESTS: Pace = Pace { burst: 10, refill_ms: 6_000 };
/// Deliveries to one webhook that are put on their way again.
const AGAIN: Pace = Pace { burst: 100, refill_ms: 600 };
/// Letters and digits of a secret.
const SECRET_CHARS: usize = 32;
/// What a webhook's answer about a message may take, in milliseconds.
pub const TIMEOUT_MS: std::ops::RangeInclusive<u32> = 100..=10_000;

/// A new webhook. Its secret can be shown later too.
#[derive(Debug)]
pub struct CreatedWebhook {
    /// The webhook.
    pub webhook: Webhook,
    /// Its secret.
    pub secret: SecretString,
}

/// A device that came or went.
#[derive(Clone, Debug)]
pub struct ConnectionChange {
    /// The user's app.
    pub app: AppId,
    /// Whose device.
    pub user: UserId,
    /// Names the connection.
    pub session: String,
    /// What became of it.
    pub status: Status,
    /// Where it is; empty when that is not known.
    pub address: String,
    /// What it runs on.
    pub os: Os,
}

/// Deliveries under way on this node.
pub(crate) struct Deliveries {
    /// Tests of a webhook, and deliveries that are put on their way again.
    tests: Throttle,
    again: Throttle,
    /// Lanes that are worked on, by webhook.
    busy: Mutex<HashMap<WebhookId, usize>>,
    /// What is to be added to webhooks' records.
    health: Mutex<HashMap<(AppId, WebhookId), Health>>,
    tasks: TaskTracker,
    stop: CancellationToken,
    pub(crate) metrics: WebhookMetrics,
}

impl Default for Deliveries {
    fn default() -> Self {
        Self {
            tests: Throttle::new(TESTS),
            again: Throttle::new(AGAIN),
            busy: Mutex::default(),
            health: Mutex::default(),
            tasks: TaskTracker::default(),
            stop: CancellationToken::default(),
            metrics: WebhookMetrics::default(),
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn check(setup: &Setup) -> Result<(), Refusal> {
    if TIMEOUT_MS.contains(&setup.timeout_ms) {
        return Ok(());
    }
    let (least, most) = (TIMEOUT_MS.start(), TIMEOUT_MS.end());
    Err(Refusal::BadParameter(format!("the time-out is not one of {least} to {most} ms")))
}

impl Core {
    fn new_secret(&self) -> Result<(SecretString, Vec<u8>), Error> {
        let secret = Alphanumeric.sample_string(&mut rand::rng(), SECRET_CHARS);
        let sealed = self.parts.vault.seal(SEALED_FOR, secret.as_bytes());
        Ok((secret.into(), sealed.map_err(|error| Error::Internal(error.to_string()))?))
    }

    /// Makes a webhook, with a secret of its own.
    pub async fn add_webhook(&self, app: AppId, setup: Setup) -> Result<CreatedWebhook, Error> {
        check(&setup)?;
        let (secret, sealed) = self.new_secret()?;
        let webhook = self.store.add_webhook(app, setup, sealed, self.now()).await?;
        Ok(CreatedWebhook { webhook, secret })
    }

    /// An app's webhooks, oldest first.
    pub async fn webhooks(&self, app: AppId) -> Result<Vec<Webhook>, Error> {
        Ok(self.store.webhooks(app).await?)
    }

    /// One of an app's webhooks.
    pub async fn webhook(&self, app: AppId, id: WebhookId) -> Result<Webhook, Error> {
        Ok(self.store.webhook(app, id).await?)
    }

    /// Changes a webhook: `change` gets what can be set and makes it what it shall be.
    pub async fn set_webhook(
        &self,
        app: AppId,
        id: WebhookId,
        change: impl Fn(&mut Setup) + Send + 'static,
    ) -> Result<Webhook, Error> {
        let mut setup = self.store.webhook(app, id).await?.setup;
        change(&mut setup);
        check(&setup)?;
        let webhook = self.store.set_webhook(app, id, self.now(), change).await?;
        self.store.posted().notify_one();
        Ok(webhook)
    }

    /// A webhook's secret.
    pub async fn webhook_secret(&self, app: AppId, id: WebhookId) -> Result<SecretString, Error> {
        Ok(self.secret_of(&self.store.webhook(app, id).await?)?.into())
    }

    /// Gives a webhook a new secret; what is sent from now on is signed with it.
    pub async fn rotate_webhook_secret(
        &self,
        app: AppId,
        id: WebhookId,
    ) -> Result<SecretString, Error> {
        let (secret, sealed) = self.new_secret()?;
        self.store.set_webhook_secret(app, id, sealed, self.now()).await?;
        Ok(secret)
    }

    /// Removes a webhook, and what is on its way to it.
    pub async fn remove_webhook(&self, app: AppId, id: WebhookId) -> Result<(), Error> {
        Ok(self.store.remove_webhook(app, id, self.now()).await?)
    }

    /// Posts a `webhook:test` event to a webhook now, beside the outbox, and says what came of it. Refused when that
    /// is done too often.
    pub async fn test_webhook(&self, app: AppId, id: WebhookId) -> Result<Attempt, Error> {
        let webhook = self.store.webhook(app, id).await?;
        self.parts.deliveries.tests.take(&of_webhook(app, id), self.now())?;
        let app_key = self.store.app_by_id(app).await?.key;
        let event = signing_id();
        let body = json!({
            "type": "webhook:test", "id": event, "time": self.now().0,
            "data": [{ "webhookId": id.to_string(), "name": webhook.setup.name.as_str() }],
        });
        let target = Target { webhook, app_key };
        let letter = self.letter(&target, body.to_string(), TIMEOUT, ANSWER_BYTES)?;
        let reply = self.parts.courier.post(letter).await;
        Ok(attempt(reply, Verdict::GiveUp))
    }

    /// A webhook's deliveries before the one with id `before`, the newest first; those in a state, or all.
    pub async fn deliveries(
        &self,
        app: AppId,
        id: WebhookId,
        state: Option<State>,
        before: Option<MessageId>,
        limit: i64,
    ) -> Result<Vec<Delivery>, Error> {
        Ok(self.store.deliveries(app, id, state, before, limit).await?)
    }

    /// Puts a finished delivery on its way again. Refused when that is done too often.
    pub async fn redeliver(
        &self,
        app: AppId,
        id: WebhookId,
        event: MessageId,
    ) -> Result<(), Error> {
        self.parts.deliveries.again.take(&of_webhook(app, id), self.now())?;
        Ok(self.store.redeliver(app, id, event, self.now()).await?)
    }

    /// Writes down which devices came and went, in their order, for those apps whose server wants to hear of
    /// it. After a failure it can be called with the same again.
    pub async fn connections_changed(&self, changes: &[ConnectionChange]) -> Result<(), Error> {
        let mut wanting = HashMap::new();
        for change in changes {
            if let Entry::Vacant(unknown) = wanting.entry(change.app) {
                unknown.insert(self.store.wants_connections(change.app).await?);
            }
        }
        let wanted = changes.iter().filter(|change| wanting.get(&change.app) == Some(&true));
        // Begun in this order, they reach the store in this order.
        let writes = wanted.cloned().map(|change| async move {
            let ConnectionChange { app, user, session, status, address, os } = change;
            let store = self.store.on(os);
            store.connection_changed(app, user, session, status, address, self.now()).await
        });
        try_join_all(writes).await?;
        Ok(())
    }

    /// Tells of the end of the devices that an earlier run of this node left behind. To be called before the
    /// first connection is accepted.
    pub async fn end_lost_connections(&self) -> Result<(), Error> {
        while self.store.end_lost_connections(self.now()).await? > 0 {}
        Ok(())
    }

    /// Rings when there may be something for [`Core::deliver`] to do.
    #[must_use]
    pub fn posted(&self) -> Arc<Notify> {
        self.store.posted()
    }

    /// What is counted about webhooks.
    #[must_use]
    pub fn webhook_metrics(&self) -> &WebhookMetrics {
        &self.parts.deliveries.metrics
    }

    /// Begins to deliver what is due, as far as there are hands; goes on in the background. A job's step, which
    /// may run on several nodes at once.
    pub async fn deliver(&self) -> Result<(), Error> {
        self.keep_health().await?;
        for target in self.store.due_webhooks(self.now()).await? {
            let (app, id) = (target.webhook.app, target.webhook.id);
            let free = {
                let busy = locked(&self.parts.deliveries.busy);
                let in_all: usize = busy.values().sum();
                let here = busy.get(&id).copied().unwrap_or_default();
                (AT_ONCE - here.min(AT_ONCE)).min(IN_ALL - in_all.min(IN_ALL))
            };
            if free == 0 {
                continue;
            }
            let limit = i64::try_from(free).unwrap_or(i64::MAX);
            let target = Arc::new(target);
            for lane in self.store.due_lanes(app, id, self.now(), limit).await? {
                *locked(&self.parts.deliveries.busy).entry(id).or_default() += 1;
                let (core, target) = (self.clone(), Arc::clone(&target));
                self.parts.deliveries.tasks.spawn(async move {
                    if let Err(error) = core.deliver_lane(&target, lane).await {
                        tracing::warn!(webhook.id = %id, "webhook `{id}`: {error}");
                    }
                    core.lane_done(id);
                });
            }
        }
        Ok(())
    }

    /// There is a hand free again; if none was, others may have waited for it.
    fn lane_done(&self, id: WebhookId) {
        let mut busy = locked(&self.parts.deliveries.busy);
        let in_all: usize = busy.values().sum();
        if let Some(here) = busy.get_mut(&id) {
            if *here == AT_ONCE || in_all == IN_ALL {
                self.store.posted().notify_one();
            }
            *here -= 1;
            if *here == 0 {
                busy.remove(&id);
            }
        }
    }

    async fn deliver_lane(&self, target: &Target, lane: Lane) -> Result<(), Error> {
        let until = |core: &Self| core.now().plus_ms(HOLD_MS);
        let mut parcel = self.store.claim_lane(lane, until(self)).await?;
        while let Some(taken) = parcel {
            let Some(reply) = self.carry(target, &taken).await? else {
                return Ok(self.store.release_lane(taken, self.now()).await?);
            };
            let now = self.now();
            let attempt = attempt(reply, verdict(&taken, now));
            self.note(target, &attempt, now);
            parcel = self.store.settle(taken, attempt, now, until(self)).await?;
            // What was set or removed in the meantime holds for what comes next.
            if let Some(next) = &parcel
                && !self.is_current(target).await?
            {
                self.store.release_lane(next.clone(), now).await?;
                return Ok(());
            }
        }
        Ok(())
    }

    async fn is_current(&self, target: &Target) -> Result<bool, Error> {
        let Webhook { app, id, setup, sealed_secret, .. } = &target.webhook;
        match self.store.webhook(*app, *id).await.map_err(Error::from) {
            Ok(now) => Ok(now.setup == *setup && now.sealed_secret == *sealed_secret),
            Err(Error::Refused(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Posts; `None` when the server stops meanwhile.
    async fn carry(
        &self,
        target: &Target,
        parcel: &Parcel,
    ) -> Result<Option<Result<Reply, String>>, Error> {
        let letter = self.letter(target, parcel.body.clone(), TIMEOUT, ANSWER_BYTES)?;
        Ok(tokio::select! {
            biased;
            () = self.parts.deliveries.stop.cancelled() => None,
            reply = self.parts.courier.post(letter) => Some(reply),
        })
    }

    /// Keeps that a question was not answered.
    pub(crate) fn note_silence(&self, target: &Target, why: &str) {
        let key = (target.webhook.app, target.webhook.id);
        let mut all = locked(&self.parts.deliveries.health);
        let health = all.entry(key).or_default();
        health.fail(courier::excerpt(why), self.now());
    }

    fn note(&self, target: &Target, attempt: &Attempt, now: Timestamp) {
        let (app, id) = (target.webhook.app, target.webhook.id);
        let mut all = locked(&self.parts.deliveries.health);
        let health = all.entry((app, id)).or_default();
        self.parts.deliveries.metrics.attempt(match attempt.verdict {
            Verdict::Delivered => "delivered",
            Verdict::Retry(_) => "failed",
            Verdict::GiveUp => "given_up",
        });
        if attempt.verdict == Verdict::Delivered {
            health.delivered += 1;
            health.delivered_at = now;
        } else {
            let why = match attempt.status {
                0 => attempt.excerpt.clone(),
                status => format!("HTTP status {status}"),
            };
            health.fail(why, now);
        }
    }

    async fn keep_health(&self) -> Result<(), Error> {
        let all = std::mem::take(&mut *locked(&self.parts.deliveries.health));
        for ((app, id), health) in all {
            self.store.note_health(app, id, health).await?;
        }
        Ok(())
    }

    /// Measures the outbox, and closes it for webhooks that have too much in it. A job's step.
    pub async fn measure_outbox(&self) -> Result<(), Error> {
        let (mut count, mut oldest) = (0, self.now());
        for (_, waiting) in self.store.measure_outbox().await? {
            count += waiting.count;
            if waiting.count > 0 {
                oldest = oldest.min(waiting.oldest);
            }
        }
        self.parts.deliveries.metrics.waiting.set(count);
        self.parts.deliveries.metrics.oldest_seconds.set((self.now().0 - oldest.0) / 1000);
        Ok(())
    }

    /// Deletes deliveries that are past their time or too many. A job's step, in short transactions.
    pub async fn prune_deliveries(&self) -> Result<(), Error> {
        while self.store.prune_deliveries(self.now()).await? > 0 {}
        Ok(())
    }

    /// Breaks off what is being delivered, to be taken up by the next run or another node.
    pub async fn stop_deliveries(&self) {
        self.parts.deliveries.stop.cancel();
        self.parts.deliveries.tasks.close();
        self.parts.deliveries.tasks.wait().await;
        if let Err(error) = self.keep_health().await {
            tracing::warn!("webhooks' counters were not kept: {error}");
        }
    }
}

/// The key of a webhook's paces.
fn of_webhook(app: AppId, id: WebhookId) -> String {
    format!("{}/{id}", app.0)
}

/// 0 stands for never.
fn time(at: Timestamp) -> Option<i64> {
    Some(at.0).filter(|ms| *ms > 0)
}

/// A webhook, as the console and the command line show it.
#[must_use]
pub fn webhook_json(webhook: &Webhook) -> Value {
    let (setup, health) = (&webhook.setup, &webhook.health);
    json!({
        "id": webhook.id.to_string(),
        "name": setup.name.as_str(),
        "url": setup.url.as_str(),
        "events": setup.events.names(),
        "active": setup.active,
        "timeoutMs": setup.timeout_ms,
        "passWhenSilent": setup.pass_when_silent,
        "full": webhook.full,
        "createdAt": webhook.created_at.0,
        "delivered": health.delivered,
        "failed": health.failed,
        "deliveredAt": time(health.delivered_at),
        "lastError": health.last_error,
        "lastErrorAt": time(health.last_error_at),
    })
}

/// A delivery, likewise.
#[must_use]
pub fn delivery_json(delivery: &Delivery) -> Value {
    json!({
        "id": delivery.id.to_string(),
        "event": delivery.event,
        "userId": delivery.user.as_str(),
        "state": delivery.state.word(),
        "attempts": delivery.attempts,
        "queuedAt": delivery.queued_at.0,
        "triedAt": time(delivery.tried_at),
        "status": delivery.status,
        "excerpt": delivery.excerpt,
        "body": delivery.body,
    })
}

/// An id for what is asked or tried beside the outbox.
pub(crate) fn signing_id() -> String {
    nuncio_protocol::signing::hex(&rand::random::<[u8; 16]>())
}

/// What follows when an attempt fails now.
fn verdict(parcel: &Parcel, now: Timestamp) -> Verdict {
    if now.0 - parcel.queued_at.0 >= TRIED_MS {
        return Verdict::GiveUp;
    }
    let (first, longest) = PAUSE_MS;
    let doubled = first << parcel.attempts.clamp(0, 20);
    // Between half of it and all of it, so that those who failed together do not come back together.
    let pause = doubled.min(longest);
    Verdict::Retry(now.plus_ms(rand::rng().random_range(pause / 2..=pause)))
}

/// What came of a request; `if_failed` follows when that is no success.
fn attempt(reply: Result<Reply, String>, if_failed: Verdict) -> Attempt {
    match reply {
        Ok(reply) => Attempt {
            status: reply.status,
            excerpt: courier::excerpt(&String::from_utf8_lossy(&reply.body)),
            verdict: if reply.is_success() { Verdict::Delivered } else { if_failed },
        },
        Err(why) => Attempt { status: 0, excerpt: courier::excerpt(&why), verdict: if_failed },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parcel(attempts: i64) -> Parcel {
        Parcel {
            app: AppId(1),
            webhook: WebhookId(1),
            user: UserId::try_from("ada").unwrap(),
            id: MessageId(1),
            seq: 1,
            body: String::new(),
            queued_at: Timestamp(0),
            attempts,
            held_until: Timestamp(0),
        }
    }

    #[test]
    fn pauses_grow_to_ten_minutes_and_end_after_a_day() {
        let pause = |attempts| match verdict(&parcel(attempts), Timestamp(1)) {
            Verdict::Retry(at) => at.0 - 1,
            other => panic!("{other:?}"),
        };
        for (attempts, longest) in [(0, 1000), (1, 2000), (5, 32_000), (10, 600_000), (90, 600_000)]
        {
            let pause = pause(attempts);
            assert!((longest / 2..=longest).contains(&pause), "{attempts}: {pause}");
        }
        let day = Timestamp(24 * 60 * 60 * 1000);
        assert_eq!(verdict(&parcel(3), day), Verdict::GiveUp);
    }
}
