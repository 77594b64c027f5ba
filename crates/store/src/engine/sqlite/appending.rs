//! Appending to the tail: the rules are read from the tables, the numbers taken in memory, and all messages of
//! a transaction written as one row.

use std::collections::HashMap;

use bytes::Bytes;
use nuncio_protocol::frames::ChannelType;
use nuncio_protocol::ids::MessageId;
use nuncio_protocol::{ClientMessageId, Os, Refusal, Timestamp, UserId};
use rusqlite::{CachedStatement, Connection, params};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tokio::sync::oneshot;

use super::filing::file_message;
use super::rules::Rules;
use super::tail::{self, Key, Tail, Unfiled};
use crate::appends::{LOOK, SENT, check, has_own_entry, of_recipient};
use crate::encoding::{put_int, put_message, put_text};
use crate::engine::{Nudge, Tx, stopped};
use crate::error::StoreError;
use crate::events::{self, Events};
use crate::messages::{ADD, COUNTED, Draft, NEEDS_RECEIPT, Sent};

/// A message that waits to be appended.
pub(crate) struct Append {
    draft: Draft,
    to: To,
    os: Os,
    now: Timestamp,
    outcome: Option<Result<Vec<Sent>, StoreError>>,
}

/// To whom, and who waits for the answer.
pub(crate) enum To {
    One(UserId, oneshot::Sender<Result<Sent, StoreError>>),
    Many(Vec<UserId>, oneshot::Sender<Result<Vec<MessageId>, StoreError>>),
}

impl Append {
    /// `os` is what it is sent with.
    pub(crate) fn new(draft: Draft, to: To, os: Os, now: Timestamp) -> Self {
        Self { draft, to, os, now, outcome: None }
    }

    /// Bytes that it holds while it waits.
    pub(super) fn bytes(&self) -> usize {
        self.draft.content.as_str().len()
    }

    /// Decides without looking.
    pub(super) fn refuse(&mut self, refusal: Refusal) {
        self.outcome = Some(Err(refusal.into()));
    }

    /// Tells the caller what came of it; `commit` says what came of the transaction.
    pub(super) fn answer(self, commit: Result<(), StoreError>) {
        let outcome = match (commit, self.outcome) {
            // A refusal stands whatever became of the others' commit.
            (_, Some(Err(error))) | (Err(error), _) => Err(error),
            (Ok(()), Some(outcome)) => outcome,
            (Ok(()), None) => Err(stopped()),
        };
        // The caller may have gone; then nobody needs the answer.
        match self.to {
            To::One(_, reply) => {
                let first = |sent: Vec<Sent>| sent.first().copied().ok_or_else(stopped);
                let _ = reply.send(outcome.and_then(first));
            }
            To::Many(_, reply) => {
                let ids = |sent: Vec<Sent>| sent.into_iter().map(|sent| sent.id).collect();
                let _ = reply.send(outcome.map(ids));
            }
        }
    }
}

/// The messages of one transaction.
#[derive(Default)]
pub(super) struct Staging {
    messages: Vec<Unfiled>,
    /// How far inboxes reach with them.
    heads: HashMap<Key, i64>,
    sent: HashMap<(Key, ClientMessageId), MessageId>,
    /// What the webhooks of the last message's app want.
    wanted: Events,
}

impl Staging {
    /// Decides on a message, and takes it in when nothing stands against it: one for each recipient, or none.
    /// Fails when the transaction cannot go on.
    pub(super) fn append(
        &mut self,
        place: &mut Place<'_, '_>,
        append: &mut Append,
    ) -> Result<(), StoreError> {
        let before = self.messages.len();
        let Append { draft, to, now: at, os, .. } = append;
        place.now = *at;
        let outcome = match to {
            To::One(to, _) => {
                self.stage(place, draft, to, draft.client_id.clone()).map(|sent| vec![sent])
            }
            To::Many(to, _) => to
                .iter()
                .enumerate()
                .map(|(index, to)| {
                    let id = draft.client_id.as_ref().map(|id| of_recipient(id, index));
                    self.stage(place, draft, to, id.transpose()?)
                })
                .collect(),
        };
        if outcome.is_err() {
            self.undo(before);
        }
        place.tx.os = *os;
        for message in &self.messages[before..] {
            let Unfiled { recipient, id, .. } = message;
            now(events::message(place.tx, self.wanted, draft, recipient, *id, *at))?;
        }
        append.outcome = Some(outcome);
        Ok(())
    }

    fn stage(
        &mut self,
        place: &mut Place<'_, '_>,
        draft: &Draft,
        to: &UserId,
        client_id: Option<ClientMessageId>,
    ) -> Result<Sent, StoreError> {
        let app = draft.app;
        let (sender, recipient) = ((app, draft.sender.clone()), (app, to.clone()));
        let sent_key = client_id.clone().map(|id| (sender.clone(), id));
        if let Some(key) = &sent_key
            && let Some(id) = self.sent_before(place, key)?
        {
            return Ok(Sent { id, seq: 0 });
        }
        let found = place.rules.look(&mut place.look, place.tail, app, &draft.sender, to)?;
        now(check(place.tx, draft, to, found, place.now))?;
        self.wanted = found.facts.wanted;
        let of_sender = found.sender.as_ref().is_some_and(|party| has_own_entry(draft, party));
        let sender_seq = if of_sender { self.next(place.rules, &sender) } else { 0 };
        let recipient_seq =
            if *to == draft.sender { 0 } else { self.next(place.rules, &recipient) };
        let id = place.tx.message_id(place.now, place.floor);
        if let Some(key) = sent_key {
            self.sent.insert(key, id);
        }
        self.messages.push(Unfiled {
            app,
            sender: draft.sender.clone(),
            recipient: to.clone(),
            id,
            client_id,
            r#type: draft.r#type.clone(),
            content: draft.content.clone(),
            flags: draft.flags(),
            push: draft.push.as_ref().map(|push| push.encode().into()),
            sender_seq,
            recipient_seq,
            row: 0,
            filed: AtomicBool::new(false),
        });
        Ok(Sent { id, seq: sender_seq.cast_unsigned() })
    }

    /// The message that was sent under the same client id, in this transaction or before.
    fn sent_before(
        &self,
        place: &mut Place<'_, '_>,
        key: &(Key, ClientMessageId),
    ) -> Result<Option<MessageId>, StoreError> {
        if let Some(id) = self.sent.get(key).copied().or_else(|| place.tail.sent(key)) {
            return Ok(Some(id));
        }
        let ((app, sender), id) = key;
        let mut rows = place.sent.query(params![app.0, sender.as_str(), id.as_str()])?;
        Ok(rows.next()?.map(|row| row.get(0)).transpose()?.map(MessageId))
    }

    /// Takes the next number of a user's inbox.
    fn next(&mut self, rules: &Rules, key: &Key) -> i64 {
        let head = self.heads.entry(key.clone()).or_insert_with(|| rules.head(key));
        *head += 1;
        *head
    }

    /// Lets go of all messages but the first so many.
    fn undo(&mut self, keep: usize) {
        // From the last one: each user's number ends up as it was before the first.
        for message in self.messages.drain(keep..).rev() {
            for (user, seq) in message.sides() {
                self.heads.insert((message.app, user.clone()), seq - 1);
            }
            if let Some(id) = message.client_id {
                self.sent.remove(&((message.app, message.sender), id));
            }
        }
    }

    /// Writes the row.
    pub(super) fn write(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let in_no_inbox = |message: &mut Unfiled| message.sides().next().is_none();
        for message in self.messages.extract_if(.., in_no_inbox) {
            // Nobody's inbox would ever have it filed.
            file_message(&mut ADD.prepare(connection)?, &message)?;
        }
        let Some(last) = self.messages.last() else { return Ok(()) };
        let number = last.id.0;
        for message in &mut self.messages {
            message.row = number;
        }
        connection
            .prepare_cached("insert into tail (number, messages) values (?1, ?2)")?
            .execute(params![number, tail::encode(&self.messages)])?;
        Ok(())
    }

    /// Forgets everything, for the next transaction.
    pub(super) fn clear(&mut self) {
        self.messages.clear();
        self.heads.clear();
        self.sent.clear();
    }

    /// Hands the committed messages to the tail; returns what their users are to be told.
    pub(super) fn committed(&mut self, tail: &Tail, rules: &mut Rules) -> Vec<Nudge> {
        rules.committed(self.heads.drain());
        let messages: Vec<_> = self.messages.drain(..).map(Arc::new).collect();
        let mut nudges = Vec::with_capacity(messages.len() * 2);
        for message in &messages {
            for (user, seq) in message.sides() {
                let body = entry(message, user);
                let user = user.clone();
                nudges.push(Nudge { app: message.app, user, seq: seq.cast_unsigned(), body });
            }
        }
        tail.append(messages);
        self.clear();
        nudges
    }
}

/// Where and when a message is staged.
pub(super) struct Place<'a, 't> {
    tx: &'a mut Tx<'t>,
    tail: &'a Tail,
    rules: &'a mut Rules,
    look: CachedStatement<'a>,
    sent: CachedStatement<'a>,
    /// New ids come after it.
    floor: MessageId,
    now: Timestamp,
}

impl<'a, 't> Place<'a, 't> {
    pub(super) fn new(
        connection: &'a Connection,
        tx: &'a mut Tx<'t>,
        tail: &'a Tail,
        rules: &'a mut Rules,
        floor: MessageId,
    ) -> Result<Self, StoreError> {
        let look = connection.prepare_cached(LOOK)?;
        let sent = connection.prepare_cached(SENT)?;
        Ok(Self { tx, tail, rules, look, sent, floor, now: Timestamp(0) })
    }
}

/// Runs what never waits on this engine.
fn now<T>(future: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    futures_util::FutureExt::now_or_never(future).unwrap_or_else(|| Err(stopped()))
}

/// The inbox entry of one of a message's sides, encoded, without its number: what `Draft::entry` makes.
fn entry(message: &Unfiled, user: &UserId) -> Bytes {
    let peer = if message.sender == *user { &message.recipient } else { &message.sender };
    let at = message.id.sent_at().0;
    let mut out = Vec::with_capacity(message.content.as_str().len() + 320);
    put_message(2, &mut out, |out| {
        put_text(1, &message.id.to_string(), out);
        put_message(2, out, |out| {
            put_int(1, i32::from(ChannelType::Direct).into(), out);
            put_text(2, peer.as_str(), out);
        });
        put_text(3, message.sender.as_str(), out);
        put_text(4, message.r#type.as_str(), out);
        put_text(5, message.content.as_str(), out);
        put_int(6, at, out);
        put_text(7, message.client_id.as_ref().map_or("", ClientMessageId::as_str), out);
        put_int(9, i64::from(message.flags & COUNTED != 0), out);
        put_int(10, i64::from(message.flags & NEEDS_RECEIPT != 0), out);
    });
    put_int(15, at, &mut out);
    out.into()
}
