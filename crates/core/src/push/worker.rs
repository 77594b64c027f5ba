//! The work: from a user who is behind to notifications that providers have taken.
//!
//! A user who is connected is left alone: what a device of theirs says that it holds moves the cursors, and a connection
//! that is none any more ends by its silence. So a notification is late by that at most, and never swallowed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use nuncio_protocol::frames::PushProvider;
use nuncio_protocol::ids::AppId;
use nuncio_protocol::{Timestamp, UserId};
use nuncio_push::{
    Answer, Facts, Http, Kept, Notification, Report, Request, Sender, Target, Verdict,
};
use nuncio_store::push::{Found, Health, Outcome, Place, Provider, Work};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use rand::RngExt as _;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::hints::{Hints, Key};
use super::pace::Turns;
use super::providers::SEALED_FOR;
use crate::courier::{Courier, Letter};
use crate::throttle::{Pace, Throttle};
use crate::{Core, Error};

/// After which time a user is looked at whose connection has ended: what its device has said last that it holds may be on
/// its way into the store.
const ENDED: Duration = Duration::from_secs(1);
/// How long one request may take. An attempt is two at most, where an access token is needed first.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long a device is held for one attempt: when its holder dies, it is taken up again after that.
const HOLD_MS: i64 = 25_000;
/// Bytes of an answer that are read.
const ANSWER_BYTES: usize = 8192;
/// Users whom one node works on at once.
const AT_ONCE: usize = 64;
/// After which time a user is looked at again who is connected, and has not said yet what they hold.
const CONNECTED: Duration = Duration::from_secs(10);
/// The pause after the first failed attempt; it doubles with each, up to the longest.
const PAUSE_MS: (i64, i64) = (1000, 10 * 60 * 1000);
/// How long a provider is left alone that is busy and says no time, or does not take the app's credentials; and at most.
const BUSY_MS: (i64, i64) = (10_000, 60 * 60 * 1000);
/// Devices of a scan's step.
const SCAN: i64 = 5000;
/// How far back is looked for devices that were registered elsewhere, as clocks and commits may be late.
const LATE_MS: i64 = 60_000;
/// Tests of one provider: so nobody makes this server flood another.
const TESTS: Pace = Pace { burst: 10, refill_ms: 6_000 };

/// What is counted.
#[derive(Clone, Debug, Default)]
pub struct PushMetrics {
    attempts: Family<Attempted, Counter>,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Attempted {
    provider: &'static str,
    outcome: &'static str,
}

impl PushMetrics {
    /// Makes the figures part of `registry`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "push_attempts",
            "Attempts to push, by provider, and by outcome: sent, gone, failed, busy, credentials, refused",
            self.attempts.clone(),
        );
    }

    fn count(&self, provider: PushProvider, outcome: &'static str) {
        let provider = nuncio_push::name_of(provider);
        self.attempts.get_or_create(&Attempted { provider, outcome }).inc();
    }
}

type OfProvider = (AppId, i32);

/// How an app's provider is spoken to.
#[derive(Clone)]
struct Way {
    /// When its credentials were set.
    changed_at: Timestamp,
    sender: Arc<Sender>,
    /// Attempts a second.
    per_second: u32,
}

/// What this node keeps of its work.
pub(crate) struct State {
    pub(super) hints: Arc<Hints>,
    ways: Mutex<HashMap<OfProvider, Way>>,
    turns: Mutex<HashMap<OfProvider, Turns>>,
    /// Until when providers are left alone.
    paused: Mutex<HashMap<OfProvider, Timestamp>>,
    health: Mutex<HashMap<OfProvider, (PushProvider, Health)>>,
    /// Where the scan goes on, and up to which moment registrations are known.
    scanned: Mutex<((AppId, String), Timestamp)>,
    hands: Arc<Semaphore>,
    tasks: TaskTracker,
    stop: CancellationToken,
    pub(super) tests: Throttle,
    metrics: PushMetrics,
}

impl Default for State {
    fn default() -> Self {
        Self {
            hints: Arc::default(),
            ways: Mutex::default(),
            turns: Mutex::default(),
            paused: Mutex::default(),
            health: Mutex::default(),
            scanned: Mutex::new(((AppId(0), String::new()), Timestamp(0))),
            hands: Arc::new(Semaphore::new(AT_ONCE)),
            tasks: TaskTracker::default(),
            stop: CancellationToken::default(),
            tests: Throttle::new(TESTS),
            metrics: PushMetrics::default(),
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Carries providers' requests as it does those to app servers.
pub(super) struct Carrier(pub(super) Arc<dyn Courier>);

#[async_trait]
impl Http for Carrier {
    async fn post(&self, request: Request) -> Result<Answer, String> {
        let Request { url, headers, body, http2 } = request;
        let letter = Letter { url, headers, body, timeout: TIMEOUT, most: ANSWER_BYTES, http2 };
        let reply = self.0.post(letter).await?;
        Ok(Answer { status: reply.status, body: reply.body, retry_after: reply.retry_after })
    }
}

impl Core {
    /// What is counted about push.
    #[must_use]
    pub fn push_metrics(&self) -> &PushMetrics {
        &self.parts.push.metrics
    }

    /// Looks after users for whom something has come, until [`Core::stop_push`]. A task of its own on each node.
    pub async fn run_push(&self) {
        let state = &self.parts.push;
        loop {
            let free = state.hands.available_permits();
            let (ready, next) = state.hints.take(free);
            for key in ready {
                let Ok(hand) = Arc::clone(&state.hands).acquire_owned().await else { return };
                let core = self.clone();
                state.tasks.spawn(async move {
                    let (app, user) = key.clone();
                    if let Err(error) = core.look_after(key).await {
                        tracing::warn!("push to a user of app {}: {error}", app.0);
                        core.parts.push.hints.look((app, user), CONNECTED);
                    }
                    drop(hand);
                    core.parts.push.hints.wake.notify_one();
                });
            }
            let next = next.filter(|_| state.hands.available_permits() > 0);
            let sleep = async {
                match next {
                    Some(next) => tokio::time::sleep_until(next).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = state.stop.cancelled() => return,
                () = state.hints.wake.notified() => {}
                () = sleep => {}
            }
        }
    }

    /// Breaks off what is being pushed, to be taken up by the next run or another node.
    pub async fn stop_push(&self) {
        let state = &self.parts.push;
        state.stop.cancel();
        state.tasks.close();
        state.tasks.wait().await;
        if let Err(error) = self.keep_push_health().await {
            tracing::warn!("push providers' counters were not kept: {error}");
        }
    }

    /// A step of the search for users who are behind, whom a crash or another node has left; and for those who have
    /// registered devices elsewhere. A job's step, on each node.
    pub async fn scan_push(&self) -> Result<(), Error> {
        self.keep_push_health().await?;
        let state = &self.parts.push;
        let (after, mut known) = locked(&state.scanned).clone();
        loop {
            let found = self.store.push_users_since(known, SCAN).await?;
            for (app, user, _) in &found {
                state.hints.learn(*app, user);
            }
            let Some((_, _, last)) = found.last() else { break };
            if i64::try_from(found.len()).unwrap_or(i64::MAX) < SCAN {
                known = known.max(last.plus_ms(-LATE_MS));
                break;
            }
            known = if *last > known { *last } else { known.plus_ms(1) };
        }
        let (behind, next) = self.store.users_behind(after, SCAN, self.now()).await?;
        for key in behind {
            state.hints.learn(key.0, &key.1);
            state.hints.arrived(key);
        }
        let next = next.unwrap_or((AppId(0), String::new()));
        *locked(&state.scanned) = (next, known);
        Ok(())
    }

    /// Forgets how messages are pushed that are too old for that. A job's step.
    pub async fn prune_push(&self) -> Result<(), Error> {
        let before = self.now().plus_ms(-2 * 24 * 60 * 60 * 1000);
        while self.store.prune_push_options(before).await? > 0 {}
        Ok(())
    }

    /// A connection of a user has ended: what it did not hold is to be pushed, where it was the last.
    pub fn connection_ended(&self, app: AppId, user: &UserId) {
        let hints = &self.parts.push.hints;
        if hints.knows(app, user) {
            hints.look((app, user.clone()), ENDED);
        }
    }

    /// A connected device of a user holds the inbox up to an entry.
    pub async fn device_holds(&self, app: AppId, user: &UserId, seq: u64) -> Result<(), Error> {
        if self.parts.push.hints.knows(app, user) {
            self.store.push_held(app, user.clone(), seq).await?;
        }
        Ok(())
    }

    async fn is_connected(&self, app: AppId, user: &UserId) -> Result<bool, Error> {
        let presence = self.parts.bus.presence(app, std::slice::from_ref(user)).await?;
        Ok(presence.iter().any(|presence| presence.online))
    }

    async fn look_after(&self, (app, user): Key) -> Result<(), Error> {
        let hints = &self.parts.push.hints;
        let Some(places) = self.store.due_push_devices(app, user.clone(), self.now()).await? else {
            hints.forget(app, &user);
            // Who has registered just now is remembered still.
            if !self.store.push_devices(app, user.clone()).await?.is_empty() {
                hints.learn(app, &user);
            }
            return Ok(());
        };
        if places.is_empty() {
            return Ok(());
        }
        if self.is_connected(app, &user).await? {
            hints.look_again((app, user), CONNECTED);
            return Ok(());
        }
        let devices = places.into_iter().map(|place| self.push_to(place));
        futures_util::future::try_join_all(devices).await?;
        Ok(())
    }

    /// Works on a device until nothing is due.
    async fn push_to(&self, place: Place) -> Result<(), Error> {
        let until = |core: &Self| core.now().plus_ms(HOLD_MS);
        let mut work = self.store.next_push(place, None, self.now(), until(self)).await?;
        while let Some(Work { place, device, seq, found }) = work {
            let outcome = if self.is_connected(place.app, &place.user).await? {
                Outcome::Wait(self.now())
            } else {
                self.attempt(&place, &device, seq, &found).await?
            };
            let key = (place.app, place.user.clone());
            work = self.store.next_push(place, Some(outcome), self.now(), until(self)).await?;
            if let Outcome::Retry(at) | Outcome::Wait(at) = outcome {
                let wait = u64::try_from(at.0 - self.now().0).unwrap_or(0);
                self.parts.push.hints.look(key, Duration::from_millis(wait).max(CONNECTED / 50));
            }
        }
        Ok(())
    }

    async fn attempt(
        &self,
        place: &Place,
        device: &nuncio_store::push::Device,
        seq: u64,
        found: &Found,
    ) -> Result<Outcome, Error> {
        let (state, of) = (&self.parts.push, (place.app, i32::from(device.provider)));
        let now = self.now();
        let Some(way) = self.way(place.app, device.provider).await? else {
            return Ok(Outcome::Wait(now.plus_ms(BUSY_MS.0)));
        };
        if let Some(until) = locked(&state.paused).get(&of).copied().filter(|until| *until > now) {
            return Ok(Outcome::Wait(until));
        }
        let turn = locked(&state.turns).entry(of).or_default().take(
            &place.user,
            &place.device,
            way.per_second,
            now,
        );
        if let Err(at) = turn {
            return Ok(Outcome::Wait(at));
        }
        let notification = notification(&place.user, found, now);
        let target = Target {
            token: device.token.clone(),
            p256dh: device.p256dh.clone(),
            auth: device.auth.clone(),
        };
        let carrier = Carrier(Arc::clone(&self.parts.courier));
        let report = tokio::select! {
            biased;
            () = state.stop.cancelled() => return Ok(Outcome::Wait(Timestamp(0))),
            report = way.sender.send(&carrier, &target, &notification, now) => report,
        };
        let now = self.now();
        self.note_push(place.app, device.provider, &report, now);
        let pause = |failures: i64| {
            let (first, longest) = PAUSE_MS;
            let doubled = (first << failures.clamp(0, 20)).min(longest);
            // Between half of it and all of it, so that those who failed together do not come back together.
            now.plus_ms(rand::rng().random_range(doubled / 2..=doubled))
        };
        Ok(match report.verdict {
            Verdict::Sent | Verdict::Refused => Outcome::Told(seq),
            Verdict::Gone => Outcome::Gone,
            Verdict::Retry => Outcome::Retry(pause(device.failures)),
            Verdict::Busy(_) | Verdict::Credentials => {
                let asked = match report.verdict {
                    Verdict::Busy(Some(asked)) => {
                        i64::try_from(asked.as_millis()).unwrap_or(i64::MAX).min(BUSY_MS.1)
                    }
                    _ => BUSY_MS.0,
                };
                let until = now.plus_ms(asked);
                locked(&state.paused).insert(of, until);
                locked(&state.turns).entry(of).or_default().pause(until);
                Outcome::Retry(until.max(pause(device.failures)))
            }
        })
    }

    /// The way to an app's provider, if that is set up and used.
    async fn way(&self, app: AppId, provider: PushProvider) -> Result<Option<Way>, Error> {
        let Some(record) = self.store.push_provider(app, provider).await? else { return Ok(None) };
        if !record.active {
            return Ok(None);
        }
        let of = (app, i32::from(provider));
        if let Some(way) = locked(&self.parts.push.ways).get(&of)
            && way.changed_at == record.changed_at
        {
            return Ok(Some(way.clone()));
        }
        let per_second = nuncio_push::per_second(&record.setup);
        let sender = Arc::new(self.new_sender(&record).await?);
        let way = Way { changed_at: record.changed_at, sender, per_second };
        locked(&self.parts.push.ways).insert(of, way.clone());
        // What stood against the old credentials, or was given out by the old pace, may not stand against these.
        locked(&self.parts.push.paused).remove(&of);
        locked(&self.parts.push.turns).remove(&of);
        Ok(Some(way))
    }

    pub(super) async fn new_sender(&self, record: &Provider) -> Result<Sender, Error> {
        let kept = self.kept(record)?;
        let app = self.store.app_by_id(record.app).await?;
        Sender::new(record.provider, &kept, app.key.as_str()).map_err(|error| {
            let name = nuncio_push::name_of(record.provider);
            Error::Internal(format!("the credentials for `{name}` of app {}: {error}", app.key))
        })
    }

    /// A provider's credentials as they were given. Fails when they were sealed with another master key.
    pub(super) fn kept(&self, record: &Provider) -> Result<Kept, Error> {
        let failed = |why: &dyn std::fmt::Display| {
            let name = nuncio_push::name_of(record.provider);
            Error::Internal(format!("the credentials for `{name}` of app {}: {why}", record.app.0))
        };
        let secret = self.parts.vault.unseal(SEALED_FOR, &record.sealed_secret);
        let secret = String::from_utf8(secret.map_err(|e| failed(&e))?).map_err(|e| failed(&e))?;
        Ok(Kept { setup: record.setup.clone(), secret })
    }

    fn note_push(&self, app: AppId, provider: PushProvider, report: &Report, now: Timestamp) {
        let state = &self.parts.push;
        state.metrics.count(provider, report.verdict.word());
        let mut all = locked(&state.health);
        let (_, health) =
            all.entry((app, i32::from(provider))).or_insert((provider, Health::default()));
        match report.verdict {
            Verdict::Sent => {
                health.sent += 1;
                health.sent_at = now;
            }
            // That a device is gone is no failure of anybody.
            Verdict::Gone => {}
            _ => {
                health.failed += 1;
                health.last_error_at = now;
                health.last_error = match report.status {
                    0 => report.excerpt.clone(),
                    status => format!("HTTP status {status}: {}", report.excerpt),
                };
            }
        }
    }

    async fn keep_push_health(&self) -> Result<(), Error> {
        let all = std::mem::take(&mut *locked(&self.parts.push.health));
        for ((app, _), (provider, health)) in all {
            self.store.note_push_health(app, provider, health).await?;
        }
        Ok(())
    }
}

fn notification(user: &UserId, found: &Found, now: Timestamp) -> Notification {
    let group = found.group.as_ref();
    let facts = Facts {
        user_id: user.as_str(),
        message: &found.message,
        count: found.count,
        sender_name: &found.sender_name,
        sender_avatar: &found.sender_avatar,
        group: group.map(|(name, avatar)| (name.as_str(), avatar.as_str())),
        badge: found.badge,
        mentioned: found.mentioned,
        options: &found.options,
        hide_content: found.hide_content,
        language: &found.language,
    };
    Notification::new(&facts, now)
}
