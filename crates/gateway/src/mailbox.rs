//! What waits for one session: filled by whoever has news, emptied by the session's own task.
//!
//! It is bounded. When it is full it keeps nothing but the fact that something was missed, and the session
//! reads from the store instead.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use nuncio_protocol::frames::Failure;
use tokio::sync::mpsc;

/// Frames that wait at most.
const FRAMES: usize = 64;
/// Bytes of frames that wait at most; a single frame may be larger.
const BYTES: usize = 256 * 1024;

/// Kept by who closes a session until the session has been told and closed; then it is dropped.
pub(crate) type Witness = mpsc::Sender<()>;

/// A session's mailbox.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    inside: Mutex<Inside>,
    waker: AtomicWaker,
}

#[derive(Debug, Default)]
struct Inside {
    mail: Mail,
    bytes: usize,
    state: State,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Open,
    /// Somebody wants the session closed.
    Closing(Box<Order>),
    /// The session has ended, or will not look any more.
    Shut,
}

#[derive(Debug)]
struct Order {
    why: Failure,
    witnesses: Vec<Witness>,
}

/// What a session finds in its mailbox.
#[derive(Debug)]
pub(crate) enum News {
    Mail(Mail),
    /// The session must end, and why.
    Closing(Failure),
}

/// Frames that are to be written.
#[derive(Debug, Default)]
pub(crate) struct Mail {
    /// Inbox entries: their number and the whole frame.
    pub(crate) entries: Vec<(u64, Bytes)>,
    /// Frames that are not stored anywhere.
    pub(crate) told: Vec<Bytes>,
    /// Whether entries came for which there was no room.
    pub(crate) missed: bool,
}

impl Mail {
    fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.told.is_empty() && !self.missed
    }
}

impl Inside {
    /// Makes room for a frame if there is any.
    fn admit(&mut self, frame: &Bytes) -> bool {
        let count = self.mail.entries.len() + self.mail.told.len();
        let room = count == 0 || (count < FRAMES && self.bytes + frame.len() <= BYTES);
        if room {
            self.bytes += frame.len();
        }
        room
    }
}

impl Mailbox {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings an inbox entry. Returns false when the mailbox has just become too full for it.
    pub(crate) fn deliver(&self, seq: u64, frame: Bytes) -> bool {
        let mut inside = self.inside();
        if inside.mail.missed || !matches!(inside.state, State::Open) {
            return true;
        }
        let room = inside.admit(&frame);
        if room {
            inside.mail.entries.push((seq, frame));
        } else {
            inside.bytes -=
                inside.mail.entries.drain(..).map(|(_, frame)| frame.len()).sum::<usize>();
            inside.mail.missed = true;
        }
        drop(inside);
        self.waker.wake();
        room
    }

    /// Brings a frame that is not stored; without room for it, it is lost. Returns whether it was taken.
    pub(crate) fn tell(&self, frame: Bytes) -> bool {
        let mut inside = self.inside();
        if !matches!(inside.state, State::Open) || !inside.admit(&frame) {
            return false;
        }
        inside.mail.told.push(frame);
        drop(inside);
        self.waker.wake();
        true
    }

    /// Orders the session to end. The first order's reason counts. Returns false when it has ended already.
    pub(crate) fn close(&self, why: &Failure, witness: Option<Witness>) -> bool {
        let mut inside = self.inside();
        match &mut inside.state {
            State::Shut => return false,
            State::Closing(order) => order.witnesses.extend(witness),
            state @ State::Open => {
                let witnesses = witness.into_iter().collect();
                *state = State::Closing(Box::new(Order { why: why.clone(), witnesses }));
                inside.mail = Mail::default();
            }
        }
        drop(inside);
        self.waker.wake();
        true
    }

    /// Why the session was ordered to end, if it was.
    pub(crate) fn closing(&self) -> Option<Failure> {
        match &self.inside().state {
            State::Closing(order) => Some(order.why.clone()),
            _ => None,
        }
    }

    /// The session has ended: nothing is taken any more, and whoever waits for the end hears of it.
    pub(crate) fn shut(&self) {
        let mut inside = self.inside();
        inside.mail = Mail::default();
        inside.state = State::Shut;
    }

    /// Ready with an order to end, or with mail when that is wanted.
    pub(crate) fn poll(&self, cx: &mut Context<'_>, wanted: bool) -> Poll<News> {
        self.waker.register(cx.waker());
        let mut inside = self.inside();
        match &inside.state {
            State::Closing(order) => Poll::Ready(News::Closing(order.why.clone())),
            State::Open if wanted && !inside.mail.is_empty() => {
                inside.bytes = 0;
                Poll::Ready(News::Mail(std::mem::take(&mut inside.mail)))
            }
            _ => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use nuncio_protocol::Code;
    use proptest::prelude::*;

    use super::*;

    fn why(code: Code) -> Failure {
        Failure::new(code, "because")
    }

    fn news(mailbox: &Mailbox) -> Option<News> {
        match mailbox.poll(&mut Context::from_waker(Waker::noop()), true) {
            Poll::Ready(news) => Some(news),
            Poll::Pending => None,
        }
    }

    fn mail(mailbox: &Mailbox) -> Mail {
        let Some(News::Mail(mail)) = news(mailbox) else { panic!("no mail") };
        mail
    }

    #[test]
    fn too_much_is_let_go_and_remembered_as_missed() {
        let mailbox = Mailbox::default();
        for seq in 0..FRAMES as u64 {
            assert!(mailbox.deliver(seq, Bytes::from_static(b"entry")));
        }
        assert!(!mailbox.tell(Bytes::from_static(b"typing")), "lost without harm");
        assert!(!mailbox.deliver(64, Bytes::from_static(b"one too many")));
        assert!(mailbox.deliver(65, Bytes::from_static(b"said once is enough")));
        let full = mail(&mailbox);
        assert!(full.missed && full.entries.is_empty());
        assert!(mailbox.deliver(66, Bytes::from_static(b"room again")));
        assert_eq!(mail(&mailbox).entries.len(), 1);
    }

    #[test]
    fn a_single_frame_may_be_larger_than_the_mailbox() {
        let mailbox = Mailbox::default();
        assert!(mailbox.deliver(1, vec![0; BYTES + 1].into()));
        assert!(!mailbox.deliver(2, Bytes::from_static(b"x")));
    }

    #[test]
    fn the_first_reason_to_close_counts_and_all_who_wait_hear_of_the_end() {
        let mailbox = Mailbox::default();
        let (witness, mut ended) = mpsc::channel(1);
        assert!(mailbox.deliver(1, Bytes::from_static(b"never seen")));
        assert!(mailbox.close(&why(Code::BannedWhileConnected), Some(witness.clone())));
        assert!(mailbox.close(&why(Code::ComeBack), Some(witness)));
        assert!(!mailbox.tell(Bytes::from_static(b"too late")));
        let Some(News::Closing(told)) = news(&mailbox) else { panic!("not closing") };
        assert_eq!(told.code, Code::BannedWhileConnected.number());
        assert_eq!(ended.try_recv(), Err(mpsc::error::TryRecvError::Empty));
        mailbox.shut();
        assert_eq!(ended.try_recv(), Err(mpsc::error::TryRecvError::Disconnected));
        assert!(!mailbox.close(&why(Code::ComeBack), None));
    }

    proptest! {
        #[test]
        fn it_never_holds_more_than_its_limits(
            sizes in prop::collection::vec((any::<bool>(), 0usize..100_000), 0..200),
        ) {
            let mailbox = Mailbox::default();
            for (stored, size) in sizes {
                if stored {
                    mailbox.deliver(1, vec![0; size].into());
                } else {
                    mailbox.tell(vec![0; size].into());
                }
                let inside = mailbox.inside();
                let frames = || {
                    inside.mail.entries.iter().map(|(_, frame)| frame).chain(&inside.mail.told)
                };
                let bytes: usize = frames().map(Bytes::len).sum();
                prop_assert!(frames().count() <= FRAMES && bytes <= BYTES.max(100_000));
                prop_assert_eq!(bytes, inside.bytes);
            }
        }
    }
}
