//! Whatever happens around a session, its device sees each entry once and in order: a model of the store,
//! the nudges and the answers on their way, in any interleaving.

use std::collections::VecDeque;

use bytes::Bytes;
use nuncio_protocol::frames::{Entry, MessageSent, SyncPage, entry};
use proptest::prelude::*;

use super::tests::{ME, ack, client_id, me, message, seq_of};
use super::{Delivery, Step};
use crate::entry_frame;

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
