//! Which inbox entry a session writes next. No I/O.
//!
//! Entries come from the mailbox (in any order, more than once, or never), from pages read from the store,
//! and as answers to the session's own sends. [`Delivery`] gives each number out once and in order:
//!
//! - What has been given out is dropped; what comes next is given out; where one is missing, the store is read.
//! - The sender of a message gets its answer in the place of the message's entry. When the entry is here
//!   before the answer, it waits for it: the answer follows the same commit.
//! - An answer waits for the entries before it, so that a device sees its inbox in order whatever its source.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use nuncio_protocol::frames::{MessageSent, SyncPage};
use nuncio_protocol::{ClientMessageId, UserId};

use crate::entry_frame;

/// What a session does next.
#[derive(Debug, PartialEq)]
pub(crate) enum Step {
    /// Write the frame of an inbox entry.
    Entry(Bytes),
    /// Write the answer to the request with this id.
    Answer(u64, MessageSent),
    /// Read entries after this number from the store, and hand them to [`Delivery::page`].
    Read(u64),
}

/// Entries that are held at most before no more are taken from the mailbox.
const WAITING: usize = 64;

/// The state of a session's deliveries.
#[derive(Debug)]
pub(crate) struct Delivery {
    /// Whose session it is.
    user: UserId,
    /// The last number given out.
    sent: u64,
    /// Entries that came and were not given out.
    waiting: VecDeque<(u64, Bytes)>,
    /// Answers to sends, by the number of the message's entry and the request's id.
    answers: BTreeMap<(u64, u64), MessageSent>,
    /// Sends of this session that have no answer yet.
    own: Vec<(u64, ClientMessageId)>,
    /// Something is missing that only the store has.
    behind: bool,
    /// A page is being read.
    reading: bool,
}

impl Delivery {
    /// Deliveries to a session of `user` begin after entry `head`.
    pub(crate) fn after(head: u64, user: UserId) -> Self {
        Self {
            user,
            sent: head,
            waiting: VecDeque::new(),
            answers: BTreeMap::new(),
            own: Vec::new(),
            behind: false,
            reading: false,
        }
    }

    /// The last number given out.
    pub(crate) fn sent(&self) -> u64 {
        self.sent
    }

    /// Whether as many entries wait as may: then the mailbox is left to fill up.
    pub(crate) fn is_full(&self) -> bool {
        self.waiting.len() >= WAITING
    }

    /// An entry came.
    pub(crate) fn entry(&mut self, seq: u64, frame: Bytes) {
        if seq > self.sent {
            self.waiting.push_back((seq, frame));
        }
    }

    /// Entries were dropped on their way here.
    pub(crate) fn missed(&mut self) {
        self.behind = true;
    }

    /// The inbox is known to reach to `head`.
    pub(crate) fn head(&mut self, head: u64) {
        let waiting = self.waiting.iter().map(|(seq, _)| *seq).max();
        let answered = self.answers.keys().next_back().map(|(seq, _)| *seq);
        self.behind |= head > self.sent.max(waiting.unwrap_or(0)).max(answered.unwrap_or(0));
    }

    /// The session sends a message under a request id.
    pub(crate) fn sending(&mut self, request: u64, message: ClientMessageId) {
        self.own.push((request, message));
    }

    /// A send was refused, or failed.
    pub(crate) fn not_sent(&mut self, request: u64) {
        self.own.retain(|(id, _)| *id != request);
        if self.own.is_empty() {
            // An idle session holds no memory that it does not need.
            self.own = Vec::new();
        }
    }

    /// A send was accepted. The answer comes back when it has no place among the entries that are due:
    /// a repeated or unstored message has none, and another connection's try may have been first.
    pub(crate) fn sent_as(&mut self, request: u64, answer: MessageSent) -> Option<MessageSent> {
        self.not_sent(request);
        if answer.seq <= self.sent {
            return Some(answer);
        }
        self.answers.insert((answer.seq, request), answer);
        None
    }

    /// A page came that [`Step::Read`] asked for.
    pub(crate) fn page(&mut self, page: SyncPage) {
        self.reading = false;
        let (Some(first), Some(last)) = (page.entries.first(), page.entries.last()) else {
            // Nothing is kept from here to the head.
            self.sent = self.sent.max(page.head);
            return;
        };
        let (first, last) = (first.seq, last.seq);
        self.behind |= last < page.head;
        // Entries up to the floor are gone; deliveries go on where there are some.
        self.sent = self.sent.max(page.floor.min(first - 1));
        self.waiting.retain(|(seq, _)| *seq > last);
        for entry in page.entries.into_iter().rev() {
            self.waiting.push_front((entry.seq, entry_frame::of_entry(entry)));
        }
    }

    /// What to do next; `None` when nothing is due until something comes.
    pub(crate) fn next(&mut self) -> Option<Step> {
        loop {
            let next = self.sent + 1;
            if let Some(answer) = self.answers.first_entry()
                && answer.key().0 <= next
            {
                let ((seq, request), answer) = answer.remove_entry();
                self.sent = self.sent.max(seq);
                return Some(Step::Answer(request, answer));
            }
            match self.waiting.front() {
                Some((seq, _)) if *seq < next => self.waiting.pop_front(),
                Some((seq, frame)) if *seq == next => {
                    if self.is_own(frame) {
                        return None;
                    }
                    let (_, frame) = self.waiting.pop_front()?;
                    self.sent = next;
                    return Some(Step::Entry(frame));
                }
                _ if self.reading => return None,
                None if !self.behind && self.answers.is_empty() => {
                    self.waiting = VecDeque::new();
                    return None;
                }
                _ => {
                    // Whatever is found missing from now on may be too new for this page.
                    (self.behind, self.reading) = (false, true);
                    return Some(Step::Read(self.sent));
                }
            };
        }
    }

    /// Whether the entry is a message that this session is sending just now.
    fn is_own(&self, frame: &Bytes) -> bool {
        !self.own.is_empty()
            && entry_frame::origin(frame).is_some_and(|(sender, id)| {
                sender == self.user.as_str() && self.own.iter().any(|(_, own)| own.as_str() == id)
            })
    }
}

#[cfg(test)]
mod model;

#[cfg(test)]
mod tests {
    use super::*;
    use nuncio_protocol::frames::{
        Entry, Message, ProtobufMessage as _, ServerFrame, entry, server_frame,
    };

    pub(super) const ME: &str = "me";

    pub(super) fn me() -> UserId {
        UserId::try_from(ME).unwrap()
    }

    pub(super) fn client_id(number: u64) -> ClientMessageId {
        ClientMessageId::try_from(format!("c{number}")).unwrap()
    }

    pub(super) fn message(seq: u64, sender: &str, client_id: &str) -> Entry {
        let message = Message {
            sender_id: sender.to_owned(),
            client_message_id: client_id.to_owned(),
            ..Message::default()
        };
        Entry { seq, body: Some(entry::Body::Message(message)), at: 0 }
    }

    fn other(seq: u64) -> (u64, Bytes) {
        (seq, entry_frame::of_entry(message(seq, "other", "c1")))
    }

    fn own(seq: u64, number: u64) -> (u64, Bytes) {
        (seq, entry_frame::of_entry(message(seq, ME, client_id(number).as_str())))
    }

    pub(super) fn ack(seq: u64) -> MessageSent {
        MessageSent { message_id: String::new(), sent_at: 0, seq }
    }

    /// Everything that is due: entries as `e5`, answers as `a5`, a read as `r4`.
    fn due(delivery: &mut Delivery) -> Vec<String> {
        std::iter::from_fn(|| delivery.next())
            .map(|step| match step {
                Step::Entry(frame) => format!("e{}", seq_of(&frame)),
                Step::Answer(_, answer) => format!("a{}", answer.seq),
                Step::Read(after) => format!("r{after}"),
            })
            .collect()
    }

    pub(super) fn seq_of(frame: &Bytes) -> u64 {
        match ServerFrame::decode(frame.clone()).unwrap().body {
            Some(server_frame::Body::Entry(entry)) => entry.seq,
            other => panic!("{other:?}"),
        }
    }

    fn page(range: std::ops::RangeInclusive<u64>, head: u64, floor: u64) -> SyncPage {
        let entries = range.map(|seq| message(seq, "other", "c1")).collect();
        SyncPage { entries, head, floor }
    }

    #[test]
    fn what_comes_next_is_given_out_and_what_came_before_is_dropped() {
        let mut delivery = Delivery::after(4, me());
        for (seq, frame) in [other(4), other(5), other(5), other(6)] {
            delivery.entry(seq, frame);
        }
        assert_eq!(due(&mut delivery), ["e5", "e6"]);
    }

    #[test]
    fn a_gap_is_read_from_the_store() {
        let mut delivery = Delivery::after(4, me());
        let (seq, frame) = other(7);
        delivery.entry(seq, frame);
        assert_eq!(due(&mut delivery), ["r4"]);
        assert!(due(&mut delivery).is_empty(), "asked once");
        delivery.page(page(5..=6, 8, 0));
        assert_eq!(due(&mut delivery), ["e5", "e6", "e7", "r7"], "the page told of an 8th");
        delivery.page(page(8..=8, 8, 0));
        assert_eq!(due(&mut delivery), ["e8"]);
    }

    #[test]
    fn a_message_of_ones_own_comes_back_as_the_answer_and_not_as_an_entry() {
        let mut delivery = Delivery::after(4, me());
        delivery.sending(9, client_id(1));
        let (seq, frame) = own(5, 1);
        delivery.entry(seq, frame);
        let (seq, frame) = other(6);
        delivery.entry(seq, frame);
        assert!(due(&mut delivery).is_empty(), "the answer is on its way");
        assert_eq!(delivery.sent_as(9, ack(5)), None);
        assert_eq!(due(&mut delivery), ["a5", "e6"]);
    }

    #[test]
    fn an_answer_waits_for_the_entries_before_it() {
        let mut delivery = Delivery::after(4, me());
        delivery.sending(9, client_id(1));
        assert_eq!(delivery.sent_as(9, ack(6)), None);
        assert_eq!(due(&mut delivery), ["r4"]);
        delivery.page(page(5..=6, 6, 0));
        assert_eq!(due(&mut delivery), ["e5", "a6"]);
    }

    #[test]
    fn a_message_that_another_connection_sent_first_comes_as_an_entry() {
        let mut delivery = Delivery::after(4, me());
        delivery.sending(9, client_id(1));
        let (seq, frame) = own(5, 1);
        delivery.entry(seq, frame);
        assert!(due(&mut delivery).is_empty());
        assert_eq!(delivery.sent_as(9, ack(0)), Some(ack(0)));
        assert_eq!(due(&mut delivery), ["e5"]);
    }

    #[test]
    fn a_refused_send_holds_nothing_up() {
        let mut delivery = Delivery::after(4, me());
        delivery.sending(9, client_id(1));
        let (seq, frame) = own(5, 1);
        delivery.entry(seq, frame);
        assert!(due(&mut delivery).is_empty());
        delivery.not_sent(9);
        assert_eq!(due(&mut delivery), ["e5"]);
    }

    #[test]
    fn entries_that_are_gone_are_skipped() {
        let mut delivery = Delivery::after(4, me());
        delivery.missed();
        assert_eq!(due(&mut delivery), ["r4"]);
        delivery.page(page(9..=10, 10, 8));
        assert_eq!(due(&mut delivery), ["e9", "e10"]);
        delivery.head(12);
        assert_eq!(due(&mut delivery), ["r10"]);
        delivery.page(SyncPage { entries: Vec::new(), head: 12, floor: 12 });
        assert!(due(&mut delivery).is_empty());
        assert_eq!(delivery.sent(), 12);
    }
}
