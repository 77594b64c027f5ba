//! Which inbox entries to apply next, and what to ask the server for. No I/O.
//!
//! Entries come pushed, in pages that were asked for, and as acknowledgements of the client's own sends,
//! in any mixture and more than once. [`Inbox`] hands each number out exactly once and in order; what
//! would need unbounded room it drops and asks for again later.

use std::collections::BTreeMap;

use nuncio_protocol::frames::{Entry, SyncPage};

/// The next number of the inbox.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// An entry to apply.
    Entry(Box<Entry>),
    /// The number of a message that this connection sent; its acknowledgement told the rest.
    Own(u64),
}

impl Step {
    pub(crate) fn seq(&self) -> u64 {
        match self {
            Self::Entry(entry) => entry.seq,
            Self::Own(seq) => *seq,
        }
    }
}

/// Entries held at most; those furthest ahead are dropped first and asked for again.
const HELD: usize = 512;

#[derive(Debug, Default)]
pub(crate) struct Inbox {
    /// The last number handed out.
    cursor: u64,
    /// The last number known to exist.
    head: u64,
    held: BTreeMap<u64, Step>,
    /// A page was asked for and has not come yet.
    syncing: bool,
    /// The last page brought nothing although something is missing: wait for news before asking again.
    fruitless: bool,
    /// The caller was told that the inbox is complete.
    told_complete: bool,
}

impl Inbox {
    /// After a login: the device holds entries up to `cursor`, the server those after `floor` up to `head`.
    pub(crate) fn new(cursor: u64, head: u64, floor: u64) -> (Self, Option<Reset>) {
        let mut inbox = Self { cursor, head, ..Self::default() };
        // A cursor past the head belongs to an inbox that was deleted since.
        let lost = cursor < floor || cursor > head;
        let reset = lost.then(|| inbox.reset(floor));
        (inbox, reset)
    }

    fn reset(&mut self, floor: u64) -> Reset {
        self.cursor = floor;
        self.head = self.head.max(floor);
        self.held.retain(|seq, _| *seq > floor);
        self.told_complete = false;
        Reset { cursor: floor }
    }

    pub(crate) fn cursor(&self) -> u64 {
        self.cursor
    }

    pub(crate) fn head(&self) -> u64 {
        self.head
    }

    /// Whether every entry that is known to exist was handed out.
    pub(crate) fn is_complete(&self) -> bool {
        self.cursor >= self.head
    }

    pub(crate) fn pushed(&mut self, entry: Entry) {
        self.fruitless = false;
        self.hold(Step::Entry(Box::new(entry)));
    }

    /// The server has put a message of this connection under `seq`; 0 for none.
    pub(crate) fn acknowledged(&mut self, seq: u64) {
        if seq > self.cursor {
            self.hold(Step::Own(seq));
        }
    }

    /// The answer to a request for entries.
    pub(crate) fn page(&mut self, page: SyncPage) -> Option<Reset> {
        self.syncing = false;
        self.head = self.head.max(page.head);
        let reset = (page.floor > self.cursor).then(|| self.reset(page.floor));
        for entry in page.entries {
            self.hold(Step::Entry(Box::new(entry)));
        }
        self.fruitless = reset.is_none() && !self.is_complete() && !self.has_ready();
        reset
    }

    /// The request for entries failed; ask again after the next news.
    pub(crate) fn page_failed(&mut self) {
        self.syncing = false;
        self.fruitless = true;
    }

    /// A heartbeat's answer told the head.
    pub(crate) fn saw_head(&mut self, head: u64) {
        self.head = self.head.max(head);
        self.fruitless = false;
    }

    fn hold(&mut self, step: Step) {
        let seq = step.seq();
        self.head = self.head.max(seq);
        if seq <= self.cursor {
            return;
        }
        if self.held.len() >= HELD && !self.held.contains_key(&seq) {
            match self.held.last_key_value() {
                Some((last, _)) if *last > seq => self.held.pop_last(),
                _ => return,
            };
        }
        // An entry says more than an acknowledgement, but the acknowledgement has been acted on already.
        self.held.entry(seq).or_insert(step);
    }

    pub(crate) fn has_ready(&self) -> bool {
        self.held.first_key_value().is_some_and(|(seq, _)| seq - 1 == self.cursor)
    }

    /// The next steps, at most `most`; each is handed out once.
    pub(crate) fn ready(&mut self, most: usize) -> Vec<Step> {
        let mut steps = Vec::new();
        while steps.len() < most && self.has_ready() {
            if let Some((seq, step)) = self.held.pop_first() {
                self.cursor = seq;
                steps.push(step);
            }
        }
        steps
    }

    /// After which number to ask for entries now, if at all. The caller sends the request.
    pub(crate) fn ask_after(&mut self) -> Option<u64> {
        if self.syncing || self.fruitless || self.is_complete() || self.has_ready() {
            return None;
        }
        self.syncing = true;
        Some(self.cursor)
    }

    /// Whether the inbox has become complete, told once after each login or reset.
    pub(crate) fn take_completed(&mut self) -> bool {
        let now = self.is_complete() && !self.told_complete;
        self.told_complete |= now;
        now
    }
}

/// Entries are gone before the device could read them: go on from the cursor, and read channels anew.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Reset {
    pub(crate) cursor: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(seq: u64) -> Entry {
        Entry { seq, body: None, at: 0 }
    }

    fn page(seqs: impl IntoIterator<Item = u64>, head: u64, floor: u64) -> SyncPage {
        SyncPage { entries: seqs.into_iter().map(entry).collect(), head, floor }
    }

    fn seqs(steps: &[Step]) -> Vec<u64> {
        steps.iter().map(Step::seq).collect()
    }

    #[test]
    fn a_login_behind_the_head_asks_from_the_cursor() {
        let (mut inbox, reset) = Inbox::new(3, 7, 0);
        assert_eq!(reset, None);
        assert_eq!(inbox.ask_after(), Some(3));
        assert_eq!(inbox.ask_after(), None, "one request at a time");
        inbox.pushed(entry(8));
        assert_eq!(inbox.page(page(4..=7, 7, 0)), None);
        assert_eq!(seqs(&inbox.ready(100)), [4, 5, 6, 7, 8]);
        assert!(inbox.take_completed());
        assert!(!inbox.take_completed());
    }

    #[test]
    fn a_gap_is_asked_for_and_an_overlap_ignored() {
        let (mut inbox, _) = Inbox::new(5, 5, 0);
        inbox.pushed(entry(5));
        inbox.pushed(entry(8));
        assert!(inbox.ready(100).is_empty());
        assert_eq!(inbox.ask_after(), Some(5));
        inbox.page(page(6..=8, 8, 0));
        assert_eq!(seqs(&inbox.ready(100)), [6, 7, 8]);
    }

    #[test]
    fn an_own_message_takes_its_place() {
        let (mut inbox, _) = Inbox::new(5, 5, 0);
        inbox.acknowledged(0);
        inbox.acknowledged(6);
        assert_eq!(inbox.ready(100), [Step::Own(6)]);
        inbox.acknowledged(8);
        assert_eq!(inbox.ask_after(), Some(6));
    }

    #[test]
    fn trimmed_entries_reset_the_cursor() {
        let (mut inbox, reset) = Inbox::new(3, 20, 10);
        assert_eq!(reset, Some(Reset { cursor: 10 }));
        assert_eq!(inbox.ask_after(), Some(10));
        assert_eq!(inbox.page(page([15, 16], 20, 14)), Some(Reset { cursor: 14 }));
        assert_eq!(seqs(&inbox.ready(100)), [15, 16]);
    }

    #[test]
    fn a_deleted_inbox_begins_anew() {
        let (mut inbox, reset) = Inbox::new(30, 2, 0);
        assert_eq!(reset, Some(Reset { cursor: 0 }));
        assert_eq!(inbox.ask_after(), Some(0));
    }

    #[test]
    fn a_page_without_what_is_missing_is_not_asked_for_in_a_loop() {
        let (mut inbox, _) = Inbox::new(0, 4, 0);
        assert_eq!(inbox.ask_after(), Some(0));
        inbox.page(page([], 4, 0));
        assert_eq!(inbox.ask_after(), None);
        inbox.saw_head(4);
        assert_eq!(inbox.ask_after(), Some(0));
    }

    #[test]
    fn what_is_held_is_bounded_and_still_complete_in_the_end() {
        let (mut inbox, _) = Inbox::new(0, 0, 0);
        for seq in 2..2000 {
            inbox.pushed(entry(seq));
        }
        assert_eq!(inbox.held.len(), HELD);
        let mut got = Vec::new();
        while let Some(after) = inbox.ask_after() {
            inbox.page(page(after + 1..=(after + 50).min(1999), 1999, 0));
            got.extend(seqs(&inbox.ready(usize::MAX)));
        }
        assert_eq!(got, (1..2000).collect::<Vec<_>>());
    }

    /// What the network and the consumer may do next.
    #[derive(Clone, Debug)]
    enum Happens {
        /// The server appends an entry, and its push arrives unless it is lost.
        Append {
            lost: bool,
        },
        /// The server accepts a message of this connection; the ack arrives now or behind later pushes.
        Send {
            late: bool,
        },
        /// An earlier entry arrives again.
        Repeat(u64),
        /// The ack that is late arrives.
        LateAck,
        /// A page that was asked for arrives, or the request is refused.
        Answer {
            limit: u64,
            refused: bool,
        },
        /// The consumer takes some.
        Take(usize),
        Heartbeat,
        /// The connection breaks and the device logs in again.
        Reconnect,
    }

    fn happens() -> impl Strategy<Value = Happens> {
        prop_oneof![
            4 => any::<bool>().prop_map(|lost| Happens::Append { lost }),
            2 => any::<bool>().prop_map(|late| Happens::Send { late }),
            1 => (1u64..40).prop_map(Happens::Repeat),
            2 => Just(Happens::LateAck),
            3 => (1u64..6, any::<bool>()).prop_map(|(limit, refused)| Happens::Answer { limit, refused }),
            3 => (0usize..5).prop_map(Happens::Take),
            1 => Just(Happens::Heartbeat),
            1 => Just(Happens::Reconnect),
        ]
    }

    proptest! {
        #[test]
        fn each_entry_is_handed_out_once_in_order(
            start in 0u64..5,
            backlog in 0u64..5,
            script in prop::collection::vec(happens(), 0..200),
        ) {
            let mut head = start + backlog;
            let (mut inbox, _) = Inbox::new(start, head, 0);
            let mut asked: Option<u64> = None;
            let mut late: Vec<u64> = Vec::new();
            let mut got: Vec<u64> = Vec::new();
            let answer = |after: u64, limit: u64, head: u64| {
                page(after + 1..=(after + limit).min(head), head, 0)
            };
            for event in script {
                match event {
                    Happens::Append { lost } => {
                        head += 1;
                        if !lost { inbox.pushed(entry(head)); }
                    }
                    Happens::Send { late: is_late } => {
                        head += 1;
                        if is_late { late.push(head) } else { inbox.acknowledged(head) }
                    }
                    Happens::Repeat(back) => inbox.pushed(entry(head.saturating_sub(back))),
                    Happens::LateAck => if let Some(seq) = late.pop() { inbox.acknowledged(seq) },
                    Happens::Answer { limit, refused } => if let Some(after) = asked.take() {
                        if refused { inbox.page_failed() } else { inbox.page(answer(after, limit, head)); }
                    },
                    Happens::Take(most) => got.extend(seqs(&inbox.ready(most))),
                    Happens::Heartbeat => inbox.saw_head(head),
                    Happens::Reconnect => {
                        asked = None;
                        late.clear();
                        inbox = Inbox::new(inbox.cursor(), head, 0).0;
                    }
                }
                if let Some(after) = inbox.ask_after() {
                    prop_assert!(asked.is_none(), "two requests at once");
                    asked = Some(after);
                }
            }
            // Then the network behaves.
            for _ in 0..1000 {
                inbox.saw_head(head);
                asked = asked.or_else(|| inbox.ask_after());
                if let Some(after) = asked.take() { inbox.page(answer(after, 3, head)); }
                got.extend(seqs(&inbox.ready(7)));
            }
            prop_assert_eq!(got, (start + 1..=head).collect::<Vec<_>>());
            prop_assert!(inbox.is_complete());
        }
    }
}
