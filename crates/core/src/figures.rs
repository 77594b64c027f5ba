//! What an app's users and server do, counted while it happens and shown over time.
//!
//! Counting is a lock and an addition in memory. [`Core::turn_figures`], which the server calls each second, closes
//! steps of five seconds, which are kept in memory for the live view, and hands whole minutes to the store.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nuncio_protocol::Timestamp;
use nuncio_protocol::ids::AppId;
pub use nuncio_store::figures::{ByCode, Tally, Times};
use nuncio_store::figures::{HOUR_MS, MINUTE_MS};

use tokio::sync::RwLock;

use crate::{Core, Error};

/// Milliseconds of the steps that are kept in memory.
const LIVE_MS: i64 = 5_000;
/// How many of them: five minutes.
const LIVE_STEPS: usize = 60;
/// Minutes of apps that wait for the store while it does not answer; past it they are lost.
const WAITING: usize = 10_000;

/// How far back is looked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Span {
    /// Five minutes, of this node alone, in steps of five seconds.
    Live,
    /// An hour, in minutes.
    Hour,
    /// A day, in steps of ten minutes.
    Day,
    /// Thirty days, in steps of four hours.
    Month,
}

impl Span {
    /// Length of a step, and how many there are.
    fn steps(self) -> (i64, usize) {
        match self {
            Self::Live => (LIVE_MS, LIVE_STEPS),
            Self::Hour => (MINUTE_MS, 60),
            Self::Day => (10 * MINUTE_MS, 144),
            Self::Month => (4 * HOUR_MS, 180),
        }
    }
}

/// Tallies of steps without gaps, oldest first; the last step is still going on.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Milliseconds of a step.
    pub step_ms: i64,
    /// When each began, and what was counted in it.
    pub points: Vec<(Timestamp, Tally)>,
}

/// What was counted of one app and is not in the store yet.
#[derive(Debug, Default)]
struct Running {
    /// Users connected to this node.
    online: u64,
    /// Since the last turn.
    now: Tally,
    /// Since the minute began.
    minute: Tally,
    /// The last steps, where something happened.
    live: VecDeque<(i64, Tally)>,
}

impl Running {
    fn is_over(&self) -> bool {
        self.online == 0 && self.live.is_empty() && self.minute.is_empty() && self.now.is_empty()
    }

    /// Closes the step that began at `step`.
    fn close_step(&mut self, step: i64) {
        let fresh = Tally { online: self.online, ..Tally::default() };
        let done = std::mem::replace(&mut self.now, fresh);
        if !done.is_empty() {
            self.minute.add_later(&done);
            self.live.push_back((step, done));
        }
        let oldest = step - LIVE_MS * i64::try_from(LIVE_STEPS).unwrap_or(0);
        while self.live.front().is_some_and(|(at, _)| *at < oldest) {
            self.live.pop_front();
        }
    }
}

#[derive(Debug, Default)]
struct Counting {
    /// Beginning of the step that goes on.
    step: i64,
    apps: HashMap<AppId, Running>,
    /// Minutes for the store.
    waiting: Vec<(i64, AppId, Tally)>,
}

/// Where it is counted.
#[derive(Debug, Default)]
pub struct Figures {
    counting: Mutex<Counting>,
    /// Held while minutes go over to the store, and while both are looked at: so that nobody sees one in neither
    /// place, or in both.
    going_over: RwLock<()>,
}

impl Figures {
    fn counting(&self) -> MutexGuard<'_, Counting> {
        self.counting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(&self, app: AppId, count: impl FnOnce(&mut Running)) {
        count(self.counting().apps.entry(app).or_default());
    }

    /// A user's first device has connected to this node.
    pub fn came_online(&self, app: AppId) {
        self.of(app, |running| {
            running.online += 1;
            running.now.online = running.now.online.max(running.online);
        });
    }

    /// A user's last device has gone from this node.
    pub fn went_offline(&self, app: AppId) {
        self.of(app, |running| running.online = running.online.saturating_sub(1));
    }

    /// A login was answered with the code of this number; 0 is success.
    pub fn login(&self, app: AppId, code: u32) {
        self.of(app, |running| *running.now.logins.entry(code).or_default() += 1);
    }

    /// A client's message was answered; `took` is left out where it was refused unread.
    pub fn message(&self, app: AppId, code: u32, took: Option<Duration>) {
        self.of(app, |running| {
            *running.now.messages.entry(code).or_default() += 1;
            if let Some(took) = took {
                running.now.message_times.count(took);
            }
        });
    }

    /// A call of the Server API was answered.
    pub fn api_call(&self, app: AppId, code: u32, took: Duration) {
        self.of(app, |running| {
            *running.now.api_calls.entry(code).or_default() += 1;
            running.now.api_times.count(took);
        });
    }

    /// Closes what is over at `now`, and with `all` what goes on too. Returns whole minutes, as far as they wait.
    fn turn(&self, now: Timestamp, all: bool) -> Vec<(i64, AppId, Tally)> {
        let mut counting = self.counting();
        let step = now.0 - now.0.rem_euclid(LIVE_MS);
        let Counting { step: last, apps, waiting } = &mut *counting;
        if *last == 0 {
            *last = step;
        }
        let minute_of = |at: i64| at - at.rem_euclid(MINUTE_MS);
        if *last != step || all {
            let over = minute_of(*last) != minute_of(step) || all;
            for (app, running) in &mut *apps {
                running.close_step(*last);
                if over {
                    let minute = std::mem::take(&mut running.minute);
                    if !minute.is_empty() && waiting.len() < WAITING {
                        waiting.push((minute_of(*last), *app, minute));
                    }
                }
            }
            apps.retain(|_, running| !running.is_over());
            *last = step;
        }
        std::mem::take(waiting)
    }

    /// What of an app is not in the store yet, by minutes.
    fn not_stored(&self, app: AppId) -> Vec<(Timestamp, Tally)> {
        let counting = self.counting();
        let waiting = counting.waiting.iter().filter(|(_, of, _)| *of == app);
        let mut all: Vec<_> =
            waiting.map(|(minute, _, tally)| (Timestamp(*minute), tally.clone())).collect();
        if let Some(running) = counting.apps.get(&app) {
            let mut tally = running.minute.clone();
            tally.add_later(&running.now);
            let minute = counting.step - counting.step.rem_euclid(MINUTE_MS);
            all.push((Timestamp(minute), tally));
        }
        all
    }

    fn live(&self, app: AppId) -> Vec<(Timestamp, Tally)> {
        let counting = self.counting();
        let Some(running) = counting.apps.get(&app) else { return Vec::new() };
        let closed = running.live.iter().map(|(at, tally)| (Timestamp(*at), tally.clone()));
        closed.chain([(Timestamp(counting.step), running.now.clone())]).collect()
    }
}

impl Core {
    /// Where it is counted.
    #[must_use]
    pub fn figures(&self) -> &Figures {
        &self.parts.figures
    }

    /// Closes steps and minutes that are over, and gives minutes to the store: a job's step, to be done each
    /// second. With `all`, at the end, what goes on too.
    pub async fn turn_figures(&self, all: bool) -> Result<(), Error> {
        /// Apps of one transaction.
        const TOGETHER: usize = 200;
        let _going_over = self.parts.figures.going_over.write().await;
        let mut waiting = self.parts.figures.turn(self.now(), all);
        waiting.sort_by_key(|(minute, app, _)| (*minute, *app));
        while let Some((minute, ..)) = waiting.first() {
            let minute = *minute;
            let together =
                waiting.iter().take(TOGETHER).take_while(|(other, ..)| *other == minute).count();
            let some = waiting[..together].iter().map(|(_, app, tally)| (*app, tally.clone()));
            if let Err(error) = self.store.add_figures(Timestamp(minute), some.collect()).await {
                self.parts.figures.counting().waiting.extend(waiting);
                return Err(error.into());
            }
            waiting.drain(..together);
        }
        Ok(())
    }

    /// What was counted of an app over a span.
    pub async fn series(&self, app: AppId, span: Span) -> Result<Series, Error> {
        let (step_ms, count) = span.steps();
        let now = self.now().0;
        let last = now - now.rem_euclid(step_ms);
        let length = i64::try_from(count).unwrap_or(i64::MAX);
        let first = last - (length - 1) * step_ms;
        let mut points: Vec<_> =
            (0..length).map(|n| (Timestamp(first + n * step_ms), Tally::default())).collect();
        let mut put = |at: Timestamp, tally: &Tally| {
            let Ok(index) = usize::try_from((at.0 - first).div_euclid(step_ms)) else { return };
            if let Some((_, sum)) = points.get_mut(index) {
                sum.add_later(tally);
            }
        };
        if span == Span::Live {
            for (at, tally) in self.parts.figures.live(app) {
                put(at, &tally);
            }
            return Ok(Series { step_ms, points });
        }
        let rows = if span == Span::Month { HOUR_MS } else { MINUTE_MS };
        let _going_over = self.parts.figures.going_over.read().await;
        for (at, tally) in self.store.figures(app, rows, Timestamp(first)).await? {
            put(at, &tally);
        }
        // Of other nodes, the minute that goes on is not known.
        for (at, tally) in self.parts.figures.not_stored(app) {
            put(at, &tally);
        }
        Ok(Series { step_ms, points })
    }
}
