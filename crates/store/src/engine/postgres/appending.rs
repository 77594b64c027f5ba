//! Appending the direct messages of a transaction as sets: a statement looks up the rules of all of them, and one for
//! each table writes them. The rows of all users concerned are locked, so what is found stays as it is.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use nuncio_protocol::ids::{AppId, MessageId};
use nuncio_protocol::{ClientMessageId, Refusal, UserId};

use super::link::Link;
use crate::appends::{Found, Party, read_found};
use crate::engine::staging::{Append, Appended, Ground, Key, Staging};
use crate::engine::{Row, params};
use crate::error::StoreError;
use crate::keys::ChannelKey;
use crate::messages::COUNTED;
use crate::push::KEEP_OPTIONS;

/// What [`crate::appends::LOOK`] finds, for many pairs of users, and the latest message between them; in their order.
const LOOK_ALL: &str = "
    select a.only_friends, a.secret_version, a.locked,
           exists (select 1 from blocklist b
                   where b.app = v.app and b.user_id = v.recipient and b.target_id = v.sender),
           a.webhook_events,
           s.inbox_head, s.deleted_at, s.banned_until, s.ban_reason, s.muted, s.tokens_from, s.whitelist_on,
           r.inbox_head, r.deleted_at, r.banned_until, r.ban_reason, r.muted, r.tokens_from, r.whitelist_on,
           a.id,
           (select m.id from messages m where m.app = v.app and m.channel = v.channel
            order by m.id desc limit 1)
    from unnest($1::bigint[], $2::text[], $3::text[], $4::text[])
         with ordinality v(app, sender, recipient, channel, place)
    left join apps a on a.id = v.app
    left join users s on s.app = v.app and s.id = v.sender
    left join users r on r.app = v.app and r.id = v.recipient
    order by v.place";

/// Which of many client ids have been used: their places, counted from 1, and the messages.
const SENT_ALL: &str = "
    select v.place, m.id
    from unnest($1::bigint[], $2::text[], $3::text[]) with ordinality v(app, sender, client_id, place)
    join messages m on m.app = v.app and m.sender = v.sender and m.client_id = v.client_id";

const ADD_MESSAGES: &str = "
    insert into messages (app, channel, id, sender, client_id, type, content, flags)
    select * from unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[],
                         $8::bigint[])";

const ADD_ENTRIES: &str = "
    insert into inbox (app, user_id, seq, at, channel, message_id)
    select * from unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[])";

const MOVE_CHANNELS: &str = "
    insert into channels (app, user_id, channel, latest_id, unread)
    select * from unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
    on conflict (app, user_id, channel) do update
    set latest_id = excluded.latest_id, unread = channels.unread + excluded.unread";

const MOVE_HEADS: &str = "
    update users u set inbox_head = v.head
    from unnest($1::bigint[], $2::text[], $3::bigint[]) v(app, id, head)
    where u.app = v.app and u.id = v.id";

/// What was found about a transaction's messages.
#[derive(Default)]
pub(super) struct Facts {
    pairs: HashMap<Pair, Known>,
    heads: HashMap<Key, i64>,
    sent: HashMap<(Key, ClientMessageId), MessageId>,
}

/// An app, a sender and a recipient.
type Pair = (AppId, UserId, UserId);

struct Known {
    found: Found,
    latest: MessageId,
}

/// The users whose rows the messages change.
pub(super) fn users(appends: &[Append]) -> impl Iterator<Item = (AppId, &UserId)> {
    appends.iter().flat_map(|append| {
        let app = append.draft.app;
        let recipients = append.copies().map(move |(to, _)| (app, to));
        recipients.chain([(app, &append.draft.sender)])
    })
}

impl Facts {
    /// Looks up all that is asked for in one go, in the transaction that has locked the users.
    pub(super) async fn look(link: &Link, appends: &[Append]) -> Result<Self, StoreError> {
        let mut pairs: Vec<Pair> = Vec::with_capacity(appends.len());
        let mut ids = Vec::with_capacity(appends.len());
        for append in appends {
            let (app, sender) = (append.draft.app, &append.draft.sender);
            for (to, id) in append.copies() {
                pairs.push((app, sender.clone(), to.clone()));
                // An id that is none is refused in its turn.
                ids.extend(id.ok().flatten().map(|id| ((app, sender.clone()), id)));
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        let mut facts = Self::default();
        tokio::try_join!(
            Self::look_at_pairs(link, pairs, &mut facts.pairs),
            Self::look_at_ids(link, ids, &mut facts.sent),
        )?;
        for ((app, sender, to), known) in &facts.pairs {
            for (user, party) in [(sender, &known.found.sender), (to, &known.found.recipient)] {
                if let Some(Party { head, .. }) = party {
                    facts.heads.insert((*app, user.clone()), *head);
                }
            }
        }
        Ok(facts)
    }

    async fn look_at_pairs(
        link: &Link,
        pairs: Vec<Pair>,
        known: &mut HashMap<Pair, Known>,
    ) -> Result<(), StoreError> {
        let apps: Vec<i64> = pairs.iter().map(|(app, ..)| app.0).collect();
        let senders: Vec<&str> = pairs.iter().map(|(_, sender, _)| sender.as_str()).collect();
        let recipients: Vec<&str> = pairs.iter().map(|(_, _, to)| to.as_str()).collect();
        let keys: Vec<_> = pairs.iter().map(|(_, from, to)| ChannelKey::direct(from, to)).collect();
        let channels: Vec<&str> = keys.iter().map(ChannelKey::as_str).collect();
        let statement = link.prepare(LOOK_ALL).await?;
        let rows =
            link.client.query(&statement, &[&apps, &senders, &recipients, &channels]).await?;
        for (row, pair) in rows.iter().zip(pairs) {
            let row = Row::Postgres(row);
            // Messages of an app that is not there are refused in their turn.
            if row.get::<Option<i64>>(19)?.is_some() {
                let latest = MessageId(row.get::<Option<i64>>(20)?.unwrap_or(0));
                known.insert(pair, Known { found: read_found(&row)?, latest });
            }
        }
        Ok(())
    }

    async fn look_at_ids(
        link: &Link,
        ids: Vec<(Key, ClientMessageId)>,
        sent: &mut HashMap<(Key, ClientMessageId), MessageId>,
    ) -> Result<(), StoreError> {
        if ids.is_empty() {
            return Ok(());
        }
        let apps: Vec<i64> = ids.iter().map(|((app, _), _)| app.0).collect();
        let senders: Vec<&str> = ids.iter().map(|((_, sender), _)| sender.as_str()).collect();
        let client_ids: Vec<&str> = ids.iter().map(|(_, id)| id.as_str()).collect();
        let statement = link.prepare(SENT_ALL).await?;
        for row in link.client.query(&statement, &[&apps, &senders, &client_ids]).await? {
            let place = usize::try_from(row.try_get::<_, i64>(0)?).unwrap_or(0);
            if let Some(key) = ids.get(place.wrapping_sub(1)) {
                sent.insert(key.clone(), MessageId(row.try_get(1)?));
            }
        }
        Ok(())
    }
}

impl Ground for Facts {
    fn sent(&mut self, key: &(Key, ClientMessageId)) -> Result<Option<MessageId>, StoreError> {
        Ok(self.sent.get(key).copied())
    }

    fn look(&mut self, app: AppId, sender: &UserId, to: &UserId) -> Result<&Found, StoreError> {
        match self.pairs.get(&(app, sender.clone(), to.clone())) {
            Some(known) => Ok(&known.found),
            None => Err(Refusal::AppNotFound.into()),
        }
    }

    fn head(&self, key: &Key) -> i64 {
        self.heads.get(key).copied().unwrap_or(0)
    }

    /// Another node's clock may be ahead of ours.
    fn latest(&self, app: AppId, sender: &UserId, to: &UserId) -> MessageId {
        let pair = (app, sender.clone(), to.clone());
        self.pairs.get(&pair).map_or(MessageId(0), |known| known.latest)
    }
}

/// Writes what was staged.
pub(super) async fn write(link: &Link, staging: &Staging) -> Result<(), StoreError> {
    if staging.messages.is_empty() {
        return Ok(());
    }
    tokio::try_join!(
        add_messages(link, &staging.messages),
        add_entries(link, &staging.messages),
        move_channels(link, &staging.messages),
        move_heads(link, &staging.heads),
        keep_push_options(link, &staging.messages),
    )?;
    Ok(())
}

fn key(message: &Appended) -> ChannelKey {
    ChannelKey::direct(&message.sender, &message.recipient)
}

async fn add_messages(link: &Link, messages: &[Appended]) -> Result<(), StoreError> {
    let apps: Vec<i64> = messages.iter().map(|message| message.app.0).collect();
    let keys: Vec<ChannelKey> = messages.iter().map(key).collect();
    let channels: Vec<&str> = keys.iter().map(ChannelKey::as_str).collect();
    let ids: Vec<i64> = messages.iter().map(|message| message.id.0).collect();
    let senders: Vec<&str> = messages.iter().map(|message| message.sender.as_str()).collect();
    let client_ids: Vec<Option<&str>> = messages
        .iter()
        .map(|message| message.client_id.as_ref().map(ClientMessageId::as_str))
        .collect();
    let types: Vec<&str> = messages.iter().map(|message| message.r#type.as_str()).collect();
    let contents: Vec<&str> = messages.iter().map(|message| message.content.as_str()).collect();
    let flags: Vec<i64> = messages.iter().map(|message| message.flags).collect();
    let statement = link.prepare(ADD_MESSAGES).await?;
    link.client
        .execute(
            &statement,
            &[&apps, &channels, &ids, &senders, &client_ids, &types, &contents, &flags],
        )
        .await?;
    Ok(())
}

async fn add_entries(link: &Link, messages: &[Appended]) -> Result<(), StoreError> {
    let (mut apps, mut users, mut seqs, mut times, mut keys, mut ids) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for message in messages {
        for (user, seq) in message.sides() {
            apps.push(message.app.0);
            users.push(user.as_str());
            seqs.push(seq);
            times.push(message.id.sent_at().0);
            keys.push(key(message));
            ids.push(message.id.0);
        }
    }
    let channels: Vec<&str> = keys.iter().map(ChannelKey::as_str).collect();
    let statement = link.prepare(ADD_ENTRIES).await?;
    link.client.execute(&statement, &[&apps, &users, &seqs, &times, &channels, &ids]).await?;
    Ok(())
}

/// Makes the messages the latest of their users' channels, and counts what is unread.
async fn move_channels(link: &Link, messages: &[Appended]) -> Result<(), StoreError> {
    let mut places: HashMap<(AppId, &UserId, ChannelKey), usize> = HashMap::new();
    let (mut latest, mut unread) = (Vec::new(), Vec::new());
    for message in messages {
        for (user, _) in message.sides() {
            let counts = *user != message.sender && message.flags & COUNTED != 0;
            match places.entry((message.app, user, key(message))) {
                Entry::Occupied(known) => {
                    latest[*known.get()] = message.id.0;
                    unread[*known.get()] += i64::from(counts);
                }
                Entry::Vacant(unknown) => {
                    unknown.insert(latest.len());
                    latest.push(message.id.0);
                    unread.push(i64::from(counts));
                }
            }
        }
    }
    let mut all: Vec<_> = places.iter().collect();
    all.sort_unstable_by_key(|(_, place)| **place);
    let apps: Vec<i64> = all.iter().map(|((app, ..), _)| app.0).collect();
    let users: Vec<&str> = all.iter().map(|((_, user, _), _)| user.as_str()).collect();
    let channels: Vec<&str> = all.iter().map(|((.., key), _)| key.as_str()).collect();
    let statement = link.prepare(MOVE_CHANNELS).await?;
    link.client.execute(&statement, &[&apps, &users, &channels, &latest, &unread]).await?;
    Ok(())
}

/// Few messages have some.
async fn keep_push_options(link: &Link, messages: &[Appended]) -> Result<(), StoreError> {
    for message in messages {
        if let Some(push) = &message.push {
            let values = params![message.app, message.id, &**push];
            link.execute(KEEP_OPTIONS, values).await?;
        }
    }
    Ok(())
}

async fn move_heads(link: &Link, heads: &HashMap<Key, i64>) -> Result<(), StoreError> {
    let apps: Vec<i64> = heads.keys().map(|(app, _)| app.0).collect();
    let users: Vec<&str> = heads.keys().map(|(_, user)| user.as_str()).collect();
    let heads: Vec<i64> = heads.values().copied().collect();
    let statement = link.prepare(MOVE_HEADS).await?;
    link.client.execute(&statement, &[&apps, &users, &heads]).await?;
    Ok(())
}
