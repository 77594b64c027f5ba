//! Messages: whether one may be sent, and what becomes of it.
//!
//! Everything that stands against a message is looked up in the transaction that appends it, after the
//! rows of its sender and recipient have been taken for writing. So a ban, a block or an expiry that was
//! committed before is seen, and no cache stands between.

use nuncio_protocol::frames::{self, MessageRecalled, entry};
use nuncio_protocol::ids::{AppId, MessageId};
use nuncio_protocol::values::{Content, MessageType};
use nuncio_protocol::{ClientMessageId, Refusal, Timestamp, UserId};
use serde_json::json;

use crate::apps;
use crate::audit::{self, Act};
use crate::engine::{Row, Store, Tx, params};
use crate::error::StoreError;
use crate::events::{self, Event, Events};
use crate::inbox;
use crate::keys::ChannelKey;

/// The content was taken back by its sender or an app server.
const RECALLED: i64 = 1;
/// Raises the recipient's unread count.
pub(crate) const COUNTED: i64 = 2;
/// Its sender asked to be told when it is read.
const NEEDS_RECEIPT: i64 = 4;

/// Who sends, which decides what is checked.
#[derive(Clone, Debug)]
pub enum By {
    /// The user, over a connection that logged in with this token.
    Client {
        /// When the token was issued.
        token_issued_at: Timestamp,
        /// The version of the App Secret that it was made under.
        secret_version: i64,
    },
    /// An app server in the user's name. Skips the sender's standing and, unless `verify_blocklist`, the
    /// recipient's lists and the friends-only setting.
    Server {
        /// Whether the recipient's blocklist shall be asked all the same.
        verify_blocklist: bool,
        /// Whether the sender's own devices get the message too.
        echo_to_sender: bool,
    },
}

/// A message on its way in.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The app.
    pub app: AppId,
    /// The sending user.
    pub sender: UserId,
    /// Who sends.
    pub by: By,
    /// What makes a second try recognisable.
    pub client_id: Option<ClientMessageId>,
    /// The type's name.
    pub r#type: MessageType,
    /// The content.
    pub content: Content,
    /// Whether it raises the unread count.
    pub counted: bool,
    /// Whether its sender wants to be told when it is read.
    pub needs_receipt: bool,
    /// Whether the app's server was asked about it already, where it wants to be.
    pub asked: bool,
}

/// What the sender is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Sent {
    /// The message's id; its time is the time of sending.
    pub id: MessageId,
    /// Its place in the sender's own inbox; 0 when it has none there, or was sent before.
    pub seq: u64,
}

/// Who recalls a message.
#[derive(Clone, Debug)]
pub enum Recaller {
    /// A user, who must have sent it.
    User(UserId),
    /// An app server, in a user's name; `admin` may recall what others sent.
    Server {
        /// The user in whose name.
        user: UserId,
        /// Whether others' messages may be recalled.
        admin: bool,
    },
}

impl Store {
    /// Appends a direct message, unless a rule stands against it. The same client message id again gets the
    /// first one's answer.
    pub async fn append(
        &self,
        draft: Draft,
        to: UserId,
        now: Timestamp,
    ) -> Result<Sent, StoreError> {
        let locks = vec![(draft.app, draft.sender.clone()), (draft.app, to.clone())];
        self.write(locks, async move |tx| {
            append(tx, &draft, &to, draft.client_id.as_ref(), now).await
        })
        .await
    }

    /// Appends one message for each recipient, or for none: all in one transaction.
    pub async fn append_to_many(
        &self,
        draft: Draft,
        to: Vec<UserId>,
        now: Timestamp,
    ) -> Result<Vec<(UserId, MessageId)>, StoreError> {
        let mut locks: Vec<_> = to.iter().map(|user| (draft.app, user.clone())).collect();
        locks.push((draft.app, draft.sender.clone()));
        self.write(locks, async move |tx| {
            let mut sent = Vec::with_capacity(to.len());
            for (index, user) in to.iter().enumerate() {
                let client_id =
                    draft.client_id.as_ref().map(|id| of_recipient(id, index)).transpose()?;
                let outcome = append(tx, &draft, user, client_id.as_ref(), now).await?;
                sent.push((user.clone(), outcome.id));
            }
            Ok(sent)
        })
        .await
    }

    /// Says whether a message might be sent now, and appends nothing: for what is not stored.
    pub async fn check_send(
        &self,
        draft: Draft,
        to: UserId,
        now: Timestamp,
    ) -> Result<MessageId, StoreError> {
        self.read(async move |tx| {
            check_draft(tx, &draft, &to, now).await?;
            Ok(tx.message_id(now, MessageId(0)))
        })
        .await
    }

    /// Takes a message's content back, and tells both sides. Again: nothing happens.
    pub async fn recall(
        &self,
        app: AppId,
        by: Recaller,
        peer: UserId,
        id: MessageId,
        extra: String,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (Recaller::User(user) | Recaller::Server { user, .. }) = by.clone();
        let locks = vec![(app, user.clone()), (app, peer.clone())];
        self.write(locks, async move |tx| {
            let (operator, may_recall_others) = match &by {
                Recaller::User(user) => (user.as_str(), false),
                Recaller::Server { admin, .. } => ("", *admin),
            };
            let key = ChannelKey::direct(&user, &peer);
            let found = tx
                .opt(
                    "select sender, flags from messages where app = ?1 and channel = ?2 and id = ?3",
                    params![app, key.as_str(), id],
                    |row| Ok((row.get::<UserId>(0)?, row.get::<i64>(1)?)),
                )
                .await?;
            let (sender, flags) = found.ok_or_else(|| Refusal::MessageNotFound(id.to_string()))?;
            if sender != user && !may_recall_others {
                return Err(Refusal::NotYourMessage.into());
            }
            if flags & RECALLED != 0 {
                return Ok(());
            }
            tx.execute(
                "update messages set flags = ?4, content = '' where app = ?1 and channel = ?2 and id = ?3",
                params![app, key.as_str(), id, flags | RECALLED],
            )
            .await?;
            let what = json!({ "messageId": id.to_string(), "with": peer.as_str() });
            audit::note(tx, Act::on_user("message.recall", app, &user, now), &what);
            let receiver = if sender == user { &peer } else { &user };
            if flags & COUNTED != 0 {
                tx.execute(
                    "update channels set unread = unread - 1
                     where app = ?1 and user_id = ?2 and channel = ?3 and read_id < ?4 and unread > 0",
                    params![app, receiver, key.as_str(), id],
                )
                .await?;
            }
            let mut sides = vec![&user];
            if peer != user {
                sides.push(&peer);
            }
            for side in sides {
                let recalled = MessageRecalled {
                    channel: Some(key.seen_by(side)),
                    message_id: id.to_string(),
                    operator_id: operator.to_owned(),
                    extra: extra.clone(),
                };
                inbox::add(tx, app, side, entry::Body::Recalled(recalled), now).await?;
            }
            Ok(())
        })
        .await
    }
}

/// The client id under which one recipient's copy of a message to several is found again.
fn of_recipient(id: &ClientMessageId, index: usize) -> Result<ClientMessageId, StoreError> {
    ClientMessageId::try_from(format!("{id}#{index}"))
        .map_err(|error| Refusal::BadParameter(format!("the client message id {error}")).into())
}

/// What an append must know of a sender or recipient.
struct Party {
    seq: i64,
    deleted: bool,
    banned_until: Timestamp,
    ban_reason: String,
    muted: bool,
    tokens_from: Timestamp,
    whitelist_on: bool,
}

/// Takes the next inbox number, and with it the row. A soft-deleted user has no inbox: the row alone.
const TAKE_PARTY: &str = "update users
    set inbox_head = inbox_head + case when deleted_at = 0 then 1 else 0 end
    where app = ?1 and id = ?2
    returning inbox_head, deleted_at, banned_until, ban_reason, muted, tokens_from, whitelist_on";
const READ_PARTY: &str =
    "select inbox_head, deleted_at, banned_until, ban_reason, muted, tokens_from,
    whitelist_on from users where app = ?1 and id = ?2";

async fn party(
    tx: &Tx<'_>,
    sql: &'static str,
    app: AppId,
    id: &UserId,
) -> Result<Option<Party>, StoreError> {
    tx.opt(sql, params![app, id], |row| {
        Ok(Party {
            seq: row.get(0)?,
            deleted: row.get(1)?,
            banned_until: row.get(2)?,
            ban_reason: row.get(3)?,
            muted: row.get(4)?,
            tokens_from: row.get(5)?,
            whitelist_on: row.get(6)?,
        })
    })
    .await
}

/// What an append must know besides its two users.
struct Facts {
    only_friends: bool,
    secret_version: i64,
    locked: bool,
    blocked: bool,
    latest: MessageId,
    /// What the app's webhooks want.
    wanted: Events,
}

async fn facts(
    tx: &Tx<'_>,
    draft: &Draft,
    to: &UserId,
    key: &ChannelKey,
) -> Result<Facts, StoreError> {
    tx.opt(
        "select only_friends, secret_version, locked,
                exists (select 1 from blocklist where app = ?1 and user_id = ?3 and target_id = ?2),
                coalesce((select id from messages where app = ?1 and channel = ?4
                          order by id desc limit 1), 0),
                webhook_events
         from apps where id = ?1",
        params![draft.app, &draft.sender, to, key.as_str()],
        |row| {
            Ok(Facts {
                only_friends: row.get(0)?,
                secret_version: row.get(1)?,
                locked: row.get(2)?,
                blocked: row.get(3)?,
                latest: row.get(4)?,
                wanted: Events::from_bits(row.get(5)?),
            })
        },
    )
    .await?
    .ok_or(StoreError::Refused(Refusal::AppNotFound))
}

/// Whether a message might be sent now.
pub(crate) async fn check_draft(
    tx: &Tx<'_>,
    draft: &Draft,
    to: &UserId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sender = party(tx, READ_PARTY, draft.app, &draft.sender).await?;
    let recipient = party(tx, READ_PARTY, draft.app, to).await?;
    let key = ChannelKey::direct(&draft.sender, to);
    let facts = facts(tx, draft, to, &key).await?;
    check(tx, draft, to, sender.as_ref(), recipient.as_ref(), &facts, now).await
}

/// The rules, in the order in which the first refusal wins.
async fn check(
    tx: &Tx<'_>,
    draft: &Draft,
    to: &UserId,
    sender: Option<&Party>,
    recipient: Option<&Party>,
    facts: &Facts,
    now: Timestamp,
) -> Result<(), StoreError> {
    let refuse = |refusal: Refusal| Err(StoreError::Refused(refusal));
    let Some(sender) = sender else {
        return refuse(Refusal::NotRegistered(draft.sender.clone()));
    };
    if let By::Client { token_issued_at, secret_version } = draft.by {
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
        matches!(draft.by, By::Client { .. }) && recipient.is_some_and(|r| r.whitelist_on);
    if whitelisted && !admitted_by_whitelist(tx, draft, to).await? {
        return refuse(Refusal::NotInWhitelist);
    }
    if only_friends && !are_friends(tx, draft, to).await? {
        return refuse(Refusal::OnlyFriends);
    }
    ask_first(draft, facts)
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

async fn append(
    tx: &mut Tx<'_>,
    draft: &Draft,
    to: &UserId,
    client_id: Option<&ClientMessageId>,
    now: Timestamp,
) -> Result<Sent, StoreError> {
    let app = draft.app;
    if let Some(id) = client_id
        && let Some(first) = sent_before(tx, app, &draft.sender, id).await?
    {
        return Ok(Sent { id: first, seq: 0 });
    }
    // The rows next: whoever changes a rule about these two users now waits for us, or we for them.
    let echo = matches!(draft.by, By::Client { .. } | By::Server { echo_to_sender: true, .. });
    let of_sender = if echo { TAKE_PARTY } else { READ_PARTY };
    let sender = party(tx, of_sender, app, &draft.sender).await?;
    let recipient = if *to == draft.sender { None } else { party(tx, TAKE_PARTY, app, to).await? };
    let key = ChannelKey::direct(&draft.sender, to);
    let facts = facts(tx, draft, to, &key).await?;
    let recipient_or_self = if *to == draft.sender { sender.as_ref() } else { recipient.as_ref() };
    check(tx, draft, to, sender.as_ref(), recipient_or_self, &facts, now).await?;

    let id = tx.message_id(now, facts.latest);
    let flags = if draft.counted { COUNTED } else { 0 }
        | if draft.needs_receipt { NEEDS_RECEIPT } else { 0 };
    tx.execute(
        "insert into messages (app, channel, id, sender, client_id, type, content, flags)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            app,
            key.as_str(),
            id,
            &draft.sender,
            client_id.map(ClientMessageId::as_str),
            draft.r#type.as_str(),
            draft.content.as_str(),
            flags,
        ],
    )
    .await?;

    let view = |side: &UserId| {
        entry::Body::Message(frames::Message {
            id: id.to_string(),
            channel: Some(key.seen_by(side)),
            sender_id: draft.sender.as_str().to_owned(),
            r#type: draft.r#type.as_str().to_owned(),
            content: draft.content.as_str().to_owned(),
            sent_at: id.sent_at().0,
            client_message_id: client_id.map_or("", ClientMessageId::as_str).to_owned(),
            recalled: false,
            counted: draft.counted,
            needs_receipt: draft.needs_receipt,
            edited_at: 0,
        })
    };
    let mut own_seq = 0;
    if let Some(sender) = sender.filter(|sender| echo && !sender.deleted) {
        own_seq = sender.seq;
        move_channel(tx, app, &draft.sender, &key, id, 0).await?;
        let body = view(&draft.sender);
        inbox::add_message(tx, app, &draft.sender, own_seq, key.as_str(), id, body).await?;
    }
    if let Some(recipient) = recipient {
        move_channel(tx, app, to, &key, id, i64::from(draft.counted)).await?;
        inbox::add_message(tx, app, to, recipient.seq, key.as_str(), id, view(to)).await?;
    }
    events::message(tx, facts.wanted, draft, to, id, now).await?;
    Ok(Sent { id, seq: own_seq.cast_unsigned() })
}

async fn sent_before(
    tx: &Tx<'_>,
    app: AppId,
    sender: &UserId,
    client_id: &ClientMessageId,
) -> Result<Option<MessageId>, StoreError> {
    tx.opt(
        "select id from messages where app = ?1 and sender = ?2 and client_id = ?3",
        params![app, sender, client_id.as_str()],
        |row| row.get(0),
    )
    .await
}

/// Makes a message the latest of a user's channel.
async fn move_channel(
    tx: &Tx<'_>,
    app: AppId,
    user: &UserId,
    key: &ChannelKey,
    latest: MessageId,
    unread: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "insert into channels (app, user_id, channel, latest_id, unread) values (?1, ?2, ?3, ?4, ?5)
         on conflict (app, user_id, channel) do update
         set latest_id = excluded.latest_id, unread = channels.unread + excluded.unread",
        params![app, user, key.as_str(), latest, unread],
    )
    .await?;
    Ok(())
}

/// The columns from which [`read_message`] makes a message: those of table `m`, and a tail.
macro_rules! select_messages {
    ($columns:literal, $tail:literal) => {
        concat!(
            "select m.id, m.channel, m.sender, m.client_id, m.type, m.content, m.flags, m.edited_at",
            $columns,
            " from ",
            $tail
        )
    };
}
pub(crate) use select_messages;

/// The message in a row's first eight columns, as `viewer` sees it; `None` where a join found none.
pub(crate) fn read_message(
    row: &Row<'_>,
    viewer: &UserId,
) -> Result<Option<frames::Message>, StoreError> {
    let Some(id) = row.get::<Option<i64>>(0)?.map(MessageId) else { return Ok(None) };
    let flags: i64 = row.get(6)?;
    Ok(Some(frames::Message {
        id: id.to_string(),
        channel: Some(ChannelKey::stored(row.get(1)?).seen_by(viewer)),
        sender_id: row.get(2)?,
        client_message_id: row.get::<Option<String>>(3)?.unwrap_or_default(),
        r#type: row.get(4)?,
        content: row.get(5)?,
        sent_at: id.sent_at().0,
        recalled: flags & RECALLED != 0,
        counted: flags & COUNTED != 0,
        needs_receipt: flags & NEEDS_RECEIPT != 0,
        edited_at: row.get(7)?,
    }))
}
