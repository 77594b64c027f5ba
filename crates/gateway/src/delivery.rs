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
mod tests {
    use nuncio_protocol::frames::{
        Entry, Message, ProtobufMessage as _, ServerFrame, entry, server_frame,
    };
    use proptest::prelude::*;

    use super::*;

    const ME: &str = "me";

    fn me() -> UserId {
        UserId::try_from(ME).unwrap()
    }

    fn client_id(number: u64) -> ClientMessageId {
        ClientMessageId::try_from(format!("c{number}")).unwrap()
    }

    fn message(seq: u64, sender: &str, client_id: &str) -> Entry {
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

    fn ack(seq: u64) -> MessageSent {
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

    fn seq_of(frame: &Bytes) -> u64 {
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

    /// What may happen around a session.
    #[derive(Clone, Copy, Debug)]
    enum Event {
        /// Another user's message is committed.
        Other,
        /// A message of this session is committed (again, when its number repeats an earlier one).
        Own(u64),
        /// A message of another session of the same user is committed, which this session then repeats.
        Elsewhere(u64),
        /// The oldest nudge on its way arrives.
        Arrive,
        /// The newest nudge on its way overtakes the others.
        Overtake,
        /// The oldest nudge on its way is lost.
        Lose,
        /// All nudges on their way are dropped by a full mailbox.
        Overflow,
        /// The oldest answer on its way arrives.
        Answer,
        /// The newest answer overtakes the others.
        AnswerOvertakes,
        /// The page that was asked for is read, as the store is now; it arrives later.
        Read,
        /// The page that was read arrives.
        Page,
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let event = prop_oneof![
            4 => Just(Event::Other),
            4 => (0u64..6).prop_map(Event::Own),
            1 => (0u64..6).prop_map(Event::Elsewhere),
            6 => Just(Event::Arrive),
            2 => Just(Event::Overtake),
            1 => Just(Event::Lose),
            1 => Just(Event::Overflow),
            4 => Just(Event::Answer),
            1 => Just(Event::AnswerOvertakes),
            3 => Just(Event::Read),
            3 => Just(Event::Page),
        ];
        prop::collection::vec(event, 0..120)
    }

    /// A user's inbox, one session on it, and what is on its way between them.
    struct World {
        delivery: Delivery,
        /// Entry `n` is at `n - 1`.
        inbox: Vec<Entry>,
        nudges: VecDeque<(u64, Bytes)>,
        answers: VecDeque<(u64, MessageSent)>,
        wanted: Option<u64>,
        read: Option<SyncPage>,
        /// Whether a nudge was lost that only a heartbeat can make up for.
        lost: bool,
        requests: u64,
        answered: u64,
        /// Numbers in the order in which the session's device was told them.
        told: Vec<u64>,
    }

    impl World {
        fn new() -> Self {
            Self {
                delivery: Delivery::after(0, me()),
                inbox: Vec::new(),
                nudges: VecDeque::new(),
                answers: VecDeque::new(),
                wanted: None,
                read: None,
                lost: false,
                requests: 0,
                answered: 0,
                told: Vec::new(),
            }
        }

        fn commit(&mut self, sender: &str, client_id: &str) -> u64 {
            let seq = self.inbox.len() as u64 + 1;
            let entry = message(seq, sender, client_id);
            self.nudges.push_back((seq, entry_frame::of_entry(entry.clone())));
            self.inbox.push(entry);
            seq
        }

        fn send(&mut self, number: u64) {
            self.requests += 1;
            let id = client_id(number);
            let before = |entry: &Entry| match &entry.body {
                Some(entry::Body::Message(m)) => {
                    m.sender_id == ME && m.client_message_id == id.as_str()
                }
                _ => false,
            };
            self.delivery.sending(self.requests, id.clone());
            let seq = if self.inbox.iter().any(before) { 0 } else { self.commit(ME, id.as_str()) };
            self.answers.push_back((self.requests, ack(seq)));
        }

        fn answer(&mut self, answer: Option<(u64, MessageSent)>) {
            let Some((request, answer)) = answer else { return };
            self.answered += u64::from(self.delivery.sent_as(request, answer).is_some());
        }

        fn happen(&mut self, event: Event) {
            match event {
                Event::Other => drop(self.commit("other", "c1")),
                Event::Own(number) => self.send(number),
                Event::Elsewhere(number) => {
                    self.commit(ME, client_id(number + 100).as_str());
                    self.send(number + 100);
                }
                Event::Arrive | Event::Overtake => {
                    let nudge = match event {
                        Event::Arrive => self.nudges.pop_front(),
                        _ => self.nudges.pop_back(),
                    };
                    if let Some((seq, frame)) = nudge {
                        self.delivery.entry(seq, frame);
                    }
                }
                Event::Lose => self.lost |= self.nudges.pop_front().is_some(),
                Event::Overflow => {
                    if !self.nudges.is_empty() {
                        self.nudges.clear();
                        self.delivery.missed();
                    }
                }
                Event::Answer => {
                    let answer = self.answers.pop_front();
                    self.answer(answer);
                }
                Event::AnswerOvertakes => {
                    let answer = self.answers.pop_back();
                    self.answer(answer);
                }
                Event::Read => {
                    if let Some(after) = self.wanted.take() {
                        let head = self.inbox.len() as u64;
                        let after = usize::try_from(after).unwrap().min(self.inbox.len());
                        let entries = self.inbox[after..].iter().take(3).cloned().collect();
                        self.read = Some(SyncPage { entries, head, floor: 0 });
                    }
                }
                Event::Page => {
                    if let Some(page) = self.read.take() {
                        self.delivery.page(page);
                    }
                }
            }
            while let Some(step) = self.delivery.next() {
                match step {
                    Step::Entry(frame) => self.told.push(seq_of(&frame)),
                    Step::Answer(_, answer) => {
                        self.answered += 1;
                        self.told.push(answer.seq);
                    }
                    Step::Read(after) => {
                        assert!(self.wanted.is_none() && self.read.is_none(), "one read at a time");
                        self.wanted = Some(after);
                    }
                }
            }
        }

        /// Everything arrives; where something was lost, a heartbeat tells how far the inbox reaches.
        fn settle(&mut self) {
            for _ in 0..self.inbox.len() + self.answers.len() + 2 {
                self.happen(Event::Arrive);
                self.happen(Event::Answer);
            }
            if self.lost {
                self.delivery.head(self.inbox.len() as u64);
            }
            for _ in 0..self.inbox.len() + 2 {
                self.happen(Event::Read);
                self.happen(Event::Page);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn whatever_happens_each_entry_is_told_once_and_in_order(events in events()) {
            let mut world = World::new();
            for event in events {
                world.happen(event);
                prop_assert!(world.told.iter().copied().eq(1..=world.told.len() as u64));
            }
            world.settle();
            prop_assert_eq!(world.told.len(), world.inbox.len(), "all entries");
            prop_assert_eq!(world.answered, world.requests, "all answers");
        }
    }
}
