//! The tail: messages that are committed, and not filed yet.
//!
//! A message that is appended is written once, together with all others of its transaction, as one row of the
//! table `tail`; its rows in `messages`, `inbox`, `channels` and `users` are written later, for many messages
//! of a user at once ([`super::filing`]). Until then it is here, in memory, in the form in which the next
//! append needs it: how far each user's inbox reaches, and which client message ids are taken.
//!
//! This is no cache, but the part of the store that the tables do not hold yet. It can always be made again
//! from the table `tail`: an entry is filed when its number is not above its user's `inbox_head`, and a
//! message is filed when one of its entries is. Only the writing thread changes it, after the commit.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nuncio_protocol::ids::{AppId, MessageId};
use nuncio_protocol::values::{Content, MessageType};
use nuncio_protocol::{ClientMessageId, UserId};
use prost::Message as _;

use crate::encoding::{put_int, put_message, put_text};
use crate::engine::staging::{Appended, Key};
use crate::error::StoreError;

/// Entries that are left unfiled while they are not old.
const ENTRIES: usize = 128 * 1024;
/// Bytes of contents likewise.
const BYTES: usize = 32 * 1024 * 1024;
/// How many times that may be unfiled before no more is taken in: filing fails, or cannot keep up.
const MOST: usize = 4;
/// How long a message is left unfiled: the longer, the more of a user's are filed at once.
const AGE: Duration = Duration::from_secs(10);
/// Entries that are filed in one go, between two transactions.
const STEP: usize = 128;
/// The same where there are too many.
const LARGE_STEP: usize = 2048;
/// Rows of the table that are deleted at once.
const ROWS: usize = 64;

/// A message that is not filed, or not for both its sides.
#[derive(Debug)]
pub(crate) struct Unfiled {
    message: Appended,
    /// Number of the row in `tail`.
    pub(super) row: i64,
    /// Whether the message itself is in `messages`.
    pub(super) filed: AtomicBool,
}

impl Unfiled {
    pub(super) fn new(message: Appended, row: i64) -> Self {
        Self { message, row, filed: AtomicBool::new(false) }
    }

    fn sent_key(&self) -> Option<(Key, ClientMessageId)> {
        self.client_id.clone().map(|id| ((self.app, self.sender.clone()), id))
    }
}

impl Deref for Unfiled {
    type Target = Appended;

    fn deref(&self) -> &Appended {
        &self.message
    }
}

impl Appended {
    fn encode(&self, out: &mut Vec<u8>) {
        put_int(1, self.app.0, out);
        put_text(2, self.sender.as_str(), out);
        put_text(3, self.recipient.as_str(), out);
        put_int(4, self.id.0, out);
        put_text(5, self.client_id.as_ref().map_or("", ClientMessageId::as_str), out);
        put_text(6, self.r#type.as_str(), out);
        put_text(7, self.content.as_str(), out);
        put_int(8, self.flags, out);
        put_int(9, self.sender_seq, out);
        put_int(10, self.recipient_seq, out);
        if let Some(push) = &self.push {
            put_message(11, out, |out| out.extend_from_slice(push));
        }
    }
}

/// What a row of `tail` holds.
pub(super) fn encode(messages: &[Appended]) -> Vec<u8> {
    let contents: usize = messages.iter().map(|message| message.content.as_str().len() + 128).sum();
    let mut row = Vec::with_capacity(contents);
    for message in messages {
        put_message(1, &mut row, |out| message.encode(out));
    }
    row
}

/// Reads what [`encode`] wrote as row `number`.
pub(super) fn decode(number: i64, row: &[u8]) -> Result<Vec<Unfiled>, StoreError> {
    let row = StoredRow::decode(row).map_err(|e| StoreError::corrupt("tail", e))?;
    row.messages.into_iter().map(|message| message.check(number)).collect()
}

#[derive(Clone, PartialEq, prost::Message)]
struct StoredRow {
    #[prost(message, repeated, tag = "1")]
    messages: Vec<Stored>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Stored {
    #[prost(int64, tag = "1")]
    app: i64,
    #[prost(string, tag = "2")]
    sender: String,
    #[prost(string, tag = "3")]
    recipient: String,
    #[prost(int64, tag = "4")]
    id: i64,
    #[prost(string, tag = "5")]
    client_id: String,
    #[prost(string, tag = "6")]
    r#type: String,
    #[prost(string, tag = "7")]
    content: String,
    #[prost(int64, tag = "8")]
    flags: i64,
    #[prost(int64, tag = "9")]
    sender_seq: i64,
    #[prost(int64, tag = "10")]
    recipient_seq: i64,
    #[prost(bytes, tag = "11")]
    push: Vec<u8>,
}

impl Stored {
    fn check(self, row: i64) -> Result<Unfiled, StoreError> {
        fn corrupt(error: impl std::fmt::Display) -> StoreError {
            StoreError::corrupt("tail", error)
        }
        let message = Appended {
            app: AppId(self.app),
            sender: UserId::try_from(self.sender).map_err(corrupt)?,
            recipient: UserId::try_from(self.recipient).map_err(corrupt)?,
            id: MessageId(self.id),
            client_id: (!self.client_id.is_empty())
                .then(|| ClientMessageId::try_from(self.client_id))
                .transpose()
                .map_err(corrupt)?,
            r#type: MessageType::try_from(self.r#type).map_err(corrupt)?,
            content: Content::try_from(self.content).map_err(corrupt)?,
            flags: self.flags,
            push: (!self.push.is_empty()).then(|| self.push.into()),
            sender_seq: self.sender_seq,
            recipient_seq: self.recipient_seq,
        };
        Ok(Unfiled::new(message, row))
    }
}

/// The tail in memory; readers look into it too.
#[derive(Debug)]
pub(crate) struct Tail {
    /// Names this store among those that may have the database open.
    pub(super) owner: i64,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    users: HashMap<Key, Inbox>,
    /// Client ids of messages that `messages` does not hold.
    sent: HashMap<(Key, ClientMessageId), MessageId>,
    /// Users with unfiled entries, those first who have waited longest.
    order: VecDeque<Key>,
    /// Rows of the table, by number.
    rows: BTreeMap<i64, TailRow>,
    entries: usize,
    bytes: usize,
}

/// What of a user's inbox is not filed, in order.
#[derive(Debug)]
struct Inbox {
    head: i64,
    entries: VecDeque<Arc<Unfiled>>,
}

#[derive(Debug)]
struct TailRow {
    /// Entries of it that are not filed.
    entries: usize,
    /// Its first message.
    first: MessageId,
    since: Instant,
}

impl Tail {
    pub(super) fn new() -> Self {
        use std::hash::{BuildHasher as _, RandomState};
        let owner = RandomState::new().hash_one(std::process::id()).cast_signed() | 1;
        Self { owner, inside: Mutex::default() }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.inside().rows.is_empty()
    }

    /// How many entries should be filed now.
    pub(super) fn due(&self) -> usize {
        let inside = self.inside();
        let over = inside.entries.saturating_sub(ENTRIES);
        let old = |row: &TailRow| row.since.elapsed() > AGE;
        if over > 0 || inside.bytes > BYTES {
            over.clamp(STEP, LARGE_STEP)
        } else if inside.rows.values().find(|row| row.entries > 0).is_some_and(old) {
            STEP
        } else {
            0
        }
    }

    /// Whether no more is taken in.
    pub(super) fn is_full(&self) -> bool {
        let inside = self.inside();
        inside.entries > ENTRIES * MOST || inside.bytes > BYTES * MOST
    }

    /// The number of a user's last entry, if it is not filed.
    pub(crate) fn head(&self, key: &Key) -> Option<i64> {
        self.inside().users.get(key).map(|inbox| inbox.head)
    }

    /// The unfiled message that was sent under this client id.
    pub(super) fn sent(&self, key: &(Key, ClientMessageId)) -> Option<MessageId> {
        self.inside().sent.get(key).copied()
    }

    /// Whether the table may hold a message sent before `end`.
    pub(super) fn reaches_before(&self, end: MessageId) -> bool {
        self.inside().rows.first_key_value().is_some_and(|(_, row)| row.first < end)
    }

    /// All users with unfiled entries.
    pub(super) fn everybody(&self) -> Vec<Key> {
        self.inside().users.keys().cloned().collect()
    }

    /// The unfiled entries of a user, the first `most` of them.
    pub(super) fn entries(&self, key: &Key, most: usize) -> Vec<Arc<Unfiled>> {
        let inside = self.inside();
        let Some(inbox) = inside.users.get(key) else { return Vec::new() };
        inbox.entries.iter().take(most).cloned().collect()
    }

    /// The users who have waited longest, until they have `most` entries together.
    pub(super) fn oldest(&self, most: usize) -> Vec<Key> {
        let inside = self.inside();
        let mut count = 0;
        let few = |key: &&Key| {
            let more = count < most;
            count += inside.users.get(*key).map_or(0, |inbox| inbox.entries.len());
            more
        };
        inside.order.iter().take_while(few).cloned().collect()
    }

    /// The last of the first rows of which nothing is left once so many entries of each row are filed as
    /// `filed` says, if it is worth while to delete them.
    pub(super) fn emptied(&self, filed: &HashMap<i64, usize>) -> Option<i64> {
        let inside = self.inside();
        let empty = |(number, row): &(&i64, &TailRow)| {
            filed.get(*number).copied().unwrap_or(0) == row.entries
        };
        let (count, last) = inside
            .rows
            .iter()
            .take_while(empty)
            .fold((0, None), |(count, _), (number, _)| (count + 1, Some(*number)));
        last.filter(|_| count >= ROWS || count == inside.rows.len())
    }

    /// Takes in what was committed as one row.
    pub(super) fn append(&self, messages: Vec<Arc<Unfiled>>) {
        let now = Instant::now();
        let mut inside = self.inside();
        for message in messages {
            inside.take_in(&message, |_, _| true, now);
        }
    }

    /// Begins anew with what the table holds, in order: `head` tells how far a user is filed.
    pub(super) fn reload(&self, messages: Vec<Unfiled>, head: impl Fn(&Key) -> i64) {
        let now = Instant::now();
        let mut fresh = Inside::default();
        for message in messages {
            let message = Arc::new(message);
            let open = |user: &UserId, seq: i64| seq > head(&(message.app, user.clone()));
            if message.sides().any(|(user, seq)| !open(user, seq)) {
                message.filed.store(true, Ordering::Relaxed);
            }
            fresh.take_in(&message, open, now);
        }
        *self.inside() = fresh;
    }

    /// Lets go of what was filed: so many entries of each user, and the rows up to the one that was deleted.
    /// Call it after the commit.
    pub(super) fn filed(
        &self,
        users: &HashMap<Key, usize>,
        messages: &[Arc<Unfiled>],
        deleted: Option<i64>,
    ) {
        let mut inside = self.inside();
        for message in messages {
            message.filed.store(true, Ordering::Relaxed);
            if let Some(key) = message.sent_key() {
                inside.sent.remove(&key);
            }
        }
        for (key, count) in users {
            inside.let_go(key, *count);
        }
        if let Some(deleted) = deleted {
            inside.rows = inside.rows.split_off(&(deleted + 1));
        }
        let Inside { order, users: left, .. } = &mut *inside;
        while order.pop_front_if(|key| users.contains_key(key) || !left.contains_key(key)).is_some()
        {
        }
        // Who has more waits anew.
        order.extend(users.keys().filter(|key| left.contains_key(*key)).cloned());
        if order.len() > 2 * left.len() + ENTRIES {
            let mut seen = HashSet::new();
            order.retain(|key| left.contains_key(key) && seen.insert(key.clone()));
        }
    }

    /// Lets go of everything: it is out of date.
    pub(super) fn forget(&self) {
        *self.inside() = Inside::default();
    }
}

impl Inside {
    /// Takes in a message's entries that are `open`, and the message if it has any.
    fn take_in(
        &mut self,
        message: &Arc<Unfiled>,
        open: impl Fn(&UserId, i64) -> bool,
        now: Instant,
    ) {
        let mut count = 0;
        for (user, seq) in message.sides().filter(|(user, seq)| open(user, *seq)) {
            let key = (message.app, user.clone());
            let inbox = self.users.entry(key).or_insert_with_key(|key| {
                self.order.push_back(key.clone());
                Inbox { head: 0, entries: VecDeque::new() }
            });
            inbox.head = seq;
            inbox.entries.push_back(Arc::clone(message));
            count += 1;
        }
        self.entries += count;
        self.bytes += message.content.as_str().len() * count;
        let row = TailRow { entries: 0, first: message.id, since: now };
        self.rows.entry(message.row).or_insert(row).entries += count;
        if count > 0
            && !message.filed.load(Ordering::Relaxed)
            && let Some(key) = message.sent_key()
        {
            self.sent.insert(key, message.id);
        }
    }

    fn let_go(&mut self, key: &Key, count: usize) {
        let Some(inbox) = self.users.get_mut(key) else { return };
        for message in inbox.entries.drain(..count) {
            self.entries -= 1;
            self.bytes -= message.content.as_str().len();
            if let Some(row) = self.rows.get_mut(&message.row) {
                row.entries -= 1;
            }
        }
        if inbox.entries.is_empty() {
            self.users.remove(key);
        }
    }
}
