//! What the client tells the app, and the bounded queue on the way.
//!
//! A consumer that is slow holds the inbox back, not the memory: entries of the inbox are applied only
//! while there is room for their events. What does not fit is dropped unapplied and asked for again once
//! the consumer has caught up, so no entry's event is lost. Hints that are never stored ([`Event::Typing`],
//! [`Event::PresenceChanged`], [`Event::UserInfoChanged`], outcomes of messages of an earlier run) are
//! dropped while the queue is full, and of the connection's states only the latest is kept then.
//! An app that does not want events drops its [`Events`]; the inbox then goes on without it.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures_util::Stream;
use futures_util::task::AtomicWaker;
use nuncio_protocol::frames::{
    Account, BlocklistChanged, ChannelRead, ChannelSettings, ChannelTagsChanged, ChannelTypeLevel,
    Friend, FriendApplication, GroupEvent, Message, MessageRecalled, PresenceState, Profile,
    ReadReceipt, ReadReceipts, Typing, WhitelistChanged,
};
use tokio::sync::Notify;

use crate::error::{Cause, ClientError};
use crate::outbox::Sent;
use crate::user_info::UserInfo;

/// Something that happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// Logged in, first or again.
    Connected {
        /// Who the token belongs to.
        user_id: String,
        /// The server's name for this connection.
        session_id: String,
    },
    /// Not connected any more, or still not. Told again only when the cause changes.
    Disconnected {
        /// Why.
        cause: Cause,
        /// Whether the client tries again by itself.
        will_reconnect: bool,
        /// Whether the login was refused, in contrast to a connection that had been up.
        at_login: bool,
    },
    /// A message that the user received, or sent from another device; each once, in the inbox's order.
    Message(Message),
    /// A message was recalled; its content is gone.
    MessageRecalled(MessageRecalled),
    /// A message has another content; this is the message as it is now.
    MessageEdited(Message),
    /// The user set something for a channel, here or on another device.
    ChannelSettingsChanged(ChannelSettings),
    /// The user set which messages notify in all channels of a type, here or on another device.
    ChannelTypeLevelChanged(ChannelTypeLevel),
    /// The user's tags of channels, or what is under one, changed, here or on another device.
    ChannelTagsChanged(ChannelTagsChanged),
    /// Something happened to a group of the user's, or to the user in one.
    Group(Box<GroupEvent>),
    /// The user read a channel, here or on another device.
    ChannelRead(ChannelRead),
    /// The other side read a direct channel.
    ReadReceipt(ReadReceipt),
    /// Members of a group have read messages of the user that asked to be told; these are the counts as they are then. Not
    /// told to a device that is away: ask again by `get_read_receipts`.
    ReadReceipts(ReadReceipts),
    /// Someone types.
    Typing(Typing),
    /// Presence of subscribed users changed.
    PresenceChanged(Vec<PresenceState>),
    /// The user's blocklist changed.
    BlocklistChanged(BlocklistChanged),
    /// The user's whitelist changed.
    WhitelistChanged(WhitelistChanged),
    /// A friend request was made, accepted or refused.
    FriendApplicationChanged(FriendApplication),
    /// New friends.
    FriendAdded {
        /// Who.
        user_ids: Vec<String>,
        /// What is known of a single new friend.
        friend: Option<Friend>,
    },
    /// Friends no more.
    FriendRemoved {
        /// Who.
        user_ids: Vec<String>,
    },
    /// All friends were removed at once.
    FriendsCleared,
    /// The user's own alias or extension for a friend changed.
    FriendInfoChanged(Friend),
    /// The user's own profile, or a friend's, changed.
    ProfileChanged(Profile),
    /// The user's standing or settings changed.
    AccountChanged(Account),
    /// Every entry of the inbox has been told. After each login, once.
    SyncCompleted {
        /// Older entries were gone before this device could read them: the channels were read anew, and
        /// the app reads lists that it keeps by itself anew.
        reset: bool,
    },
    /// A message that an earlier run of the app had queued was accepted.
    QueuedMessageSent(Sent),
    /// A message that an earlier run of the app had queued was refused.
    QueuedMessageFailed {
        /// Which.
        client_message_id: String,
        /// Why.
        error: ClientError,
    },
    /// What to show for a user changed.
    UserInfoChanged(UserInfo),
}

impl Event {
    fn is_state(&self) -> bool {
        matches!(
            self,
            Self::Connected { .. } | Self::Disconnected { .. } | Self::SyncCompleted { .. }
        )
    }
}

#[derive(Debug, Default)]
struct Inner {
    events: VecDeque<Event>,
    nobody_listens: bool,
    finished: bool,
}

#[derive(Debug)]
pub(crate) struct EventQueue {
    inner: Mutex<Inner>,
    capacity: usize,
    readable: AtomicWaker,
    room: Notify,
}

impl EventQueue {
    pub(crate) fn new(capacity: usize) -> (Arc<Self>, Events) {
        let queue = Arc::new(Self {
            inner: Mutex::default(),
            capacity,
            readable: AtomicWaker::new(),
            room: Notify::new(),
        });
        (queue.clone(), Events(queue))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many events may be pushed.
    pub(crate) fn room(&self) -> usize {
        let inner = self.lock();
        if inner.nobody_listens {
            return usize::MAX;
        }
        self.capacity.saturating_sub(inner.events.len())
    }

    /// Waits until the consumer has taken something. Look at `room` after this was created.
    pub(crate) fn freed(&self) -> tokio::sync::futures::Notified<'_> {
        self.room.notified()
    }

    /// An event that there is room for.
    pub(crate) fn push(&self, event: Event) {
        let mut inner = self.lock();
        if !inner.nobody_listens {
            inner.events.push_back(event);
        }
        drop(inner);
        self.readable.wake();
    }

    /// A hint: dropped when the queue is full.
    pub(crate) fn offer(&self, event: Event) {
        if self.room() > 0 {
            self.push(event);
        }
    }

    /// A state of the connection: when the queue is full it replaces the states at its end.
    pub(crate) fn push_state(&self, event: Event) {
        let mut inner = self.lock();
        if inner.events.len() >= self.capacity {
            while inner.events.back().is_some_and(Event::is_state) {
                inner.events.pop_back();
            }
        }
        drop(inner);
        self.push(event);
    }

    /// Nothing follows.
    pub(crate) fn finish(&self) {
        self.lock().finished = true;
        self.readable.wake();
    }
}

/// The stream of events. It ends when every [`Client`](crate::Client) of its connection is gone.
///
/// ```no_run
/// # async fn example(mut events: nuncio_client::Events) {
/// use nuncio_client::Event;
///
/// while let Some(event) = events.next().await {
///     match event {
///         Event::Message(message) => println!("{}: {}", message.sender_id, message.content),
///         Event::Disconnected { cause, will_reconnect: false, .. } => println!("{cause}"),
///         _ => {}
///     }
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct Events(Arc<EventQueue>);

impl Events {
    /// The next event; `None` when there will be none.
    pub async fn next(&mut self) -> Option<Event> {
        std::future::poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        self.0.readable.register(cx.waker());
        let mut inner = self.0.lock();
        let event = inner.events.pop_front();
        if event.is_some() {
            drop(inner);
            self.0.room.notify_one();
            return Poll::Ready(event);
        }
        if inner.finished { Poll::Ready(None) } else { Poll::Pending }
    }
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        self.poll(cx)
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        let mut inner = self.0.lock();
        inner.nobody_listens = true;
        inner.events = VecDeque::new();
        drop(inner);
        self.0.room.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn synced() -> Event {
        Event::SyncCompleted { reset: false }
    }

    fn disconnected(code: u32) -> Event {
        let cause = Cause { code, ..Cause::default() };
        Event::Disconnected { cause, will_reconnect: true, at_login: false }
    }

    #[tokio::test]
    async fn a_full_queue_keeps_entries_and_the_latest_state() {
        let (queue, mut events) = EventQueue::new(2);
        queue.push(Event::Message(Message::default()));
        queue.push(Event::FriendsCleared);
        assert_eq!(queue.room(), 0);
        queue.offer(Event::Typing(Typing::default()));
        for code in 1..1000 {
            queue.push_state(disconnected(code));
            queue.push_state(synced());
        }
        queue.push_state(disconnected(7));
        queue.finish();

        assert!(matches!(events.next().await, Some(Event::Message(_))));
        assert!(matches!(events.next().await, Some(Event::FriendsCleared)));
        let last = events.next().await;
        assert!(matches!(last, Some(Event::Disconnected { cause, .. }) if cause.code == 7));
        assert!(events.next().await.is_none());
    }

    #[tokio::test]
    async fn without_a_listener_there_is_always_room() {
        let (queue, events) = EventQueue::new(1);
        queue.push(synced());
        drop(events);
        assert_eq!(queue.room(), usize::MAX);
        queue.push(synced());
        assert!(queue.lock().events.is_empty());
    }

    #[tokio::test]
    async fn taking_an_event_tells_that_there_is_room() {
        let (queue, mut events) = EventQueue::new(1);
        queue.push(synced());
        events.next().await;
        queue.freed().await;
        assert_eq!(queue.room(), 1);
    }
}
