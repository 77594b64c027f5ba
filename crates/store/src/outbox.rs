//! The outbox: events on their way to app servers, in order for each webhook and user.
//!
//! A *lane* is a user's row of events for one webhook. It is there while something waits in it, so a look
//! for work is a look for lanes that are due. Who works on a lane moves its moment into the future first;
//! nobody else takes it before then, not on another node either, and when the worker dies it comes due by
//! itself. A lane that fails waits alone.

use nuncio_protocol::ids::{AppId, WebhookId};
use nuncio_protocol::{MessageId, Refusal, Timestamp, UserId};
use serde_json::{Value, json};

use crate::audit::{self, Act};
use crate::engine::{Row, Store, Tx, params};
use crate::error::StoreError;
use crate::events::{self, Event, Events};
use crate::webhooks::{self, Target, read_target, select_webhooks};

/// Numbers of `webhook_deliveries.state`.
const WAITS: i64 = 0;
const DELIVERED: i64 = 1;
const GIVEN_UP: i64 = 2;

/// A lane that is due.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Lane {
    /// The webhook's app.
    pub app: AppId,
    /// The webhook.
    pub webhook: WebhookId,
    /// Whose events.
    pub user: UserId,
    /// The moment at which it came due, by which a claim is recognised.
    pub next_at: Timestamp,
}

/// The first delivery of a lane that its holder works on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Parcel {
    /// The webhook's app.
    pub app: AppId,
    /// The webhook.
    pub webhook: WebhookId,
    /// Whose event.
    pub user: UserId,
    /// The event's id.
    pub id: MessageId,
    /// Its place in the lane.
    pub seq: i64,
    /// What is posted.
    pub body: String,
    /// When it was put into the lane.
    pub queued_at: Timestamp,
    /// How often it was tried.
    pub attempts: i64,
    /// Until when its lane is held; past that, somebody else may have taken it.
    pub held_until: Timestamp,
}

/// How an attempt ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Attempt {
    /// HTTP status; 0: there was no answer.
    pub status: u16,
    /// How the answer begins, or why there was none.
    pub excerpt: String,
    /// What follows from it.
    pub verdict: Verdict,
}

/// What follows from an attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It arrived: on to the next one.
    Delivered,
    /// It is tried again then, and what is behind it waits.
    Retry(Timestamp),
    /// It is not tried again: on to the next one.
    GiveUp,
}

/// In which state a delivery is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum State {
    /// Not there yet.
    Waiting,
    /// It arrived.
    Delivered,
    /// It was tried long enough.
    GivenUp,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Delivered, Self::GivenUp];

    fn number(self) -> i64 {
        match self {
            Self::Waiting => WAITS,
            Self::Delivered => DELIVERED,
            Self::GivenUp => GIVEN_UP,
        }
    }

    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::GivenUp => "given-up",
        }
    }
}

/// A delivery, as operators see it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Delivery {
    /// The event's id.
    pub id: MessageId,
    /// Whose event.
    pub user: UserId,
    /// Its name in the filter; empty when this program does not know it.
    pub event: &'static str,
    /// What is posted.
    pub body: String,
    /// When it was put on its way, the last time.
    pub queued_at: Timestamp,
    /// Where it stands.
    pub state: State,
    /// How often it was tried.
    pub attempts: i64,
    /// When it was tried last; 0: never.
    pub tried_at: Timestamp,
    /// HTTP status of the last answer; 0: there was none.
    pub status: i64,
    /// How that answer begins, or why there was none.
    pub excerpt: String,
}

/// Whether a webhook of the app wants an event.
pub(crate) async fn wants(tx: &Tx<'_>, app: AppId, event: Event) -> Result<bool, StoreError> {
    tx.exists(
        "select 1 from apps where id = ?1 and (webhook_events & ?2) <> 0",
        params![app, event.bit()],
    )
    .await
}

/// Writes an event down for every webhook that wants it.
pub(crate) async fn post(
    tx: &mut Tx<'_>,
    app: AppId,
    user: &UserId,
    event: Event,
    now: Timestamp,
    data: Value,
) -> Result<(), StoreError> {
    let wanting = tx
        .all(
            "select id from webhooks
             where app = ?1 and active = 1 and is_full = 0 and (events & ?2) <> 0",
            params![app, event.bit()],
            |row| row.get::<i64>(0).map(WebhookId),
        )
        .await?;
    if wanting.is_empty() {
        return Ok(());
    }
    let id = tx.message_id(now, MessageId(0));
    let body = events::body(event, id, now, data);
    for webhook in wanting {
        let seq = enter(tx, app, webhook, user, now).await?;
        tx.execute(
            "insert into webhook_deliveries (app, webhook, id, user_id, seq, event, body, queued_at)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![app, webhook.0, id, user, seq, event.bit(), &body, now],
        )
        .await?;
    }
    Ok(())
}

/// Takes the next place in a lane, and makes the lane if there is none.
async fn enter(
    tx: &mut Tx<'_>,
    app: AppId,
    webhook: WebhookId,
    user: &UserId,
    now: Timestamp,
) -> Result<i64, StoreError> {
    tx.posted = true;
    tx.one(
        "insert into webhook_lanes (app, webhook, user_id, head, next_at) values (?1, ?2, ?3, 1, ?4)
         on conflict (app, webhook, user_id) do update set head = webhook_lanes.head + 1
         returning head",
        params![app, webhook.0, user, now],
        |row| row.get(0),
    )
    .await
}

/// The delivery at the front of a lane.
async fn front(
    tx: &Tx<'_>,
    app: AppId,
    webhook: WebhookId,
    user: &UserId,
    held_until: Timestamp,
) -> Result<Option<Parcel>, StoreError> {
    tx.opt(
        "select id, seq, body, queued_at, attempts from webhook_deliveries
         where app = ?1 and webhook = ?2 and user_id = ?3 and state = 0 order by seq limit 1",
        params![app, webhook.0, user],
        |row| {
            Ok(Parcel {
                app,
                webhook,
                user: user.clone(),
                id: row.get(0)?,
                seq: row.get(1)?,
                body: row.get(2)?,
                queued_at: row.get(3)?,
                attempts: row.get(4)?,
                held_until,
            })
        },
    )
    .await
}

/// Goes to the front of a lane that is held until `held`, and holds it until `until`. An empty lane goes; one
/// that somebody else has taken since is left to them.
async fn go_on(
    tx: &Tx<'_>,
    app: AppId,
    webhook: WebhookId,
    user: &UserId,
    held: Timestamp,
    until: Timestamp,
) -> Result<Option<Parcel>, StoreError> {
    let parcel = loop {
        let newest = tx
            .opt(
                "select head from webhook_lanes
                 where app = ?1 and webhook = ?2 and user_id = ?3 and next_at = ?4",
                params![app, webhook.0, user, held],
                |row| row.get::<i64>(0),
            )
            .await?;
        let Some(newest) = newest else { return Ok(None) };
        if let Some(parcel) = front(tx, app, webhook, user, until).await? {
            break parcel;
        }
        // Not while something is being put into it that is not to be seen here yet: an event need not come with the
        // lock of the lane's user, so this may wait for it, and then finds the head another one.
        let gone = tx
            .execute(
                "delete from webhook_lanes
                 where app = ?1 and webhook = ?2 and user_id = ?3 and next_at = ?4 and head = ?5",
                params![app, webhook.0, user, held, newest],
            )
            .await?;
        if gone > 0 {
            return Ok(None);
        }
    };
    let still_held = move_lane(tx, app, webhook, user, held, until).await?;
    Ok(Some(parcel).filter(|_| still_held))
}

/// Moves the moment of a lane that is due at `from`; says whether it was.
async fn move_lane(
    tx: &Tx<'_>,
    app: AppId,
    webhook: WebhookId,
    user: &UserId,
    from: Timestamp,
    to: Timestamp,
) -> Result<bool, StoreError> {
    let rows = tx
        .execute(
            "update webhook_lanes set next_at = ?5
             where app = ?1 and webhook = ?2 and user_id = ?3 and next_at = ?4",
            params![app, webhook.0, user, from, to],
        )
        .await?;
    Ok(rows > 0)
}

/// The columns from which [`read_delivery`] makes a delivery, more of them, and a tail.
macro_rules! select_deliveries {
    ($columns:literal, $tail:literal) => {
        concat!(
            "select id, user_id, event, body, queued_at, state, attempts, tried_at, status, excerpt",
            $columns,
            " from webhook_deliveries ",
            $tail
        )
    };
}
pub(crate) use select_deliveries;

pub(crate) fn read_delivery(row: &Row<'_>) -> Result<Delivery, StoreError> {
    let (event, state): (i64, i64) = (row.get(2)?, row.get(5)?);
    Ok(Delivery {
        id: row.get(0)?,
        user: row.get(1)?,
        event: Events::from_bits(event).names().first().copied().unwrap_or_default(),
        body: row.get(3)?,
        queued_at: row.get(4)?,
        state: State::ALL.into_iter().find(|s| s.number() == state).unwrap_or(State::Waiting),
        attempts: row.get(6)?,
        tried_at: row.get(7)?,
        status: row.get(8)?,
        excerpt: row.get(9)?,
    })
}

/// Why a delivery is not put on its way again.
async fn not_again(
    tx: &Tx<'_>,
    app: AppId,
    webhook: WebhookId,
    id: MessageId,
) -> Result<String, StoreError> {
    let forgotten = tx
        .exists(
            "select 1 from webhook_deliveries
             where app = ?1 and webhook = ?2 and id = ?3 and body = ''",
            params![app, webhook.0, id],
        )
        .await?;
    Ok(if forgotten {
        format!("what delivery `{id}` said went with its user")
    } else {
        format!("delivery `{id}` waits already")
    })
}

impl Store {
    /// The webhooks that have lanes which are due.
    pub async fn due_webhooks(&self, now: Timestamp) -> Result<Vec<Target>, StoreError> {
        self.read(async move |tx| {
            let sql = select_webhooks!(
                "where w.active = 1 and a.locked = 0 and exists (
                     select 1 from webhook_lanes l
                     where l.app = w.app and l.webhook = w.id and l.next_at <= ?1)"
            );
            tx.all(sql, params![now], read_target).await
        })
        .await
    }

    /// Lanes of a webhook that are due, the first to come due first.
    pub async fn due_lanes(
        &self,
        app: AppId,
        webhook: WebhookId,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<Lane>, StoreError> {
        self.read(async move |tx| {
            tx.all(
                "select user_id, next_at from webhook_lanes
                 where app = ?1 and webhook = ?2 and next_at <= ?3 order by next_at limit ?4",
                params![app, webhook.0, now, limit],
                |row| Ok(Lane { app, webhook, user: row.get(0)?, next_at: row.get(1)? }),
            )
            .await
        })
        .await
    }

    /// Takes a lane until `until`, unless somebody else has; answers what is at its front.
    pub async fn claim_lane(
        &self,
        lane: Lane,
        until: Timestamp,
    ) -> Result<Option<Parcel>, StoreError> {
        self.write(vec![(lane.app, lane.user.clone())], async move |tx| {
            let Lane { app, webhook, user, next_at } = &lane;
            go_on(tx, *app, *webhook, user, *next_at, until).await
        })
        .await
    }

    /// Keeps how an attempt ended. Answers what comes next in the lane, which stays taken until `until`; `None`
    /// when the lane is empty or waits.
    pub async fn settle(
        &self,
        parcel: Parcel,
        attempt: Attempt,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Parcel>, StoreError> {
        self.write(vec![(parcel.app, parcel.user.clone())], async move |tx| {
            let Parcel { app, webhook, user, id, seq, .. } = &parcel;
            let state = match attempt.verdict {
                Verdict::Delivered => DELIVERED,
                Verdict::Retry(_) => WAITS,
                Verdict::GiveUp => GIVEN_UP,
            };
            tx.execute(
                // Of a user who was deleted meanwhile no text is kept.
                "update webhook_deliveries set state = ?5, attempts = attempts + 1, tried_at = ?6,
                        status = ?7, excerpt = ?8,
                        body = case when cast(?5 as bigint) = 0 or event = ?9 or exists (
                            select 1 from users u where u.app = webhook_deliveries.app
                               and u.id = webhook_deliveries.user_id and u.deleted_at = 0)
                            then body else '' end
                 where app = ?1 and webhook = ?2 and id = ?3 and seq = ?4 and state = 0",
                params![
                    *app,
                    webhook.0,
                    *id,
                    *seq,
                    state,
                    now,
                    i64::from(attempt.status),
                    &attempt.excerpt,
                    Event::ActivationState.bit(),
                ],
            )
            .await?;
            let held = parcel.held_until;
            if let Verdict::Retry(at) = attempt.verdict {
                move_lane(tx, *app, *webhook, user, held, at).await?;
                return Ok(None);
            }
            go_on(tx, *app, *webhook, user, held, until).await
        })
        .await
    }

    /// Lets go of a lane, to be taken up again at `at`: nothing was tried.
    pub async fn release_lane(&self, parcel: Parcel, at: Timestamp) -> Result<(), StoreError> {
        self.write(vec![(parcel.app, parcel.user.clone())], async move |tx| {
            let Parcel { app, webhook, user, held_until, .. } = &parcel;
            move_lane(tx, *app, *webhook, user, *held_until, at).await?;
            Ok(())
        })
        .await
    }

    /// A webhook's deliveries before the one with id `before`, the newest first; those in a state, or all.
    pub async fn deliveries(
        &self,
        app: AppId,
        webhook: WebhookId,
        state: Option<State>,
        before: Option<MessageId>,
        limit: i64,
    ) -> Result<Vec<Delivery>, StoreError> {
        self.read(async move |tx| {
            webhooks::find(tx, app, webhook).await?;
            let before = before.unwrap_or(MessageId(i64::MAX));
            match state {
                None => {
                    let sql = select_deliveries!(
                        "",
                        "where app = ?1 and webhook = ?2 and id < ?3 order by id desc limit ?4"
                    );
                    tx.all(sql, params![app, webhook.0, before, limit], read_delivery).await
                }
                Some(state) => {
                    let sql = select_deliveries!(
                        "",
                        "where app = ?1 and webhook = ?2 and id < ?3 and state = ?5
                         order by id desc limit ?4"
                    );
                    let params = params![app, webhook.0, before, limit, state.number()];
                    tx.all(sql, params, read_delivery).await
                }
            }
        })
        .await
    }

    /// Puts a finished delivery on its way again, behind what waits for the same user.
    pub async fn redeliver(
        &self,
        app: AppId,
        webhook: WebhookId,
        id: MessageId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let user = self
            .read(async move |tx| {
                tx.opt(
                    "select user_id from webhook_deliveries where app = ?1 and webhook = ?2 and id = ?3",
                    params![app, webhook.0, id],
                    |row| row.get::<UserId>(0),
                )
                .await
            })
            .await?
            .ok_or_else(|| Refusal::DeliveryNotFound(id.to_string()))?;
        self.write(vec![(app, user.clone())], async move |tx| {
            webhooks::find(tx, app, webhook).await?;
            let seq = enter(tx, app, webhook, &user, now).await?;
            let rows = tx
                .execute(
                    "update webhook_deliveries set state = 0, seq = ?4, queued_at = ?5, attempts = 0
                     where app = ?1 and webhook = ?2 and id = ?3 and state <> 0 and body <> ''",
                    params![app, webhook.0, id, seq, now],
                )
                .await?;
            if rows == 0 {
                return Err(Refusal::NotNow(not_again(tx, app, webhook, id).await?).into());
            }
            let what = json!({ "webhook": webhook.to_string(), "event": id.to_string() });
            audit::note(tx, Act::on_app("webhook.redeliver", app, now), &what);
            Ok(())
        })
        .await
    }
}
