//! Appending messages: whether one may be sent, decided where it is stored.
//!
//! Everything that stands against a message is looked up by [`look`] in the transaction that appends it.
//! So a ban, a block or an expiry that was committed before is seen, and no cache stands between. How the messages of
//! a transaction are looked up and written down together is the engines' (`Store::append`): sets of rows on PostgreSQL,
//! a place in the tail on SQLite.

use nuncio_protocol::ids::MessageId;
use nuncio_protocol::{ClientMessageId, Refusal, Timestamp, UserId};

use crate::apps;
use crate::engine::{Row, Store, Tx, params};
use crate::error::StoreError;
use crate::events::{Event, Events};
use crate::messages::{By, Draft};

impl Store {
    /// Says whether a message might be sent now, and appends nothing: for what is not stored.
    pub async fn check_send(
        &self,
        draft: Draft,
        to: UserId,
        now: Timestamp,
    ) -> Result<MessageId, StoreError> {
        self.read(async move |tx| {
            let found = look(tx, &draft, &to).await?;
            check(tx, &draft, &to, &found, now).await?;
            Ok(tx.message_id(now, MessageId(0)))
        })
        .await
    }
}

/// The client id under which one recipient's copy of a message to several is found again.
pub(crate) fn of_recipient(
    id: &ClientMessageId,
    index: usize,
) -> Result<ClientMessageId, StoreError> {
    ClientMessageId::try_from(format!("{id}#{index}"))
        .map_err(|error| Refusal::BadParameter(format!("the client message id {error}")).into())
}

/// What an append must know of a sender or recipient.
pub(crate) struct Party {
    /// The number of the last entry that is in the user's inbox.
    pub(crate) head: i64,
    pub(crate) deleted: bool,
    banned_until: Timestamp,
    ban_reason: String,
    muted: bool,
    tokens_from: Timestamp,
    whitelist_on: bool,
}

/// What an append must know besides its two users.
pub(crate) struct Facts {
    only_friends: bool,
    secret_version: i64,
    locked: bool,
    blocked: bool,
    /// What the app's webhooks want.
    pub(crate) wanted: Events,
}

/// What stands for and against a message.
pub(crate) struct Found {
    pub(crate) sender: Option<Party>,
    pub(crate) recipient: Option<Party>,
    pub(crate) facts: Facts,
}

/// All that [`check`] asks for in one statement, by app, sender and recipient.
pub(crate) const LOOK: &str = "
    select a.only_friends, a.secret_version, a.locked,
           exists (select 1 from blocklist where app = ?1 and user_id = ?3 and target_id = ?2),
           a.webhook_events,
           s.inbox_head, s.deleted_at, s.banned_until, s.ban_reason, s.muted, s.tokens_from, s.whitelist_on,
           r.inbox_head, r.deleted_at, r.banned_until, r.ban_reason, r.muted, r.tokens_from, r.whitelist_on
    from apps a
    left join users s on s.app = ?1 and s.id = ?2
    left join users r on r.app = ?1 and r.id = ?3
    where a.id = ?1";

/// The message of a sender's client id.
pub(crate) const SENT: &str =
    "select id from messages where app = ?1 and sender = ?2 and client_id = ?3";

/// Reads what [`LOOK`] found.
pub(crate) fn read_found(row: &Row<'_>) -> Result<Found, StoreError> {
    Ok(Found {
        facts: read_facts(row, 0)?,
        sender: read_party(row, 5)?,
        recipient: read_party(row, 12)?,
    })
}

/// The columns `only_friends, secret_version, locked`, whether a list stands against it, and `webhook_events`, from
/// `first` on.
pub(crate) fn read_facts(row: &Row<'_>, first: usize) -> Result<Facts, StoreError> {
    Ok(Facts {
        only_friends: row.get(first)?,
        secret_version: row.get(first + 1)?,
        locked: row.get(first + 2)?,
        blocked: row.get(first + 3)?,
        wanted: Events::from_bits(row.get(first + 4)?),
    })
}

/// The seven columns of a user who may not be there, from `first` on.
pub(crate) fn read_party(row: &Row<'_>, first: usize) -> Result<Option<Party>, StoreError> {
    let Some(head) = row.get::<Option<i64>>(first)? else { return Ok(None) };
    Ok(Some(Party {
        head,
        deleted: row.get(first + 1)?,
        banned_until: row.get(first + 2)?,
        ban_reason: row.get(first + 3)?,
        muted: row.get(first + 4)?,
        tokens_from: row.get(first + 5)?,
        whitelist_on: row.get(first + 6)?,
    }))
}

/// Looks up all that stands for and against a message.
pub(crate) async fn look(tx: &Tx<'_>, draft: &Draft, to: &UserId) -> Result<Found, StoreError> {
    tx.opt(LOOK, params![draft.app, &draft.sender, to], read_found)
        .await?
        .ok_or(StoreError::Refused(Refusal::AppNotFound))
}

/// The rules, in the order in which the first refusal wins.
pub(crate) async fn check(
    tx: &Tx<'_>,
    draft: &Draft,
    to: &UserId,
    found: &Found,
    now: Timestamp,
) -> Result<(), StoreError> {
    let refuse = |refusal: Refusal| Err(StoreError::Refused(refusal));
    let Found { sender, recipient, facts } = found;
    let Some(sender) = sender else {
        return refuse(Refusal::NotRegistered(draft.sender.clone()));
    };
    if let By::Client { .. } = draft.by {
        check_sender(tx, draft, sender, facts, now).await?;
        if sender.muted {
            return refuse(Refusal::Muted);
        }
    }
    match recipient {
        None => return refuse(Refusal::NotRegistered(to.clone())),
        Some(recipient) if recipient.deleted => return refuse(Refusal::SoftDeleted(to.clone())),
        Some(_) if *to == draft.sender => return ask_first(draft, facts),
        Some(_) => {}
    }
    let (lists, only_friends) = match draft.by {
        By::Client { .. } => (true, facts.only_friends),
        By::Server { verify_blocklist, .. } => (verify_blocklist, false),
    };
    if lists && facts.blocked {
        return refuse(Refusal::InBlocklist);
    }
    let whitelisted =
        matches!(draft.by, By::Client { .. }) && recipient.as_ref().is_some_and(|r| r.whitelist_on);
    if whitelisted && !admitted_by_whitelist(tx, draft, to).await? {
        return refuse(Refusal::NotInWhitelist);
    }
    if only_friends && !are_friends(tx, draft, to).await? {
        return refuse(Refusal::OnlyFriends);
    }
    ask_first(draft, facts)
}

/// Whether a sender's own standing allows to send anything, whatever the channel; that of who is not an app server.
pub(crate) async fn check_sender(
    tx: &Tx<'_>,
    draft: &Draft,
    sender: &Party,
    facts: &Facts,
    now: Timestamp,
) -> Result<(), StoreError> {
    let refuse = |refusal: Refusal| Err(StoreError::Refused(refusal));
    let By::Client { token_issued_at, secret_version } = draft.by else { return Ok(()) };
    if sender.deleted {
        return refuse(Refusal::UserDeleted);
    }
    if sender.banned_until > now {
        let (until, reason) = (sender.banned_until, sender.ban_reason.clone());
        return refuse(Refusal::Banned { until, reason });
    }
    if facts.locked {
        return refuse(Refusal::AppUnavailable);
    }
    if secret_version != facts.secret_version {
        return refuse(Refusal::TokenExpired);
    }
    // Where expiry leaves connections alone, they also go on sending.
    if token_issued_at < sender.tokens_from
        && apps::by_id(tx, draft.app).await?.settings.expire_closes_connections
    {
        return refuse(Refusal::TokenExpired);
    }
    Ok(())
}

/// Last of all, what an app's server decides about: it is asked outside of the transaction, about what nothing
/// else stands against.
fn ask_first(draft: &Draft, facts: &Facts) -> Result<(), StoreError> {
    let by_client = matches!(draft.by, By::Client { .. });
    if by_client && !draft.asked && facts.wanted.has(Event::BeforeMessage) {
        return Err(StoreError::NotAsked);
    }
    Ok(())
}

async fn admitted_by_whitelist(
    tx: &Tx<'_>,
    draft: &Draft,
    to: &UserId,
) -> Result<bool, StoreError> {
    if !apps::by_id(tx, draft.app).await?.settings.whitelist_service {
        return Ok(true);
    }
    tx.exists(
        "select 1 from whitelist where app = ?1 and user_id = ?2 and target_id = ?3",
        params![draft.app, to, &draft.sender],
    )
    .await
}

async fn are_friends(tx: &Tx<'_>, draft: &Draft, to: &UserId) -> Result<bool, StoreError> {
    tx.exists(
        "select 1 from friends where app = ?1 and user_id = ?2 and friend_id = ?3",
        params![draft.app, to, &draft.sender],
    )
    .await
}

/// Whether an accepted message has an entry in its sender's own inbox.
pub(crate) fn has_own_entry(draft: &Draft, sender: &Party) -> bool {
    draft.by.echoes() && !sender.deleted
}

/// Makes a message the latest of a user's channel, and counts what is unread.
pub(crate) const MOVE_CHANNEL: &str =
    "insert into channels (app, user_id, channel, latest_id, unread) values (?1, ?2, ?3, ?4, ?5)
     on conflict (app, user_id, channel) do update
     set latest_id = excluded.latest_id, unread = channels.unread + excluded.unread";
