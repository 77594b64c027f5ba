//! The queue of messages to be sent, and which may go next. No I/O, no clock of its own.
//!
//! Order is kept within each channel: of one channel's messages one at a time is unanswered. A message
//! leaves the queue when the server has accepted or refused it; a lost connection puts it back.

use std::collections::{HashSet, VecDeque};

use nuncio_protocol::frames::SendMessage;
use tokio::sync::oneshot;
use tokio::time::{Duration, Instant};

use crate::error::ClientError;

/// What the server said of an accepted message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sent {
    /// The id that the message had before it was accepted.
    pub client_message_id: String,
    /// The id that everybody knows it by; empty for a transient message.
    pub message_id: String,
    /// When it was accepted: Unix time in milliseconds, by the server's clock.
    pub sent_at: i64,
}

pub(crate) type SendAnswer = oneshot::Sender<Result<Sent, ClientError>>;

/// A message that waits, or that was sent and not answered.
#[derive(Debug)]
pub(crate) struct Queued {
    /// Its place in the local database, which is the order of sending.
    pub(crate) place: i64,
    pub(crate) message: SendMessage,
    /// Who waits for the outcome; `None` for a message of an earlier run.
    pub(crate) answer: Option<SendAnswer>,
    sending: bool,
    not_before: Option<Instant>,
    tries: u32,
}

impl Queued {
    pub(crate) fn new(place: i64, message: SendMessage, answer: Option<SendAnswer>) -> Self {
        Self { place, message, answer, sending: false, not_before: None, tries: 0 }
    }
}

/// Messages of different channels that are sent without an answer to the first.
const AT_ONCE: usize = 8;
/// How far into the queue to look for a message that may go.
const LOOK_AHEAD: usize = 64;

#[derive(Debug)]
pub(crate) struct Outbox {
    queue: VecDeque<Queued>,
    reserved: usize,
    limit: usize,
}

impl Outbox {
    pub(crate) fn new(limit: usize, queued: Vec<Queued>) -> Self {
        Self { queue: queued.into(), reserved: 0, limit }
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Keeps a place free for a message that is being written to the local database.
    pub(crate) fn reserve(&mut self) -> Result<(), ClientError> {
        if self.queue.len() + self.reserved >= self.limit {
            return Err(ClientError::QueueFull { limit: self.limit });
        }
        self.reserved += 1;
        Ok(())
    }

    pub(crate) fn release(&mut self) {
        self.reserved = self.reserved.saturating_sub(1);
    }

    pub(crate) fn push(&mut self, queued: Queued) {
        let at = self.queue.partition_point(|q| q.place < queued.place);
        self.queue.insert(at, queued);
    }

    /// The next message that may be sent; it counts as being sent from now on.
    pub(crate) fn next(&mut self, now: Instant) -> Option<SendMessage> {
        if self.queue.iter().take(LOOK_AHEAD).filter(|q| q.sending).count() >= AT_ONCE {
            return None;
        }
        let mut busy = HashSet::new();
        for queued in self.queue.iter_mut().take(LOOK_AHEAD) {
            let free = busy.insert(queued.message.channel.as_ref());
            if free && !queued.sending && queued.not_before.is_none_or(|at| at <= now) {
                queued.sending = true;
                return Some(queued.message.clone());
            }
        }
        None
    }

    /// When a message that was told to wait may be tried again.
    pub(crate) fn next_retry(&self) -> Option<Instant> {
        self.queue.iter().take(LOOK_AHEAD).filter(|q| !q.sending).filter_map(|q| q.not_before).min()
    }

    /// Takes out a message that has an outcome.
    pub(crate) fn take(&mut self, client_message_id: &str) -> Option<Queued> {
        let at = self.position(client_message_id)?;
        self.queue.remove(at)
    }

    /// Looks at a message.
    pub(crate) fn get(&self, client_message_id: &str) -> Option<&Queued> {
        self.queue.get(self.position(client_message_id)?)
    }

    /// The server could not take it now: tries again after a while that grows from try to try.
    pub(crate) fn retry(&mut self, client_message_id: &str, now: Instant, least: Option<Duration>) {
        let Some(at) = self.position(client_message_id) else { return };
        let queued = &mut self.queue[at];
        let wait = Duration::from_millis(250).saturating_mul(1 << queued.tries.min(6));
        queued.tries += 1;
        queued.sending = false;
        queued.not_before = Some(now + least.unwrap_or_default().max(wait.min(RETRY_MOST)));
    }

    /// The connection was lost: what was not answered is sent again on the next.
    pub(crate) fn connection_lost(&mut self) {
        for queued in &mut self.queue {
            queued.sending = false;
            queued.not_before = None;
        }
    }

    /// Whoever waits for an outcome while the client has stopped.
    pub(crate) fn take_answers(&mut self) -> Vec<SendAnswer> {
        self.queue.iter_mut().filter_map(|q| q.answer.take()).collect()
    }

    fn position(&self, client_message_id: &str) -> Option<usize> {
        self.queue.iter().position(|q| q.message.client_message_id == client_message_id)
    }
}

/// The longest wait before a message is tried again on a live connection.
const RETRY_MOST: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;
    use nuncio_protocol::frames::Channel;
    use proptest::prelude::*;

    fn message(id: &str, to: &str) -> SendMessage {
        SendMessage {
            client_message_id: id.to_owned(),
            channel: Some(Channel::direct(to)),
            ..SendMessage::default()
        }
    }

    fn outbox(messages: &[(&str, &str)]) -> Outbox {
        let queued =
            messages.iter().zip(0..).map(|((id, to), n)| Queued::new(n, message(id, to), None));
        Outbox::new(100, queued.collect())
    }

    fn next(outbox: &mut Outbox) -> Option<String> {
        outbox.next(Instant::now()).map(|m| m.client_message_id)
    }

    #[test]
    fn one_message_of_a_channel_is_unanswered_at_a_time() {
        let mut outbox = outbox(&[("a1", "a"), ("a2", "a"), ("b1", "b")]);
        assert_eq!(next(&mut outbox).as_deref(), Some("a1"));
        assert_eq!(next(&mut outbox).as_deref(), Some("b1"));
        assert_eq!(next(&mut outbox), None);
        outbox.take("a1").unwrap();
        assert_eq!(next(&mut outbox).as_deref(), Some("a2"));
    }

    #[test]
    fn a_lost_connection_sends_again_in_order() {
        let mut outbox = outbox(&[("a1", "a"), ("a2", "a")]);
        next(&mut outbox);
        outbox.connection_lost();
        assert_eq!(next(&mut outbox).as_deref(), Some("a1"));
        assert_eq!(next(&mut outbox), None);
    }

    #[test]
    fn a_message_that_waits_holds_back_its_channel_only() {
        let mut outbox = outbox(&[("a1", "a"), ("a2", "a"), ("b1", "b")]);
        next(&mut outbox);
        let now = Instant::now();
        outbox.retry("a1", now, Some(Duration::from_secs(2)));
        assert_eq!(next(&mut outbox).as_deref(), Some("b1"));
        assert_eq!(next(&mut outbox), None);
        assert_eq!(outbox.next_retry(), Some(now + Duration::from_secs(2)));
        let later = outbox.next(now + Duration::from_secs(2)).unwrap();
        assert_eq!(later.client_message_id, "a1");
    }

    #[test]
    fn the_queue_is_bounded_with_what_is_being_written() {
        let mut outbox = Outbox::new(2, Vec::new());
        outbox.reserve().unwrap();
        outbox.reserve().unwrap();
        assert!(matches!(outbox.reserve(), Err(ClientError::QueueFull { limit: 2 })));
        outbox.release();
        outbox.push(Queued::new(1, message("a", "a"), None));
        assert!(outbox.reserve().is_err());
        outbox.take("a").unwrap();
        assert!(outbox.reserve().is_ok());
    }

    #[test]
    fn messages_that_were_written_in_another_order_go_in_the_databases_order() {
        let mut outbox = Outbox::new(9, Vec::new());
        outbox.push(Queued::new(2, message("second", "a"), None));
        outbox.push(Queued::new(1, message("first", "a"), None));
        assert_eq!(next(&mut outbox).as_deref(), Some("first"));
    }

    proptest! {
        #[test]
        fn each_channel_is_accepted_in_order_and_once(
            channels in prop::collection::vec(0u8..4, 1..40),
            events in prop::collection::vec(0u8..10, 0..300),
        ) {
            let named: Vec<_> = (0i64..).zip(&channels).map(|(n, c)| (n, format!("{n:03}"), format!("c{c}"))).collect();
            let queue = named.iter().map(|(n, id, to)| Queued::new(*n, message(id, to), None)).collect();
            let mut outbox = Outbox::new(100, queue);
            let now = Instant::now();
            let mut accepted: Vec<SendMessage> = Vec::new();
            let mut flying: VecDeque<SendMessage> = VecDeque::new();
            for event in events.into_iter().chain(std::iter::repeat_n(5, 200)) {
                match event {
                    0 => { flying.clear(); outbox.connection_lost(); }
                    // Accepted, but the connection goes before the ack is read.
                    1 => {
                        for lost in flying.drain(..) {
                            if !accepted.iter().any(|a| a.client_message_id == lost.client_message_id) { accepted.push(lost); }
                        }
                        outbox.connection_lost();
                    }
                    2 => if let Some(refused) = flying.pop_front() {
                        outbox.retry(&refused.client_message_id, now.checked_sub(Duration::from_mins(1)).unwrap(), None);
                    },
                    _ => {
                        while let Some(message) = outbox.next(now) { flying.push_back(message); }
                        if let Some(done) = flying.pop_front() {
                            outbox.take(&done.client_message_id).unwrap();
                            if !accepted.iter().any(|a| a.client_message_id == done.client_message_id) { accepted.push(done); }
                        }
                    }
                }
            }
            prop_assert_eq!(accepted.len(), named.len());
            for c in 0..4 {
                let to = format!("c{c}");
                let of = |m: &&SendMessage| m.channel.as_ref().unwrap().id == to;
                let ids: Vec<_> = accepted.iter().filter(of).map(|m| m.client_message_id.clone()).collect();
                let mut sorted = ids.clone();
                sorted.sort();
                prop_assert_eq!(ids, sorted);
            }
        }
    }
}
