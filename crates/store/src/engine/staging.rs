//! What both engines do with the direct messages of a transaction: each is decided on in its turn, by what the tables
//! say and what those before it have taken, and gets its id and its places in the inboxes. Only how that is looked up
//! and written down is the engine's own.

use std::collections::HashMap;

use bytes::Bytes;
use nuncio_protocol::frames::ChannelType;
use nuncio_protocol::ids::{AppId, MessageId};
use nuncio_protocol::values::{Content, MessageType};
use nuncio_protocol::{ClientMessageId, Os, Refusal, Timestamp, UserId};
use tokio::sync::oneshot;

use super::{Nudge, Tx, stopped};
use crate::appends::{Found, check, has_own_entry, of_recipient};
use crate::encoding::{put_int, put_message, put_text};
use crate::error::StoreError;
use crate::events::{self, Events};
use crate::messages::{COUNTED, Draft, NEEDS_RECEIPT, Sent};

/// A user of an app.
pub(crate) type Key = (AppId, UserId);

/// A message that waits to be appended.
pub(crate) struct Append {
    pub(super) draft: Draft,
    pub(super) to: To,
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
    pub(super) fn new(draft: Draft, to: To, os: Os, now: Timestamp) -> Self {
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

    /// Each recipient, and the client id of its copy.
    pub(super) fn copies(
        &self,
    ) -> impl Iterator<Item = (&UserId, Result<Option<ClientMessageId>, StoreError>)> {
        let (all, alone) = match &self.to {
            To::One(to, _) => (std::slice::from_ref(to), true),
            To::Many(to, _) => (to.as_slice(), false),
        };
        all.iter().enumerate().map(move |(index, to)| {
            let id = match &self.draft.client_id {
                Some(id) if !alone => of_recipient(id, index).map(Some),
                id => Ok(id.clone()),
            };
            (to, id)
        })
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

/// A message that was accepted.
#[derive(Debug)]
pub(crate) struct Appended {
    pub(super) app: AppId,
    pub(super) sender: UserId,
    pub(super) recipient: UserId,
    pub(super) id: MessageId,
    pub(super) client_id: Option<ClientMessageId>,
    pub(super) r#type: MessageType,
    pub(super) content: Content,
    pub(super) flags: i64,
    /// How it is pushed, encoded, where its sender has said so.
    pub(super) push: Option<Box<[u8]>>,
    /// Number of the entry in the sender's inbox; 0 when it has none.
    pub(super) sender_seq: i64,
    /// Number of the entry in the recipient's inbox; 0 when it has none.
    pub(super) recipient_seq: i64,
}

impl Appended {
    /// The number of the entry in this user's inbox.
    pub(super) fn seq_of(&self, user: &UserId) -> i64 {
        if *user == self.sender { self.sender_seq } else { self.recipient_seq }
    }

    /// The two sides that have entries, and their numbers.
    pub(super) fn sides(&self) -> impl Iterator<Item = (&UserId, i64)> {
        [(&self.sender, self.sender_seq), (&self.recipient, self.recipient_seq)]
            .into_iter()
            .filter(|(_, seq)| *seq > 0)
    }

    /// What devices of both sides are to be told.
    pub(super) fn nudges(&self) -> impl Iterator<Item = Nudge> {
        self.sides().map(|(user, seq)| Nudge {
            app: self.app,
            user: user.clone(),
            seq: seq.cast_unsigned(),
            body: self.entry(user),
        })
    }

    /// The inbox entry of one of the sides, encoded, without its number: an [`Entry`](nuncio_protocol::frames::Entry) with a
    /// `Message`.
    fn entry(&self, user: &UserId) -> Bytes {
        let peer = if self.sender == *user { &self.recipient } else { &self.sender };
        let at = self.id.sent_at().0;
        let mut out = Vec::with_capacity(self.content.as_str().len() + 320);
        put_message(2, &mut out, |out| {
            put_text(1, &self.id.to_string(), out);
            put_message(2, out, |out| {
                put_int(1, i32::from(ChannelType::Direct).into(), out);
                put_text(2, peer.as_str(), out);
            });
            put_text(3, self.sender.as_str(), out);
            put_text(4, self.r#type.as_str(), out);
            put_text(5, self.content.as_str(), out);
            put_int(6, at, out);
            put_text(7, self.client_id.as_ref().map_or("", ClientMessageId::as_str), out);
            put_int(9, i64::from(self.flags & COUNTED != 0), out);
            put_int(10, i64::from(self.flags & NEEDS_RECEIPT != 0), out);
        });
        put_int(15, at, &mut out);
        out.into()
    }
}

/// What was there before the transaction's own messages, and is held so until its end.
pub(super) trait Ground {
    /// The message that was sent under this client id.
    fn sent(&mut self, key: &(Key, ClientMessageId)) -> Result<Option<MessageId>, StoreError>;
    /// All that stands for and against a message, but for an earlier one of the same client id.
    fn look(&mut self, app: AppId, sender: &UserId, to: &UserId) -> Result<&Found, StoreError>;
    /// How far the inbox of a user reaches who was looked at.
    fn head(&self, key: &Key) -> i64;
    /// The id after which a new message between those two must come.
    fn latest(&self, app: AppId, sender: &UserId, to: &UserId) -> MessageId;
}

/// The messages of one transaction.
#[derive(Default)]
pub(super) struct Staging {
    pub(super) messages: Vec<Appended>,
    /// How far inboxes reach with them.
    pub(super) heads: HashMap<Key, i64>,
    sent: HashMap<(Key, ClientMessageId), MessageId>,
    /// What the webhooks of the last message's app want.
    wanted: Events,
}

impl Staging {
    /// Decides on a message, and takes it in when nothing stands against it: one for each recipient, or none.
    /// Fails when the transaction cannot go on.
    pub(super) async fn append(
        &mut self,
        tx: &mut Tx<'_>,
        ground: &mut impl Ground,
        append: &mut Append,
    ) -> Result<(), StoreError> {
        let before = self.messages.len();
        let outcome = self.stage_all(tx, ground, append).await;
        if outcome.is_err() {
            self.undo(before);
        }
        tx.os = append.os;
        for message in &self.messages[before..] {
            let Appended { recipient, id, .. } = message;
            events::message(tx, self.wanted, &append.draft, recipient, *id, append.now).await?;
        }
        append.outcome = Some(outcome);
        Ok(())
    }

    async fn stage_all(
        &mut self,
        tx: &Tx<'_>,
        ground: &mut impl Ground,
        append: &Append,
    ) -> Result<Vec<Sent>, StoreError> {
        let mut sent = Vec::with_capacity(1);
        for (to, client_id) in append.copies() {
            let of_copy = self.stage(tx, ground, &append.draft, to, client_id?, append.now);
            sent.push(of_copy.await?);
        }
        Ok(sent)
    }

    async fn stage(
        &mut self,
        tx: &Tx<'_>,
        ground: &mut impl Ground,
        draft: &Draft,
        to: &UserId,
        client_id: Option<ClientMessageId>,
        now: Timestamp,
    ) -> Result<Sent, StoreError> {
        let app = draft.app;
        let (sender, recipient) = ((app, draft.sender.clone()), (app, to.clone()));
        let sent_key = client_id.clone().map(|id| (sender.clone(), id));
        if let Some(key) = &sent_key {
            let before = match self.sent.get(key) {
                Some(id) => Some(*id),
                None => ground.sent(key)?,
            };
            if let Some(id) = before {
                return Ok(Sent { id, seq: 0 });
            }
        }
        let found = ground.look(app, &draft.sender, to)?;
        check(tx, draft, to, found, now).await?;
        self.wanted = found.facts.wanted;
        let of_sender = found.sender.as_ref().is_some_and(|party| has_own_entry(draft, party));
        let sender_seq = if of_sender { self.next(ground, &sender) } else { 0 };
        let recipient_seq = if *to == draft.sender { 0 } else { self.next(ground, &recipient) };
        let id = tx.message_id(now, ground.latest(app, &draft.sender, to));
        if let Some(key) = sent_key {
            self.sent.insert(key, id);
        }
        self.messages.push(Appended {
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
        });
        Ok(Sent { id, seq: sender_seq.cast_unsigned() })
    }

    /// Takes the next number of a user's inbox.
    fn next(&mut self, ground: &impl Ground, key: &Key) -> i64 {
        let head = self.heads.entry(key.clone()).or_insert_with(|| ground.head(key));
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

    /// Forgets everything, for the next transaction.
    pub(super) fn clear(&mut self) {
        self.messages.clear();
        self.heads.clear();
        self.sent.clear();
    }
}
